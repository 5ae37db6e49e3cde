"""The commands that ask about runs and act on them."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mantis_agent.calls import NO_INPUT
from mantis_agent.cli import codes
from mantis_agent.cli.connection import Options, connect
from mantis_agent.cli.errors import UsageError
from mantis_agent.cli.plan_file import read_json
from mantis_agent.cli.show import show_result, show_status
from mantis_agent.cli.terminal import Terminal, clean
from mantis_agent.cli.usage import usage
from mantis_agent.cli.watch import ask_for, event_line
from mantis_agent.types import Event, Events, Status

Configure = Callable[[argparse.ArgumentParser], None]


class _Options(Options):
    run_id: str
    tail: int
    follow: bool
    since: str
    reason: str
    input: str | None
    input_json: str | None
    pause_id: str
    csv: bool
    path: Path | None
    raw: bool
    status: str | None
    limit: int
    all: bool


def status(parser: argparse.ArgumentParser) -> None:
    """Show how a run stands."""
    _of_a_run(parser, _status)


def result(parser: argparse.ArgumentParser) -> None:
    """Show what a run brought: its records as a table, what it took and cost."""
    _of_a_run(parser, _result)
    parser.add_argument("--csv", action="store_true", help="the records as CSV")


def logs(parser: argparse.ArgumentParser) -> None:
    """Show the last lines of a run's log."""
    _of_a_run(parser, _logs)
    parser.add_argument("--tail", type=int, default=200, help="how many lines (200)")


def events(parser: argparse.ArgumentParser) -> None:
    """Show what happened in a run, a line an event."""
    _of_a_run(parser, _events)
    parser.add_argument("--follow", "-f", action="store_true", help="until the run is over")
    parser.add_argument("--since", default="", metavar="TIME", help="only what came after")


def cancel(parser: argparse.ArgumentParser) -> None:
    """Stop a run. What it has extracted is kept."""
    _of_a_run(parser, _cancel)
    parser.add_argument("--reason", default="", help="kept in the log and on the status")


def pause(parser: argparse.ArgumentParser) -> None:
    """Ask a run to pause at its next boundary."""
    _of_a_run(parser, _pause)
    parser.add_argument("--reason", default="", help="kept in the log and on the status")


def resume(parser: argparse.ArgumentParser) -> None:
    """Let a paused run go on, with the answer that it asked for.

    Without --input, a person at a terminal is asked for it, and it is not shown.
    """
    _of_a_run(parser, _resume)
    answer = parser.add_mutually_exclusive_group()
    answer.add_argument("--input", metavar="TEXT", help="the answer")
    answer.add_argument("--input-json", metavar="JSON", help="the answer, not a text")
    parser.add_argument("--pause-id", default="", help="only if this is still the pause")


def video(parser: argparse.ArgumentParser) -> None:
    """Save a run's recording."""
    _of_a_run(parser, _video)
    parser.add_argument("path", type=Path, nargs="?", help="a file, or a folder (here)")
    parser.add_argument("--raw", action="store_true", help="the raw footage")


def queue(parser: argparse.ArgumentParser) -> None:
    """Show how many runs wait and how many are under way."""
    _plain(parser, _queue)


def runs(parser: argparse.ArgumentParser) -> None:
    """List the runs, newest first."""
    _plain(parser, _runs)
    parser.add_argument("--status", help="only those that are so")
    parser.add_argument("--limit", type=int, default=20, help="how many (20)")
    parser.add_argument("--all", action="store_true", help="all of them")


_COMMANDS = (status, result, logs, events, cancel, pause, resume, video, queue, runs, usage)
CONFIGURE: dict[str, Configure] = {configure.__name__: configure for configure in _COMMANDS}


def _plain(parser: argparse.ArgumentParser, handler: Callable[[_Options], int]) -> None:
    parser.add_argument("--json", action="store_true", help="the service's answer as JSON")
    parser.set_defaults(handler=handler)


def _of_a_run(parser: argparse.ArgumentParser, handler: Callable[[_Options], int]) -> None:
    parser.add_argument("run_id", metavar="RUN_ID")
    _plain(parser, handler)


def _status(options: _Options) -> int:
    with connect(options) as client:
        return _shown(options, client.status(options.run_id))


def _result(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        if options.csv:
            terminal.out.write(
                client.artifact(options.run_id, "leads.csv").decode(errors="replace")
            )
            terminal.out.flush()
            return codes.OK
        found = client.result(options.run_id)
    if options.json:
        terminal.document(found)
    else:
        show_result(terminal, found)
    return codes.OK


def _logs(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        found = client.logs(options.run_id, options.tail)
    if options.json:
        terminal.document(found)
        return codes.OK
    for line in found.events:
        try:
            told: Any = json.loads(line)
            terminal.line(clean(f"{told['ts']}  {told['message']}"))
        except (ValueError, KeyError, TypeError):
            terminal.line(clean(line))
    return codes.OK


def _events(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        if options.follow:
            for event in client.stream_events(options.run_id, options.since):
                _show_event(terminal, event, options.json)
            return codes.OK
        since = options.since
        while (page := client.events(options.run_id, since)).events:
            for event in _as_events(page):
                _show_event(terminal, event, options.json)
            if page.events[-1].get("ts", since) == since:
                break
            since = page.events[-1]["ts"]
    return codes.OK


def _as_events(page: Events) -> list[Event]:
    return [
        Event(event=str(row.get("kind", "")), id=str(row.get("ts", "")), data=row)
        for row in page.events
    ]


def _show_event(terminal: Terminal, event: Event, as_json: bool) -> None:
    if as_json:
        terminal.line(json.dumps(event, ensure_ascii=False))
        return
    time = event["id"][11:23] or " " * 12
    terminal.line(f"{clean(time)}  {event_line(terminal, event)}")


def _cancel(options: _Options) -> int:
    with connect(options) as client:
        return _shown(options, client.cancel(options.run_id, options.reason))


def _pause(options: _Options) -> int:
    with connect(options) as client:
        return _shown(options, client.pause(options.run_id, options.reason))


def _resume(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        pause_id, answer = options.pause_id, _answer(options)
        if answer is NO_INPUT and terminal.asks:
            status = client.status(options.run_id)
            if status.status == "paused" and pause_id in ("", status.pause_id):
                pause_id, answer = status.pause_id, ask_for(status)
        found = client.resume(options.run_id, answer, pause_id=pause_id)
    if options.json:
        terminal.document(found)
    else:
        terminal.line(clean(f"{found.run_id} {found.status} since {found.resumed_at}"))
    return codes.OK


def _answer(options: _Options) -> Any:
    if options.input_json is not None:
        return read_json(options.input_json, "--input-json")
    return NO_INPUT if options.input is None else options.input


def _video(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        try:
            path = client.fetch_video(options.run_id, options.path or Path(), not options.raw)
        except OSError as error:
            raise UsageError(f"can't write the video: {error.strerror or error}") from error
    if options.json:
        terminal.document({"path": str(path), "bytes": path.stat().st_size})
    else:
        terminal.line(str(path))
    return codes.OK


def _queue(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        found = client.queue()
    if options.json:
        terminal.document(found)
        return codes.OK
    eta = "not known yet" if found.eta_ms is None else f"about {found.eta_ms / 1000:.0f} s"
    terminal.line(
        f"{found.queued} queued, {found.running} running, {found.recovering} recovering; "
        f"a new run waits {eta}"
    )
    return codes.OK


def _runs(options: _Options) -> int:
    terminal = Terminal()
    if options.limit < 1:
        raise UsageError("--limit must be at least 1")
    with connect(options) as client:
        if options.json and not options.all:
            terminal.document(client.runs(status=options.status, limit=options.limit))
            return codes.OK
        found: list[Status] = []
        for run in client.iter_runs(status=options.status):
            found.append(run)
            if len(found) == options.limit and not options.all:
                break
    if options.json:
        terminal.document({"runs": found, "next_cursor": None})
        return codes.OK
    terminal.table(
        [
            {
                "run": run.run_id,
                "status": run.status,
                "created": run.created_at[:19],
                "workflow": run.workflow_id,
                "halt": run.halt_class or "",
            }
            for run in found
        ],
        ("run", "status", "created", "workflow", "halt"),
    )
    return codes.OK


def _shown(options: _Options, found: Status) -> int:
    terminal = Terminal()
    if options.json:
        terminal.document(found)
    else:
        show_status(terminal, found)
    return codes.OK
