"""What may happen to a run whose steps ask models, by name: as `scenarios`, all of them."""

import asyncio

from temporalio.client import Client

from plans.calls import AskKind, Finish, Money, Outcome
from plans.plan import Plan
from plans.step import FailureClass, HaltClass, StepType, TierName
from plans.suite import Task, TaskSuite
from plans.suite_plan import as_plan
from tests.replay.scenarios import SCENARIOS, Posted, limited, paused_twice, played, scenario
from tests.workflows.scripted import (
    LOST,
    Scripted,
    answer_all,
    asks,
    beating,
    step,
    succeed,
    until,
)
from workflows.interfaces import (
    Decomposed,
    DecomposeRequest,
    ModelRequest,
    RunPolicy,
    StepRequest,
)
from workflows.messages import CancelRequest, PauseRequest, ResumeRequest
from workflows.plan_run import PlanRun
from workflows.turns import ModelAnswer

__all__ = ["SCENARIOS"]

ASKING = Plan(
    name="asking",
    steps=tuple(step(kind) for kind in (StepType.NAVIGATE, StepType.CLICK, StepType.CLICK)),
)

_SAVE = "step:1:0:1"


async def _two_questions(request: StepRequest) -> Outcome:
    if request.call.index == 1 and request.call.turn == 0:
        return asks(request, anchor=True)
    if request.call.index == 1 and request.call.turn == 1:
        return asks(request, 'whether "Saved" holds', TierName.CLAUDE)
    return await succeed(request)


@scenario
async def turns(client: Client) -> Scripted:
    """A step asks both models."""
    return await played(Scripted(client, ASKING, _two_questions))


@scenario
async def turn_lost(client: Client) -> Scripted:
    """The browser is lost between an answer and what is done with it."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == f"{_SAVE}:t1" and not request.again:
            return LOST
        return await _two_questions(request)

    return await played(Scripted(client, ASKING, script))


@scenario
async def lost_while_asked(client: Client) -> Scripted:
    """Another browser is taken while a model thinks."""

    async def model(request: ModelRequest) -> ModelAnswer:
        if request.call.turn == 0:
            scripted.crash()
            await until(lambda: len(scripted.sessions) == 2)
            await asyncio.sleep(0.5)
        return await answer_all(request)

    scripted = Scripted(client, ASKING, _two_questions)
    scripted.model = model
    return await played(scripted)


@scenario
async def stepped_back_while_asked(client: Client) -> Scripted:
    """The page is gone while a model thinks: its question is dropped, the call begun anew."""

    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) == 1:
            scripted.crash()
            await beating()
        return await answer_all(request)

    scripted = Posted(client, ASKING, _two_questions)
    scripted.model = model
    return await played(scripted)


@scenario
async def cancel_while_asked(client: Client) -> Scripted:
    """The question is ended with the run."""

    async def model(request: ModelRequest) -> ModelAnswer:
        await beating()

    scripted = Scripted(client, ASKING, _two_questions)
    scripted.model = model
    async with scripted.running() as handle:
        await until(lambda: scripted.asked_models != [])
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        await handle.result()
    return scripted


@scenario
async def pause_while_asked(client: Client) -> Scripted:
    """The model takes too long for a pause: its question is taken back, and asked again after."""

    async def model(request: ModelRequest) -> ModelAnswer:
        if len(scripted.asked_models) == 1:
            await beating()
        return await answer_all(request)

    scripted = Scripted(client, ASKING, _two_questions)
    scripted.model = model
    async with scripted.running() as handle:
        await until(lambda: scripted.asked_models != [])
        await handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
        await until(lambda: len(scripted.parked) == 1)
        await asyncio.sleep(0.5)
        await handle.signal("resume", ResumeRequest())
        await handle.result()
    return scripted


@scenario
async def time_out_while_asked(client: Client) -> Scripted:
    """The run's time is over before the model has answered."""

    async def model(request: ModelRequest) -> ModelAnswer:
        await beating()

    scripted = limited(Scripted(client, ASKING, _two_questions), 1500)
    scripted.model = model
    return await played(scripted)


@scenario
async def over_budget(client: Client) -> Scripted:
    """There is no money left for the second question."""

    async def model(request: ModelRequest) -> ModelAnswer:
        if request.call.turn:
            return ModelAnswer(tier=TierName.CLAUDE, failure="over_budget", message="spent")
        return await answer_all(request)

    scripted = Scripted(client, ASKING, _two_questions)
    scripted.model = model
    return await played(scripted)


@scenario
async def model_asks_the_user(client: Client) -> Scripted:
    """Paused from outside between two turns, then by the model's own question."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.key == _SAVE:
            await scripted.handle.signal(PlanRun.pause, PauseRequest(reason="lunch"))
            return asks(request)
        if request.call.key == f"{_SAVE}:t1":
            return asks(request, "the code", None, kind=AskKind.INPUT, prompt="Which code?")
        return await succeed(request)

    scripted = Scripted(client, ASKING, script)
    return await paused_twice(scripted)


@scenario
async def turns_in_new_histories(client: Client) -> Scripted:
    """One call goes over into new histories, with its question and with its answer."""

    async def script(request: StepRequest) -> Outcome:
        if request.call.index == 1 and request.call.turn < 5:
            return asks(request)
        return await succeed(request)

    return await played(Scripted(client, ASKING, script, RunPolicy(calls_per_history=3)))


# Plans in words, and task suites


class _InWords(Scripted):
    def __init__(self, client: Client, made: Decomposed) -> None:
        super().__init__(client, Plan(steps=ASKING.steps[:2]))
        self._whole, self._made = self.spec, made
        self.spec = self.spec.model_copy(update={"plan": None, "in_words": True})

    async def decomposed(self, request: DecomposeRequest) -> Decomposed:
        self.spec = self._whole
        return self._made


@scenario
async def plan_in_words(client: Client) -> Scripted:
    """Its steps are made before a browser is opened."""
    return await played(_InWords(client, Decomposed(steps=2, cost=Money(claude=9))))


@scenario
async def plan_in_words_refused(client: Client) -> Scripted:
    """What the words were made into may not be run."""
    refusal = Finish(status="failed", halt_class=HaltClass.PLAN_REJECTED, message="a host")
    return await played(_InWords(client, Decomposed(refusal=refusal)))


@scenario
async def suite(client: Client) -> Scripted:
    """Three tasks in turns, of which the second fails."""
    tasks = tuple(Task(task_id=name, intent=f"{name} it") for name in ("open", "edit", "close"))

    async def script(request: StepRequest) -> Outcome:
        if request.call.turn < 2:
            return asks(request, "what next", TierName.CLAUDE, kind=AskKind.TASK)
        if request.call.index == 1:
            return Outcome(success=False, failure_class=FailureClass.VERIFY_FAILED)
        return Outcome(success=True)

    return await played(Scripted(client, as_plan(TaskSuite(tasks=tasks)), script))
