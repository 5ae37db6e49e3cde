"""PlanRun and calls that wait for answers: made in turns, each of them durable on its own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from plans.calls import Finish, Outcome
from plans.plan import Plan
from plans.step import FailureClass, HaltClass, StepType, TierName
from tests.workflows.scripted import (
    LISTING,
    LOST,
    Scripted,
    answer_all,
    asks,
    assert_once,
    beating,
    step,
    succeed,
    until,
)
from tests.workflows.test_pause import histories, paused
from workflows.interfaces import ModelRequest, RunPolicy, StepRequest
from workflows.messages import CancelRequest, PauseRequest
from workflows.plan_run import PlanRun
from workflows.turns import ModelAnswer

pytestmark = pytest.mark.timeout(120)

ONE = Plan(
    name="one",
    steps=(
        step(StepType.NAVIGATE, "go to http://x.test/"),
        step(StepType.CLICK, "Click Save"),
        step(StepType.CLICK, "Click Close"),
    ),
)

SAVE = "step:1:0:1"


def in_turns(turns: int, tier: TierName = TierName.HOLO3) -> Callable[..., Awaitable[Outcome]]:
    """Step 1 asks so often, each time after the answer to the question before."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 1 and request.call.turn < turns:
            return asks(request, tier=tier)
        return await succeed(request)

    return script


def turns_of(scripted: Scripted, index: int = 1) -> list[StepRequest]:
    return [one for one in scripted.calls if one.call.index == index]


@pytest.mark.parametrize("tier", [TierName.HOLO3, TierName.CLAUDE])
async def test_a_step_that_asks_is_made_on_with_its_progress_and_the_answer(
    temporal_client: Client, tier: TierName
) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(2, tier))
    scripted.spec = scripted.spec.model_copy(update={"models": (tier,)})
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    first, second, third = turns_of(scripted)
    assert (first.call.turn, first.progress, first.answer, first.models) == (0, None, None, (tier,))
    assert second.call.key == f"{SAVE}:t1"
    assert second.progress == {"turns": 1}
    assert second.answer == ModelAnswer(tier=tier, body=f"answer to {SAVE}")
    assert (third.call.turn, third.progress) == (2, {"turns": 2})
    assert third.answer == ModelAnswer(tier=tier, body=f"answer to {SAVE}:t1")
    assert [one.ask.body for one in scripted.asked_models] == ["asks/0", "asks/1"]
    assert scripted.paid == [f"{SAVE}/{tier}", f"{SAVE}:t1/{tier}"]
    assert scripted.finished[0].state.counters.steps_executed == 3
    assert scripted.finished[0].state.counters.failed_steps == 0


async def test_a_question_is_put_under_the_tenants_key_with_what_is_left_of_the_runs_time(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(1))
    async with scripted.running() as handle:
        await handle.result()
        history = await handle.fetch_history()
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    (asked,) = [one for one in scheduled if one.activity_type.name == "perceive"]
    assert asked.task_queue.name == "perception"
    assert asked.priority.fairness_key == "t"
    assert 0 < asked.schedule_to_close_timeout.ToTimedelta().total_seconds() <= 60
    whole = asked.schedule_to_close_timeout
    assert asked.schedule_to_start_timeout.ToTimedelta() in (whole.ToTimedelta(),) or (
        asked.schedule_to_start_timeout.ToTimedelta().total_seconds() == 0
    )


async def test_an_answer_outlives_the_worker_of_the_turn_that_needs_it(
    temporal_client: Client,
) -> None:
    """Killed between answer and act: paid once, acted once."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == f"{SAVE}:t1" and not request.again:
            scripted.crash()
            return LOST
        return await in_turns(1)(request)

    scripted = Scripted(temporal_client, ONE, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    _, lost, again = turns_of(scripted)
    assert (lost.again, again.again) == (0, 1)
    assert again.model_copy(update={"session": lost.session, "time_left_ms": 0, "again": 0}) == (
        lost.model_copy(update={"time_left_ms": 0})
    )
    assert len(scripted.asked_models) == len(scripted.paid) == 1
    assert_once(scripted)


async def test_a_turn_that_was_lost_before_it_asked_is_made_again_and_asks_once(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == SAVE and not request.again:
            return LOST
        return await in_turns(1)(request)

    scripted = Scripted(temporal_client, ONE, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [(one.call.turn, one.again) for one in turns_of(scripted)] == [(0, 0), (0, 1), (1, 0)]
    assert len(scripted.paid) == 1


async def test_a_browser_that_is_lost_while_a_model_thinks_is_replaced_meanwhile(
    temporal_client: Client,
) -> None:
    """The question goes on; its answer is used on the next session."""

    async def model(request: ModelRequest) -> ModelAnswer:
        scripted.crash()
        await until(lambda: len(scripted.sessions) == 2)
        return await answer_all(request)

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.session.epoch for one in turns_of(scripted)] == [1, 2]
    assert turns_of(scripted)[1].answer is not None
    assert turns_of(scripted)[1].again == 0
    assert len(scripted.asked_models) == 1


async def test_a_worker_that_leaves_while_a_model_thinks_is_not_waited_for(
    temporal_client: Client,
) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        await scripted.gone(draining=True)
        await until(lambda: len(scripted.sessions) == 2)
        return await answer_all(request)

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.session.epoch for one in turns_of(scripted)] == [1, 2]


@pytest.mark.parametrize("by", ["signal", "ui"])
async def test_a_cancel_ends_the_question_and_the_run(temporal_client: Client, by: str) -> None:
    ended = asyncio.Event()

    async def model(request: ModelRequest) -> ModelAnswer:
        try:
            await beating()
        finally:
            ended.set()

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        await until(lambda: scripted.asked_models != [])
        if by == "signal":
            await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        else:
            await handle.cancel()
        finish = await handle.result()
        assert ended.is_set()
    assert finish.status == "cancelled"
    assert scripted.closes == [scripted.host_queue]
    assert len(turns_of(scripted)) == 1
    assert scripted.paid == []


async def test_a_cancel_does_not_wait_for_a_pool_without_workers(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(1))
    async with scripted.running(models=False) as handle:
        await until(lambda: len(turns_of(scripted)) == 1)
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        finish = await handle.result()
    assert (finish.status, finish.message) == ("cancelled", "enough")


async def test_a_pause_takes_effect_between_two_turns(temporal_client: Client) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        if request.call.turn == 1:
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
        return await answer_all(request)

    scripted = Scripted(temporal_client, ONE, in_turns(4))
    scripted.model = model
    async with scripted.running() as handle:
        await paused(scripted)
        assert scripted.pauses[0].call is None
        assert [one.call.turn for one in turns_of(scripted)] == [0, 1]
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.call.turn for one in turns_of(scripted)] == [0, 1, 2, 3, 4]
    assert [one.progress for one in turns_of(scripted)][2:] == [{"turns": n} for n in (2, 3, 4)]
    assert turns_of(scripted)[2].answer == ModelAnswer(
        tier=TierName.HOLO3, body=f"answer to {SAVE}:t1"
    )
    assert len(scripted.paid) == 4
    assert_once(scripted)


async def test_a_call_of_many_turns_goes_over_into_new_histories(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(23), RunPolicy(calls_per_history=5))
    async with scripted.running() as handle:
        finish = await handle.result()
        assert await histories(scripted) >= 5
    assert finish.status == "succeeded"
    assert [one.call.turn for one in turns_of(scripted)] == list(range(24))
    assert [one.progress for one in turns_of(scripted)][1:] == [{"turns": n} for n in range(1, 24)]
    assert len(scripted.paid) == 23
    assert_once(scripted)
    assert scripted.finished[0].state.counters.steps_executed == 3


async def test_money_that_is_over_ends_the_run_with_what_was_done(temporal_client: Client) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        return ModelAnswer(tier=TierName.HOLO3, failure="over_budget", message="0.02 of 0.01 USD")

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.MAX_COST_EXCEEDED)
    assert (finish.step_index, finish.message) == (1, "0.02 of 0.01 USD")
    assert len(turns_of(scripted)) == 1
    assert scripted.finished[0].state.counters.steps_executed == 1


@pytest.mark.parametrize("failure", ["unavailable", "unusable"])
async def test_a_model_that_has_no_answer_is_told_to_the_step(
    temporal_client: Client, failure: str
) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        return ModelAnswer.model_validate(
            {"tier": TierName.HOLO3, "failure": failure, "message": "HTTP 503"}
        )

    async def script(request: StepRequest) -> Outcome:
        if request.answer is not None:
            return Outcome(success=False, failure_class=FailureClass.MODEL_UNAVAILABLE)
        return await in_turns(1)(request)

    scripted = Scripted(temporal_client, ONE, script)
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    told = turns_of(scripted)[1].answer
    assert told is not None and (told.failure, told.message) == (failure, "HTTP 503")
    assert finish.status == "succeeded"
    assert scripted.finished[0].state.counters.failed_steps == 1


async def test_a_fault_of_the_pool_counts_as_a_model_that_is_away(temporal_client: Client) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        raise ApplicationError("the key file is unreadable", type="Fault", non_retryable=True)

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    told = turns_of(scripted)[1].answer
    assert told is not None
    assert (told.failure, told.message) == ("unavailable", "the key file is unreadable")


async def test_a_question_that_fails_is_asked_again(temporal_client: Client) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) == 1:
            raise ApplicationError("HTTP 529")
        return await answer_all(request)

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert (len(scripted.asked_models), len(scripted.paid)) == (2, 1)


@pytest.mark.parametrize("how", ["thinking", "failing", "queued"])
async def test_the_runs_time_goes_on_while_a_model_is_asked(
    temporal_client: Client, how: str
) -> None:
    async def model(request: ModelRequest) -> ModelAnswer:
        if how == "failing":
            raise ApplicationError("HTTP 529")
        await beating()

    scripted = Scripted(temporal_client, ONE, in_turns(1))
    scripted.model = model
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 2500})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    async with scripted.running(models=how != "queued") as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)
    assert len(turns_of(scripted)) == 1


async def test_a_step_that_asks_without_end_fails(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.policies.MOST_TURNS", 3)
    scripted = Scripted(temporal_client, ONE, in_turns(1000))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.call.turn for one in turns_of(scripted)] == [0, 1, 2, 3]
    assert scripted.finished[0].state.counters.failed_steps == 1


async def test_a_tier_that_has_no_pool_is_unavailable(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, in_turns(1, TierName.DOM))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    told = turns_of(scripted)[1].answer
    assert told is not None and told.failure == "unavailable"


async def test_looks_and_ways_back_are_made_in_turns_as_well(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        call = request.call
        if call.turn == 0 and call.kind != "step":
            return asks(request)
        if call.key == "step:2:1:1":
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    keys = [one.call.key for one in scripted.calls if one.call.turn]
    assert keys == ["look:4:0:1:t1", "return:2:1:1:t1", "look:4:1:1:t1"]
