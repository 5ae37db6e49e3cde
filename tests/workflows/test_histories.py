"""Runs of any length: a history that is long enough ends, and the run goes on in a new one."""

import pytest
from temporalio.client import Client

from plans.calls import Outcome
from tests.workflows.long_run import long_run
from tests.workflows.scripted import LISTING, LOST, Scripted, succeed, until
from tests.workflows.test_pause import histories
from tests.workflows.test_recovery import KEYS
from workflows.interfaces import RunPolicy, StepRequest
from workflows.messages import CancelRequest, PauseRequest
from workflows.plan_run import PlanRun

pytestmark = pytest.mark.timeout(170)


async def test_a_run_goes_on_in_new_histories_with_the_browser_it_had(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, LISTING, policy=RunPolicy(calls_per_history=5))
    async with scripted.running() as handle:
        finish = await handle.result()
        assert await histories(scripted) == 3
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS
    assert [one.epoch for one in scripted.sessions] == [1, 2, 3]
    assert {one.session_id for one in scripted.sessions} == {"s1"}
    assert scripted.parked == [60.0, 60.0]
    assert scripted.finished[0].state.counters.rows_viable == 3
    assert scripted.marks == []


async def test_a_worker_that_dies_between_two_histories_loses_nothing(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == KEYS[4]:
            scripted.crash()
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script, RunPolicy(calls_per_history=5))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS


async def test_a_lost_call_is_known_before_a_history_ends(temporal_client: Client) -> None:
    """The next history would make it as if for the first time."""
    lost = {KEYS[2], KEYS[4]}

    async def script(request: StepRequest) -> Outcome:
        if request.call.key in lost:
            lost.remove(request.call.key)
            scripted.record(request, await succeed(request))
            return LOST
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script, RunPolicy(calls_per_history=2))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert scripted.effects == KEYS
    again = [call.call.key for call in scripted.calls if call.again == 1]
    assert again == [KEYS[2], KEYS[4]]


async def test_what_was_asked_for_as_a_history_ends_is_heeded_in_the_next(
    temporal_client: Client,
) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.key == KEYS[1]:
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="wait"))
        if request.call.key == KEYS[3]:
            await scripted.handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        return await succeed(request)

    scripted = Scripted(temporal_client, LISTING, script, RunPolicy(calls_per_history=2))
    async with scripted.running() as handle:
        await until(lambda: scripted.pauses != [])
        await handle.signal("resume", {})
        finish = await handle.result()
    assert (finish.status, finish.message) == ("cancelled", "enough")
    assert scripted.effects == KEYS[:4]


async def test_hundreds_of_calls_keep_each_history_short(temporal_client: Client) -> None:
    """What `python -m tests.workflows.long_run` does with 10,000."""
    await long_run(temporal_client, calls=240, per_history=80)
