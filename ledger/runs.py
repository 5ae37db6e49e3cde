"""The runs themselves: admitted, begun, ended once."""

from sqlalchemy import ColumnElement, RowMapping, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Clock, Micros
from ledger.database import Database
from ledger.errors import UnknownRun
from ledger.events import append_locked
from ledger.models import (
    TERMINAL,
    Ending,
    Limits,
    NewEvent,
    NewRun,
    Phase,
    RunRow,
    RunStatus,
    TerminalStatus,
)
from ledger.outbox import enqueue
from ledger.schema import runs
from ledger.whole import whole


class Runs:
    """Reads and writes the run rows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def admit(self, new: NewRun) -> RunRow:
        """Write the run and its start as an outbox row, in one transaction."""
        values = new.model_dump(mode="json", exclude={"limits", "notes"})
        values |= new.limits.model_dump()
        values |= {
            "status": RunStatus.QUEUED,
            "phase": Phase.QUEUED,
            "updated_at": new.created_at,
            "last_event_at": new.created_at,
            "message": "",
            "cancel_requested": False,
        }
        notes = [
            NewEvent(dedup_key=f"admission:{number}", kind="log", body={"message": note})
            for number, note in enumerate(("run accepted", *new.notes))
        ]
        async with self._database.write() as connection:
            await connection.execute(insert(runs).values(values))
            await enqueue(connection, new.tenant_id, new.run_id, "start", self._clock())
            await append_locked(
                connection, new.tenant_id, new.run_id, notes, new.created_at - 1, new.created_at
            )
            return await _load(connection, new.tenant_id, new.run_id)

    @whole
    async def get(self, tenant_id: str, run_id: str) -> RunRow | None:
        """The run, or None where this tenant has none of that id."""
        async with self._database.read() as connection:
            found = await _select(connection, tenant_id, run_id)
        return None if found is None else _row(found)

    @whole
    async def begin(self, tenant_id: str, run_id: str, now: Micros) -> RunRow:
        """Mark the run running from `now`, once; a terminal or begun run stays as it is.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            row = await _load(connection, tenant_id, run_id, lock=True)
            if row.status is not RunStatus.QUEUED:
                return row
            await connection.execute(
                update(runs)
                .where(_is(tenant_id, run_id))
                .values(
                    status=RunStatus.RUNNING,
                    phase=Phase.RUNNING,
                    started_at=now,
                    updated_at=now,
                )
            )
            started = NewEvent(dedup_key="begin", kind="log", body={"message": "run started"})
            await append_locked(connection, tenant_id, run_id, [started], row.last_event_at, now)
            return await _load(connection, tenant_id, run_id)

    @whole
    async def set_phase(self, tenant_id: str, run_id: str, phase: Phase, now: Micros) -> None:
        """Set the phase of a run that is not over; of a run that is, change nothing."""
        async with self._database.write() as connection:
            await connection.execute(
                update(runs)
                .where(_is(tenant_id, run_id), runs.c.status.not_in(TERMINAL))
                .values(phase=phase, updated_at=now)
            )

    @whole
    async def finish(self, tenant_id: str, run_id: str, ending: Ending, now: Micros) -> bool:
        """Write the terminal state unless one is there; answers whether this call wrote it."""
        async with self._database.write() as connection:
            done = await connection.execute(
                update(runs)
                .where(_is(tenant_id, run_id), runs.c.status.not_in(TERMINAL))
                .values(
                    status=ending.status,
                    phase=_last_phase(ending.status),
                    halt_class=ending.halt_class,
                    message=ending.message,
                    summary=ending.summary,
                    video=ending.video,
                    finished_at=now,
                    updated_at=now,
                )
            )
            if done.rowcount == 0:
                return False
            row = await _load(connection, tenant_id, run_id, lock=True)
            text = f"run {ending.status}" + (f": {ending.message}" if ending.message else "")
            event = NewEvent(dedup_key="finish", kind="log", body={"message": text})
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            return True

    @whole
    async def request_cancel(self, tenant_id: str, run_id: str, reason: str, now: Micros) -> RunRow:
        """Mark the run to be cancelled and put the signal into the outbox, once.

        A terminal run stays as it is; the first reason stays.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            row = await _load(connection, tenant_id, run_id, lock=True)
            if row.status.terminal or row.cancel_requested:
                return row
            await connection.execute(
                update(runs)
                .where(_is(tenant_id, run_id))
                .values(cancel_requested=True, cancel_reason=reason or None, updated_at=now)
            )
            await enqueue(connection, tenant_id, run_id, "cancel", now, reason)
            text = "cancel requested" + (f": {reason}" if reason else "")
            event = NewEvent(dedup_key="cancel", kind="log", body={"message": text})
            await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
            return await _load(connection, tenant_id, run_id)

    @whole
    async def active(self, tenant_id: str) -> dict[RunStatus, int]:
        """How many runs of the tenant are queued, running and paused."""
        query = (
            select(runs.c.status, func.count())
            .where(runs.c.tenant_id == tenant_id, runs.c.status.not_in(TERMINAL))
            .group_by(runs.c.status)
        )
        counts = {status: 0 for status in RunStatus if not status.terminal}
        async with self._database.read() as connection:
            for status, count in (await connection.execute(query)).all():
                counts[RunStatus(status)] = count
        return counts


def _last_phase(status: TerminalStatus) -> Phase:
    match status:
        case RunStatus.SUCCEEDED:
            return Phase.COMPLETE
        case RunStatus.FAILED:
            return Phase.HALTED
        case RunStatus.CANCELLED:
            return Phase.CANCELLED


def _is(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(runs.c.tenant_id == tenant_id, runs.c.run_id == run_id)


async def _select(
    connection: AsyncConnection, tenant_id: str, run_id: str, *, lock: bool = False
) -> RowMapping | None:
    query = select(runs).where(_is(tenant_id, run_id))
    if lock:
        query = query.with_for_update()
    return (await connection.execute(query)).mappings().one_or_none()


async def _load(
    connection: AsyncConnection, tenant_id: str, run_id: str, *, lock: bool = False
) -> RunRow:
    found = await _select(connection, tenant_id, run_id, lock=lock)
    if found is None:
        raise UnknownRun(run_id)
    return _row(found)


def _row(found: RowMapping) -> RunRow:
    values = dict(found)
    limits = Limits.model_validate({name: values.pop(name) for name in Limits.model_fields})
    return RunRow.model_validate({**values, "limits": limits})
