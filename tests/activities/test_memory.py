"""What a host keeps of what worked: in order, and never in the way of a step."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.memory import Memory
from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from ledger.models import LocatorFilter, LocatorPlace, NewLocator

PLACE = LocatorPlace(tenant_id="acme", site="s", page="/", intent="save", step_type="click")
GOOD = NewLocator(
    place=PLACE, skeleton="k", act="click", fingerprint={"tag": "a", "role": "link", "name": "x"}
)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    yield opened
    await opened.close()


@pytest.fixture
def memory(ledger: Ledger, tmp_path: Path) -> Memory:
    return Memory(ledger, ActivitySettings(data_dir=tmp_path))


async def test_what_another_version_wrote_is_left_out(memory: Memory, ledger: Ledger):
    newer = {"fingerprint": {"tag": "a", "role": "link", "aura": "blue"}, "skeleton": "n"}
    await ledger.locators.learn(GOOD.model_copy(update=newer), 30)
    await ledger.locators.learn(GOOD.model_copy(update={"act": "teleport", "skeleton": "t"}), 30)
    assert await memory.recall(PLACE) == ()
    memory.learn(GOOD)
    await memory.written()
    assert [one.skeleton for one in await memory.recall(PLACE)] == ["k"]


async def test_a_loss_is_written_before_what_was_learned_after_it(memory: Memory, ledger: Ledger):
    memory.learn(GOOD)
    await memory.written()
    (one,) = await memory.recall(PLACE)
    for _ in range(5):
        memory.lost(one)
        memory.learn(GOOD)
    await memory.written()
    (after,) = await memory.recall(PLACE)
    assert (after.standing, after.losses) == ("new", 5)


async def test_a_trusted_one_that_won_within_the_hour_is_not_written_again(
    memory: Memory, ledger: Ledger
):
    for _ in range(2):
        memory.learn(GOOD)
    await memory.written()
    (one,) = await memory.recall(PLACE)
    memory.won(one)
    memory.won(one.model_copy(update={"used_at": one.used_at - 2 * 3_600_000_000}))
    await memory.written()
    assert [one.wins for one in await ledger.locators.page(LocatorFilter())] == [3]


async def test_a_ledger_that_is_gone_costs_the_lesson_alone(memory: Memory, ledger: Ledger):
    database = ledger.locators._database
    await database.engine.dispose()
    path = Path(str(database.engine.url.database))
    await asyncio.to_thread(path.unlink)
    await asyncio.to_thread(path.mkdir)
    memory.learn(GOOD)
    await memory.written()
    assert await memory.recall(PLACE) == ()


async def test_what_a_tenant_that_came_no_more_has_left_is_forgotten(
    ledger: Ledger, tmp_path: Path
):
    await ledger.locators.learn(GOOD, 30)
    await asyncio.sleep(0.01)
    settings = ActivitySettings(data_dir=tmp_path, memory_days=1e-8)
    async with Memory(ledger, settings).forgetting():
        for _ in range(500):
            if not await ledger.locators.page(LocatorFilter()):
                break
            await asyncio.sleep(0.01)
    assert await ledger.locators.page(LocatorFilter()) == ()
