"""What is SQLite's own: how its connections begin, and a thread for whole transactions."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from pydantic import JsonValue
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.text import clean_text
from ledger.together import Inline, Step, drive

BUSY_TIMEOUT_MS = 30_000
WRITE = {"mantis_write": True}


class SqliteThread:
    """A connection to a SQLite file in a thread of its own, for whole transactions at once.

    Through the asynchronous driver each statement is several turns between two threads.
    """

    def __init__(self, url: URL) -> None:
        self.engine = create_engine(
            url.set(drivername="sqlite"),
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
            json_serializer=write_json,
            hide_parameters=True,
        )
        listen(self.engine)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def transact(self, steps: Sequence[Step]) -> None:
        """Take all steps in one transaction."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._take, steps)

    def _take(self, steps: Sequence[Step]) -> None:
        with self.engine.connect().execution_options(**WRITE) as connection, connection.begin():
            inline = cast(AsyncConnection, Inline(connection))
            for step in steps:
                drive(step.take(inline))

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.engine.dispose)
        self._thread.shutdown()


def is_file(url: URL) -> bool:
    """Whether the database outlives its connections."""
    return bool(url.database) and url.database != ":memory:"


def listen(engine: Engine) -> None:
    """Let each connection wait for the file's lock, and writers begin with it."""
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def write_json(value: JsonValue) -> str:
    """JSON that every database takes."""
    return clean_text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mantis_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
