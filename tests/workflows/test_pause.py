"""PlanRun while it waits for somebody: pauses, answers, what is refused, and what is lost."""

import asyncio
import time

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from plans.calls import Finish, Outcome
from plans.plan import Plan
from plans.step import HaltClass, StepType
from tests.workflows.scripted import LISTING, LOGIN, LOST, Scripted, forever, step, succeed, until
from workflows.interfaces import (
    PauseClosing,
    PauseOpened,
    PauseOpening,
    RunPolicy,
    SessionRequest,
    StepRequest,
)
from workflows.messages import CancelRequest, Opening, PauseRequest, Resumed, ResumeRequest
from workflows.plan_run import PlanRun

pytestmark = pytest.mark.timeout(120)

Handle = WorkflowHandle[PlanRun, Finish]


async def answer(handle: Handle, pause_id: str = "", answer: str = "secret.answer.1") -> Resumed:
    request = ResumeRequest(pause_id=pause_id, answer=answer)
    return await handle.execute_update(PlanRun.resume, request)


async def refused(handle: Handle, request: ResumeRequest) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await handle.execute_update(PlanRun.resume, request)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type or ""


async def paused(scripted: Scripted, times: int = 1) -> None:
    """Until the run waits, in a history of its own, with its browser parked."""
    await until(lambda: len(scripted.pauses) >= times and len(scripted.parked) >= times)
    await in_new_history(scripted, times)


async def in_new_history(scripted: Scripted, times: int) -> None:
    async with asyncio.timeout(40):
        while True:
            if await histories(scripted) > times:
                return
            await asyncio.sleep(0.05)


async def until_idle(scripted: Scripted) -> None:
    """Until nothing but the pause's deadline is waited for."""
    async with asyncio.timeout(40):
        while True:
            described = await scripted.handle.describe()
            pending = described.raw_description.pending_activities
            if not pending and described.history_length > 10:
                assert described.history_length < 25
                return
            await asyncio.sleep(0.05)


async def histories(scripted: Scripted) -> int:
    """How many workflow runs this run has had so far."""
    handle = scripted.client.get_workflow_handle(scripted.handle.id)
    count = 1
    described = await handle.describe()
    first = described.raw_description.workflow_execution_info.first_run_id
    run_id = first
    while True:
        run = scripted.client.get_workflow_handle(handle.id, run_id=run_id)
        status = (await run.describe()).status
        if status is None or status.name != "CONTINUED_AS_NEW":
            return count
        last = [event async for event in run.fetch_history_events()][-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        count += 1


async def test_a_run_waits_for_its_answer_without_worker_or_activity(
    temporal_client: Client,
) -> None:
    """
    > Pausing: a `request_user_input` step,

    > state is kept, status `paused`, no worker is held.
    """
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await paused(scripted)
        await until_idle(scripted)
        resumed = await answer(handle, "p1")
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    assert resumed == Resumed(pause_id="p1", resumed_at_ms=1_001)
    assert scripted.parked == [scripted.spec.policy.pause_hold_s]
    assert [one.call.index for one in scripted.calls] == [0, 1, 3]
    assert scripted.sessions[1].session_id == scripted.sessions[0].session_id
    assert scripted.asked[1][0] == scripted.machine_queue
    assert scripted.finished[0].state.variables["user_input"] is True
    assert (scripted.answers[0].answer, scripted.answers[0].pause_id) == ("secret.answer.1", "p1")
    assert scripted.marks == []


async def test_an_operator_resumes_by_signal(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await paused(scripted)
        await handle.signal("resume", {})
        await handle.signal("resume", {"user_input": "123456"})
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.user_input for one in scripted.answers] == ["123456"]


async def test_what_fits_no_pause_is_refused_with_its_type(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, Plan(steps=(*LOGIN.steps[2:], *LOGIN.steps[2:])))
    async with scripted.running() as handle:
        await paused(scripted)
        assert await refused(handle, ResumeRequest(pause_id="p1")) == "InputMissing"
        assert await refused(handle, ResumeRequest(pause_id="p7", answer="a")) == "OlderPause"
        first = await answer(handle, "p1")
        await paused(scripted, 2)
        assert await refused(handle, ResumeRequest(pause_id="p1", answer="a")) == "OlderPause"
        second = await answer(handle, "p2")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert (first.pause_id, second.pause_id) == ("p1", "p2")
    assert len(scripted.answers) == 2


async def test_an_answer_before_any_pause_is_refused(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LISTING, forever)
    async with scripted.running() as handle:
        await scripted.started.wait()
        assert await refused(handle, ResumeRequest(answer="a")) == "NotPaused"
        await handle.signal(PlanRun.cancel, CancelRequest())
        await handle.result()


async def test_the_same_answer_twice_at_once_is_one(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await paused(scripted)
        both = await asyncio.gather(answer(handle, "p1", "one"), answer(handle, "p1", "one"))
        await handle.result()
    assert both[0] == both[1]
    assert len(scripted.answers) == 1


async def test_of_two_answers_at_once_the_one_that_is_not_taken_is_refused(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await paused(scripted)
        both = await asyncio.gather(
            answer(handle, "p1", "one"), answer(handle, "p1", "two"), return_exceptions=True
        )
        await handle.result()
    refused = [one.cause for one in both if isinstance(one, WorkflowUpdateFailedError)]
    assert [one.type for one in refused if isinstance(one, ApplicationError)] == ["OlderPause"]
    assert len(scripted.answers) == 1


@pytest.mark.parametrize("by", ["update", "signal"])
async def test_a_cancel_while_an_answer_is_written_down_ends_the_run(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    writing = asyncio.Event()

    async def closing(request: PauseClosing) -> None:
        await scripted.handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        writing.set()
        await until(lambda: scripted.closes != [])

    monkeypatch.setattr(scripted, "closing_pause", closing)
    async with scripted.running() as handle:
        await paused(scripted)
        if by == "signal":
            await handle.signal("resume", {"user_input": "123456"})
            await writing.wait()
        else:
            assert (await answer(handle, "p1")).pause_id == "p1"
        finish = await handle.result()
    assert (finish.status, finish.message) == ("cancelled", "enough")


async def test_an_answer_that_comes_while_the_pause_is_being_opened_is_not_lost(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader of the ledger sees the pause before the workflow hears that it is open."""
    scripted = Scripted(temporal_client, LOGIN)
    answers: list[asyncio.Task[Resumed]] = []

    async def opening(request: PauseOpening) -> PauseOpened:
        answers.append(asyncio.create_task(answer(scripted.handle, request.pause_id)))
        await asyncio.sleep(0.5)
        return PauseOpened()

    monkeypatch.setattr(scripted, "opening_pause", opening)
    async with scripted.running() as handle:
        finish = await handle.result()
        assert (await answers[0]).pause_id == "p1"
    assert finish.status == "succeeded"
    assert scripted.parked == []
    assert len(scripted.sessions) == 1


async def test_a_pause_from_outside_needs_no_input_and_changes_no_step(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == "step:2:0:1":
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        await paused(scripted)
        opening = scripted.pauses[0]
        assert (opening.call, opening.reason, opening.pause_id) == (None, "lunch", "p1")
        await handle.execute_update(PlanRun.resume, ResumeRequest(pause_id="p1"))
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert len(scripted.effects) == len(set(scripted.effects)) == 12
    assert scripted.calls[2].call.key == "step:2:0:1"
    assert scripted.finished[0].state.counters.steps_executed == 10


async def test_a_pause_from_outside_waits_for_a_call_that_was_lost(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == "step:2:0:1" and not request.again:
            await scripted.handle.signal(PlanRun.pause, PauseRequest())
            return LOST
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        await paused(scripted)
        assert [(one.call.index, one.again) for one in scripted.calls][-2:] == [(2, 0), (2, 1)]
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"


async def test_a_pause_asked_for_while_the_run_is_queued_comes_before_its_first_step(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LISTING)
    asked = asyncio.Event()

    async def opening(request: SessionRequest) -> None:
        if not asked.is_set():
            await scripted.handle.signal(PlanRun.pause, PauseRequest())
            asked.set()

    monkeypatch.setattr(scripted, "opening", opening)
    async with scripted.running() as handle:
        await paused(scripted)
        assert scripted.calls == []
        await handle.signal("resume", {})
        finish = await handle.result()
    assert finish.status == "succeeded"


async def test_paused_time_is_not_used_time(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 20_000})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    began = time.monotonic()
    async with scripted.running() as handle:
        await paused(scripted)
        await asyncio.sleep(2)
        await answer(handle)
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.finished[0].elapsed_ms <= (time.monotonic() - began) * 1000 - 2000


async def test_a_pause_that_nobody_answers_ends_the_run(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN, policy=RunPolicy(max_pause_ms=1500))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)
    assert len(scripted.sessions) == 1
    assert scripted.closes == [scripted.machine_queue]


async def test_cancel_of_a_paused_run_opens_no_browser(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running() as handle:
        await paused(scripted)
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        finish = await handle.result()
    assert (finish.status, finish.message) == ("cancelled", "enough")
    assert len(scripted.asked) == 1
    assert scripted.closes == [scripted.machine_queue]


async def test_cancel_of_a_paused_run_in_the_temporal_ui(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN)
    async with scripted.running(machine=False) as handle:
        await paused(scripted)
        await handle.cancel()
        finish = await handle.result()
    assert finish.status == scripted.finished[0].finish.status == "cancelled"
    assert len(scripted.asked) == 1


class Forgetful(Scripted):
    """Its browser is gone when a pause is over, and the page came by POST."""

    def how(self, request: SessionRequest) -> Opening:
        back = request.previous is not None and len(self.answers) == 1
        return Opening.STEPPED_BACK if back else Scripted.how(self, request)


async def sign_in(request: StepRequest) -> Outcome:
    return Outcome(success=True, anchor=request.call.index == 0)


async def test_the_login_is_done_again_and_asked_again_when_the_page_is_gone(
    temporal_client: Client,
) -> None:
    scripted = Forgetful(temporal_client, LOGIN, sign_in)
    async with scripted.running() as handle:
        await paused(scripted)
        await answer(handle, "p1", "stale")
        await paused(scripted, 2)
        await answer(handle, "p2", "fresh")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == ["step:0:0:1", "step:1:0:1", "step:1:0:1:r1", "step:3:0:1:r1"]
    assert [one.pause_id for one in scripted.answers] == ["p1", "p2"]


async def test_an_act_that_must_not_happen_twice_is_not_done_again_after_a_pause(
    temporal_client: Client,
) -> None:
    async def order(request: StepRequest) -> Outcome:
        outcome = await sign_in(request)
        return outcome.model_copy(update={"acted": request.call.index == 1})

    scripted = Forgetful(temporal_client, LOGIN, order)
    async with scripted.running() as handle:
        await paused(scripted)
        await answer(handle, "p1")
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.OUTCOME_UNKNOWN)
    assert scripted.effects == ["step:0:0:1", "step:1:0:1"]


async def test_a_browser_that_is_lost_as_the_pause_opens_is_replaced_first(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LOGIN)

    async def opening(request: PauseOpening) -> PauseOpened:
        if request.session.epoch == 1:
            await scripted.gone()
            await asyncio.sleep(60)
        return PauseOpened(anchor=True)

    monkeypatch.setattr(scripted, "opening_pause", opening)
    async with scripted.running() as handle:
        await paused(scripted)
        await answer(handle, "p1")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.pause_id for one in scripted.pauses] == ["p1"]
    assert len(scripted.effects) == 3


async def test_many_pauses_and_workers_without_memory(temporal_client: Client) -> None:
    asks = [step(StepType.REQUEST_USER_INPUT, f"ask {number}") for number in range(3)]
    scripted = Scripted(temporal_client, Plan(steps=(LOGIN.steps[0], *asks)))
    async with scripted.running(cached=0) as handle:
        for number in range(1, 4):
            await paused(scripted, number)
            await answer(handle, f"p{number}")
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.finished[0].state.counters.steps_executed == 4
