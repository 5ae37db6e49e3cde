import asyncio

import httpx
import pytest

from api import actions
from api.feeds import Feeds
from api.service import Service
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, RunStatus
from tests.api.feeds.conftest import TENANT
from tests.api.feeds.run_writer import eventually

BODY = {
    "task_suite": [{"intent": "Go to https://example.com", "type": "navigate"}],
    "detached": False,
}


async def _submitted(caller: httpx.AsyncClient, feeds: Feeds) -> "asyncio.Task[httpx.Response]":
    asking = asyncio.create_task(caller.post("/v1/predict", json=BODY))
    await eventually(lambda: feeds.readers == 1)
    return asking


async def _only_run(service: Service) -> str:
    (run,) = (await service.ledger.runs.page(TENANT, None, 2, None)).runs
    return run.run_id


async def test_a_blocking_submission_is_answered_as_soon_as_its_run_is_over(
    caller: httpx.AsyncClient,
    feeds: Feeds,
    ledger: Ledger,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
):
    """It hears of the end: its next look of its own would come much later."""
    monkeypatch.setattr(actions, "LOOK_S", 60.0)
    asking = await _submitted(caller, feeds)
    assert not asking.done()
    run_id = await _only_run(service)
    await ledger.runs.finish(TENANT, run_id, Ending(status=RunStatus.SUCCEEDED), now_micros())
    async with asyncio.timeout(30):
        answer = await asking
    assert answer.json() == (await caller.get(f"/v1/runs/{run_id}/result")).json()
    assert answer.json()["result_ready"] is True
    assert feeds.watched == 0


async def test_a_caller_that_leaves_leaves_its_run_alone(
    caller: httpx.AsyncClient, feeds: Feeds, service: Service
):
    with pytest.raises(httpx.ReadTimeout):
        await caller.post("/v1/predict", json=BODY, timeout=0.5)
    await eventually(lambda: feeds.watched == 0)
    run = await service.ledger.runs.get(TENANT, await _only_run(service))
    assert run is not None and run.status is RunStatus.QUEUED and not run.cancel_requested


async def test_a_stopping_api_answers_with_the_run_as_it_stands(
    caller: httpx.AsyncClient, feeds: Feeds
):
    asking = await _submitted(caller, feeds)
    feeds.stop()
    async with asyncio.timeout(2):
        answer = await asking
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["result_ready"]) == ("queued", False)
