"""Money: reserved before a model is asked, settled or released after, exact in all processes.

Every change locks the run's row, so that of any number of workers one decides at a time. What
was asked stands against the run's budget from before it is asked; so the budget is overshot by
one question at most: the one that was let through last.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.calls import NO_MONEY, SHOWN, cost_columns, is_call, read_call, used_columns
from ledger.clock import Clock
from ledger.database import Database
from ledger.errors import UnknownModelCall, UnknownRun
from ledger.models import (
    NO_RUN,
    TERMINAL,
    Document,
    Known,
    ModelCall,
    NewModelCall,
    OverBudget,
    Reservation,
    Reserved,
    RunOver,
    RunStatus,
    Spent,
)
from ledger.run_rows import is_run
from ledger.schema import model_calls, runs
from ledger.whole import whole
from plans.calls import Money
from plans.cost import CostBreakdown, usd
from plans.prices import Usage, cost_of_time

_SPENT = select(
    func.coalesce(func.sum(model_calls.c.gpu_micro), 0),
    func.coalesce(func.sum(model_calls.c.claude_micro), 0),
    func.coalesce(func.sum(model_calls.c.proxy_micro), 0),
    func.coalesce(func.sum(model_calls.c.held_micro), 0),
)


class Spending:
    """Reserves, settles and sums up what models cost."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def reserve(self, new: NewModelCall) -> Reservation:
        """Ask whether a question may be asked, and reserve its price.

        A question that has its answer gives it back. Where an earlier try was not heard of
        again, this one takes its place, and tells what the lost one can have cost. Refused
        where what was spent and what is reserved reach the run's budget; calls of no run
        (`NO_RUN`) have none.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            limit = await _lock(connection, new.tenant_id, new.run_id)
            known = await _find(connection, new.tenant_id, new.run_id, new.call_id)
            if known is not None and known.state == "settled":
                return Known(answer=known.answer, cost=known.cost)
            lost = {} if known is None else await self._hold_lost(connection, new, known)
            if limit is not None:
                if limit.over:
                    return RunOver()
                spent = await _spent(connection, new.tenant_id, new.run_id)
                if spent.cost.total + spent.held >= limit.max_cost_micro:
                    return OverBudget(
                        spent=spent.cost.total, held=spent.held, limit=limit.max_cost_micro
                    )
            return await self._open(connection, new, known, lost)

    async def _hold_lost(
        self, connection: AsyncConnection, new: NewModelCall, known: ModelCall
    ) -> dict[str, int]:
        """Hold no more for the lost try than it can have cost; answers all that is held.

        Where clocks say that it was reserved later than now, all of its reservation is held.
        """
        mine = is_call(new.tenant_id, new.run_id, new.call_id)
        query = select(model_calls.c.holds, model_calls.c.tried_at).where(mine).with_for_update()
        found = (await connection.execute(query)).one()
        holds: dict[str, int] = dict(found.holds)
        last, took_us = str(known.tries), self._clock() - found.tried_at
        if last not in holds or new.usd_per_hour is None or took_us < 0:
            return holds
        most = cost_of_time(-(-took_us // 1_000), new.usd_per_hour)
        if most < holds[last]:
            holds[last] = most
            await connection.execute(update(model_calls).where(mine).values(**_held(holds)))
        return holds

    async def _open(
        self,
        connection: AsyncConnection,
        new: NewModelCall,
        known: ModelCall | None,
        lost: Mapping[str, int],
    ) -> Reserved:
        """Open a try, beside those that were lost."""
        ticket = Reserved(
            tenant_id=new.tenant_id, run_id=new.run_id, call_id=new.call_id, attempt=1
        )
        now, attempt = self._clock(), 1 if known is None else known.tries + 1
        held = _held({**lost, str(attempt): new.reserved_micro})
        if known is None:
            values = new.model_dump(mode="json", exclude={"usd_per_hour"})
            values |= {"state": "reserved", "tries": 1, "open_tries": 1, "accounted": []}
            values |= {**NO_MONEY, **held, "answer": "", "settled_at": None}
            values |= {"created_at": now, "tried_at": now}
            await connection.execute(insert(model_calls).values(values))
            return ticket
        await connection.execute(
            update(model_calls)
            .where(is_call(new.tenant_id, new.run_id, new.call_id))
            .values(
                state="reserved",
                tries=attempt,
                open_tries=known.open_tries + 1,
                reserved_micro=new.reserved_micro,
                tried_at=now,
                tier=new.tier,
                model=new.model,
                **held,
            )
        )
        return ticket.model_copy(update={"attempt": attempt, "taken_over": known.open_tries > 0})

    @whole
    async def settle(
        self,
        reserved: Reserved,
        usage: Usage,
        cost: Money,
        answer: str,
        attempt: int | None = None,
    ) -> str:
        """Write down what a try has brought and cost; the same one again changes nothing.

        Args:
            reserved: the try.
            usage: what it used.
            cost: what it cost.
            answer: where its answer is.
            attempt: whose answer it is, where a lost try had left it: this one asked nothing.

        Returns:
            the answer that holds: another try's, where that one was first.

        Raises:
            UnknownRun: there is no such run.
            UnknownModelCall: nothing was reserved for it.
        """
        by = reserved.attempt if attempt is None else attempt
        async with self._database.write() as connection:
            limit = await _lock(connection, reserved.tenant_id, reserved.run_id)
            known = await self._account(connection, reserved, by, usage, cost)
            if by != reserved.attempt:
                await self._account(connection, reserved, reserved.attempt, None, Money())
            if known.state != "settled":
                await connection.execute(
                    update(model_calls)
                    .where(is_call(reserved.tenant_id, reserved.run_id, reserved.call_id))
                    .values(state="settled", answer=answer)
                )
            if limit is not None and limit.over:
                await tell_costs(connection, reserved.tenant_id, reserved.run_id)
            return known.answer if known.state == "settled" else answer

    @whole
    async def release(self, reserved: Reserved, usage: Usage | None, cost: Money) -> None:
        """Write down that a try brought no answer, and what it cost all the same.

        The same try again changes nothing, and neither does one that has its answer.

        Raises:
            UnknownRun: there is no such run.
            UnknownModelCall: nothing was reserved for it.
        """
        async with self._database.write() as connection:
            limit = await _lock(connection, reserved.tenant_id, reserved.run_id)
            known = await self._account(connection, reserved, reserved.attempt, usage, cost)
            if known.state == "reserved" and known.tries == reserved.attempt:
                await connection.execute(
                    update(model_calls)
                    .where(is_call(reserved.tenant_id, reserved.run_id, reserved.call_id))
                    .values(state="released")
                )
            if limit is not None and limit.over:
                await tell_costs(connection, reserved.tenant_id, reserved.run_id)

    @whole
    async def spent(self, tenant_id: str, run_id: str) -> Spent:
        """What the run has cost so far, and what its open tries may cost at most."""
        async with self._database.read() as connection:
            return await _spent(connection, tenant_id, run_id)

    async def _account(
        self,
        connection: AsyncConnection,
        reserved: Reserved,
        attempt: int,
        usage: Usage | None,
        cost: Money,
    ) -> ModelCall:
        """Add a try's cost, once; answers the question as it stood before."""
        mine = is_call(reserved.tenant_id, reserved.run_id, reserved.call_id)
        query = select(model_calls.c.accounted, model_calls.c.holds).where(mine).with_for_update()
        found = (await connection.execute(query)).one_or_none()
        known = await _find(connection, reserved.tenant_id, reserved.run_id, reserved.call_id)
        if known is None or found is None or not 1 <= attempt <= known.tries:
            raise UnknownModelCall(reserved.call_id, attempt)
        if attempt in found.accounted:
            return known
        holds = {name: most for name, most in found.holds.items() if name != str(attempt)}
        await connection.execute(
            update(model_calls)
            .where(mine)
            .values(
                accounted=[*found.accounted, attempt],
                open_tries=model_calls.c.open_tries - 1,
                settled_at=self._clock(),
                **_held(holds),
                **cost_columns(cost),
                **used_columns(usage),
            )
        )
        return known


@dataclass(frozen=True, slots=True)
class _Limit:
    """What a run may spend, and whether it is over."""

    max_cost_micro: int
    over: bool


async def _lock(connection: AsyncConnection, tenant_id: str, run_id: str) -> _Limit | None:
    """Lock the run's row until the transaction ends; None for what belongs to no run."""
    if run_id == NO_RUN:
        return None
    query = select(runs.c.max_cost_micro, runs.c.status).where(is_run(tenant_id, run_id))
    found = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise UnknownRun(run_id)
    return _Limit(found.max_cost_micro, over=RunStatus(found.status) in TERMINAL)


async def _find(
    connection: AsyncConnection, tenant_id: str, run_id: str, call_id: str
) -> ModelCall | None:
    query = SHOWN.where(is_call(tenant_id, run_id, call_id))
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else read_call(found)


def _held(holds: Mapping[str, int]) -> dict[str, object]:
    """The columns of what open tries hold, micro-dollars by the number of the try."""
    return {"holds": dict(holds), "held_micro": sum(holds.values())}


async def _spent(connection: AsyncConnection, tenant_id: str, run_id: str) -> Spent:
    found = (await connection.execute(_SPENT.where(_of(tenant_id, run_id)))).one()
    gpu, claude, proxy, held = (int(part) for part in found)
    return Spent(cost=Money(gpu=gpu, claude=claude, proxy=proxy), held=held)


async def tell_costs(connection: AsyncConnection, tenant_id: str, run_id: str) -> None:
    """Have the account of a run that is over tell all that was metered, late as it may come.

    The run's row is locked by this transaction.
    """
    query = select(runs.c.summary).where(is_run(tenant_id, run_id))
    summary: Document | None = (await connection.execute(query)).scalar_one()
    if summary is None or "cost_total" not in summary:
        return
    cost = (await _spent(connection, tenant_id, run_id)).cost
    told = {
        "cost_total": usd(cost.total),
        "cost_breakdown": CostBreakdown.of(cost).model_dump(mode="json"),
    }
    await connection.execute(
        update(runs).where(is_run(tenant_id, run_id)).values(summary=summary | told)
    )


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(model_calls.c.tenant_id == tenant_id, model_calls.c.run_id == run_id)
