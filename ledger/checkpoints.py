"""What a run with `resume_state` would go on from: the runs before it under its state key."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.gates import PlanChanged, StillOpen
from ledger.models import NewRun, RunStatus
from ledger.profiles import OPEN
from ledger.schema import runs


async def look_back(connection: AsyncConnection, new: NewRun) -> StillOpen | PlanChanged | str:
    """Whether the run may start, and a sentence for its log about what it goes on from.

    Args:
        connection: a transaction that decides about the tenant.
        new: a run that asks to go on under its state key.
    """
    earlier = select(runs.c.run_id, runs.c.status, runs.c.signature).where(
        runs.c.tenant_id == new.tenant_id, runs.c.state_key == new.state_key
    )
    unfinished = earlier.where(runs.c.status.in_(OPEN)).order_by(runs.c.created_at).limit(1)
    if (found := (await connection.execute(unfinished)).first()) is not None:
        return StillOpen(run_id=found.run_id)
    newest = earlier.order_by(runs.c.created_at.desc(), runs.c.run_id.desc()).limit(1)
    found = (await connection.execute(newest)).first()
    if found is None:
        return f"resume_state: nothing to go on from under {new.state_key}, fresh start"
    if RunStatus(found.status) is RunStatus.SUCCEEDED:
        return f"resume_state: run {found.run_id} succeeded, fresh start"
    if found.signature != new.signature:
        return PlanChanged(run_id=found.run_id)
    return f"resume_state: this build can't go on from run {found.run_id} yet, fresh start"
