"""What the Temporal UI shows of a run: search attributes, memo, summaries, details."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

from plans.calls import Finish, Outcome
from plans.plan import Plan
from plans.step import FailureClass, HaltClass, StepType, TierName
from plans.suite import Task, TaskSuite
from plans.suite_plan import as_plan
from tests.workflows.scripted import (
    LISTING,
    LOGIN,
    LOST,
    Scripted,
    answer_all,
    asks,
    step,
    succeed,
)
from tests.workflows.test_decompose import InWords
from tests.workflows.test_pause import answer, paused
from workflows import search_attributes
from workflows.interfaces import (
    Decomposed,
    DecomposeRequest,
    ModelRequest,
    RunPolicy,
    StepRequest,
)
from workflows.plan_run import PlanRun
from workflows.turns import ModelAnswer

pytestmark = pytest.mark.timeout(120)

SEARCHABLE = RunPolicy(search_attributes=True)


async def found_by(handle: WorkflowHandle[PlanRun, Finish]) -> dict[str, object]:
    attributes = (await handle.describe()).typed_search_attributes
    ours = [attributes.get(key) for key in search_attributes.ALL]
    return dict(zip(("tenant", "state", "state_key", "halt"), ours, strict=True))


async def details(handle: WorkflowHandle[PlanRun, Finish]) -> str:
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def test_a_paused_run_can_be_found_and_tells_how_to_go_on(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, LOGIN, policy=SEARCHABLE)
    async with scripted.running() as handle:
        await paused(scripted)
        await until_details(handle, "Which code?")
        shown = await details(handle)
        assert await found_by(handle) == {
            "tenant": "t",
            "state": "paused",
            "state_key": "abcabcabcabc",
            "halt": None,
        }
        memo = await (await handle.describe()).memo()
        await answer(handle, "p1", "secret.answer.p1.0000")
        await handle.result()
        assert (await found_by(handle))["state"] == "succeeded"
        told = await (await handle.describe()).memo()
    assert "**login**" in shown and "paused (p1): Which code?" in shown
    assert "signal `resume`" in shown
    assert memo == {"plan": "login", "stands": "paused: p1, Which code?"}
    assert told == {"plan": "login", "stands": "succeeded"}


async def until_details(handle: WorkflowHandle[PlanRun, Finish], text: str) -> None:
    async with asyncio.timeout(40):
        while True:
            if text in await details(handle):
                return
            await asyncio.sleep(0.05)


async def test_a_failed_run_is_found_by_its_class(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        return Outcome(success=False, failure_class=FailureClass.PAGE_BLOCKED, message="a wall")

    scripted = Scripted(temporal_client, LISTING, script, SEARCHABLE)
    async with scripted.running() as handle:
        await handle.result()
        assert await found_by(handle) == {
            "tenant": "t",
            "state": "failed",
            "state_key": "abcabcabcabc",
            "halt": "page_blocked",
        }
        memo = await (await handle.describe()).memo()
    assert str(memo["stands"]).startswith("failed: page_blocked: a wall")


async def test_the_details_name_the_step_and_what_became_of_the_last(
    temporal_client: Client,
) -> None:
    shown: list[str] = []

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == "step:2:0:1":
            shown.append(await details(scripted.handle))
            if not request.again:
                return LOST
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script)
    async with scripted.running() as handle:
        await handle.result()
    assert "running: step 2 `extract_data`, Extract price of 5" in shown[0]
    assert "Last: step 1 `click`, Click the next listing passed" in shown[0]
    assert "made again after a loss (1)" in shown[1]


async def test_each_activity_has_its_line_and_no_step_costs_more_than_six_events(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, LISTING)
    short = Scripted(temporal_client, Plan(steps=LISTING.steps[:1]))
    async with scripted.running() as handle:
        await handle.result()
        history = await handle.fetch_history()
    async with short.running() as handle:
        await handle.result()
        base = len((await handle.fetch_history()).events)
    scheduled = [
        event
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    converter = temporal_client.data_converter
    lines = [str((await converter.decode([event.user_metadata.summary]))[0]) for event in scheduled]
    assert all(event.user_metadata.HasField("summary") for event in scheduled)
    assert "0: go to http://x.test/" in lines
    assert "1, time 2: Click the next listing" in lines
    assert len(history.events) - base <= 6 * (len(scripted.calls) - 1) + 8


async def lines_of(client: Client, handle: WorkflowHandle[PlanRun, Finish]) -> list[str]:
    """What the Temporal UI shows beside each activity, in their order."""
    history = await handle.fetch_history()
    return [
        str((await client.data_converter.decode([event.user_metadata.summary]))[0])
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]


async def test_a_history_tells_which_model_was_asked_what(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 1 and request.call.turn == 0:
            return asks(request)
        if request.call.index == 1 and request.call.turn == 1:
            return asks(request, 'claude is asked whether "Saved" holds', TierName.CLAUDE)
        return await succeed(request)

    plan = Plan(steps=(step(StepType.NAVIGATE, "Open it"), step(StepType.CLICK, "Click Save")))
    scripted = Scripted(temporal_client, plan, script)
    async with scripted.running() as handle:
        await handle.result()
        lines = await lines_of(temporal_client, handle)
    assert lines == [
        "read the plan from the ledger",
        "hold the browser, epoch 1",
        "0: Open it",
        "1: Click Save",
        '1, turn 1: holo3 is asked where "Save" is',
        "1, turn 2: Click Save",
        '1, turn 2: claude is asked whether "Saved" holds',
        "1, turn 3: Click Save",
        "cut the network, close the browser",
        "write down the end: succeeded",
    ]


async def test_the_details_name_the_model_that_is_being_asked(temporal_client: Client) -> None:
    shown: list[str] = []

    async def script(request: StepRequest) -> Outcome:
        if request.call.turn:
            shown.append(await details(scripted.handle))
        return await succeed(request) if request.call.turn else asks(request)

    async def model(request: ModelRequest) -> ModelAnswer:
        shown.append(await details(scripted.handle))
        return await answer_all(request)

    scripted = Scripted(temporal_client, Plan(steps=(step(StepType.CLICK, "Click Save"),)), script)
    scripted.model = model
    async with scripted.running() as handle:
        await handle.result()
    assert (
        'running: step 0 `click`, Click Save of 1, turn 1, holo3 is asked where "Save" is'
        in shown[0]
    )
    assert "running: step 0 `click`, Click Save of 1, turn 2" in shown[1]
    assert all("failed" not in one for one in shown)


async def test_the_story_of_a_plan_in_words_begins_with_its_steps_being_made(
    temporal_client: Client,
) -> None:
    shown: list[str] = []

    class Telling(InWords):
        async def decomposed(self, request: DecomposeRequest) -> Decomposed:
            shown.append(await details(self.handle))
            return await super().decomposed(request)

    telling: dict[str, object] = {}

    async def script(request: StepRequest) -> Outcome:
        telling.update(await (await scripted.handle.describe()).memo())
        return await succeed(request)

    scripted = Telling(temporal_client)
    scripted.script = script
    async with scripted.running() as handle:
        await handle.result()
        lines = await lines_of(temporal_client, handle)
    assert lines[:4] == [
        "read the plan from the ledger",
        "claude is asked to make steps of the plan in words",
        "read the plan from the ledger",
        "hold the browser, epoch 1",
    ]
    assert "running: its plan in words is made into steps" in shown[0]
    assert telling == {"plan": "listing", "stands": "running: its words are 5 steps"}


async def test_the_story_of_a_suite_tells_its_tasks(temporal_client: Client) -> None:
    tasks = tuple(Task(task_id=name, intent=f"{name} the deal") for name in ("open", "close"))

    async def script(request: StepRequest) -> Outcome:
        if request.call.turn == 0:
            return asks(
                request, f"claude is asked what next in {request.call.index}", TierName.CLAUDE
            )
        passed = request.call.index == 1
        failure = None if passed else FailureClass.VERIFY_FAILED
        return Outcome(success=passed, failure_class=failure, message="" if passed else "not open")

    scripted = Scripted(temporal_client, as_plan(TaskSuite(tasks=tasks)), script)
    async with scripted.running() as handle:
        finish = await handle.result()
        lines = await lines_of(temporal_client, handle)
    assert lines[2:-2] == [
        "0: open the deal",
        "0, turn 1: claude is asked what next in 0",
        "0, turn 2: open the deal",
        "1: close the deal",
        "1, turn 1: claude is asked what next in 1",
        "1, turn 2: close the deal",
    ]
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.STEP_FAILED)
    assert finish.message == "1 of 2 tasks passed; task 0 was the first that did not: not open"
