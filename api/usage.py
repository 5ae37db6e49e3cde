"""Billing records: what is asked for, and how it is shown, as JSON and as CSV."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal, get_args

from api.actions import read_run_id
from api.errors import BadRequest
from api.views import UsageLine, UsageTotal, UsageView
from ledger.clock import Micros
from ledger.models import ModelCall, UsageFilter, UsageSum
from ledger.usage import COUNTS, DAY_US
from ledger.wire import iso_ms, read_iso
from plans.calls import Money
from plans.cost import CostBreakdown, usd
from plans.step import Frozen

Grouping = Literal["call", "step", "run", "day"]
Format = Literal["json", "csv"]

DEFAULT_LIMIT = 200
MAX_LIMIT = 1_000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAST = 253_402_300_799_999_999
"""The last microsecond that has a date."""
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a text for a formula."""
_NAMES: Mapping[Grouping, tuple[str, ...]] = {
    "call": ("run_id", "step_index", "call_id", "kind", "tier", "model", "state", "asked_at"),
    "step": ("run_id", "step_index"),
    "run": ("run_id",),
    "day": ("day",),
}
_COUNTS = ("calls", *COUNTS)


class UsageQuery(Frozen):
    """What is asked for: records from `since` on and before `until`, in the order of `by`."""

    wanted: UsageFilter
    by: Grouping
    format: Format
    limit: int
    cursor: str | None


def read_usage_query(tenant_id: str, given: Mapping[str, str]) -> UsageQuery:
    """The parameters of a query.

    `from` and `to` are dates or ISO times; a date stands for its whole day, UTC, so that a month
    is from its first to its last one.

    Raises:
        BadRequest: one of them is none of what it may be; the sentence says which.
    """
    since = _read_time("from", given.get("from"))
    until = _read_time("to", given.get("to"), DAY_US)
    if since is not None and until is not None and since >= until:
        raise BadRequest("from must lie before to")
    run_id = given.get("run_id")
    return UsageQuery(
        wanted=UsageFilter(
            tenant_id=tenant_id,
            since=since,
            until=until,
            run_id=read_run_id(run_id) if run_id else None,
        ),
        by=_one_of(given.get("by"), "by", "run"),
        format=_read_format(given.get("format")),
        limit=_read_limit(given.get("limit")),
        cursor=given.get("cursor") or None,
    )


def _read_time(name: str, given: str | None, after: int = 0) -> Micros | None:
    """A time; of a date its beginning, or what comes so long after."""
    if not given or not given.strip():
        return None
    text = given.strip()[:64]
    try:
        if _DATE.fullmatch(text):
            return min(_day(date.fromisoformat(text)) + after, _LAST)
        read = read_iso(text) if "T" in text.upper() or " " in text else None
    except ValueError:
        read = None
    if read is None:
        raise BadRequest(
            f"{name} must be a date such as 2026-11-01 or an ISO time such as 2026-11-01T12:00:00Z"
        )
    return read


def _day(day: date) -> Micros:
    return (day - date(1970, 1, 1)).days * DAY_US


def _one_of(given: str | None, name: str, usual: Grouping) -> Grouping:
    if not given:
        return usual
    for one in get_args(Grouping):
        if one == given:
            return one
    raise BadRequest(f"{name} must be one of {', '.join(get_args(Grouping))}")


def _read_format(given: str | None) -> Format:
    match given:
        case None | "" | "json":
            return "json"
        case "csv":
            return "csv"
        case _:
            raise BadRequest("format must be one of json, csv")


def _read_limit(given: str | None) -> int:
    if given is None or given == "":
        return DEFAULT_LIMIT
    limit = int(given[:20]) if given.isascii() and given.isdigit() else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return limit


def usage_view(
    query: UsageQuery, lines: Sequence[UsageLine], next_cursor: str | None, total: UsageSum
) -> UsageView:
    """The records of a page, and the sum over all that was asked for."""
    wanted = query.wanted
    return UsageView.model_validate(
        {
            "from": None if wanted.since is None else iso_ms(wanted.since),
            "to": None if wanted.until is None else iso_ms(wanted.until),
            "by": query.by,
            "records": lines,
            "count": len(lines),
            "next_cursor": next_cursor,
            "total": UsageTotal.model_validate(_summed(total)),
        }
    )


def call_line(call: ModelCall) -> UsageLine:
    """A question as a record."""
    used = call.usage
    return UsageLine.model_validate(
        {
            "run_id": call.run_id,
            "step_index": call.step_index,
            "call_id": call.call_id,
            "kind": call.kind,
            "tier": call.tier,
            "model": call.model,
            "state": call.state,
            "asked_at": iso_ms(call.created_at),
            "settled_at": None if call.settled_at is None else iso_ms(call.settled_at),
            "calls": 1,
            "tries": call.tries,
            "open_tries": call.open_tries,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
            "cache_read_tokens": used.cache_read_tokens,
            "cache_write_tokens": used.cache_write_tokens,
            "gpu_ms": used.gpu_ms,
            "images": used.images,
            **_money(call.cost, call.held),
        }
    )


def sum_line(summed: UsageSum) -> UsageLine:
    """A sum as a record."""
    named: dict[str, object] = {
        "run_id": summed.run_id,
        "step_index": summed.step_index,
        "day": None if summed.day is None else _date(summed.day),
    }
    known = {name: value for name, value in named.items() if value is not None}
    return UsageLine.model_validate(known | _summed(summed))


def _date(at: Micros) -> str:
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d}"


def _summed(summed: UsageSum) -> dict[str, object]:
    return {
        "calls": summed.calls,
        "tries": summed.tries,
        "open_tries": summed.open_tries,
        "input_tokens": summed.input_tokens,
        "output_tokens": summed.output_tokens,
        "cache_read_tokens": summed.cache_read_tokens,
        "cache_write_tokens": summed.cache_write_tokens,
        "gpu_ms": summed.gpu_ms,
        "images": summed.images,
        **_money(summed.cost, summed.held),
    }


def _money(cost: Money, held: int) -> dict[str, object]:
    return {
        "cost": usd(cost.total),
        "cost_micro": cost.total,
        "cost_breakdown": CostBreakdown.of(cost).model_dump(),
        "held": usd(held),
    }


def usage_csv(by: Grouping, lines: Sequence[UsageLine]) -> str:
    """The records as CSV (RFC 4180), with the columns of their grouping.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    names = _NAMES[by]
    counts = tuple(name for name in _COUNTS if name != "calls" or by != "call")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*names, *counts, "cost_gpu", "cost_claude", "cost_proxy", "cost", "held"])
    for line in lines:
        shown = line.document()
        parts = line.cost_breakdown
        money = [parts.gpu, parts.claude, parts.proxy, line.cost, line.held]
        writer.writerow(
            [
                *(_safe(shown.get(name)) for name in names),
                *(shown.get(name) for name in counts),
                *(f"{amount:.6f}" for amount in money),
            ]
        )
    return out.getvalue()


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_TRIGGERS) else value
