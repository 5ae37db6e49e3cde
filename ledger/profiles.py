"""Browser profiles: one run at a time each, the others wait in order, unreleased.

All of this happens in transactions that decide about the tenant (`Database.decide`).
"""

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.events import append_locked, lock_run
from ledger.models import TERMINAL, NewEvent, RunStatus
from ledger.outbox import enqueue
from ledger.schema import runs

OPEN = tuple(status for status in RunStatus if status not in TERMINAL)


async def profile_is_free(
    connection: AsyncConnection, tenant_id: str, profile_id: str | None
) -> bool:
    """Whether no run of the tenant uses the profile or waits for it."""
    if profile_id is None:
        return True
    query = select(exists().where(and_(_of(tenant_id, profile_id), runs.c.status.in_(OPEN))))
    return not (await connection.execute(query)).scalar_one()


async def release_next(
    connection: AsyncConnection, tenant_id: str, profile_id: str, now: Micros
) -> str | None:
    """Release the oldest run that waits for a free profile.

    Returns:
        its run_id, or None where the profile is in use or nobody waits for it.
    """
    mine = _of(tenant_id, profile_id)
    used = select(exists().where(mine, runs.c.status.in_(OPEN), runs.c.released))
    if (await connection.execute(used)).scalar_one():
        return None
    waiting = (
        select(runs.c.run_id)
        .where(mine, runs.c.status == RunStatus.QUEUED, ~runs.c.released)
        .order_by(runs.c.created_at, runs.c.run_id)
        .limit(1)
    )
    run_id = (await connection.execute(waiting)).scalar_one_or_none()
    if run_id is None:
        return None
    text = f"profile {profile_id} is free"
    await release(connection, tenant_id, run_id, text, now)
    return run_id


async def release(
    connection: AsyncConnection, tenant_id: str, run_id: str, why: str, now: Micros
) -> None:
    """Put the start of a waiting run into the outbox."""
    last = await lock_run(connection, tenant_id, run_id)
    await connection.execute(
        update(runs)
        .where(runs.c.tenant_id == tenant_id, runs.c.run_id == run_id)
        .values(released=True, updated_at=now)
    )
    await enqueue(connection, tenant_id, run_id, "start", now)
    event = NewEvent(dedup_key="release", kind="log", body={"message": why})
    await append_locked(connection, tenant_id, run_id, [event], last, now)


def _of(tenant_id: str, profile_id: str) -> ColumnElement[bool]:
    return and_(runs.c.tenant_id == tenant_id, runs.c.profile_id == profile_id)
