"""What a run with `resume_state` goes on from: the run before it under its state key.

What has to be kept for that stays with a run that failed or was cancelled. The run that goes
on gets a copy, in the transaction that admits it, so that neither depends on the other.
"""

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Table, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.gates import PlanChanged, StillOpen
from ledger.models import Document, Ending, NewRun, RunStatus
from ledger.profiles import OPEN
from ledger.schema import (
    run_checkpoints,
    run_claims,
    run_outcomes,
    run_rows,
    run_secrets,
    run_variables,
    run_visited,
    runs,
)
from plans.step import Frozen


class GoesOn(Frozen):
    """The run that the new one goes on from, where it stood, and the steps it stood in.

    For a plan in words these are the steps that were made of it then.
    """

    run_id: str
    state: Document
    plan: JsonValue


async def look_back(
    connection: AsyncConnection, new: NewRun
) -> StillOpen | PlanChanged | GoesOn | str:
    """Whether the run may start, and from where; a sentence for its log where it starts afresh.

    Args:
        connection: a transaction that decides about the tenant.
        new: a run that asks to go on under its state key.
    """
    earlier = select(
        runs.c.run_id, runs.c.status, runs.c.signature, runs.c.state, runs.c.plan
    ).where(runs.c.tenant_id == new.tenant_id, runs.c.state_key == new.state_key)
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
    if found.state is None:
        return f"resume_state: run {found.run_id} left nothing to go on with, fresh start"
    return GoesOn(run_id=found.run_id, state=found.state, plan=found.plan)


async def carry_over(connection: AsyncConnection, tenant_id: str, old: str, new: str) -> None:
    """Give a new run what the one before it had, in the transaction that admits it.

    Records, visited items and variables are copied; of the secrets those that the new run
    doesn't bring itself. Checkpoint and claims are the new run's alone from now on.
    """
    for table in (run_rows, run_visited, run_variables):
        await _copy(connection, table, tenant_id, old, new)
    for table in (run_checkpoints, run_claims):
        mine = (table.c.tenant_id == tenant_id, table.c.run_id == old)
        await connection.execute(update(table).where(*mine).values(run_id=new))
    own = select(run_secrets.c.name).where(
        run_secrets.c.tenant_id == tenant_id, run_secrets.c.run_id == new
    )
    await _copy(connection, run_secrets, tenant_id, old, new, run_secrets.c.name.not_in(own))


async def rows_of(connection: AsyncConnection, tenant_id: str, run_id: str) -> int:
    """How many records the run holds."""
    query = select(func.count()).where(
        run_rows.c.tenant_id == tenant_id, run_rows.c.run_id == run_id
    )
    return (await connection.execute(query)).scalar_one()


async def forget(connection: AsyncConnection, tenant_id: str, run_id: str, ending: Ending) -> None:
    """Let go of what nobody needs of a run that is over.

    One that can be gone on from keeps its checkpoint, its claims, and the outcome of the call
    that was due: it may have been done without the run's workflow hearing of it.
    """

    async def drop(table: Table, *which: ColumnElement[bool]) -> None:
        mine = (table.c.tenant_id == tenant_id, table.c.run_id == run_id)
        await connection.execute(delete(table).where(*mine, *which))

    if ending.state is None:
        await drop(run_claims)
        await drop(run_checkpoints)
    if ending.state is None or ending.due is None:
        await drop(run_outcomes)
    else:
        await drop(run_outcomes, run_outcomes.c.call_key != ending.due)


async def _copy(
    connection: AsyncConnection,
    table: Table,
    tenant_id: str,
    old: str,
    new: str,
    *which: ColumnElement[bool],
) -> None:
    kept = [column for column in table.c if column.name not in ("tenant_id", "run_id")]
    source = select(table.c.tenant_id, literal(new), *kept).where(
        table.c.tenant_id == tenant_id, table.c.run_id == old, *which
    )
    names = ["tenant_id", "run_id", *(column.name for column in kept)]
    await connection.execute(insert(table).from_select(names, source))
