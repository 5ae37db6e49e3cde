import asyncio
import random

import httpx

from api.feeds import Feeds
from api.feeds.feed import KEPT_BYTES
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import RunRow
from ledger.settings import LedgerSettings
from tests.api.feeds.run_writer import eventually, finish, step, stream_tasks
from tests.serving import Frame, read_all, streaming

READERS = 50
EVENTS = 1000


async def read_restlessly(
    client: httpx.AsyncClient, run_id: str, chance: random.Random
) -> tuple[list[bytes], int]:
    """All rows of a run, read over many connections; and how many."""
    rows: list[bytes] = []
    last_id: str | None = None
    visits = 0
    while True:
        visits += 1
        patience = chance.randint(1, 200)
        async with streaming(client, run_id, last_id=last_id) as frames:
            async for frame in frames:
                if frame.event == "terminal":
                    return rows, visits
                if frame.is_row:
                    rows.append(frame.raw)
                    last_id = frame.id
                    patience -= 1
                if patience == 0:
                    break
        await asyncio.sleep(chance.random() * 0.05)


async def test_restless_readers_get_each_event_once_in_order_and_the_same_bytes(
    caller: httpx.AsyncClient, ledger: Ledger, run: RunRow, feeds: Feeds
):
    chance = random.Random(7)
    reading = [
        asyncio.create_task(read_restlessly(caller, run.run_id, random.Random(seed)))
        for seed in range(READERS)
    ]
    number = 0
    while number < EVENTS:
        many = min(chance.choice((1, 1, 1, 5, 20)), EVENTS - number)
        events = [step(number + i, intent=f"Öffne {number + i}\n") for i in range(many)]
        await ledger.events.append(run.tenant_id, run.run_id, events)
        number += many
    await finish(ledger, run)
    async with asyncio.timeout(120):
        read = await asyncio.gather(*reading)
    first = read[0][0]
    assert len(first) == EVENTS + 2
    ids = [Frame(raw).id or "" for raw in first]
    assert ids == sorted(set(ids))
    assert [Frame(raw).data["step_index"] for raw in first[1:-1]] == list(range(EVENTS))
    for rows, _ in read[1:]:
        assert rows == first
    assert sum(visits for _, visits in read) > READERS * 3
    await eventually(lambda: feeds.watched == 0)
    as_json = (await caller.get(f"/v1/runs/{run.run_id}/events")).content
    for raw in first:
        assert raw.split(b"data: ", 1)[1] in as_json


async def test_a_reader_that_leaves_leaves_nothing_behind(
    caller: httpx.AsyncClient, run: RunRow, feeds: Feeds
):
    for _ in range(20):
        async with streaming(caller, run.run_id) as frames:
            await anext(frames)
            assert feeds.readers == 1
            assert stream_tasks() == 2
    await eventually(lambda: feeds.readers == 0 and feeds.watched == 0)
    await eventually(lambda: stream_tasks() == 0)


async def test_events_of_concurrent_writers_with_differing_clocks_are_read_in_one_order(
    caller: httpx.AsyncClient, ledger: Ledger, run: RunRow, ledger_settings: LedgerSettings
):
    writers = [
        await Ledger.open(ledger_settings.url, lambda skew=skew: now_micros() + skew * 1_000_000)
        for skew in (-5, 0, 5, 60)
    ]

    async def write(number: int, writer: Ledger) -> None:
        for count in range(40):
            event = step(number * 1000 + count, writer=number)
            await writer.events.append(run.tenant_id, run.run_id, [event])

    try:
        reading = asyncio.create_task(read_all(caller, run.run_id))
        await asyncio.gather(*(write(number, writer) for number, writer in enumerate(writers)))
        await finish(ledger, run)
        async with asyncio.timeout(60):
            rows = [frame for frame in await reading if frame.is_row]
    finally:
        for writer in writers:
            await writer.close()
    ids = [frame.id or "" for frame in rows]
    assert ids == sorted(set(ids))
    steps = [frame.data for frame in rows if frame.event == "step"]
    assert len(steps) == 160
    for number in range(4):
        own = [step["step_index"] % 1000 for step in steps if step["writer"] == number]
        assert own == list(range(40))


async def test_a_reader_that_takes_nothing_holds_back_nobody_and_loses_nothing(
    caller: httpx.AsyncClient, ledger: Ledger, run: RunRow, feeds: Feeds
):
    many = 3000
    async with streaming(caller, run.run_id) as slow:
        seen = [await anext(slow)]
        reading = asyncio.create_task(read_all(caller, run.run_id))
        for start in range(0, many, 250):
            events = [step(start + i, page="x" * 4000) for i in range(250)]
            await ledger.events.append(run.tenant_id, run.run_id, events)
        await finish(ledger, run)
        async with asyncio.timeout(60):
            fast = [frame.raw for frame in await reading if frame.is_row]
        assert len(fast) == many + 2
        assert feeds.kept_bytes <= KEPT_BYTES
        seen += [frame async for frame in slow]
    assert [frame.raw for frame in seen if frame.is_row] == fast
    assert seen[-1].event == "terminal"
