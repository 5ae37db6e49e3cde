"""The pauses of a run: each is opened once, and answered at most once."""

from pydantic import JsonValue
from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import outcomes, variables
from ledger.clock import Micros
from ledger.database import Database
from ledger.errors import UnknownPause
from ledger.events import append_locked
from ledger.models import (
    Document,
    NewEvent,
    NewPause,
    PauseAnswer,
    PauseRow,
    Phase,
    RowCounts,
    RunRow,
    RunStatus,
)
from ledger.run_rows import is_run, load_run
from ledger.schema import run_pauses, runs
from ledger.whole import whole

_SHOWN = select(
    run_pauses.c.pause_id,
    run_pauses.c.prompt,
    run_pauses.c.reason,
    run_pauses.c.needs_input,
    run_pauses.c.step_index,
    run_pauses.c.paused_at,
    run_pauses.c.answered_at,
    run_pauses.c.answer_name,
    run_pauses.c.fingerprint,
)


class Pauses:
    """Reads and writes pauses. The newest one is the only one that can be answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def open(self, tenant_id: str, run_id: str, new: NewPause, now: Micros) -> PauseRow:
        """Pause the run: its status, the pause and an event, once for each `pause_id`.

        A run that is over stays so, and no pause is written for it.

        Raises:
            UnknownRun: there is no such run.
        """
        opened = PauseRow(**new.model_dump(), paused_at=now)
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            known = await _find(connection, tenant_id, run_id, new.pause_id)
            if known is not None or row.status.terminal:
                return known or opened
            await _insert(connection, tenant_id, run_id, opened)
            await _stand(connection, row, RunStatus.PAUSED, now)
            await _append(connection, row, _paused(new), now)
        return opened

    @whole
    async def newest(self, tenant_id: str, run_id: str) -> PauseRow | None:
        """The pause that was opened last, answered or not."""
        query = _SHOWN.where(_of(tenant_id, run_id)).order_by(run_pauses.c.seq.desc()).limit(1)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().one_or_none()
        return None if found is None else PauseRow.model_validate(dict(found))

    @whole
    async def time_run(self, row: RunRow, until: Micros) -> int:
        """Microseconds that the run has run by then, pauses left out."""
        if row.started_at is None:
            return 0
        query = select(run_pauses.c.paused_at, run_pauses.c.answered_at)
        async with self._database.read() as connection:
            found = await connection.execute(query.where(_of(row.tenant_id, row.run_id)))
            paused = sum(max(0, (answered or until) - begun) for begun, answered in found.all())
        return max(0, until - row.started_at - paused)

    @whole
    async def answer(
        self, tenant_id: str, run_id: str, answer: PauseAnswer, now: Micros
    ) -> PauseRow:
        """Write down that a pause was answered: the run is running again, from `now` on.

        Done once; the same again changes nothing, whatever it brings. A run that is over
        stays so.

        Raises:
            UnknownRun: there is no such run.
            UnknownPause: the run has no such pause.
        """
        async with self._database.write() as connection:
            row = await load_run(connection, tenant_id, run_id, lock=True)
            pause = await _find(connection, tenant_id, run_id, answer.pause_id)
            if pause is None:
                raise UnknownPause(answer.pause_id)
            if pause.answered_at is not None or row.status.terminal:
                return pause
            told: dict[str, JsonValue] = {
                "answered_at": now,
                "answer_name": answer.answer_name,
                "fingerprint": answer.fingerprint,
            }
            mine = run_pauses.c.pause_id == answer.pause_id
            await connection.execute(
                update(run_pauses).where(_of(tenant_id, run_id), mine).values(**told)
            )
            await variables.store(connection, tenant_id, run_id, answer.variables)
            await _keep_outcome(connection, tenant_id, run_id, answer)
            await _stand(connection, row, RunStatus.RUNNING, now)
            await _append(connection, row, _resumed(pause), now)
        return pause.model_copy(update=told)


async def _find(
    connection: AsyncConnection, tenant_id: str, run_id: str, pause_id: str
) -> PauseRow | None:
    query = _SHOWN.where(_of(tenant_id, run_id), run_pauses.c.pause_id == pause_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else PauseRow.model_validate(dict(found))


async def _insert(
    connection: AsyncConnection, tenant_id: str, run_id: str, opened: PauseRow
) -> None:
    last = await connection.execute(
        select(func.coalesce(func.max(run_pauses.c.seq), 0)).where(_of(tenant_id, run_id))
    )
    await connection.execute(
        insert(run_pauses).values(
            tenant_id=tenant_id,
            run_id=run_id,
            seq=last.scalar_one() + 1,
            **opened.model_dump(),
        )
    )


async def _keep_outcome(
    connection: AsyncConnection, tenant_id: str, run_id: str, answer: PauseAnswer
) -> None:
    """The outcome of the pausing call, so that the run's state can be told from its outcomes."""
    if answer.call_key is None or answer.outcome is None:
        return
    if await outcomes.find(connection, tenant_id, run_id, answer.call_key) is None:
        nothing = RowCounts(added=0, viable_added=0, total_of_step=0)
        await outcomes.put(connection, tenant_id, run_id, answer.call_key, answer.outcome, nothing)


async def _stand(connection: AsyncConnection, row: RunRow, status: RunStatus, now: Micros) -> None:
    """Paused or running from now on; a poll shows both as running."""
    await connection.execute(
        update(runs)
        .where(is_run(row.tenant_id, row.run_id))
        .values(status=status, phase=Phase.RUNNING, pause_requested=False, updated_at=now)
    )


async def _append(connection: AsyncConnection, row: RunRow, event: NewEvent, now: Micros) -> None:
    await append_locked(connection, row.tenant_id, row.run_id, [event], row.last_event_at, now)


def _paused(new: NewPause) -> NewEvent:
    body: Document = {
        "message": f"paused: {new.prompt or new.reason}",
        "pause_id": new.pause_id,
        "prompt": new.prompt,
        "reason": new.reason,
        "needs_input": new.needs_input,
    }
    key = f"pause:{new.pause_id}"
    return NewEvent(dedup_key=key, kind="pause", step_index=new.step_index, body=body)


def _resumed(pause: PauseRow) -> NewEvent:
    body: Document = {"message": "resumed", "pause_id": pause.pause_id}
    key = f"resume:{pause.pause_id}"
    return NewEvent(dedup_key=key, kind="resume", step_index=pause.step_index, body=body)


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(run_pauses.c.tenant_id == tenant_id, run_pauses.c.run_id == run_id)
