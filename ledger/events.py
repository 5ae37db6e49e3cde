"""The events of a run: appended once each, in one strict order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.changes import notify
from ledger.clock import Clock, Micros
from ledger.database import Database
from ledger.errors import UnknownRun
from ledger.models import EventRow, NewEvent
from ledger.schema import run_events, runs
from ledger.whole import whole

_SHOWN = select(
    run_events.c.ts,
    run_events.c.dedup_key,
    run_events.c.kind,
    run_events.c.step_index,
    run_events.c.body,
)


class Events:
    """Reads and appends run events."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def append(self, tenant_id: str, run_id: str, events: Sequence[NewEvent]) -> None:
        """Append the events whose dedup keys the run does not know yet, in order.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            last = await lock_run(connection, tenant_id, run_id)
            await append_locked(connection, tenant_id, run_id, events, last, self._clock())

    @whole
    async def read(
        self, tenant_id: str, run_id: str, since_ts: Micros = 0, limit: int | None = None
    ) -> tuple[EventRow, ...]:
        """Events after `since_ts` (exclusive), oldest first; all, or at most `limit`."""
        query = _SHOWN.where(_of(tenant_id, run_id), run_events.c.ts > since_ts)
        return await self._fetch(query.order_by(run_events.c.ts).limit(limit))

    @whole
    async def of_kind(self, tenant_id: str, run_id: str, kind: str) -> tuple[EventRow, ...]:
        """All events of one kind, oldest first."""
        query = _SHOWN.where(_of(tenant_id, run_id), run_events.c.kind == kind)
        return await self._fetch(query.order_by(run_events.c.ts))

    @whole
    async def tail(self, tenant_id: str, run_id: str, count: int) -> tuple[EventRow, ...]:
        """The last `count` events, oldest first."""
        query = _SHOWN.where(_of(tenant_id, run_id))
        newest = await self._fetch(query.order_by(run_events.c.ts.desc()).limit(count))
        return newest[::-1]

    async def _fetch(self, query: Select[*tuple[object, ...]]) -> tuple[EventRow, ...]:
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(EventRow.model_validate(dict(row)) for row in found)


async def lock_run(connection: AsyncConnection, tenant_id: str, run_id: str) -> Micros:
    """Lock the run's row until the transaction ends; answers the time of its last event.

    Raises:
        UnknownRun: there is no such run.
    """
    query = select(runs.c.last_event_at).where(
        runs.c.tenant_id == tenant_id, runs.c.run_id == run_id
    )
    last = (await connection.execute(query.with_for_update())).scalar_one_or_none()
    if last is None:
        raise UnknownRun(run_id)
    return last


async def append_locked(
    connection: AsyncConnection,
    tenant_id: str,
    run_id: str,
    events: Sequence[NewEvent],
    last: Micros,
    now: Micros,
) -> None:
    """Append events to a run whose row this transaction has locked.

    Each event's time is the clock's, or one microsecond after the one before it where the
    clock has not moved on.
    """
    wanted = {event.dedup_key: event for event in events}
    if not wanted:
        return
    known = await connection.execute(
        select(run_events.c.dedup_key).where(
            _of(tenant_id, run_id), run_events.c.dedup_key.in_(wanted)
        )
    )
    for key in known.scalars().all():
        del wanted[key]
    if not wanted:
        return
    written: list[dict[str, object]] = []
    for event in wanted.values():
        last = max(now, last + 1)
        written.append(event_values(tenant_id, run_id, last, event))
    await connection.execute(insert(run_events), written)
    await connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.run_id == run_id)
        .values(last_event_at=last)
    )
    await notify(connection, tenant_id, run_id)


def event_values(tenant_id: str, run_id: str, ts: Micros, event: NewEvent) -> dict[str, object]:
    """The columns of an event."""
    return {
        "tenant_id": tenant_id,
        "run_id": run_id,
        "ts": ts,
        "dedup_key": event.dedup_key,
        "kind": event.kind,
        "step_index": event.step_index,
        "body": event.body,
    }


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(run_events.c.tenant_id == tenant_id, run_events.c.run_id == run_id)
