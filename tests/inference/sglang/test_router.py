"""The real `sglang-router` before workers that fail, hang, go away and come back."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack

import httpx
import pytest

from inference.errors import ModelAway, ModelError, ModelRefused
from inference.holo3.health import deep_check
from inference.holo3.model import Holo3Model
from inference.settings import ModelSettings
from inference.sglang import launch
from inference.sglang.readiness import NotReady, wait_ready
from inference.sglang.settings import PoolSettings
from tests.fakes.serving import Receive, Send
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Fails, Hangs, Says, broken, too_many
from tests.inference.holo3.asks import Shelf, asking, ground, look, seen
from tests.waiting import until

PLACE = Says({"x": 156, "y": 150})
ASK = ground(look(seen(1, "Save")), "Save the cart")
PATIENCE_S = 60.0


class Worker(SGLang):
    """A server whose health check generates, as the real one's does: it hangs along."""

    async def _route(
        self, method: str, path: str, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        if self.hanging and path == "/health":
            await asyncio.sleep(3600)
        await super()._route(method, path, headers, receive, send)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def workers() -> Iterator[tuple[Worker, Worker]]:
    with ExitStack() as stack:
        yield (
            stack.enter_context(Worker(lambda _: PLACE)),
            stack.enter_context(Worker(lambda _: PLACE)),
        )


@pytest.fixture
async def front(workers: tuple[Worker, Worker]) -> AsyncIterator[str]:
    """The router's address. It must not look for the model's tokenizer on the network."""
    pool = PoolSettings(gpus=2, port=free_port(), metrics_port=free_port(), health_every_s=1)
    argv = launch.router(pool, tuple(worker.url for worker in workers))
    shut = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    router = await asyncio.create_subprocess_exec(
        *argv, env=os.environ | shut, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await wait_ready(client, [launch.front_url(pool)], patience_s=60, every_s=0.1)
        yield launch.front_url(pool)
    finally:
        router.terminate()
        try:
            assert await asyncio.wait_for(router.wait(), 30) == 0
        except TimeoutError:
            router.kill()
            await router.wait()
            raise


async def tries(model: Holo3Model, count: int) -> list[ModelError | None]:
    """What came of asking so often, one after the other."""
    came: list[ModelError | None] = []
    for _ in range(count):
        try:
            await model.answer(ASK, Shelf())
            came.append(None)
        except ModelError as error:
            came.append(error)
    return came


async def until_only(model: Holo3Model, worker: Worker) -> None:
    """Wait until ten in a row go well, all of them to this worker."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        before = len(worker.asked)
        if await tries(model, 10) == [None] * 10 and len(worker.asked) == before + 10:
            return
    raise AssertionError("the router goes on asking the other one")


async def until_both(model: Holo3Model, workers: tuple[Worker, Worker]) -> None:
    """Wait until both work."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        before = [len(worker.asked) for worker in workers]
        if await tries(model, 10) == [None] * 10 and all(
            len(worker.asked) > one for worker, one in zip(workers, before, strict=True)
        ):
            return
    raise AssertionError("the router asks only one of them")


async def test_alike_requests_are_spread_over_the_workers(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    """`cache_aware`, the router's default, would send all of them to one."""
    for worker in workers:
        worker.latency_s = 0.05
    async with asking(front, None, holo3_capacity=8) as model:
        assert await asyncio.gather(*(tries(model, 5) for _ in range(8))) == [[None] * 5] * 8
    assert min(len(worker.asked) for worker in workers) >= 8


async def test_the_deep_check_goes_through(front: str, workers: tuple[Worker, Worker]) -> None:
    for worker in workers:
        worker.answer = lambda _: Says("Red")
    assert (await deep_check(ModelSettings(holo3_url=f"{front}/v1"))).ok


async def test_a_failure_is_asked_once_and_told_as_it_is(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    """One layer retries, and it is the run's: it knows what a try has cost."""
    async with asking(front) as model:
        for answer, kind in (
            (broken(), ModelAway),
            (too_many(7), ModelAway),
            (Fails(400, "Failed to compile json schema"), ModelRefused),
        ):
            for worker in workers:
                worker.answer = lambda _, answer=answer: answer
            before = sum(len(worker.asked) for worker in workers)
            (error,) = await tries(model, 1)
            assert isinstance(error, kind)
            assert error.after_s == (7 if answer.status == 429 else None)
            assert sum(len(worker.asked) for worker in workers) == before + 1
            for worker in workers:
                worker.answer = lambda _: PLACE


async def test_a_worker_that_keeps_failing_gets_no_requests_until_it_recovers(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    bad, good = workers
    bad.answer = lambda _: broken()
    async with asking(front) as model:
        failed = sum(one is not None for one in await tries(model, 40))
        assert 1 <= failed <= 20, "its circuit opens after three failures"
        bad.answer = lambda _: PLACE
        await until_both(model, (bad, good))


async def test_a_worker_that_is_away_is_left_out_and_taken_back(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    away, good = workers
    away.stop()
    async with asking(front) as model:
        for error in await tries(model, 10):
            assert error is None or isinstance(error, ModelAway)
        await until_only(model, good)
        away.start()
        await until_both(model, workers)


async def test_a_worker_that_hangs_is_left_out_and_taken_back(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    hung, good = workers
    hung.hanging = True
    async with asking(front, None, holo3_timeout_s=2.0) as model:
        await until_only(model, good)
        hung.hanging = False
        await until_both(model, workers)


async def test_a_request_given_up_ends_at_the_worker_behind_the_router(
    front: str, workers: tuple[Worker, Worker]
) -> None:
    for worker in workers:
        worker.answer = lambda _: Hangs()
    async with asking(front) as model:
        asked = asyncio.ensure_future(model.answer(ASK, Shelf()))
        await until(lambda: sum(worker.running for worker in workers) == 1)
        begun = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await until(lambda: sum(len(worker.aborted) for worker in workers) == 1)
        assert time.monotonic() - begun < 5


async def test_a_pool_that_is_not_ready_is_named(workers: tuple[Worker, Worker]) -> None:
    late, there = workers
    late.ready = False
    away = f"http://127.0.0.1:{free_port()}"
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(NotReady) as raised:
            await wait_ready(client, [late.url, there.url, away], patience_s=0.5, every_s=0.1)
        assert raised.value.waiting == {late.url: "answers 503", away: "ConnectError"}
        waiting = asyncio.ensure_future(
            wait_ready(client, [late.url, there.url], patience_s=60, every_s=0.05)
        )
        seen_before = late.health_checks
        await until(lambda: late.health_checks > seen_before)
        assert not waiting.done()
        late.ready = True
        await waiting
