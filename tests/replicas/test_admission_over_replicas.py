"""What must hold exactly, however many replicas are asked at the same instant."""

import asyncio
import time
from collections import Counter

import httpx
import pytest

from tests.replicas.cluster import Cluster, caller, submit

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


async def at_once(
    cluster: Cluster, client: httpx.AsyncClient, count: int, key: str | None = None
) -> list[httpx.Response]:
    """So many submissions at the same instant, over all replicas in turn."""
    urls = cluster.urls
    await asyncio.gather(*(client.get(f"{url}/v1/version") for url in urls))
    return await asyncio.gather(
        *(submit(client, urls[number % len(urls)], key) for number in range(count))
    )


async def test_100_simultaneous_submissions_with_one_key_make_one_run(cluster: Cluster):
    async with caller("one-key") as client:
        answers = await at_once(cluster, client, 100, "the-key")
        assert {answer.status_code for answer in answers} == {200}
        handles = [answer.json() for answer in answers]
        assert all(handle == handles[0] for handle in handles)
        assert handles[0]["status"] == "queued"
        await cluster.until_started("one-key", frozenset({handles[0]["run_id"]}))
        listed = (await client.get(f"{cluster.urls[0]}/v1/runs")).json()
        assert [run["run_id"] for run in listed["runs"]] == [handles[0]["run_id"]]


async def test_200_simultaneous_submissions_at_a_cap_of_5_accept_exactly_5(cluster: Cluster):
    async with caller("capped") as client:
        answers = await at_once(cluster, client, 200)
    assert Counter(answer.status_code for answer in answers) == {200: 5, 429: 195}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "5"
    accepted = frozenset(a.json()["run_id"] for a in answers if a.status_code == 200)
    await cluster.until_started("capped", accepted)


async def test_a_bucket_of_30_gives_exactly_30_in_the_first_instant(cluster: Cluster):
    async with caller("bucket") as client:
        began = time.monotonic()
        answers = await at_once(cluster, client, 60)
        refilled = int((time.monotonic() - began) / 2)
    codes = Counter(answer.status_code for answer in answers)
    assert codes[200] + codes[429] == 60
    assert 30 <= codes[200] <= 30 + refilled, "a token comes back every two seconds"
    waits = [int(a.headers["Retry-After"]) for a in answers if a.status_code == 429]
    assert min(waits) >= 1
    accepted = frozenset(a.json()["run_id"] for a in answers if a.status_code == 200)
    await cluster.until_started("bucket", accepted)


async def test_a_key_holds_across_a_restart_and_costs_nothing_again(cluster: Cluster):
    async with caller("replay") as client:
        first = await submit(client, cluster.urls[0], "kept")
        assert first.status_code == 200, first.text
        assert (await submit(client, cluster.urls[0])).status_code == 429
    replica = cluster.replicas[0]
    await asyncio.to_thread(replica.kill)
    await asyncio.to_thread(replica.start)
    async with caller("replay") as client:
        for url in cluster.urls:
            again = await submit(client, url, "kept")
            assert (again.status_code, again.json()) == (200, first.json())
            assert int(again.headers["X-RateLimit-Remaining"]) >= 28
        other = await submit(client, cluster.urls[-1], "kept", max_cost=1)
        assert other.status_code == 409
    await cluster.until_started("replay", frozenset({first.json()["run_id"]}))
