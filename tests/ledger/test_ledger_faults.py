from collections.abc import Callable

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.clock import now_micros
from ledger.database import Database
from ledger.errors import LedgerAway, LedgerFull
from ledger.events import Events
from ledger.ledger import Ledger
from ledger.models import NewEvent, NewRun
from tests.postgres import new_database

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")

DISK_FULL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON run_events FOR EACH ROW EXECUTE FUNCTION refuse();
"""


async def fill_disk(database: Database) -> None:
    """Let the next big write find no room."""
    if database.engine.dialect.name == "sqlite":
        async with database.read() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
    else:
        admin = await asyncpg.connect(str(database.engine.url).replace("+asyncpg", ""))
        await admin.execute(DISK_FULL)
        await admin.close()


async def test_a_full_disk_is_told_apart(ledger: Ledger, database: Database, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await fill_disk(database)
    events = Events(database, now_micros)
    big = NewEvent(dedup_key="big", kind="log", body={"message": "x" * 200_000})
    with pytest.raises(LedgerFull, match="make room"):
        await events.append(*RUN, [big])
    assert len(await events.read(*RUN)) == 1
    await database.ping()


async def test_a_server_without_a_free_connection_is_away(postgres_port: int):
    url = await new_database(postgres_port)
    ledger = await Ledger.open(url)
    name = url.rsplit("/", 1)[1]
    admin = await asyncpg.connect(f"postgresql://mantis@127.0.0.1:{postgres_port}/postgres")
    await admin.execute("DROP ROLE IF EXISTS crowded")
    await admin.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    with pytest.raises(LedgerAway):
        await Ledger.open(f"postgresql+asyncpg://crowded@127.0.0.1:{postgres_port}/{name}")
    await ledger.close()
    await admin.close()


async def test_a_connection_killed_in_a_transaction_is_away_and_the_next_one_works(
    postgres_port: int,
):
    url = await new_database(postgres_port)
    database = Database(url)
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    for _ in range(2):
        with pytest.raises(LedgerAway):
            async with database.write() as connection:
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                await admin.execute(f"SELECT pg_terminate_backend({pid})")
                await connection.execute(text("SELECT 1"))
        await database.ping()
    await database.close()
    await admin.close()


async def test_a_fault_of_a_statement_is_no_absence(url: str):
    database = Database(url)
    with pytest.raises(DBAPIError) as caught:
        async with database.read() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(caught.value, LedgerAway)
    await database.close()


async def test_a_fault_of_the_caller_passes_through(database: Database):
    with pytest.raises(KeyError):
        async with database.decide("acme"):
            raise KeyError("mine")
    await database.ping()
