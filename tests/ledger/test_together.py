"""Works that wait for the same lock: one transaction, and each its own answer or fault."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.database import Database
from ledger.ledger import Ledger
from ledger.schema import rate_buckets

AT_ONCE = 40


@pytest.fixture
async def database(url: str):
    """A migrated database, opened once more."""
    await (await Ledger.open(url)).close()
    opened = Database(url)
    yield opened
    await opened.close()


def adding(name: str):
    """A work that adds a row, and answers how many there are then."""

    async def work(connection: AsyncConnection) -> int:
        row = {"tenant_id": name, "bucket": "submit", "tokens_micro": 0, "updated_at": 0}
        await connection.execute(insert(rate_buckets), row)
        return len((await connection.execute(select(rate_buckets.c.tenant_id))).all())

    return work


async def kept(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await connection.execute(select(rate_buckets.c.tenant_id))
    return sorted(found.scalars())


def commits_of(database: Database) -> Counter[str]:
    counted: Counter[str] = Counter()
    for engine in database.engines:
        event.listen(engine, "commit", lambda _: counted.update(["commit"]))
    return counted


async def test_many_share_few_commits_and_each_gets_its_answer(database: Database):
    counted = commits_of(database)
    names = [f"t{number:02}" for number in range(AT_ONCE)]
    answers = await asyncio.gather(*(database.together("acme", adding(name)) for name in names))
    assert answers == list(range(1, AT_ONCE + 1))
    assert await kept(database) == names
    assert counted["commit"] <= 2


async def test_a_fault_is_told_to_its_own_work_alone(database: Database):
    names = ["a", "b", "a", "c"]
    answers = await asyncio.gather(
        *(database.together("acme", adding(name)) for name in names), return_exceptions=True
    )
    assert [isinstance(one, Exception) for one in answers] == [False, False, True, False]
    assert await kept(database) == ["a", "b", "c"]


async def test_a_caller_that_goes_leaves_the_others_alone(database: Database):
    going = asyncio.create_task(database.together("acme", adding("going")))
    staying = asyncio.create_task(database.together("acme", adding("staying")))
    await asyncio.sleep(0)
    going.cancel()
    assert await staying in (1, 2)
    with pytest.raises(asyncio.CancelledError):
        await going
    assert "staying" in await kept(database)
    assert await database.together("acme", adding("later")) in (2, 3)


async def test_tenants_on_the_same_database_do_not_lose_each_other(database: Database):
    names = [f"t{number}" for number in range(12)]
    await asyncio.gather(*(database.together(name, adding(name)) for name in names))
    assert await kept(database) == sorted(names)
    assert await database.together("", adding("nobody")) == 13


async def test_a_work_that_waits_for_something_else_is_refused(database: Database):
    if database.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite's thread takes a work without an event loop")

    async def work(_: AsyncConnection) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="other than its connection"):
        await database.together("acme", work)
    assert await database.together("acme", adding("after")) == 1
