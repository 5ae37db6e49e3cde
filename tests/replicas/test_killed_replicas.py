"""A replica may die at any point of a submission: no run is lost and none runs twice."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from ledger.ledger import Ledger
from tests.replicas.cluster import Cluster, Replica, caller, submit

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

KILLS = 10


@pytest.fixture
async def ledger(cluster: Cluster) -> AsyncIterator[Ledger]:
    opened = await cluster.ledger()
    yield opened
    await opened.close()


async def runs_of(ledger: Ledger, tenant: str) -> frozenset[str]:
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = await ledger.runs.page(tenant, None, 100, cursor)
        found.update(run.run_id for run in page.runs)
        cursor = page.next_cursor
        if cursor is None:
            return frozenset(found)


async def until_told(ledger: Ledger, within_s: float = 30) -> float:
    """How long it took until the outbox was empty."""
    began = time.monotonic()
    while await ledger.outbox.waiting():
        assert time.monotonic() < began + within_s
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_killed_between_commit_and_start(cluster: Cluster, ledger: Ledger):
    await asyncio.to_thread(cluster.temporal.stop)
    async with caller("away") as client:
        answers = [await submit(client, url, f"key of {url}") for url in cluster.urls * 2]
        assert {answer.status_code for answer in answers} == {200}
        accepted = frozenset(answer.json()["run_id"] for answer in answers)
        assert len(accepted) == len(cluster.urls)
    assert await ledger.outbox.waiting() == len(accepted)
    for replica in cluster.replicas:
        replica.kill()
    assert await ledger.outbox.waiting() == len(accepted)
    for replica in cluster.replicas:
        await asyncio.to_thread(replica.start)
    async with caller("away") as client:
        again = [await submit(client, url, f"key of {url}") for url in cluster.urls]
        assert frozenset(answer.json()["run_id"] for answer in again) == accepted
    await asyncio.to_thread(cluster.start_temporal)
    await until_told(ledger)
    await cluster.until_started("away", accepted)
    assert await runs_of(ledger, "away") == accepted


async def test_started_within_a_second_of_the_return_of_temporal(
    cluster: Cluster, ledger: Ledger, record_property: Callable[[str, object], None]
):
    await asyncio.to_thread(cluster.temporal.stop)
    async with caller("back") as client:
        answers = [await submit(client, url) for url in cluster.urls * 7]
        assert {answer.status_code for answer in answers} == {200}
        await asyncio.sleep(8)
        last = await submit(client, cluster.urls[0])
    assert await ledger.outbox.waiting() == len(answers) + 1
    await asyncio.to_thread(cluster.start_temporal)
    took = await until_told(ledger)
    record_property("seconds_until_started", round(took, 2))
    assert took < 4, "beside a Temporal that is just starting on two busy cores"
    accepted = frozenset(answer.json()["run_id"] for answer in (*answers, last))
    await cluster.until_started("back", accepted)


class Load:
    """Callers that submit under a key each, and again under it where no answer came."""

    def __init__(self, cluster: Cluster, client: httpx.AsyncClient) -> None:
        self._cluster = cluster
        self._client = client
        self.handles: dict[str, set[str]] = {}
        self.stopping = False

    async def call(self, caller_number: int) -> None:
        dice = random.Random(caller_number)
        number = 0
        while not self.stopping:
            number += 1
            key = f"{caller_number}-{number}"
            self.handles[key] = set()
            for _ in range(dice.choice((1, 1, 2))):
                self.handles[key].add(await self._until_answered(key, dice))

    async def _until_answered(self, key: str, dice: random.Random) -> str:
        while True:
            try:
                answer = await submit(self._client, dice.choice(self._cluster.urls), key)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code == 200, answer.text
            run_id: str = answer.json()["run_id"]
            return run_id


async def kill_and_start(replica: Replica) -> None:
    replica.kill()
    await asyncio.to_thread(replica.start)


async def test_killed_at_random_moments_under_load(cluster: Cluster, ledger: Ledger):
    dice = random.Random(3)
    async with caller("killed") as client:
        load = Load(cluster, client)
        async with asyncio.TaskGroup() as callers:
            for number in range(4):
                callers.create_task(load.call(number))
            for _ in range(KILLS):
                await asyncio.sleep(dice.uniform(0.05, 0.8))
                await kill_and_start(dice.choice(cluster.replicas))
            load.stopping = True
    assert all(len(run_ids) == 1 for run_ids in load.handles.values())
    accepted = frozenset(run_id for run_ids in load.handles.values() for run_id in run_ids)
    assert len(accepted) == len(load.handles) > KILLS
    assert await runs_of(ledger, "killed") == accepted
    await until_told(ledger)
    await cluster.until_started("killed", accepted)
