"""Acts that must not happen twice: each is claimed before it leaves, and settled after."""

from functools import partial

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.clock import Clock
from ledger.database import Database, insert_or
from ledger.events import lock_run
from ledger.models import Claim, NewClaim, SettledState
from ledger.schema import run_claims
from ledger.text import short_key
from ledger.whole import whole

_SHOWN = select(
    run_claims.c.call_key,
    run_claims.c.kind,
    run_claims.c.session_id,
    run_claims.c.journal_length,
    run_claims.c.url,
    run_claims.c.what,
    run_claims.c.method,
    run_claims.c.telling,
    run_claims.c.state,
    run_claims.c.at,
)


class Claims:
    """Claims and settles guarded acts. A call has one claim, whatever becomes of its tries."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @whole
    async def claim(self, tenant_id: str, run_id: str, call_key: str, new: NewClaim) -> Claim:
        """Claim an act that is about to leave.

        Returns:
            the claim; where the call has one already, that one, and `fresh` is False.

        Raises:
            UnknownRun: there is no such run.
        """
        return await self._claim(tenant_id, run_id, call_key, new, anew=False)

    @whole
    async def renew(self, tenant_id: str, run_id: str, call_key: str, new: NewClaim) -> Claim:
        """Claim it for the call's next try, in the place of the claim that was settled.

        Raises:
            UnknownRun: there is no such run.
        """
        return await self._claim(tenant_id, run_id, call_key, new, anew=True)

    async def _claim(
        self, tenant_id: str, run_id: str, call_key: str, new: NewClaim, *, anew: bool
    ) -> Claim:
        call_key = short_key(call_key)
        claimed = new.model_dump() | {"state": "claimed", "at": self._clock()}
        row = {"tenant_id": tenant_id, "run_id": run_id, "call_key": call_key} | claimed
        insert = partial(insert_or, replacing=claimed) if anew else insert_or
        async with self._database.write() as connection:
            await lock_run(connection, tenant_id, run_id)
            written = await connection.execute(insert(connection, run_claims, row))
            found = await connection.execute(_SHOWN.where(_of(tenant_id, run_id, call_key)))
            claim = Claim.model_validate(dict(found.mappings().one()))
        return claim.model_copy(update={"fresh": written.rowcount == 1})

    @whole
    async def get(self, tenant_id: str, run_id: str, call_key: str) -> Claim | None:
        """The claim of a call, None where nothing was claimed for it."""
        query = _SHOWN.where(_of(tenant_id, run_id, short_key(call_key)))
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().one_or_none()
        return None if found is None else Claim.model_validate(dict(found) | {"fresh": False})

    @whole
    async def read(self, tenant_id: str, run_id: str) -> tuple[Claim, ...]:
        """All claims of the run, oldest first."""
        mine = and_(run_claims.c.tenant_id == tenant_id, run_claims.c.run_id == run_id)
        query = _SHOWN.where(mine).order_by(run_claims.c.at, run_claims.c.call_key)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).mappings().all()
        return tuple(Claim.model_validate(dict(one) | {"fresh": False}) for one in found)

    @whole
    async def settle(self, tenant_id: str, run_id: str, call_key: str, state: SettledState) -> None:
        """Write down what became of a claimed act, outside of a step's record."""
        async with self._database.write() as connection:
            await settle_claim(connection, tenant_id, run_id, call_key, state)


async def settle_claim(
    connection: AsyncConnection, tenant_id: str, run_id: str, call_key: str, state: SettledState
) -> None:
    """Set the state of the call's claim; none is fine."""
    await connection.execute(
        update(run_claims).where(_of(tenant_id, run_id, short_key(call_key))).values(state=state)
    )


def _of(tenant_id: str, run_id: str, call_key: str) -> ColumnElement[bool]:
    return and_(
        run_claims.c.tenant_id == tenant_id,
        run_claims.c.run_id == run_id,
        run_claims.c.call_key == call_key,
    )
