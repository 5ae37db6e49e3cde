"""The ledger: what outlives a process and must be seen by others."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from ledger.changes import Changes, watch
from ledger.checkpoints import RunCheckpoints
from ledger.claims import Claims
from ledger.clock import Clock, now_micros
from ledger.database import Database
from ledger.decompositions import Decompositions
from ledger.deliveries import Deliveries
from ledger.events import Events
from ledger.heads import Heads
from ledger.items import Items
from ledger.key_checks import KeyChecks
from ledger.locators import Locators
from ledger.migrate import migrate
from ledger.model_health import ModelHealths
from ledger.open_chats import OpenChats
from ledger.outbox import Outbox
from ledger.outcomes import Outcomes
from ledger.pauses import Pauses
from ledger.rates import Rates
from ledger.rows import Rows
from ledger.runs import Runs
from ledger.secrets import Keyring, NoKeys, Secrets
from ledger.spending import Spending
from ledger.usage import UsageRecords
from ledger.variables import Variables


class Ledger:
    """One open database, by its parts. Every operation is one short transaction."""

    def __init__(self, database: Database, clock: Clock, keyring: Keyring) -> None:
        self._database = database
        self.secrets = Secrets(database, keyring)
        self.runs = Runs(database, clock, self.secrets)
        self.rates = Rates(database)
        self.deliveries = Deliveries(database, clock)
        self.events = Events(database, clock)
        self.heads = Heads(database)
        self.checkpoints = RunCheckpoints(database, keyring)
        self.rows = Rows(database, clock, self.checkpoints)
        self.outcomes = Outcomes(database)
        self.claims = Claims(database, clock)
        self.pauses = Pauses(database)
        self.items = Items(database)
        self.variables = Variables(database)
        self.outbox = Outbox(database)
        self.key_checks = KeyChecks(database)
        self.locators = Locators(database, clock)
        self.model_health = ModelHealths(database, clock)
        self.spending = Spending(database, clock)
        self.open_chats = OpenChats(database, clock, self.spending)
        self.usage = UsageRecords(database)
        self.decompositions = Decompositions(database, clock)

    @classmethod
    async def open(
        cls, url: str, clock: Clock = now_micros, keyring: Keyring | None = None
    ) -> Self:
        """Open a database by its SQLAlchemy URL and bring it to the newest schema.

        `sqlite+aiosqlite:///PATH` makes the file and its folder where they are missing;
        `postgresql+asyncpg://…` takes an existing database. Several processes may open the
        same one at the same time. Without a keyring the ledger refuses secrets.

        Raises:
            LedgerAway: the database can't be reached.
        """
        database = Database(url)
        await migrate(database)
        return cls(database, clock, keyring or NoKeys())

    async def ping(self) -> None:
        """Ask the database whether it is there.

        Raises:
            LedgerAway: it isn't.
        """
        await self._database.ping()

    @asynccontextmanager
    async def changes(self) -> AsyncGenerator[Changes]:
        """Hear of changed runs, in this process and others, while the block lasts."""
        async with watch(self._database) as changes:
            yield changes

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()
