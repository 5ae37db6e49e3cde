"""What Temporal has to be told: written with the run, carried out by a dispatcher."""

from typing import get_args

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Micros
from ledger.database import Database, insert_or
from ledger.models import Errand, ErrandKind
from ledger.schema import run_outbox
from ledger.whole import whole

LEASE_US = 15_000_000
"""How long a taken errand is hidden from other dispatchers."""
FIRST_RETRY_US = 500_000
LAST_RETRY_US = 30_000_000


class Outbox:
    """The errands of all tenants, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def pending(self, limit: int, now: Micros) -> tuple[Errand, ...]:
        """Take up to `limit` due errands, oldest first.

        They are hidden from other dispatchers for 15 s; one that is neither `done` nor
        `failed` by then (the dispatcher died) is due again. A kind that only a newer build
        knows is left to it.
        """
        due = (
            select(
                run_outbox.c.id,
                run_outbox.c.tenant_id,
                run_outbox.c.run_id,
                run_outbox.c.kind,
                run_outbox.c.reason,
                run_outbox.c.attempts,
            )
            .where(run_outbox.c.next_try_at <= now, run_outbox.c.kind.in_(get_args(ErrandKind)))
            .order_by(run_outbox.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            if (await connection.execute(due.limit(1))).first() is None:
                return ()

        async def work(connection: AsyncConnection) -> tuple[Errand, ...]:
            found = await connection.execute(due.with_for_update(skip_locked=True))
            errands = tuple(Errand.model_validate(dict(row)) for row in found.mappings().all())
            await connection.execute(
                update(run_outbox)
                .where(run_outbox.c.id.in_([errand.id for errand in errands]))
                .values(next_try_at=now + LEASE_US)
            )
            return errands

        return await self._database.together("", work)

    @whole
    async def add(
        self, tenant_id: str, run_id: str, kind: ErrandKind, now: Micros, reason: str = ""
    ) -> None:
        """Add an errand, unless one of that kind waits for this run already."""
        async with self._database.write() as connection:
            await enqueue(connection, tenant_id, run_id, kind, now, reason)

    @whole
    async def done(self, errand_id: int) -> None:
        """Forget an errand that was carried out."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(run_outbox).where(run_outbox.c.id == errand_id))

        await self._database.together("", work)

    @whole
    async def failed(self, errand: Errand, why: str, now: Micros) -> None:
        """Try again later: after 0.5 s, then twice as long each time, at most 30 s."""
        pause = min(FIRST_RETRY_US * 2 ** min(errand.attempts, 10), LAST_RETRY_US)
        async with self._database.write() as connection:
            await connection.execute(
                update(run_outbox)
                .where(run_outbox.c.id == errand.id)
                .values(attempts=errand.attempts + 1, next_try_at=now + pause, last_error=why[:500])
            )

    @whole
    async def awaits(self, tenant_id: str, run_id: str, *kinds: ErrandKind) -> bool:
        """Whether an errand of one of these kinds is not carried out yet for this run."""
        query = select(run_outbox.c.id).where(
            run_outbox.c.tenant_id == tenant_id,
            run_outbox.c.run_id == run_id,
            run_outbox.c.kind.in_(kinds),
        )
        async with self._database.read() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    @whole
    async def waiting(self) -> int:
        """How many errands are not carried out yet, due or not."""
        async with self._database.read() as connection:
            return len((await connection.execute(select(run_outbox.c.id))).all())


async def enqueue(
    connection: AsyncConnection,
    tenant_id: str,
    run_id: str,
    kind: ErrandKind,
    now: Micros,
    reason: str = "",
) -> None:
    """Add an errand in the transaction of the change that causes it.

    Where one of that kind waits for this run already, it stays as it is.
    """
    errand = {
        "tenant_id": tenant_id,
        "run_id": run_id,
        "kind": kind,
        "reason": reason,
        "attempts": 0,
        "next_try_at": now,
        "last_error": "",
    }
    await connection.execute(insert_or(connection, run_outbox, errand))
