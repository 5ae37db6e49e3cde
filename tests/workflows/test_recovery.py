"""PlanRun when browsers, workers and machines go away under it; nothing is done twice."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from temporalio.client import Client

from ledger.errors import LedgerAway
from plans.calls import Call, Finish, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.step import HaltClass, StepType
from tests.workflows.scripted import (
    LISTING,
    LOST,
    Script,
    Scripted,
    assert_once,
    beating,
    forever,
    phases,
    refuse,
    step,
    succeed,
    until,
)
from workflows import policies
from workflows.interfaces import BROWSERS_QUEUE, RunPolicy, SessionRequest, StepRequest
from workflows.messages import Opening

pytestmark = pytest.mark.timeout(120)

KEYS = [
    "step:0:0:1",
    *("step:1:0:1", "step:2:0:1", "step:3:0:1", "look:4:0:1"),
    *("step:1:1:1", "step:2:1:1", "step:3:1:1", "look:4:1:1"),
    *("step:1:2:1", "step:2:2:1", "step:3:2:1"),
]
"""The keys of the calls of LISTING, uninterrupted."""

FORM = Plan(
    steps=tuple(
        step(kind, required=True)
        for kind in (StepType.NAVIGATE, StepType.FILL_FIELD, StepType.SUBMIT, StepType.CLICK)
    )
)


def once_at(key: str, fault: Script) -> Script:
    """Succeed always, but for the first time that this call is made."""
    due = True

    async def script(request: StepRequest) -> Outcome:
        nonlocal due
        if due and request.call.key == key:
            due = False
            return await fault(request)
        return await succeed(request)

    return script


async def crash(request: StepRequest) -> Outcome:
    return LOST


async def test_a_call_lost_with_its_browser_is_made_again_on_the_next_one(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:2:1:1", crash))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    assert scripted.effects == KEYS
    made = [(call.call.key, call.again, call.session.epoch) for call in scripted.calls]
    assert made[6:8] == [("step:2:1:1", 0, 1), ("step:2:1:1", 1, 2)]
    assert [(queue, one.epoch) for queue, one in scripted.asked] == [
        (BROWSERS_QUEUE, 1),
        (scripted.machine_queue, 2),
    ]
    assert scripted.asked[1][1].previous == scripted.sessions[0]
    assert [(mark.phase, mark.number) for mark in scripted.marks] == [
        ("recovering", 1),
        ("running", 2),
    ]
    assert scripted.finished[0].state.counters.rows_viable == 3


async def test_a_call_that_the_ledger_could_not_take_down_is_made_again(
    temporal_client: Client,
) -> None:
    async def away(request: StepRequest) -> Outcome:
        raise LedgerAway("the ledger's database can't be reached")

    scripted = Scripted(temporal_client, LISTING, once_at("step:2:1:1", away))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    assert scripted.effects == KEYS


async def test_a_worker_that_falls_silent_is_noticed_by_its_heartbeats(
    temporal_client: Client,
) -> None:
    async def silence(request: StepRequest) -> Outcome:
        scripted.silent = True
        await asyncio.sleep(600)
        raise AssertionError("the worker was stopped")

    scripted = Scripted(temporal_client, LISTING, once_at("step:1:0:1", silence))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS


async def test_session_gone_ends_the_wait_for_a_dead_workers_call(temporal_client: Client) -> None:
    async def done_but_not_told(request: StepRequest) -> Outcome:
        scripted.record(request, await succeed(request))
        await scripted.gone()
        return await forever(request)

    scripted = Scripted(temporal_client, LISTING, once_at("step:2:0:1", done_but_not_told))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS
    assert scripted.finished[0].state.counters.rows_viable == 3


async def test_a_late_word_about_an_older_session_changes_nothing(temporal_client: Client) -> None:
    async def late(request: StepRequest) -> Outcome:
        first = scripted.sessions[0]
        scripted.sessions.append(first)
        await scripted.gone()
        scripted.sessions.pop()
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, once_at("step:2:2:1", late))
    script, scripted.script = scripted.script, scripted.script

    async def both(request: StepRequest) -> Outcome:
        if request.call.key == "step:1:0:1" and request.again == 0:
            return LOST
        return await script(request)

    scripted.script = both
    async with scripted.running() as handle:
        await handle.result()
    assert [one.epoch for one in scripted.sessions] == [1, 2]
    assert phases(scripted) == ["recovering", "running"]


async def test_a_drained_worker_lets_its_call_end_and_hands_over(temporal_client: Client) -> None:
    async def drain(request: StepRequest) -> Outcome:
        await scripted.gone(draining=True)
        await asyncio.sleep(0.5)
        scripted.ends[1] = "drained"
        await asyncio.sleep(0.3)
        return await succeed(request)

    scripted = Scripted(
        temporal_client,
        LISTING,
        once_at("step:2:0:1", drain),
        RunPolicy(max_recoveries=0, max_recoveries_of_a_call=0),
    )
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS
    assert all(call.again == 0 for call in scripted.calls)
    assert [one.epoch for one in scripted.sessions] == [1, 2]
    assert phases(scripted) == ["recovering", "running"]


async def test_a_browser_that_dies_between_two_calls_is_replaced(temporal_client: Client) -> None:
    async def crash_afterwards(request: StepRequest) -> Outcome:
        scripted.crash()
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, once_at("step:1:1:1", crash_afterwards))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS


async def test_another_host_takes_over_when_the_machine_is_gone(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:1:0:1", crash))
    async with scripted.running(machine=False) as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [queue for queue, _ in scripted.asked] == [BROWSERS_QUEUE, BROWSERS_QUEUE]
    assert [one.epoch for _, one in scripted.asked] == [1, 3]
    assert scripted.effects == KEYS


async def test_a_session_that_does_not_open_is_asked_for_again(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:1:0:1", crash))

    async def opening(request: SessionRequest) -> None:
        if request.epoch in (1, 3, 4):
            raise refuse("LaunchFailed", "no memory left for a browser")

    monkeypatch.setattr(scripted, "opening", opening)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert [one.epoch for _, one in scripted.asked] == [1, 2, 3, 4, 5]
    assert scripted.effects == KEYS


async def test_a_host_that_can_open_no_browser_ends_the_run_with_its_sentence(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:2:0:1", crash))

    async def opening(request: SessionRequest) -> None:
        if request.epoch > 1:
            raise refuse("LaunchFailed", f"no memory left, epoch {request.epoch}")

    monkeypatch.setattr(scripted, "opening", opening)
    monkeypatch.setattr(policies, "OPENING_PAUSES", (timedelta(0), timedelta(seconds=0.1)))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert finish.message == "no memory left, epoch 5"
    assert [queue for queue, _ in scripted.asked[1:]] == 2 * [
        scripted.machine_queue,
        BROWSERS_QUEUE,
    ]


async def test_a_call_that_takes_every_browser_down_ends_the_run_with_its_rows(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        return LOST if request.call.key == "step:1:1:1" else await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script, RunPolicy(max_recoveries_of_a_call=2))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert "it crashed (3 times at the same step)" in finish.message
    assert [call.again for call in scripted.calls if call.call.key == "step:1:1:1"] == [0, 1, 2]
    assert scripted.finished[0].state.counters.rows_viable == 1
    on = scripted.finished[0].state.go_on()
    assert on is not None and (on.pc, on.visits[1]) == (1, 1)


async def test_a_run_recovers_so_often_and_no_more(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        return LOST if request.again == 0 else await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script, RunPolicy(max_recoveries=3))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert scripted.effects == KEYS[:3]
    assert_once(scripted)


async def test_the_time_budget_goes_on_while_a_browser_is_sought(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:1:0:1", crash))
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 2500})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})

    async def opening(request: SessionRequest) -> None:
        if request.epoch > 1:
            await asyncio.sleep(600)

    monkeypatch.setattr(scripted, "opening", opening)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)


class Posted(Scripted):
    """A site whose second page came by POST: a new browser shows the first one again."""

    def how(self, request: SessionRequest) -> Opening:
        return Opening.FRESH if request.previous is None else Opening.STEPPED_BACK


def posting(*, acted: bool, then: Script) -> Script:
    async def script(request: StepRequest) -> Outcome:
        index, key = request.call.index, request.call.key
        if index == 0:
            return Outcome(success=True, anchor=True)
        if index == 2:
            return Outcome(success=True, anchor=False, acted=acted)
        if key == "step:3:0:1" and request.again == 0:
            return await then(request)
        return Outcome(success=True)

    return script


async def test_a_run_goes_back_to_the_last_page_that_can_be_restored(
    temporal_client: Client,
) -> None:
    scripted = Posted(temporal_client, FORM, posting(acted=False, then=crash))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    first, again = ["step:0:0:1", "step:1:0:1", "step:2:0:1"], ["1", "2", "3"]
    assert scripted.effects == [*first, *(f"step:{index}:0:1:r1" for index in again)]
    asked = [(call.call.key, call.stepped_back) for call in scripted.calls if call.again]
    assert asked == [("step:3:0:1", True)]
    assert scripted.finished[0].state.counters.steps_executed == 6


async def test_a_run_never_goes_back_beyond_an_act_that_must_not_happen_twice(
    temporal_client: Client,
) -> None:
    scripted = Posted(temporal_client, FORM, posting(acted=True, then=crash))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == [f"step:{index}:0:1" for index in range(4)]
    asked = [(call.again, call.stepped_back) for call in scripted.calls if call.call.index == 3]
    assert asked == [(0, False), (1, True), (1, False)]


async def test_a_run_that_could_not_be_told_of_a_lost_call_does_not_go_back(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next browser is lost, too, before its worker has looked into the call's claim."""
    scripted = Posted(temporal_client, FORM, posting(acted=False, then=crash))
    asked: list[int] = []

    def looked_into(request: StepRequest) -> Outcome:
        asked.append(request.session.epoch)
        return LOST if len(asked) == 1 else Outcome(success=True, acted=True)

    monkeypatch.setattr(scripted, "looked_into", looked_into)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert len(set(asked)) == 2
    assert not [key for key in scripted.effects if key.endswith(":r1")]


async def test_what_the_ledger_knows_of_a_lost_call_is_taken_in_before_the_run_goes_back(
    temporal_client: Client,
) -> None:
    """The act was done and written down, yet its worker died: it is not done again."""

    async def done_but_not_told(request: StepRequest) -> Outcome:
        scripted.record(request, Outcome(success=True, anchor=False, acted=True))
        return LOST

    scripted = Posted(temporal_client, FORM, posting(acted=False, then=done_but_not_told))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == [f"step:{index}:0:1" for index in range(4)]


async def test_a_workflow_worker_without_memory_goes_on_alike(temporal_client: Client) -> None:
    """Each workflow task is replayed from the history, recoveries included."""
    scripted = Scripted(temporal_client, LISTING, once_at("step:2:1:1", crash))
    async with scripted.running(cached=0) as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS


@pytest.mark.parametrize("ui", [True, False])
async def test_cancel_ends_a_recovery(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, ui: bool
) -> None:
    scripted = Scripted(temporal_client, LISTING, once_at("step:1:0:1", crash))
    opening = asyncio.Event()

    async def never(request: SessionRequest) -> None:
        if request.epoch > 1:
            opening.set()
            await beating()

    monkeypatch.setattr(scripted, "opening", never)
    async with scripted.running() as handle:
        await asyncio.wait_for(opening.wait(), 40)
        if ui:
            await handle.cancel()
        else:
            await handle.signal("cancel")
        finish = await handle.result()
    assert finish.status == scripted.finished[0].finish.status == "cancelled"
    assert len(scripted.sessions) == 1
    await until(lambda: scripted.closes != [])


def going_on(scripted: Scripted, **more: object) -> None:
    """The run goes on from another one, which was lost in step 3 of FORM."""
    machine = Interpreter(FORM, scripted.spec.limits)
    states = [machine.state.model_copy(deep=True)]
    while isinstance(call := machine.next(), Call) and call.index < 3:
        machine.apply(call, Outcome(success=True), 1)
        states.append(machine.state.model_copy(deep=True))
    update = {"state": states[-1], "anchor": states[1], "begun": True, **more}
    scripted.spec = scripted.spec.model_copy(update=update)


class FromCheckpoint(Scripted):
    """The first browser of the run is brought to the older run's last page but one."""

    def how(self, request: SessionRequest) -> Opening:
        return Opening.STEPPED_BACK


def opening_by(how: Opening) -> Callable[[SessionRequest], Opening]:
    def opened(request: SessionRequest) -> Opening:
        return how

    return opened


@pytest.mark.parametrize("how", [Opening.FRESH, Opening.STEPPED_BACK])
async def test_a_run_that_goes_on_without_its_page_does_the_steps_before_it_again(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, how: Opening
) -> None:
    scripted = Scripted(temporal_client, FORM)
    going_on(scripted)
    monkeypatch.setattr(scripted, "how", opening_by(how))
    async with scripted.running() as handle:
        await handle.result()
    assert scripted.effects == [f"step:{index}:0:1:r1" for index in (1, 2, 3)]


async def test_the_first_call_of_a_run_that_goes_on_may_have_been_begun(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, FORM)
    going_on(scripted)
    monkeypatch.setattr(scripted, "how", opening_by(Opening.RESTORED))
    async with scripted.running() as handle:
        await handle.result()
    made = [(one.call.key, one.again, one.stepped_back) for one in scripted.calls]
    assert made == [("step:3:0:1", 1, False)]
    assert scripted.finished[0].anchor == scripted.spec.anchor


async def test_a_run_that_goes_on_goes_back_to_the_older_ones_anchor(
    temporal_client: Client,
) -> None:
    scripted = FromCheckpoint(temporal_client, FORM)
    going_on(scripted)
    async with scripted.running() as handle:
        await handle.result()
    asked = [(one.call.key, one.stepped_back) for one in scripted.calls][:2]
    assert asked == [("step:3:0:1", True), ("step:1:0:1:r1", False)]
    assert scripted.effects == [f"step:{index}:0:1:r1" for index in (1, 2, 3)]


async def test_a_run_that_goes_on_does_no_act_again(temporal_client: Client) -> None:
    scripted = FromCheckpoint(temporal_client, FORM)
    going_on(scripted, acted=True)
    async with scripted.running() as handle:
        await handle.result()
    assert scripted.effects == ["step:3:0:1"]
    assert [one.again for one in scripted.calls] == [1, 1]
    assert scripted.finished[0].acted
