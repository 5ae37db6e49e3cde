"""PlanRun and models that want to know something of the user: the contract's pause, in a call."""

import pytest
from temporalio.client import Client

from plans.calls import AskKind, Outcome
from tests.workflows.scripted import Scripted, asks, succeed
from tests.workflows.test_pause import answer, paused, until_idle
from tests.workflows.test_turns import ONE, SAVE, turns_of
from workflows.interfaces import StepRequest
from workflows.messages import CancelRequest, PauseRequest
from workflows.plan_run import PlanRun

pytestmark = pytest.mark.timeout(120)


async def asking_the_user(request: StepRequest) -> Outcome:
    if request.call.index == 1 and request.call.turn == 0:
        return asks(request)
    if request.call.index == 1 and request.call.turn == 1:
        return asks(request, "the code", None, kind=AskKind.INPUT, prompt="Which code?")
    return await succeed(request)


async def test_a_model_that_wants_to_know_pauses_the_run(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, asking_the_user)
    async with scripted.running() as handle:
        await paused(scripted)
        opening = scripted.pauses[0]
        assert opening.call is not None and opening.call.key == f"{SAVE}:t1"
        assert opening.prompt == "Which code?"
        await until_idle(scripted)
        memo = await (await handle.describe()).memo()
        assert memo["stands"] == "paused: p1, Which code?"
        await answer(handle, "p1", "secret.answer.7")
        finish = await handle.result()
    assert finish.status == "succeeded"
    third = turns_of(scripted)[2]
    assert (third.call.turn, third.user_input, third.answer) == (2, "secret.answer.7", None)
    assert third.progress == {"turns": 2}
    assert (scripted.answers[0].in_turns, scripted.answers[0].call) == (True, opening.call)
    assert scripted.finished[0].state.variables == {}
    assert scripted.finished[0].state.counters.steps_executed == 3


async def test_an_operator_answers_a_model_by_signal(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, ONE, asking_the_user)
    async with scripted.running() as handle:
        await paused(scripted)
        await handle.signal("resume", {"user_input": "123456"})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert turns_of(scripted)[2].user_input == "secret.answer.p1"


async def test_a_model_may_ask_the_user_more_than_once(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 1 and request.call.turn < 3:
            prompt = f"Question {request.call.turn}?"
            return asks(request, tier=None, kind=AskKind.INPUT, prompt=prompt)
        return await succeed(request)

    scripted = Scripted(temporal_client, ONE, script)
    async with scripted.running() as handle:
        for number in (1, 2, 3):
            await paused(scripted, number)
            await answer(handle, f"p{number}", f"secret.answer.{number}")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.prompt for one in scripted.pauses] == [f"Question {n}?" for n in range(3)]
    assert [one.user_input for one in turns_of(scripted)][1:] == [
        f"secret.answer.{n}" for n in (1, 2, 3)
    ]


async def test_a_pause_that_is_asked_for_meanwhile_is_the_models_own(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == f"{SAVE}:t1":
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
        return await asking_the_user(request)

    scripted = Scripted(temporal_client, ONE, script)
    async with scripted.running() as handle:
        await paused(scripted)
        await answer(handle, "p1", "secret.answer.7")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.prompt for one in scripted.pauses] == ["Which code?"]


async def test_a_cancel_ends_a_run_that_waits_for_an_answer_to_its_model(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, ONE, asking_the_user)
    async with scripted.running() as handle:
        await paused(scripted)
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        finish = await handle.result()
    assert (finish.status, finish.message) == ("cancelled", "enough")
