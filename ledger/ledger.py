"""The ledger: what outlives a process and must be seen by others."""

from typing import Self

from ledger.clock import Clock, now_micros
from ledger.database import Database
from ledger.events import Events
from ledger.items import Items
from ledger.migrate import migrate
from ledger.outbox import Outbox
from ledger.rows import Rows
from ledger.runs import Runs
from ledger.variables import Variables


class Ledger:
    """One open database, by its parts. Every operation is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self.runs = Runs(database, clock)
        self.events = Events(database, clock)
        self.rows = Rows(database, clock)
        self.items = Items(database)
        self.variables = Variables(database)
        self.outbox = Outbox(database)

    @classmethod
    async def open(cls, url: str, clock: Clock = now_micros) -> Self:
        """Open a database by its SQLAlchemy URL and bring it to the newest schema.

        `sqlite+aiosqlite:///PATH` makes the file and its folder where they are missing;
        `postgresql+asyncpg://…` takes an existing database. Several processes may open the
        same one at the same time.

        Raises:
            LedgerAway: the database can't be reached.
        """
        database = Database(url)
        await migrate(database)
        return cls(database, clock)

    async def ping(self) -> None:
        """Ask the database whether it is there.

        Raises:
            LedgerAway: it isn't.
        """
        await self._database.ping()

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()
