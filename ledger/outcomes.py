"""What became of a run's calls: each is written once, in the transaction of its effects."""

from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.database import Database
from ledger.models import Document, RecordedOutcome, RowCounts
from ledger.schema import run_outcomes
from ledger.text import short_key
from ledger.whole import whole

_SHOWN = select(
    run_outcomes.c.call_key,
    run_outcomes.c.outcome,
    run_outcomes.c.added,
    run_outcomes.c.viable,
    run_outcomes.c.total,
)


class Outcomes:
    """Reads the outcomes of calls; `record_step` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def get(self, tenant_id: str, run_id: str, call_key: str) -> RecordedOutcome | None:
        """What became of the call, None where it was not written down."""
        async with self._database.read() as connection:
            return await find(connection, tenant_id, run_id, call_key)

    @whole
    async def read(self, tenant_id: str, run_id: str) -> tuple[RecordedOutcome, ...]:
        """All outcomes of the run in the order of writing."""
        query = _SHOWN.where(_of(tenant_id, run_id)).order_by(run_outcomes.c.seq)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return tuple(_recorded(*row) for row in found)


async def find(
    connection: AsyncConnection, tenant_id: str, run_id: str, call_key: str
) -> RecordedOutcome | None:
    """The outcome of a call, for the transaction that needs it."""
    mine = run_outcomes.c.call_key == short_key(call_key)
    found = (await connection.execute(_SHOWN.where(_of(tenant_id, run_id), mine))).one_or_none()
    return None if found is None else _recorded(*found)


async def put(
    connection: AsyncConnection,
    tenant_id: str,
    run_id: str,
    call_key: str,
    outcome: Document,
    counts: RowCounts,
) -> None:
    """Write an outcome that is not there yet, of a run whose row this transaction has locked."""
    last = await connection.execute(
        select(func.coalesce(func.max(run_outcomes.c.seq), 0)).where(_of(tenant_id, run_id))
    )
    await connection.execute(
        insert(run_outcomes).values(
            tenant_id=tenant_id,
            run_id=run_id,
            call_key=short_key(call_key),
            seq=last.scalar_one() + 1,
            outcome=outcome,
            added=counts.added,
            viable=counts.viable_added,
            total=counts.total_of_step,
        )
    )


def _recorded(
    call_key: str, outcome: Document, added: int, viable: int, total: int
) -> RecordedOutcome:
    counts = RowCounts(added=added, viable_added=viable, total_of_step=total)
    return RecordedOutcome(call_key=call_key, outcome=outcome, counts=counts)


def _of(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    return and_(run_outcomes.c.tenant_id == tenant_id, run_outcomes.c.run_id == run_id)
