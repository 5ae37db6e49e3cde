"""What the Temporal UI shows of a run: search attributes, memo, summaries, details."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

from plans.calls import Finish, Outcome
from plans.plan import Plan
from plans.step import FailureClass
from tests.workflows.scripted import LISTING, LOGIN, LOST, Scripted, succeed
from tests.workflows.test_pause import answer, paused
from workflows import search_attributes
from workflows.interfaces import RunPolicy, StepRequest
from workflows.plan_run import PlanRun

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
