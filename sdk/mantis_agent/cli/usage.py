"""What questions to models used and cost."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from mantis_agent.cli import codes
from mantis_agent.cli.connection import Options, connect
from mantis_agent.cli.terminal import Terminal
from mantis_agent.client import MantisClient
from mantis_agent.types import Usage, UsageBy, UsagePage, UsageRecord

_PAGE = 1000
_CHAT = "(chat)"
"""Shown in the place of a run for calls of the chat proxy."""
_NAMES: dict[str, tuple[str, ...]] = {
    "call": ("run", "step", "kind", "tier", "model", "asked"),
    "step": ("run", "step"),
    "run": ("run",),
    "day": ("day",),
}
_USED = ("calls", "in", "out", "cache r", "cache w", "gpu s", "images")
_MONEY = ("gpu $", "claude $", "cost $")


class _Options(Options):
    since: str | None
    until: str | None
    by: UsageBy
    run_id: str | None
    csv: bool


def usage(parser: argparse.ArgumentParser) -> None:
    """Show what questions to models used and cost, by run, step, call or day."""
    when = "a date or an ISO time"
    parser.add_argument("--from", dest="since", metavar="TIME", help=f"from then on: {when}")
    parser.add_argument(
        "--to", dest="until", metavar="TIME", help=f"before then: {when}; a date counts whole"
    )
    parser.add_argument(
        "--by", choices=get_args(UsageBy), default="run", help="what is summed up (run)"
    )
    parser.add_argument("--run", dest="run_id", metavar="RUN_ID", help="only this run's")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="the records as CSV")
    form.add_argument("--json", action="store_true", help="the records as JSON")
    parser.set_defaults(handler=_usage)


def _usage(options: _Options) -> int:
    terminal = Terminal()
    with connect(options) as client:
        if options.csv:
            text = client.usage_csv(
                since=options.since, until=options.until, by=options.by, run_id=options.run_id
            )
            terminal.out.write(text.replace("\r\n", "\n"))
            terminal.out.flush()
            return codes.OK
        records, last = _all(client, options)
    if options.json:
        terminal.document({**last, "records": records, "count": len(records)})
        return codes.OK
    _show(terminal, options.by, records, last.total)
    return codes.OK


def _all(client: MantisClient, options: _Options) -> tuple[list[UsageRecord], UsagePage]:
    """All records, and the last page that they came in."""
    records: list[UsageRecord] = []
    cursor: str | None = None
    while True:
        page = client.usage(
            since=options.since,
            until=options.until,
            by=options.by,
            run_id=options.run_id,
            limit=_PAGE,
            cursor=cursor,
        )
        records += page.records
        cursor = page.next_cursor
        if not cursor:
            return records, page


def _show(terminal: Terminal, by: str, records: Sequence[UsageRecord], total: Usage) -> None:
    if not records:
        terminal.line("no model was asked")
        return
    names = _NAMES[by]
    last = {name: "" for name in names} | {names[0]: "total"} | _counted(total)
    rows = [*({**_named(one), **_counted(one)} for one in records), last]
    terminal.table(rows, (*names, *_USED, *_MONEY))
    if total.open_tries:
        terminal.note(
            f"{total.open_tries} questions are under way or were lost with their worker: they are "
            f"not in these sums, and cost at most ${total.held:.6f}"
        )


def _named(record: UsageRecord) -> Mapping[str, Any]:
    return {
        "run": record.run_id or _CHAT,
        "step": "" if record.step_index in (None, -1) else str(record.step_index),
        "day": record.day,
        "kind": record.kind,
        "tier": record.tier,
        "model": record.model,
        "asked": record.asked_at[:19],
    }


def _counted(used: Usage) -> dict[str, Any]:
    parts = used.cost_breakdown
    return {
        "calls": used.calls,
        "in": used.input_tokens,
        "out": used.output_tokens,
        "cache r": used.cache_read_tokens,
        "cache w": used.cache_write_tokens,
        "gpu s": f"{used.gpu_ms / 1000:.1f}",
        "images": used.images,
        "gpu $": f"{parts.get('gpu', 0.0):.6f}",
        "claude $": f"{parts.get('claude', 0.0):.6f}",
        "cost $": f"{used.cost:.6f}",
    }
