"""PlanRun that is asked to pause while a model thinks: the answer gets a moment, no more."""

import asyncio
import time
from datetime import timedelta

import pytest
from temporalio.client import Client

from plans.step import TierName
from tests.workflows.scripted import (
    Scripted,
    answer_all,
    assert_once,
    beating,
    until,
)
from tests.workflows.test_pause import paused
from tests.workflows.test_turns import ONE, SAVE, in_turns, turns_of
from workflows import policies
from workflows.interfaces import ModelRequest, PauseOpened, PauseOpening
from workflows.messages import CancelRequest, PauseRequest
from workflows.plan_run import PlanRun
from workflows.turns import ModelAnswer

pytestmark = pytest.mark.timeout(120)

LUNCH = PauseRequest(reason="lunch")


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer gets half a second."""
    monkeypatch.setattr("workflows.policies.PAUSE_PATIENCE", timedelta(seconds=0.5))


async def asked(scripted: Scripted) -> None:
    """Until the question is in its pool, which may have no workers."""
    async with asyncio.timeout(40):
        while True:
            described = await scripted.handle.describe()
            pending = described.raw_description.pending_activities
            if any(one.activity_type.name == "perceive" for one in pending):
                return
            await asyncio.sleep(0.05)


def test_an_answer_gets_seconds_before_its_run_pauses_without_it() -> None:
    assert policies.PAUSE_PATIENCE.total_seconds() == 10
    assert policies.WITHDRAWING > policies.HEARTBEAT


@pytest.mark.usefixtures("moment")
async def test_a_pause_does_not_wait_for_a_pool_without_workers(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(1))
    async with scripted.running(models=False) as handle:
        await asked(scripted)
        await handle.signal(PlanRun.pause, LUNCH)
        await paused(scripted)
        assert [(one.call, one.reason) for one in scripted.pauses] == [(None, "lunch")]
        perception, reasoning = scripted.models_workers()
        async with perception, reasoning:
            await asyncio.sleep(0.5)
            assert scripted.asked_models == []
            await handle.signal("resume", {})
            finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.call.turn for one in turns_of(scripted)] == [0, 1]
    assert turns_of(scripted)[1].answer == ModelAnswer(
        tier=TierName.HOLO3, body=f"answer to {SAVE}"
    )
    assert scripted.paid == [f"{SAVE}/holo3"]
    assert_once(scripted)


@pytest.mark.usefixtures("moment")
async def test_a_slow_model_is_left_and_asked_the_same_again_after_the_pause(
    temporal_client: Client,
) -> None:
    over: list[str] = []

    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) > 1:
            return await answer_all(request)
        try:
            await beating()
        finally:
            over.append("question")

    class Noting(Scripted):
        async def opening_pause(self, request: PauseOpening) -> PauseOpened:
            over.append("pause")
            return PauseOpened()

    scripted = Noting(temporal_client, ONE, in_turns(2))
    scripted.model = model
    async with scripted.running() as handle:
        await until(lambda: scripted.asked_models != [])
        await handle.signal(PlanRun.pause, LUNCH)
        await paused(scripted)
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert over == ["question", "pause"]
    first, second, _ = scripted.asked_models
    assert second.model_copy(update={"time_left_ms": first.time_left_ms}) == first
    assert scripted.paid == [f"{SAVE}/holo3", f"{SAVE}:t1/holo3"]
    assert [one.progress for one in turns_of(scripted)] == [None, {"turns": 1}, {"turns": 2}]
    assert_once(scripted)


@pytest.mark.usefixtures("moment")
@pytest.mark.parametrize("told", [True, False])
async def test_an_answer_of_the_last_moment_is_paid_once(
    temporal_client: Client, told: bool
) -> None:
    """Whether its worker could still tell it, or only write it down."""

    async def model(request: ModelRequest) -> ModelAnswer:
        try:
            await beating()
        except asyncio.CancelledError:
            given = await answer_all(request)
            if told:
                return given
            scripted.answered[f"{SAVE}/holo3"] = given
            scripted.paid.append(f"{SAVE}/holo3")
            raise

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        await until(lambda: scripted.asked_models != [])
        await handle.signal(PlanRun.pause, LUNCH)
        await paused(scripted)
        assert len(turns_of(scripted)) == 1
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert turns_of(scripted)[1].answer is not None
    assert scripted.paid == [f"{SAVE}/holo3"]
    assert len(scripted.asked_models) == (1 if told else 2)


async def test_an_answer_that_comes_soon_is_waited_for(temporal_client: Client) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        await scripted.handle.signal(PlanRun.pause, LUNCH)
        await asyncio.sleep(1)
        return await answer_all(request)

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        await paused(scripted)
        assert scripted.paid == [f"{SAVE}/holo3"]
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert len(scripted.asked_models) == 1


@pytest.mark.parametrize("by", ["signal", "ui"])
async def test_a_cancel_does_not_wait_for_what_a_pause_waits_for(
    temporal_client: Client, by: str
) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(1))
    async with scripted.running(models=False) as handle:
        await asked(scripted)
        await handle.signal(PlanRun.pause, LUNCH)
        await asyncio.sleep(0.5)
        began = time.monotonic()
        if by == "signal":
            await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        else:
            await handle.cancel()
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert time.monotonic() - began < policies.PAUSE_PATIENCE.total_seconds()
    assert scripted.pauses == []


@pytest.mark.usefixtures("moment")
async def test_a_browser_that_is_lost_before_the_pause_is_replaced_for_it(
    temporal_client: Client,
) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) > 1:
            return await answer_all(request)
        await scripted.handle.signal(PlanRun.pause, LUNCH)
        scripted.crash()
        await beating()

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        await paused(scripted)
        assert len(scripted.sessions) == 2
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.call.turn for one in turns_of(scripted)] == [0, 1]
    assert scripted.paid == [f"{SAVE}/holo3"]
