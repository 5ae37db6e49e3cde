"""PlanRun and calls in turns whose page is gone: begun anew where that may be."""

from collections.abc import Awaitable, Callable

import pytest
from temporalio.client import Client

from plans.calls import Outcome
from tests.workflows.scripted import LOST, Scripted, answer_all, asks, beating, succeed
from tests.workflows.test_turns import ONE, SAVE, turns_of
from workflows.interfaces import ModelRequest, SessionRequest, StepRequest
from workflows.messages import Opening
from workflows.turns import ModelAnswer

pytestmark = pytest.mark.timeout(120)


class Posted(Scripted):
    """A browser that is lost leaves the last page that came by GET."""

    def how(self, request: SessionRequest) -> Opening:
        return Opening.FRESH if request.previous is None else Opening.STEPPED_BACK


def posting(lost: str, *, acted: bool = False) -> Callable[..., Awaitable[Outcome]]:
    """Step 1 asks twice on pages that came by POST; this turn of it is lost."""
    fallen: list[str] = []

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == lost and not fallen:
            fallen.append(lost)
            return LOST
        if request.call.index == 1 and request.call.turn < 2:
            return asks(request, anchor=False, acted=acted and request.call.turn == 0)
        return Outcome(success=True, anchor=request.call.index != 1)

    return script


async def test_a_run_that_goes_back_begins_the_call_at_its_first_turn(
    temporal_client: Client,
) -> None:
    scripted = Posted(temporal_client, ONE, posting(f"{SAVE}:t2"))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    keys = [one.call.key for one in turns_of(scripted)]
    again = [f"{SAVE}:r1", f"{SAVE}:r1:t1", f"{SAVE}:r1:t2"]
    assert keys == [SAVE, f"{SAVE}:t1", f"{SAVE}:t2", f"{SAVE}:t2", *again]
    stepped = turns_of(scripted)[3]
    assert (stepped.stepped_back, stepped.again) == (True, 1)
    fresh = turns_of(scripted)[4]
    assert (fresh.progress, fresh.answer, fresh.again) == (None, None, 0)
    assert len(scripted.paid) == 4


async def test_a_call_that_has_acted_for_good_is_not_begun_anew(temporal_client: Client) -> None:
    scripted = Posted(temporal_client, ONE, posting(f"{SAVE}:t2", acted=True))
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert {one.call.round for one in turns_of(scripted)} == {0}
    assert turns_of(scripted)[-1].progress == {"turns": 2}
    assert len(scripted.paid) == 2


async def test_pages_lost_between_turns_are_gone_back_from_and_the_question_is_dropped(
    temporal_client: Client,
) -> None:
    asked: list[str] = []

    async def model(request: ModelRequest) -> ModelAnswer:
        asked.append(request.call.key)
        if len(asked) == 1:
            scripted.crash()
            await beating()
        return await answer_all(request)

    scripted = Posted(temporal_client, ONE, posting("none"))
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    assert asked == [SAVE, f"{SAVE}:r1", f"{SAVE}:r1:t1"]


async def test_a_first_step_whose_page_is_gone_between_turns_begins_anew(
    temporal_client: Client,
) -> None:
    class Blank(Scripted):
        def how(self, request: SessionRequest) -> Opening:
            return Opening.FRESH

    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 0 and request.call.turn < 1:
            return asks(request)
        return await succeed(request)

    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) == 1:
            scripted.crash()
            await beating()
        return await answer_all(request)

    scripted = Blank(temporal_client, ONE, script)
    scripted.model = model
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish.status == "succeeded"
    keys = [one.call.key for one in turns_of(scripted, 0)]
    assert keys == ["step:0:0:1", "step:0:0:1:r1", "step:0:0:1:r1:t1"]
