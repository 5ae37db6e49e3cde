"""Extracted records, and the one transaction in which a step writes all it has."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger import checkpoints, outcomes
from ledger.calls import cost_of_call, cost_of_step
from ledger.checkpoints import RunCheckpoints
from ledger.claims import settle_claim
from ledger.clock import Clock
from ledger.database import Database
from ledger.events import append_locked, lock_run
from ledger.items import mark_item
from ledger.models import ExtractedRow, NewEvent, RowCounts, StepRecord
from ledger.schema import run_rows
from ledger.variables import store
from ledger.whole import whole
from plans.cost import usd

_SHOWN = select(
    run_rows.c.seq,
    run_rows.c.row_key.label("key"),
    run_rows.c.step_index,
    run_rows.c.record,
    run_rows.c.viable,
    run_rows.c.page_url,
)


class Rows:
    """Reads extracted records and records steps."""

    def __init__(self, database: Database, clock: Clock, sealing: RunCheckpoints) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing

    @whole
    async def read(self, tenant_id: str, run_id: str) -> tuple[ExtractedRow, ...]:
        """All records of the run in the order of extraction."""
        query = _SHOWN.where(_of(tenant_id, run_id)).order_by(run_rows.c.seq)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(ExtractedRow.model_validate(dict(row)) for row in found)

    @whole
    async def record_step(self, step: StepRecord) -> RowCounts:
        """Write everything a step has to write, in one transaction, once.

        A retry of the same call changes nothing and answers the same counts, and a record
        whose key the run holds already is not stored again. A call whose outcome is known is
        over: nothing at all is written for it any more.

        Raises:
            UnknownRun: there is no such run.
            SecretUnreadable: it has a checkpoint, and there are no keys to encrypt it with.
        """
        tenant_id, run_id, checkpoint = step.tenant_id, step.run_id, step.checkpoint
        sealed = None if checkpoint is None else await self._sealing.seal(checkpoint)
        async with self._database.write() as connection:
            last = await lock_run(connection, tenant_id, run_id)
            if step.outcome is not None:
                known = await outcomes.find(connection, tenant_id, run_id, step.call_key)
                if known is not None:
                    return known.counts
            events = await _with_costs(connection, step)
            await append_locked(connection, tenant_id, run_id, events, last, self._clock())
            await _insert_rows(connection, step)
            await store(connection, tenant_id, run_id, step.variables)
            if step.item is not None:
                await mark_item(connection, tenant_id, run_id, step.item)
            if step.claim_state is not None:
                claimed = step.claim_key or step.call_key
                await settle_claim(connection, tenant_id, run_id, claimed, step.claim_state)
            if checkpoint is not None and sealed is not None:
                await checkpoints.put(
                    connection, tenant_id, run_id, sealed, restorable=checkpoint.restorable
                )
            counts = await _count(connection, step)
            if step.outcome is not None:
                await outcomes.put(
                    connection, tenant_id, run_id, step.call_key, step.outcome, counts
                )
            return counts


async def _with_costs(connection: AsyncConnection, step: StepRecord) -> Sequence[NewEvent]:
    """The step's events, with what its questions to models have really cost.

    The event that ends a step tells of all that it has asked for it.
    """
    if not any("cost" in event.body for event in step.events):
        return step.events
    ends = any(event.kind == "step" for event in step.events)
    cost_of = cost_of_step if ends else cost_of_call
    cost = await cost_of(connection, step.tenant_id, step.run_id, step.call_key)
    if cost is None:
        return step.events
    return [
        event.model_copy(update={"body": event.body | {"cost": usd(cost)}})
        if "cost" in event.body
        else event
        for event in step.events
    ]


async def _insert_rows(connection: AsyncConnection, step: StepRecord) -> None:
    wanted = {row.key: row for row in reversed(step.rows)}
    if not wanted:
        return
    known = await connection.execute(
        select(run_rows.c.row_key).where(
            _of(step.tenant_id, step.run_id), run_rows.c.row_key.in_(wanted)
        )
    )
    for key in known.scalars().all():
        del wanted[key]
    if not wanted:
        return
    last = await connection.execute(
        select(func.coalesce(func.max(run_rows.c.seq), 0)).where(_of(step.tenant_id, step.run_id))
    )
    start = last.scalar_one() + 1
    await connection.execute(
        insert(run_rows),
        [
            {
                "tenant_id": step.tenant_id,
                "run_id": step.run_id,
                "seq": start + offset,
                "row_key": key,
                "call_key": step.call_key,
                "step_index": step.step_index,
                "viable": row.viable,
                "page_url": row.page_url,
                "record": row.record,
            }
            for offset, (key, row) in enumerate(reversed(wanted.items()))
        ],
    )


async def _count(connection: AsyncConnection, step: StepRecord) -> RowCounts:
    mine = run_rows.c.call_key == step.call_key
    query = select(
        func.count().label("total"),
        func.coalesce(func.sum(case((mine, 1), else_=0)), 0).label("added"),
        func.coalesce(func.sum(case((and_(mine, run_rows.c.viable), 1), else_=0)), 0).label(
            "viable"
        ),
    ).where(_of(step.tenant_id, step.run_id), run_rows.c.step_index == step.step_index)
    counts = (await connection.execute(query)).one()
    return RowCounts(added=counts.added, viable_added=counts.viable, total_of_step=counts.total)


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(run_rows.c.tenant_id == tenant_id, run_rows.c.run_id == run_id)
