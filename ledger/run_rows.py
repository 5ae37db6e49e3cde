"""Reading the rows of runs, for the transactions that need them."""

from sqlalchemy import ColumnElement, RowMapping, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.errors import UnknownRun
from ledger.models import Limits, RunRow
from ledger.schema import runs


def is_run(tenant_id: str, run_id: str) -> ColumnElement[bool]:
    """The condition that names one run."""
    return and_(runs.c.tenant_id == tenant_id, runs.c.run_id == run_id)


async def find_run(
    connection: AsyncConnection, tenant_id: str, run_id: str, *, lock: bool = False
) -> RunRow | None:
    """The run, locked until the transaction ends if wanted; None where there is none."""
    query = select(runs).where(is_run(tenant_id, run_id))
    if lock:
        query = query.with_for_update()
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else read_row(found)


async def load_run(
    connection: AsyncConnection, tenant_id: str, run_id: str, *, lock: bool = False
) -> RunRow:
    """The run, locked until the transaction ends if wanted.

    Raises:
        UnknownRun: there is no such run.
    """
    found = await find_run(connection, tenant_id, run_id, lock=lock)
    if found is None:
        raise UnknownRun(run_id)
    return found


def read_row(found: RowMapping) -> RunRow:
    """All columns of a run as its row."""
    values = dict(found)
    limits = Limits.model_validate({name: values.pop(name) for name in Limits.model_fields})
    return RunRow.model_validate({**values, "limits": limits})
