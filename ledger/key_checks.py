"""A text encrypted by a process that keeps secrets here, for others to try their keys on."""

from sqlalchemy import select

from ledger.database import Database, insert_or
from ledger.schema import key_checks
from ledger.whole import whole
from plans.step import Frozen

_ONLY = 1
"""There is one row."""


class KeyCheck(Frozen):
    """A text and the name of the key that encrypted it."""

    key_id: str
    probe: bytes


class KeyChecks:
    """Reads and replaces the text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @whole
    async def read(self) -> KeyCheck | None:
        """The text; None before the first process has started."""
        async with self._database.read() as connection:
            found = await connection.execute(select(key_checks.c.key_id, key_checks.c.probe))
            row = found.mappings().one_or_none()
        return None if row is None else KeyCheck.model_validate(dict(row))

    @whole
    async def keep(self, new: KeyCheck, *, replacing: bool = False) -> None:
        """Keep a text; one that is there stays unless it is to be replaced."""
        values = new.model_dump()
        insert = {"id": _ONLY} | values
        async with self._database.write() as connection:
            await connection.execute(
                insert_or(connection, key_checks, insert, replacing=values if replacing else None)
            )
