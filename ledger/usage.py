"""Billing records: what a tenant's questions to models used and cost, one by one or summed up."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal, assert_never

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select, tuple_

from ledger.calls import SHOWN, read_call
from ledger.database import Database
from ledger.errors import BadCursor
from ledger.models import NO_STEP, RunStatus, UsageCalls, UsageFilter, UsageSum, UsageSums
from ledger.schema import model_calls, runs
from ledger.text import clean_text
from ledger.whole import whole
from plans.calls import Money

DAY_US = 86_400_000_000

UsageBy = Literal["step", "run", "day"]
"""What sums are made over. Days are UTC's; a question belongs to the day it was asked first."""

_DAY = (model_calls.c.created_at - model_calls.c.created_at % DAY_US).label("day")
_CALL_PLACE = (model_calls.c.created_at, model_calls.c.run_id, model_calls.c.call_id)
COUNTS = (
    "tries",
    "open_tries",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "gpu_ms",
    "images",
)
"""What is counted of a question beside its cost: columns of the ledger and of billing records."""
_PAID = ("gpu", "claude", "proxy")
_SUMS = (
    func.count().label("calls"),
    *(func.sum(model_calls.c[name]).label(name) for name in COUNTS),
    *(func.sum(model_calls.c[f"{name}_micro"]).label(f"{name}_micro") for name in _PAID),
    func.sum(model_calls.c.held_micro).label("held"),
)


class UsageRecords:
    """Reads what questions to models used and cost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def calls(self, wanted: UsageFilter, limit: int, cursor: str | None = None) -> UsageCalls:
        """At most `limit` questions, in the order in which they were asked first.

        Raises:
            BadCursor: the ledger never gave out such a cursor.
        """
        query = SHOWN.where(_wanted(wanted))
        if cursor is not None:
            asked, run_id, call_id = _read_cursor("call", cursor, (int, str, str))
            query = query.where(tuple_(*_CALL_PLACE) > tuple_(asked, run_id, call_id))
        found = await self._fetch(query.order_by(*_CALL_PLACE).limit(limit + 1))
        page = tuple(read_call(row) for row in found[:limit])
        if len(found) <= limit:
            return UsageCalls(calls=page, next_cursor=None)
        last = page[-1]
        next_cursor = _cursor("call", last.created_at, last.run_id, last.call_id)
        return UsageCalls(calls=page, next_cursor=next_cursor)

    @whole
    async def sums(
        self, wanted: UsageFilter, by: UsageBy, limit: int, cursor: str | None = None
    ) -> UsageSums:
        """At most `limit` sums: by step of a run, by run, or by day, in their order.

        Raises:
            BadCursor: the ledger never gave out such a cursor.
        """
        place, kinds = _grouped(by)
        query = select(*place, *_SUMS).where(_wanted(wanted))
        if cursor is not None:
            after = _read_cursor(by, cursor, kinds)
            query = query.where(tuple_(*place) > tuple_(*after))
        found = await self._fetch(query.group_by(*place).order_by(*place).limit(limit + 1))
        page = tuple(_sum(row) for row in found[:limit])
        if len(found) <= limit:
            return UsageSums(sums=page, next_cursor=None)
        last = found[limit - 1]
        return UsageSums(sums=page, next_cursor=_cursor(by, *(last[one.name] for one in place)))

    @whole
    async def total(self, wanted: UsageFilter) -> UsageSum:
        """The sum over everything wanted; zeros where there is nothing."""
        (row,) = await self._fetch(select(*_SUMS).where(_wanted(wanted)))
        return _sum(row)

    @whole
    async def of_plan(
        self, tenant_id: str, state_key: str, signature: str, limit: int = 20
    ) -> tuple[int, ...]:
        """What the newest runs of a plan that succeeded have cost, micro-dollars, newest first."""
        newest = (
            select(runs.c.run_id)
            .where(
                runs.c.tenant_id == clean_text(tenant_id),
                runs.c.state_key == clean_text(state_key),
                runs.c.signature == clean_text(signature),
                runs.c.status == RunStatus.SUCCEEDED,
            )
            .order_by(runs.c.created_at.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = list((await connection.execute(newest)).scalars())
            costs = dict.fromkeys(found, 0)
            mine = UsageFilter(tenant_id=tenant_id)
            query = select(model_calls.c.run_id, *_SUMS).where(
                _wanted(mine), model_calls.c.run_id.in_(found)
            )
            for row in (await connection.execute(query.group_by(model_calls.c.run_id))).mappings():
                costs[row["run_id"]] = _sum(row).cost.total
        return tuple(costs.values())

    async def _fetch(self, query: Select[*tuple[object, ...]]) -> list[RowMapping]:
        async with self._database.read() as connection:
            return list((await connection.execute(query)).mappings().all())


def _grouped(by: UsageBy) -> tuple[tuple[ColumnElement[object], ...], tuple[type, ...]]:
    match by:
        case "step":
            return (model_calls.c.run_id, model_calls.c.step_index), (str, int)
        case "run":
            return (model_calls.c.run_id,), (str,)
        case "day":
            return (_DAY,), (int,)
        case _:
            assert_never(by)


def _wanted(wanted: UsageFilter) -> ColumnElement[bool]:
    conditions = [model_calls.c.tenant_id == clean_text(wanted.tenant_id)]
    if wanted.since is not None:
        conditions.append(model_calls.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(model_calls.c.created_at < wanted.until)
    if wanted.run_id is not None:
        conditions.append(model_calls.c.run_id == clean_text(wanted.run_id))
    return and_(*conditions)


def _sum(row: RowMapping) -> UsageSum:
    named = {name: row[name] for name in ("run_id", "step_index", "day") if name in row}
    counted = {name: int(row[name] or 0) for name in ("calls", "held", *COUNTS)}
    cost = Money(**{name: int(row[f"{name}_micro"] or 0) for name in _PAID})
    return UsageSum.model_validate({**named, **counted, "cost": cost})


def _cursor(by: str, *place: int | str) -> str:
    text = json.dumps([by, *place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(by: str, cursor: str, kinds: tuple[type, ...]) -> list[int | str]:
    try:
        read = json.loads(urlsafe_b64decode(f"{cursor[:8000]}==".encode("ascii")))
    except (ValueError, RecursionError) as fault:
        raise BadCursor from fault
    if not isinstance(read, list) or [type(one) for one in read] != [str, *kinds]:
        raise BadCursor
    if read[0] != by or _cursor(*read) != cursor or not all(_fits(by, one) for one in read):
        raise BadCursor
    return read[1:]


def _fits(by: str, value: int | str) -> bool:
    """Whether a column takes it."""
    if isinstance(value, str):
        return clean_text(value) == value
    return NO_STEP <= value < 2**31 if by == "step" else 0 <= value < 2**63
