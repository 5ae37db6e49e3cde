"""Brings a database to the newest schema, in-process, safe for several processes at once."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.database import Database, lock_migrations, use_write_ahead_log

SCRIPTS = Path(__file__).parent / "migrations"


def make_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


async def migrate(database: Database) -> None:
    """Upgrade to the newest revision, or find that it is there already.

    Raises:
        LedgerAway: the database can't be reached.
    """
    async with _own_turn(database):
        await _migrate(database)


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision that a database is at, None where it is empty, and the newest one here.

    `known` is False where the database is at a revision that this build does not have.
    """

    current: str | None
    newest: str | None
    known: bool


async def schema_state(database: Database) -> SchemaState:
    """Look at the schema of a database without changing it.

    Raises:
        LedgerAway: the database can't be reached.
    """
    scripts = ScriptDirectory.from_config(make_config())
    async with database.read() as connection:
        current = await connection.run_sync(_current)
    revisions = {script.revision for script in scripts.walk_revisions()}
    return SchemaState(
        current=current,
        newest=scripts.get_current_head(),
        known=current is None or current in revisions,
    )


@asynccontextmanager
async def _own_turn(database: Database) -> AsyncGenerator[None]:
    """For a SQLite file, one opener at a time: changing its journal mode bears no company."""
    path = database.engine.url.database
    if database.engine.dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    lock = await asyncio.to_thread(_take, Path(f"{path}.lock"))
    try:
        yield
    finally:
        lock.close()


def _take(path: Path) -> TextIO:
    lock = path.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


async def _migrate(database: Database) -> None:
    await use_write_ahead_log(database)
    head = ScriptDirectory.from_config(make_config()).get_current_head()
    async with database.read() as connection:
        if await connection.run_sync(_current) == head:
            return
    async with _unhurried(database) as patient, patient.write() as connection:
        await lock_migrations(connection)
        await connection.run_sync(_upgrade)


@asynccontextmanager
async def _unhurried(database: Database) -> AsyncGenerator[Database]:
    """The same database for statements that may take long: large tables are changed so."""
    if database.engine.dialect.name == "sqlite":
        yield database
        return
    patient = Database(database.engine.url, hurried=False)
    try:
        yield patient
    finally:
        await patient.close()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    config = make_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
