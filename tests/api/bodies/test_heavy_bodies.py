"""What is large is dealt with beside the event loop, and small requests do not wait for it."""

import asyncio
import time

import httpx
from pydantic import JsonValue

from api.apart import SMALL_CHARACTERS, SMALL_PARTS, is_small

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


async def test_large_submissions_hold_up_no_small_request(client: httpx.AsyncClient):
    body = {"task_suite": [STEP], "more": [[]] * 80_000, "dry_run": True}
    answers = [asyncio.create_task(client.post("/v1/predict", json=body)) for _ in range(3)]
    loop, slowest = asyncio.get_running_loop(), 0.0
    started = loop.time()
    while not all(answer.done() for answer in answers):
        began = loop.time()
        assert (await client.get("/v1/queue")).status_code == 200
        slowest = max(slowest, loop.time() - began)
        await asyncio.sleep(0.01)
    assert {(await answer).status_code for answer in answers} == {200}
    assert slowest < (loop.time() - started) / 3
