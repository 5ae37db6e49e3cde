"""Hearing that a run has changed, in whatever process it was written.

On Postgres by LISTEN and NOTIFY over a connection of its own; on SQLite by asking the file's
change counter from a thread of its own. Neither is a record of what happened: who hears of a
change looks at the run.
"""

import asyncio
import sqlite3
import threading
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from ledger.database import ANSWER_S, Database, postgres_arguments
from ledger.text import clean_text

RunName = tuple[str, str]
"""tenant_id and run_id."""

CHANNEL = "mantis_run"
POLL_S = 0.04
"""How often the change counter of a SQLite file is asked."""
PING_S = 15.0
"""How often a silent Postgres connection is asked whether it lives."""
PING_TIMEOUT_S = 5.0
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
STOP_TIMEOUT_S = 5.0
MOST_NAMES = 10_000
"""Changed runs that are remembered for a slow reader; beyond that anything may have changed."""
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Changes:
    """What changed since the last look. One reader."""

    def __init__(self) -> None:
        self._names: set[RunName] = set()
        self._anything = False
        self._heard = asyncio.Event()

    async def wait(self, timeout_s: float) -> frozenset[RunName] | None:
        """The runs that changed since the last call, as soon as there are any.

        Returns:
            their tenants and ids; empty when the time is over; None: any run may have
            changed, look at all that matter.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), timeout_s)
        self._heard.clear()
        names, self._names = frozenset(self._names), set()
        anything, self._anything = self._anything, False
        return None if anything else names

    def hear(self, name: RunName) -> None:
        """Note that a run has changed."""
        self._names.add(name)
        if len(self._names) > MOST_NAMES:
            self._names.clear()
            self._anything = True
        self._heard.set()

    def hear_anything(self) -> None:
        """Note that any run may have changed."""
        self._anything = True
        self._heard.set()


async def notify(connection: AsyncConnection, tenant_id: str, run_id: str) -> None:
    """Let the listeners on Postgres hear of the run once this transaction is committed."""
    if connection.dialect.name != "postgresql":
        return
    payload = clean_text(f"{run_id} {tenant_id}")
    await connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


@asynccontextmanager
async def watch(database: Database) -> AsyncGenerator[Changes]:
    """Changes of the database's runs, heard until the block is left."""
    changes = Changes()
    if database.engine.dialect.name == "postgresql":
        hearing = _Listener(database, changes)
    else:
        hearing = _Counter(database.engine.url.database or "", changes)
    try:
        yield changes
    finally:
        await hearing.stop()


class _Counter:
    """Asks a SQLite file's change counter in a thread."""

    def __init__(self, path: str, changes: Changes) -> None:
        self._path = path
        self._changes = changes
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger-changes", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End the thread and its connection."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            before: int | None = None  # the first look is news: what came before it isn't known
            while not self._stopping.wait(POLL_S):
                if (now := _version(connection)) != before:
                    before = now
                    self._loop.call_soon_threadsafe(self._changes.hear_anything)
        finally:
            connection.close()


def _version(connection: sqlite3.Connection) -> int | None:
    """The counter; None where it can't be read now."""
    try:
        return int(connection.execute("PRAGMA data_version").fetchall()[0][0])
    except sqlite3.Error:
        return None


class _Listener:
    """Listens on a Postgres connection of its own, and makes a new one when it is lost."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the connection; one that is just being made is waited for, but not for long."""
        self._stopping.set()
        await asyncio.wait([self._task], timeout=STOP_TIMEOUT_S)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        pause = FIRST_RETRY_S
        while not self._stopping.is_set():
            with suppress(SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                async with _dedicated(self._database) as connection:
                    pause = FIRST_RETRY_S
                    await self._hear_all(connection)
            self._changes.hear_anything()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LAST_RETRY_S)

    async def _hear_all(self, connection: asyncpg.Connection) -> None:
        """Pass on what is heard until the connection is lost or no longer wanted."""
        lost = asyncio.Event()

        def lose(_: object) -> None:
            lost.set()

        connection.add_termination_listener(lose)
        await connection.add_listener(CHANNEL, self._hear)
        self._changes.hear_anything()
        ends = [asyncio.create_task(event.wait()) for event in (lost, self._stopping)]
        try:
            while not (await asyncio.wait(ends, timeout=PING_S, return_when=FIRST_COMPLETED))[0]:
                await connection.execute("SELECT 1", timeout=PING_TIMEOUT_S)
        finally:
            for end in ends:
                end.cancel()

    def _hear(self, _: object, __: int, ___: str, payload: object) -> None:
        run_id, _, tenant_id = str(payload).partition(" ")
        self._changes.hear((tenant_id, run_id))


@asynccontextmanager
async def _dedicated(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    engine = create_async_engine(
        database.engine.url, poolclass=NullPool, connect_args=postgres_arguments(ANSWER_S)
    )
    try:
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert isinstance(driver, asyncpg.Connection)
            yield driver
    finally:
        await engine.dispose()
