"""Completions of the chat proxy that are under way, and those whose process died over them.

Questions of a run are looked after by its workflow. A completion has nobody but the API process
that passes it on, which says while it does so that it is alive.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import bindparam, select, update

from ledger.clock import Clock
from ledger.database import Database
from ledger.models import NO_RUN, Reserved
from ledger.schema import OPEN_CHAT, model_calls
from ledger.spending import Spending
from ledger.whole import whole
from plans.calls import Money

_MOST = 500
"""Completions that are ended in one go."""


class OpenChats:
    """Keeps open what is worked on, and ends what is not."""

    def __init__(self, database: Database, clock: Clock, spending: Spending) -> None:
        self._database = database
        self._clock = clock
        self._spending = spending

    @whole
    async def renew(self, tickets: Iterable[Reserved]) -> None:
        """Say that these completions are being passed on still."""
        mine = [
            {"tenant": one.tenant_id, "run": one.run_id, "call": one.call_id} for one in tickets
        ]
        if not mine:
            return
        renewing = (
            update(model_calls)
            .where(
                model_calls.c.tenant_id == bindparam("tenant"),
                model_calls.c.run_id == bindparam("run"),
                model_calls.c.call_id == bindparam("call"),
            )
            .values(tried_at=self._clock())
        )
        async with self._database.write() as connection:
            await connection.execute(renewing, mine)

    @whole
    async def end_lost(self, quiet: timedelta) -> int:
        """Give up, for no cost, what nobody said to be alive for so long; answers how many.

        What they have cost, nobody knows any more. Where one of them was only slow and is
        written down later, it stays given up.
        """
        before = self._clock() - quiet // timedelta(microseconds=1)
        query = (
            select(model_calls.c.tenant_id, model_calls.c.call_id, model_calls.c.tries)
            .where(OPEN_CHAT, model_calls.c.tried_at < before)
            .order_by(model_calls.c.tried_at)
            .limit(_MOST)
        )
        async with self._database.read() as connection:
            lost = (await connection.execute(query)).all()
        for one in lost:
            ticket = Reserved(
                tenant_id=one.tenant_id, run_id=NO_RUN, call_id=one.call_id, attempt=one.tries
            )
            await self._spending.release(ticket, None, Money())
        return len(lost)
