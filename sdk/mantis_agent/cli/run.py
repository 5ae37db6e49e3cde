"""`mantis run`: submit a plan, and watch its run."""

import argparse
import time
from typing import Any

from mantis_agent.cli import codes
from mantis_agent.cli.connection import Options, connect
from mantis_agent.cli.plan_file import is_of_the_service, read_inputs, read_plan
from mantis_agent.cli.show import show_result
from mantis_agent.cli.terminal import Terminal, clean
from mantis_agent.cli.watch import Watch
from mantis_agent.client import MantisClient
from mantis_agent.types import Handle, Result

SECOND_THOUGHT_S = 2.0
"""Time for a second Ctrl-C after the first."""

_PASSED_ON = (
    "profile_id",
    "workflow_id",
    "max_cost",
    "max_time_minutes",
    "video_format",
    "perception",
    "callback_url",
)


class _Options(Options):
    plan: str
    watch: bool
    input: list[str]
    idempotency_key: str | None
    dry_run: bool
    record_video: bool
    resume_state: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Submit a plan, and watch its run with --watch.

    Ctrl-C leaves a watched run alone; pressed twice it cancels it.
    """
    parser.add_argument(
        "plan",
        metavar="PLAN",
        help="a .json plan, suite or request, a text file with a plan in words, - for standard "
        "input, or the name of a plan file of the service",
    )
    parser.add_argument("--watch", "-w", action="store_true", help="show the run until its end")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="a value for {{NAME}} in the plan; NAME:=JSON for one that is no text",
    )
    parser.add_argument("--profile", dest="profile_id", help="the browser profile to keep")
    parser.add_argument("--workflow-id", help="the checkpoint's name")
    parser.add_argument("--resume-state", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--max-cost", type=float, metavar="USD")
    parser.add_argument("--max-time", dest="max_time_minutes", type=float, metavar="MINUTES")
    parser.add_argument("--record-video", action="store_true")
    parser.add_argument("--video-format", choices=("mp4", "webm", "gif"))
    parser.add_argument("--perception", choices=("auto", "as_planned"))
    parser.add_argument("--callback-url", metavar="URL", help="told when the run is over")
    parser.add_argument("--idempotency-key", metavar="KEY", help="the same key is the same run")
    parser.add_argument("--dry-run", action="store_true", help="check the plan, start nothing")
    parser.add_argument("--json", action="store_true", help="the service's answer as JSON")
    parser.set_defaults(handler=_run)


def _run(options: _Options) -> int:
    request = _request(options)
    answers = Terminal()
    with connect(options) as client:
        if is_of_the_service(request) and not options.json:
            answers.note(f"asking the service for its plan file {clean(request['micro'])}")
        handle = client.predict(request, idempotency_key=options.idempotency_key)
        if options.dry_run:
            _show_rehearsal(answers, handle, options.json)
            return codes.OK
        if not options.watch:
            _show_handle(answers, handle, options.json)
            return codes.OK
        return _watch(client, handle.run_id, options)


def _request(options: _Options) -> dict[str, Any]:
    request = read_plan(options.plan)
    inputs = read_inputs(options.input)
    if inputs:
        request["inputs"] = {**(request.get("inputs") or {}), **inputs}
    given = vars(options)
    request |= {name: given[name] for name in _PASSED_ON if given[name] is not None}
    flags = ("record_video", "resume_state", "dry_run")
    request |= {name: True for name in flags if given[name]}
    if request.get("detached") is False:
        request["detached"] = True
    return request


def _watch(client: MantisClient, run_id: str, options: _Options) -> int:
    """Show the run on standard output, or, with `--json`, on the other one; then its result."""
    answers = Terminal()
    progress = Terminal(out=answers.err) if options.json else answers
    progress.line(f"run {clean(run_id)}")
    try:
        Watch(client, progress).follow(run_id)
        result = client.result(run_id)
    except KeyboardInterrupt:
        return _leave(client, run_id, progress)
    _show(answers, result, options.json)
    return codes.OK if result.status == "succeeded" else codes.RUN_FAILED


def _show(terminal: Terminal, result: Result, as_json: bool) -> None:
    if as_json:
        terminal.document(result)
    else:
        terminal.line()
        show_result(terminal, result)


def _leave(client: MantisClient, run_id: str, terminal: Terminal) -> int:
    """Say how to go on; where a person may want it, a second Ctrl-C cancels the run."""
    shown = clean(run_id)
    terminal.note(f"\nleft: the run goes on. mantis events --follow {shown} watches it again,")
    terminal.note(f"mantis cancel {shown} stops it, mantis result {shown} shows what it brought")
    if not terminal.asks:
        return codes.INTERRUPTED
    terminal.note(f"Ctrl-C again within {SECOND_THOUGHT_S:.0f} s cancels it now")
    try:
        time.sleep(SECOND_THOUGHT_S)
    except KeyboardInterrupt:
        client.cancel(run_id, "Ctrl-C")
        terminal.note("cancelled")
    return codes.INTERRUPTED


def _show_handle(terminal: Terminal, handle: Handle, as_json: bool) -> None:
    if as_json:
        terminal.document(handle)
        return
    shown = clean(handle.run_id)
    terminal.line(shown)
    terminal.note(f"{clean(handle.status)}; watch it with: mantis events --follow {shown}")


def _show_rehearsal(terminal: Terminal, answer: Handle, as_json: bool) -> None:
    if as_json:
        terminal.document(answer)
        return
    hosts = ", ".join(str(host) for host in answer.get("hosts", [])) or "none"
    terminal.line(
        clean(
            f"acceptable: at most {answer.get('max_steps')} steps, "
            f"${answer.get('max_cost')} and {answer.get('max_time_minutes')} minutes; "
            f"estimated cost ${answer.get('estimated_cost')}; hosts: {hosts}"
        )
    )
    for note in answer.get("notes", []):
        terminal.line(f"  {clean(note)}")
