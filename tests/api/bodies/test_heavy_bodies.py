"""What is large is dealt with beside the event loop, and small requests do not wait for it."""

import asyncio
import threading
import time

import httpx
from pydantic import JsonValue

from api.apart import SMALL_CHARACTERS, SMALL_PARTS, apart, is_small

STEP: JsonValue = {"intent": "Click", "type": "click"}


def test_small_is_told_without_looking_at_all_of_it():
    assert is_small(None) and is_small({"a": [1, "b", {"c": []}]})
    assert is_small([0] * SMALL_PARTS) and not is_small([0] * (SMALL_PARTS + 1))
    assert is_small("a" * SMALL_CHARACTERS) and not is_small(["a" * (SMALL_CHARACTERS + 1)])
    assert not is_small({"a" * (SMALL_CHARACTERS + 1): 1})
    assert not is_small([[[0] * 100] * 100] * 100)
    large: JsonValue = [[]] * 5_000_000
    began = time.process_time()
    assert not is_small(large)
    assert time.process_time() - began < 0.1


async def test_small_requests_do_not_queue_behind_large_ones(client: httpx.AsyncClient):
    """However long large ones take: here, until all the small ones have been answered."""
    go_on = threading.Event()
    busy = asyncio.create_task(apart(go_on.wait))
    try:
        body = {"task_suite": [STEP], "more": [[]] * 80_000, "dry_run": True}
        large = asyncio.create_task(client.post("/v1/predict", json=body))
        for _ in range(3):
            small = await client.post("/v1/predict", json={"task_suite": [STEP], "dry_run": True})
            assert small.status_code == 200
            assert (await client.get("/v1/queue")).status_code == 200
        assert not large.done()
    finally:
        go_on.set()
        await busy
    assert (await large).status_code == 200
