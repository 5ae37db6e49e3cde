"""PlanRun on a real Temporal server: calls, ends, budgets; the activities answer by script."""

import asyncio

import pytest
from temporalio.client import Client

from plans.calls import CallKind, Finish, Outcome
from plans.step import FailureClass, HaltClass
from tests.workflows.scripted import LISTING, Scripted, forever, refuse, succeed
from workflows.interfaces import SessionRequest, StepRequest

pytestmark = pytest.mark.timeout(90)


async def test_each_step_is_an_activity_of_its_type_and_the_loop_looks(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, LISTING)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    kinds = [(call.call.kind, call.call.index) for call in scripted.calls]
    turn = [(CallKind.STEP, 1), (CallKind.STEP, 2), (CallKind.STEP, 3), (CallKind.LOOK, 4)]
    assert kinds == [(CallKind.STEP, 0), *turn, *turn, *turn[:3]]
    assert scripted.finished[0].state.counters.steps_executed == 10
    assert scripted.finished[0].state.counters.rows_viable == 3
    assert scripted.closes == [scripted.host_queue]
    assert scripted.marks == []


async def test_a_failed_item_asks_for_the_way_back(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        failing = request.call.index == 2 and request.call.visit == 0
        if failing and request.call.kind is CallKind.STEP:
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    returns = [call for call in scripted.calls if call.call.kind is CallKind.RETURN]
    assert [call.call.index for call in returns] == [2]
    assert scripted.finished[0].state.counters.failed_items == 1


async def test_a_required_step_is_tried_three_times_then_the_run_halts(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        return Outcome(success=False, failure_class=FailureClass.HTTP_4XX, message="404")

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.NAVIGATION_BLOCKED)
    assert [call.call.attempt for call in scripted.calls] == [1, 2, 3]


async def test_a_terminal_run_exits_before_it_touches_a_browser(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, None)
    async with scripted.running() as handle:
        await handle.result()
    assert scripted.calls == [] and scripted.asked == [] and scripted.finished == []


async def test_a_plan_that_can_not_be_run_ends_with_its_refusal(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, None)
    refusal = Finish(status="failed", halt_class=HaltClass.MODEL_UNAVAILABLE)
    scripted.spec = scripted.spec.model_copy(update={"refusal": refusal})
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == refusal
    assert scripted.finished[0].finish == refusal
    assert scripted.asked == []


async def test_without_a_browser_the_run_fails_with_the_sentence_of_the_host(
    temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(temporal_client, LISTING)

    async def refused(request: SessionRequest) -> None:
        raise refuse("ChromiumMissing", "no Chromium was found: apt-get install chromium")

    monkeypatch.setattr(scripted, "opening", refused)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert "apt-get install chromium" in finish.message
    assert len(scripted.asked) == 1


async def test_the_time_budget_ends_the_run(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        await asyncio.sleep(0.3)
        return Outcome(success=True)

    scripted = Scripted(temporal_client, LISTING, script)
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 200})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)
    assert len(scripted.calls) == 1


async def test_a_step_that_outlives_the_runs_time_is_ended_by_the_workflow(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        return await forever(request)

    scripted = Scripted(temporal_client, LISTING, script)
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 500})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)


async def test_money_ends_the_run(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        return Outcome.model_validate({"success": True, "cost": {"claude": 600_000}})

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.MAX_COST_EXCEEDED)
    assert len(scripted.calls) == 2
