"""Whatever happens to a run between the turns of its calls, and in them, it ends properly."""

import asyncio
import random
from collections import Counter

import pytest
from temporalio.client import Client, WorkflowHandle

from plans.calls import AskKind, Finish, Outcome
from plans.plan import Plan
from plans.step import StepType, TierName
from tests.workflows.scripted import (
    LOST,
    Scripted,
    answer_all,
    asks,
    assert_once,
    beating,
    step,
    succeed,
)
from workflows.interfaces import ModelRequest, RunPolicy, SessionRequest, StepRequest
from workflows.messages import CancelRequest, Opening, PauseRequest
from workflows.plan_run import PlanRun
from workflows.turns import ModelAnswer

pytestmark = pytest.mark.timeout(170)

PLAN = Plan(
    steps=(
        step(StepType.NAVIGATE, "go"),
        step(StepType.CLICK, "first"),
        step(StepType.SUBMIT, "second"),
        step(StepType.EXTRACT_DATA, "third"),
    )
)
_FAULTS = ("lost", "crash", "gone", "drain", "pause", "none", "none", "none")


class Stormy(Scripted):
    """Steps ask up to four times; before any turn or answer something may happen."""

    def __init__(self, client: Client, seed: int) -> None:
        policy = RunPolicy(
            calls_per_history=4,
            max_recoveries=200,
            max_recoveries_of_a_call=60,
            max_pause_ms=60_000,
        )
        super().__init__(client, PLAN, self._make, policy)
        self.model = self._answer_or_not
        self.random = random.Random(seed)
        self.questions = [self.random.randint(0, 4) for _ in PLAN.steps]
        self.faults = self.random.randint(0, 7)
        self.cancels = seed % 4 == 3
        self.back = seed % 3 == 2
        self.was_back = False
        self.cancelled = False

    def how(self, request: SessionRequest) -> Opening:
        if request.previous is None:
            return Opening.FRESH
        back = self.back and self.random.random() < 0.3
        self.was_back = self.was_back or back
        return Opening.STEPPED_BACK if back else Opening.RESTORED

    async def _befalls(self) -> str:
        """The next fault, told to whom it concerns; what the activity itself has to do of it."""
        if self.faults == 0:
            if self.cancels and not self.cancelled:
                self.cancelled = True
                await self.handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
            return "none"
        fault = self.random.choice(_FAULTS)
        self.faults -= fault != "none"
        match fault:
            case "crash":
                self.crash()
            case "gone":
                await self.gone()
            case "drain":
                await self.gone(draining=True)
            case "pause":
                await self.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
            case _:
                pass
        return fault

    async def _make(self, request: StepRequest) -> Outcome:
        call = request.call
        assert (request.progress is None) == (call.turn == 0)
        if call.turn:
            assert request.progress == {"turns": call.turn}
            assert (request.answer is not None) != bool(request.user_input)
        befallen = await self._befalls()
        if befallen == "lost":
            return LOST
        if befallen == "gone":
            await beating()
        if call.turn < self.questions[call.index]:
            if self.random.random() < 0.2:
                return asks(request, tier=None, kind=AskKind.INPUT, prompt="Which?")
            tier = self.random.choice((TierName.HOLO3, TierName.CLAUDE))
            return asks(request, tier=tier, anchor=self.random.random() < 0.5)
        return (await succeed(request)).model_copy(update={"anchor": True})

    async def _answer_or_not(self, request: ModelRequest) -> ModelAnswer:
        if await self._befalls() == "lost":
            raise RuntimeError("the worker fell over")
        await asyncio.sleep(self.random.random() * 0.1)
        return await answer_all(request)


async def answering(handle: WorkflowHandle[PlanRun, Finish]) -> None:
    """An operator who answers whatever is asked."""
    while True:
        await handle.signal("resume", {"user_input": "yes"})
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("seed", range(10))
async def test_any_run_ends_with_each_question_paid_once_and_each_turn_done_once(
    temporal_client: Client, seed: int
) -> None:
    scripted = Stormy(temporal_client, seed)
    async with scripted.running(cached=0 if seed % 2 else 100) as handle:
        operator = asyncio.create_task(answering(handle))
        try:
            finish = await handle.result()
        finally:
            operator.cancel()
            await asyncio.gather(operator, return_exceptions=True)
    assert finish.status == ("cancelled" if scripted.cancelled else "succeeded"), finish
    assert [name for name, times in Counter(scripted.paid).items() if times > 1] == []
    assert_once(scripted)
    if finish.status == "succeeded":
        counters = scripted.finished[0].state.counters
        assert (counters.steps_executed, counters.failed_steps) == (4, 0)
        if not scripted.was_back:
            made = [f"step:{n}:0:1" for n in range(4)]
            turns = [
                key if turn == 0 else f"{key}:t{turn}"
                for key, asked in zip(made, scripted.questions, strict=True)
                for turn in range(asked + 1)
            ]
            assert scripted.effects == turns
