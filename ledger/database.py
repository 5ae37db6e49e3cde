"""The connection to the database: one pool, short reads, writers one after another."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

import asyncpg
from asyncpg import PostgresError
from asyncpg.exceptions import (
    DiskFullError,
    InsufficientResourcesError,
    OperatorInterventionError,
    PostgresConnectionError,
)
from sqlalchemy import Connection, Engine, Table, event, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql.dml import Insert

from ledger.errors import LedgerAway, LedgerFull
from ledger.sqlite import BUSY_TIMEOUT_MS, WRITE, SqliteThread, is_file, listen, write_json
from ledger.text import clean_text
from ledger.together import Step, Together, Work
from ledger.whole import whole

T = TypeVar("T")

CONNECT_S = 10.0
ANSWER_S = 15.0
"""How long Postgres may take for a statement, its waiting for locks included. One that is
silent for longer, stopped or cut off without a word, counts as away."""

_SERVER_AWAY: tuple[type[PostgresError], ...] = (
    PostgresConnectionError,
    InsufficientResourcesError,
    OperatorInterventionError,
)
_LOCK_TENANT = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant_id, 7310598125))")
_AWAY = "the ledger's database can't be reached"
_FULL = "the disk of the ledger's database is full: make room there"


class Database:
    """A pool of connections with one way to read and one way to write.

    On SQLite a writer begins with `BEGIN IMMEDIATE`, and the writers of one process queue
    in order instead of polling for the file's lock.
    """

    def __init__(self, url: str | URL, *, hurried: bool = True) -> None:
        """Make a pool.

        Args:
            url: SQLAlchemy's, of SQLite or Postgres.
            hurried: whether a statement may take `ANSWER_S` only.
        """
        parsed = make_url(url)
        self.engine = _make_engine(parsed, ANSWER_S if hurried else None)
        self._turn = asyncio.Lock() if parsed.get_backend_name() == "sqlite" else None
        self._tenants = WeakValueDictionary[str, asyncio.Lock]()
        self._groups = WeakValueDictionary[str, Together]()
        self._thread = SqliteThread(parsed) if self._turn and is_file(parsed) else None

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All engines that transactions begin on."""
        own = () if self._thread is None else (self._thread.engine,)
        return (self.engine.sync_engine, *own)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for reading.

        Raises:
            LedgerAway: the database can't be reached.
        """
        with _away():
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction for writing: committed at the end, rolled back on an exception.

        Raises:
            LedgerAway: the database can't be reached.
        """
        with _away():
            async with self._turn or nullcontext(), self.engine.connect() as connection:
                await connection.execution_options(**WRITE)
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def decide(self, tenant_id: str) -> AsyncGenerator[AsyncConnection]:
        """A transaction that decides about several runs of a tenant, alone in all processes.

        Those of one process queue before they take a connection, so that a busy tenant
        doesn't use up the pool. On SQLite a writer is alone anyway.

        Raises:
            LedgerAway: the database can't be reached.
        """
        if self._turn is not None:
            async with self.write() as connection:
                yield connection
            return
        lock = self._tenants.setdefault(tenant_id, asyncio.Lock())
        async with lock, self.write() as connection:
            await connection.execute(_LOCK_TENANT, {"tenant_id": clean_text(tenant_id)})
            yield connection

    async def together(self, tenant_id: str, work: Work[T]) -> T:
        """Do a work that decides about a tenant as `decide` has it, with others that wait.

        Args:
            tenant_id: the tenant; empty where nothing is decided and `write` would do.
            work: awaits nothing but its connection, and may be done again from the start.

        Raises:
            LedgerAway: the database can't be reached.
        """
        name = "" if self._thread is not None else tenant_id
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Together(partial(self._transact, name))
        return await group.run(work)

    async def _transact(self, tenant_id: str, steps: Sequence[Step]) -> None:
        if self._thread is None or self._turn is None:
            async with self.decide(tenant_id) if tenant_id else self.write() as connection:
                for step in steps:
                    await step.take(connection)
            return
        with _away():
            async with self._turn:
                await self._thread.transact(steps)

    @whole
    async def ping(self) -> None:
        """Ask the database for nothing.

        Raises:
            LedgerAway: it doesn't answer.
        """
        async with self.read() as connection:
            await connection.execute(select(1))

    async def close(self) -> None:
        """Close the pool."""
        await self.engine.dispose()
        if self._thread is not None:
            await self._thread.close()


class _away:
    """Turns a lost connection into `LedgerAway`; faults of a statement pass through."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: object):
        cause = fault
        lost = isinstance(fault, InterfaceError | PoolTimeout | OSError)
        if isinstance(fault, DBAPIError):
            cause = fault.orig
            lost = lost or fault.connection_invalidated
            if isinstance(cause, BaseException) and isinstance(cause.__cause__, PostgresError):
                cause = cause.__cause__
        if isinstance(cause, sqlite3.OperationalError):
            lost = _sqlite_code(cause) != sqlite3.SQLITE_ERROR
        if isinstance(cause, DiskFullError) or _sqlite_code(cause) == sqlite3.SQLITE_FULL:
            raise LedgerFull(_FULL) from fault
        if lost or isinstance(cause, _SERVER_AWAY):
            raise LedgerAway(_AWAY) from fault


def _sqlite_code(fault: BaseException | None) -> int | None:
    """The primary result code of SQLite."""
    return fault.sqlite_errorcode & 0xFF if isinstance(fault, sqlite3.Error) else None


class _Postgres(asyncpg.Connection):
    """A connection that is closed without waiting for the server: it may be silent."""

    async def close(self, *, timeout: float | None = None) -> None:
        """Take leave; `timeout` is for nothing."""
        self.terminate()


def postgres_arguments(answer_s: float | None) -> dict[str, object]:
    """How asyncpg connects: no silent server is waited for without end."""
    return {
        "timeout": CONNECT_S,
        "command_timeout": answer_s,
        "connection_class": _Postgres,
    }


def _make_engine(url: URL, answer_s: float | None) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        engine = create_async_engine(
            url,
            pool_size=10,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args=postgres_arguments(answer_s),
            json_serializer=write_json,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "handle_error", _give_up_silent)
        return engine
    if url.database and is_file(url):
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        json_serializer=write_json,
        hide_parameters=True,
    )
    listen(engine.sync_engine)
    return engine


def _give_up_silent(context: ExceptionContext) -> None:
    """A connection whose server did not answer in time is of no more use."""
    if isinstance(context.original_exception, TimeoutError):
        context.is_disconnect = True


async def use_write_ahead_log(database: Database) -> None:
    """Put a SQLite file into WAL mode, whatever other processes do meanwhile."""
    if database.engine.dialect.name != "sqlite":
        return
    deadline = asyncio.get_running_loop().time() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            async with database.engine.connect() as connection:
                await connection.run_sync(_set_wal)
                return
        except OperationalError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.05)


def _set_wal(connection: Connection) -> None:
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


async def lock_migrations(connection: AsyncConnection) -> None:
    """Wait for the right to migrate; it is held until the transaction ends."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(7310598124)"))


def insert_or(
    connection: AsyncConnection,
    table: Table,
    row: Mapping[str, object],
    replacing: Mapping[str, object] | None = None,
) -> Insert:
    """An insert that changes the columns of `replacing` where the row's key is there already.

    Without `replacing` it then changes nothing.
    """
    if connection.dialect.name == "postgresql":
        statement = insert_postgres(table).values(row)
    else:
        statement = insert_sqlite(table).values(row)
    if replacing is None:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_=dict(replacing)
    )
