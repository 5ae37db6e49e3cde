"""The values that a run's steps have stored under their `out_var`s."""

from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy import and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.database import Database
from ledger.events import lock_run
from ledger.schema import run_variables
from ledger.text import short_key
from ledger.whole import whole


class Variables:
    """Reads and writes variables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def get_all(self, tenant_id: str, run_id: str) -> dict[str, JsonValue]:
        """All variables of the run."""
        query = select(run_variables.c.name, run_variables.c.value).where(
            run_variables.c.tenant_id == tenant_id, run_variables.c.run_id == run_id
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return {name: value for name, value in found}

    @whole
    async def set(self, tenant_id: str, run_id: str, name: str, value: JsonValue) -> None:
        """Store a value, replacing the one before.

        Raises:
            UnknownRun: there is no such run.
        """
        async with self._database.write() as connection:
            await lock_run(connection, tenant_id, run_id)
            await store(connection, tenant_id, run_id, {name: value})


async def store(
    connection: AsyncConnection, tenant_id: str, run_id: str, values: Mapping[str, JsonValue]
) -> None:
    """Store values of a run whose row this transaction has locked."""
    for name, value in values.items():
        name = short_key(name)
        here = and_(
            run_variables.c.tenant_id == tenant_id,
            run_variables.c.run_id == run_id,
            run_variables.c.name == name,
        )
        changed = await connection.execute(update(run_variables).where(here).values(value=value))
        if changed.rowcount == 0:
            await connection.execute(
                insert(run_variables).values(
                    tenant_id=tenant_id, run_id=run_id, name=name, value=value
                )
            )
