"""Marks that a run's workflow sets: what a poll shows meanwhile, and a line in the log."""

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.events import append_locked
from ledger.models import NewEvent, NewPhase, Phase
from ledger.run_rows import is_run, load_run
from ledger.schema import run_events, runs


async def mark(
    connection: AsyncConnection, tenant_id: str, run_id: str, new: NewPhase, now: Micros
) -> bool:
    """Set the phase and write the line, once for each number; a run that is over stays so.

    Returns:
        whether this call did it.

    Raises:
        UnknownRun: there is no such run.
    """
    row = await load_run(connection, tenant_id, run_id, lock=True)
    key = f"phase:{new.number}"
    if row.status.terminal or await _is_marked(connection, tenant_id, run_id, key):
        return False
    await connection.execute(
        update(runs).where(is_run(tenant_id, run_id)).values(phase=new.phase, updated_at=now)
    )
    kind = "recovering" if new.phase is Phase.RECOVERING else "log"
    event = NewEvent(dedup_key=key, kind=kind, body={"message": new.message})
    await append_locked(connection, tenant_id, run_id, [event], row.last_event_at, now)
    return True


async def _is_marked(connection: AsyncConnection, tenant_id: str, run_id: str, key: str) -> bool:
    marked = exists().where(
        run_events.c.tenant_id == tenant_id,
        run_events.c.run_id == run_id,
        run_events.c.dedup_key == key,
    )
    return (await connection.execute(select(marked))).scalar_one()
