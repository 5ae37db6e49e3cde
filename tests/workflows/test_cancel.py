"""Cancelling a run at any time: it ends soon, its browser is closed first."""

import asyncio
import time

import pytest
from temporalio import activity
from temporalio.client import Client

from plans.calls import Outcome
from plans.interpreter import Interpreter
from plans.step import HaltClass
from tests.workflows.scripted import LISTING, LOGIN, Scripted, beating, forever, succeed
from workflows.interfaces import ParkRequest, SessionRequest, StepRequest
from workflows.messages import CancelRequest
from workflows.plan_run import PlanRun

pytestmark = pytest.mark.timeout(120)


async def test_cancel_interrupts_the_running_step_and_closes_the_browser(
    temporal_client: Client,
) -> None:
    interrupted = asyncio.Event()

    async def script(request: StepRequest) -> Outcome:
        try:
            return await forever(request)
        except asyncio.CancelledError:
            interrupted.set()
            raise

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("cancelled", HaltClass.CANCELLED)
    assert finish.message == "enough"
    assert interrupted.is_set()
    assert len(scripted.calls) == 1
    assert scripted.closes == [scripted.host_queue]
    assert scripted.finished[0].state.cancelled == "enough"


async def test_a_step_that_ends_while_it_is_cancelled_still_counts(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 2:
            await scripted.handle.signal(PlanRun.cancel, CancelRequest())
            try:
                await beating()
            except asyncio.CancelledError:
                return await succeed(request)
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "cancelled"
    state = scripted.finished[0].state
    assert (state.counters.steps_executed, state.counters.rows_viable) == (3, 1)
    on = state.go_on()
    assert on is not None and on.pc == 3


async def test_a_step_that_does_not_hear_of_it_is_not_waited_for(temporal_client: Client) -> None:
    over = asyncio.Event()

    async def deaf(request: StepRequest) -> Outcome:
        while not over.is_set():
            activity.heartbeat()
            try:
                await asyncio.wait_for(over.wait(), 0.1)
            except (TimeoutError, asyncio.CancelledError):
                continue
        return Outcome(success=True)

    scripted = Scripted(temporal_client, LISTING, deaf)
    async with scripted.running() as handle:
        await scripted.started.wait()
        began = time.monotonic()
        await handle.signal(PlanRun.cancel, CancelRequest())
        finish = await handle.result()
        took = time.monotonic() - began
        over.set()
    assert finish.status == "cancelled"
    assert took < 10


async def test_cancel_from_the_temporal_ui_ends_cancelled_too(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LISTING, forever)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.cancel()
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert finish.message == "cancelled in the Temporal UI"
    assert scripted.finished[0].finish.status == "cancelled"
    assert scripted.closes == [scripted.host_queue]


@pytest.mark.parametrize("ui", [True, False])
async def test_cancel_while_the_first_browser_is_opened(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, ui: bool
) -> None:
    scripted = Scripted(temporal_client, LISTING)
    opening, ended = asyncio.Event(), asyncio.Event()

    async def slow(request: SessionRequest) -> None:
        opening.set()
        try:
            await beating()
        finally:
            ended.set()

    monkeypatch.setattr(scripted, "opening", slow)
    async with scripted.running() as handle:
        await asyncio.wait_for(opening.wait(), 40)
        if ui:
            await handle.cancel()
        else:
            await handle.signal(PlanRun.cancel, CancelRequest())
        finish = await handle.result()
        assert ended.is_set()
    assert finish.status == "cancelled"
    assert scripted.sessions == []


@pytest.mark.parametrize("ui", [True, False])
async def test_cancel_while_the_session_is_parked(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch, ui: bool
) -> None:
    scripted = Scripted(temporal_client, LOGIN)

    async def slow(request: ParkRequest) -> None:
        if ui:
            await scripted.handle.cancel()
        else:
            await scripted.handle.signal(PlanRun.cancel, CancelRequest())
        await asyncio.sleep(0.5)

    monkeypatch.setattr(scripted, "parking", slow)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert len(scripted.asked) == 1
    assert len(scripted.closes) == 1


@pytest.mark.parametrize("ui", [True, False])
async def test_cancel_in_the_queue(temporal_client: Client, ui: bool) -> None:
    scripted = Scripted(temporal_client, LISTING)
    async with scripted.running(browsers=False) as handle:
        if ui:
            await handle.cancel()
        else:
            await handle.signal(PlanRun.cancel, CancelRequest())
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert scripted.asked == []
    assert len(scripted.finished) == 1


async def test_cancel_while_the_browsers_worker_is_silent(temporal_client: Client) -> None:
    """Nobody closes the session: the run ends when its lease is over."""

    async def silence(request: StepRequest) -> Outcome:
        scripted.silent = True
        await asyncio.sleep(600)
        raise AssertionError("the worker was stopped")

    scripted = Scripted(temporal_client, LISTING, silence)
    async with scripted.host_worker(), scripted.browsers_worker(), scripted.runs_worker():
        handle = await scripted.start()
        await scripted.started.wait()
    async with scripted.runs_worker():
        began = time.monotonic()
        await handle.signal(PlanRun.cancel, CancelRequest())
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert time.monotonic() - began < 20
    assert scripted.closes == []


async def test_a_paused_run_that_is_over_in_the_ledger_closes_what_it_had_left(
    temporal_client: Client,
) -> None:
    """Its workflow was reset in the UI: it ends before it opens a browser."""
    scripted = Scripted(temporal_client, LOGIN)
    seen = 0
    whole = scripted.spec

    async with scripted.running() as handle:
        async with asyncio.timeout(40):
            while not scripted.parked:
                await asyncio.sleep(0.02)
                seen += 1
                if scripted.pauses:
                    scripted.spec = whole.model_copy(update={"plan": None})
        finish = await handle.result()
    assert finish.message == "the run was terminal before it started"
    assert scripted.closes == [scripted.machine_queue]
    assert scripted.finished == [] and seen


async def test_a_fault_of_ours_ends_the_run_and_leaves_no_browser(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Interpreter, call: object, outcome: Outcome, elapsed_ms: int) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(Interpreter, "apply", broken)
    scripted = Scripted(temporal_client, LISTING)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.INTERNAL_ERROR)
    assert "KeyError" in finish.message
    assert scripted.closes == [scripted.host_queue]
