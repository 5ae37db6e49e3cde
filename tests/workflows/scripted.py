"""PlanRun's activities by script, on workers of a real Temporal server.

They keep what the real ones keep: outcomes under the key of their call, so that a call that was
done is answered and not done again.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import NoReturn

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from plans.calls import Ask, AskKind, Finish, Outcome
from plans.plan import Plan
from plans.state import RunLimits, RunState, truth_of
from plans.step import FailureClass, Perception, Step, StepType, TierName
from workflows import interfaces
from workflows.interfaces import (
    CloseRequest,
    Decomposed,
    DecomposeRequest,
    FinishRequest,
    ModelRequest,
    Nothing,
    ParkRequest,
    PauseClosed,
    PauseClosing,
    PauseOpened,
    PauseOpening,
    PhaseMark,
    RunInput,
    RunKey,
    RunPolicy,
    RunSpec,
    SessionEnd,
    SessionRequest,
    StepRequest,
    plan_run_id,
)
from workflows.messages import Opening, SessionGone, SessionOpened, SessionRef
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox
from workflows.turns import ModelAnswer

Script = Callable[[StepRequest], Awaitable[Outcome]]
Model = Callable[[ModelRequest], Awaitable[ModelAnswer]]

LOST = Outcome(success=False, failure_class=FailureClass.BROWSER_LOST, message="it crashed")

_BEAT = timedelta(milliseconds=200)


def step(kind: StepType, intent: str = "do it", **fields: object) -> Step:
    return Step.model_validate({"type": kind, "intent": intent, **fields})


LISTING = Plan(
    name="listing",
    steps=(
        step(StepType.NAVIGATE, "go to http://x.test/", required=True),
        step(StepType.CLICK, "Click the next listing"),
        step(StepType.EXTRACT_DATA, "Extract price"),
        step(StepType.NAVIGATE_BACK),
        step(StepType.LOOP, loop_target=1, loop_count=3),
    ),
)

LOGIN = Plan(
    name="login",
    steps=(
        step(StepType.NAVIGATE, "go to http://x.test/", required=True),
        step(StepType.SUBMIT, "Sign in", required=True),
        step(StepType.REQUEST_USER_INPUT, "the code", params={"prompt": "Which code?"}),
        step(StepType.FILL_FIELD, "Type {{user_input}}", required=True),
    ),
)


async def succeed(request: StepRequest) -> Outcome:
    return Outcome(success=True, rows_added=_rows(request), rows_viable=_rows(request))


def _rows(request: StepRequest) -> int:
    return int(request.call.step.type is StepType.EXTRACT_DATA)


async def beating() -> NoReturn:
    """Be alive in an activity, and never done."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.05)


async def forever(request: StepRequest) -> Outcome:
    await beating()


def asks(
    request: StepRequest,
    why: str = "",
    tier: TierName | None = TierName.HOLO3,
    *,
    kind: AskKind = AskKind.GROUND,
    prompt: str = "",
    **fields: object,
) -> Outcome:
    """A turn that leaves off with a question, and counts itself in its progress."""
    why = why or f'{tier or "the user"} is asked where "Save" is'
    question = Ask(kind=kind, tier=tier, body=f"asks/{request.call.turn}", why=why, prompt=prompt)
    done = Outcome(success=False, ask=question, progress={"turns": request.call.turn + 1})
    return done.model_copy(update=fields)


async def answer_all(request: ModelRequest) -> ModelAnswer:
    assert request.ask.tier is not None
    return ModelAnswer(tier=request.ask.tier, body=f"answer to {request.call.key}")


class Scripted:
    """A run's activities, and what they were asked.

    `effects` are the keys of the calls that were really made, in order. `how` says how each
    session comes to be, `opening` may fail or take its time before it is open. `paid` are the
    questions that a model was really asked, `model` gives its answers.
    """

    def __init__(
        self,
        client: Client,
        plan: Plan | None,
        script: Script = succeed,
        policy: RunPolicy | None = None,
    ) -> None:
        self.client = client
        self.run_id = uuid.uuid4().hex
        self.spec = RunSpec(
            plan=plan,
            state=RunState.start(),
            limits=RunLimits(
                max_run_steps=30_000,
                max_loop_iterations=20_000,
                max_cost_micro=1_000_000,
                max_time_ms=60_000,
            ),
            perception=Perception.AUTO,
            plan_name=plan.name if plan else "",
            state_key="abcabcabcabc",
            policy=policy or RunPolicy(),
        )
        self.script = script
        self.model: Model = answer_all
        self.asked_models: list[ModelRequest] = []
        self.answered: dict[str, ModelAnswer] = {}
        self.paid: list[str] = []
        self.decomposing: list[DecomposeRequest] = []
        self.loaded = 0
        self.runs_queue = f"runs-{self.run_id}"
        self.host_queue = f"host-{self.run_id}"
        self.machine_queue = f"machine-{self.run_id}"
        self.recorded: dict[str, Outcome] = {}
        self.effects: list[str] = []
        self.calls: list[StepRequest] = []
        self.asked: list[tuple[str, SessionRequest]] = []
        self.sessions: list[SessionRef] = []
        self.closes: list[str] = []
        self.parked: list[float] = []
        self.marks: list[PhaseMark] = []
        self.pauses: list[PauseOpening] = []
        self.answers: list[PauseClosing] = []
        self.finished: list[FinishRequest] = []
        self.ends: dict[int, str] = {}
        self.silent = False
        self.started = asyncio.Event()

    @property
    def handle(self) -> WorkflowHandle[PlanRun, Finish]:
        return self.client.get_workflow_handle_for(PlanRun.run, plan_run_id("t", self.run_id))

    # What a test may script

    async def opening(self, request: SessionRequest) -> None:
        """Before a session is open."""

    def how(self, request: SessionRequest) -> Opening:
        return Opening.FRESH if request.previous is None else Opening.ADOPTED

    async def opening_pause(self, request: PauseOpening) -> PauseOpened:
        return PauseOpened()

    async def closing_pause(self, request: PauseClosing) -> None:
        """Before an answer is written down."""

    def looked_into(self, request: StepRequest) -> Outcome:
        """Of a call whose page can't be shown again, that nothing of it was done."""
        return LOST.model_copy(update={"may_go_back": True})

    async def decomposed(self, request: DecomposeRequest) -> Decomposed:
        """The plan in words becomes steps; here none is in words."""
        raise refuse("Fault", "no plan of this script is in words")

    async def parking(self, request: ParkRequest) -> None:
        """Before a session is parked."""

    # Faults

    def now(self) -> SessionRef:
        return self.sessions[-1]

    async def gone(self, draining: bool = False) -> None:
        """What a worker says that ends, or that found a browser without its worker."""
        await self.handle.signal("session_gone", SessionGone(session=self.now(), draining=draining))

    def crash(self) -> None:
        """The browser is gone, and its lease ends."""
        self.ends[self.now().epoch] = "browser_lost"

    # Activities

    @activity.defn(name=interfaces.LOAD_RUN)
    async def load_run(self, run: RunKey) -> RunSpec:
        self.loaded += 1
        return self.spec

    @activity.defn(name=interfaces.PERCEIVE)
    async def perceive(self, request: ModelRequest) -> ModelAnswer:
        assert request.ask.tier is TierName.HOLO3
        return await self._think(request)

    @activity.defn(name=interfaces.REASON)
    async def reason(self, request: ModelRequest) -> ModelAnswer:
        assert request.ask.tier is TierName.CLAUDE
        return await self._think(request)

    async def _think(self, request: ModelRequest) -> ModelAnswer:
        """As the real ones: an answer that had arrived is not asked for a second time."""
        self.asked_models.append(request)
        name = f"{request.call.key}/{request.ask.tier}"
        if name not in self.answered:
            self.answered[name] = await self.model(request)
            self.paid.append(name)
        return self.answered[name]

    @activity.defn(name=interfaces.DECOMPOSE)
    async def decompose(self, request: DecomposeRequest) -> Decomposed:
        self.decomposing.append(request)
        return await self.decomposed(request)

    @activity.defn(name=interfaces.HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        self.asked.append((activity.info().task_queue, request))
        await self.opening(request)
        how = self.how(request)
        name = f"s{request.epoch}"
        if how is Opening.ADOPTED and request.previous is not None:
            name = request.previous.session_id
        session = SessionRef(
            session_id=name,
            host_queue=self.host_queue,
            machine_queue=self.machine_queue,
            epoch=request.epoch,
        )
        self.sessions.append(session)
        await self.handle.signal("session_opened", SessionOpened(session=session, how=how))
        while request.epoch not in self.ends:
            if not self.silent or session is not self.sessions[0]:
                activity.heartbeat()
            await asyncio.sleep(0.02)
        return SessionEnd.model_validate({"reason": self.ends[request.epoch]})

    @activity.defn(name=interfaces.CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        self.closes.append(activity.info().task_queue)
        self.ends.setdefault(request.session.epoch, "closed")
        return Nothing()

    @activity.defn(name=interfaces.PARK_SESSION)
    async def park_session(self, request: ParkRequest) -> Nothing:
        await self.parking(request)
        self.parked.append(request.hold_s)
        self.ends[request.session.epoch] = "parked"
        return Nothing()

    @activity.defn(name=interfaces.MARK_PHASE)
    async def mark_phase(self, mark: PhaseMark) -> Nothing:
        self.marks.append(mark)
        return Nothing()

    @activity.defn(name=interfaces.OPEN_PAUSE)
    async def open_pause(self, request: PauseOpening) -> PauseOpened:
        opened = await self.opening_pause(request)
        self.pauses.append(request)
        return opened

    @activity.defn(name=interfaces.CLOSE_PAUSE)
    async def close_pause(self, request: PauseClosing) -> PauseClosed:
        self.answers.append(request)
        await self.closing_pause(request)
        value = request.user_input if not request.answer else request.answer
        return PauseClosed(
            truth=truth_of(value),
            resumed_at_ms=1_000 + len(self.answers),
            answer=request.answer or f"secret.answer.{request.pause_id}",
        )

    @activity.defn(name=interfaces.FINISH_RUN)
    async def finish_run(self, request: FinishRequest) -> Finish:
        self.finished.append(request)
        return request.finish

    def step_activities(self) -> list[Callable[..., Awaitable[Outcome]]]:
        names = [kind.value for kind in StepType] + [interfaces.RETURN_TO_LIST]
        return [self._named(name) for name in names]

    def _named(self, name: str) -> Callable[[StepRequest], Awaitable[Outcome]]:
        @activity.defn(name=name)
        async def run(request: StepRequest) -> Outcome:
            self.calls.append(request)
            self.started.set()
            return await self._answer(request)

        return run

    async def _answer(self, request: StepRequest) -> Outcome:
        for key in (request.call.whole_key, request.call.asked_key):
            if key in self.recorded:
                return self.recorded[key]
        if request.stepped_back:
            return self.looked_into(request)
        outcome = await self.script(request)
        if outcome.failure_class is not FailureClass.BROWSER_LOST:
            self.record(request, outcome)
        return outcome

    def record(self, request: StepRequest, outcome: Outcome) -> None:
        call = request.call
        self.recorded[call.asked_key if outcome.ask else call.whole_key] = outcome
        self.effects.append(call.key)

    # Workers

    def runs_worker(self, cached: int = 100) -> Worker:
        return Worker(
            self.client,
            task_queue=self.runs_queue,
            workflows=[PlanRun],
            activities=[self.load_run, self.finish_run, self.mark_phase, self.close_pause],
            workflow_runner=sandbox(),
            max_cached_workflows=cached,
        )

    def host_worker(self) -> Worker:
        return self._worker(
            self.host_queue,
            [*self.step_activities(), self.close_session, self.park_session, self.open_pause],
        )

    def machine_worker(self) -> Worker:
        return self._worker(self.machine_queue, [self.hold_session, self.close_session])

    def browsers_worker(self) -> Worker:
        return self._worker(interfaces.BROWSERS_QUEUE, [self.hold_session])

    def models_workers(self) -> list[Worker]:
        pools: dict[str, Sequence[Callable[..., Awaitable[object]]]] = {
            interfaces.PERCEPTION_QUEUE: [self.perceive],
            interfaces.REASONING_QUEUE: [self.reason, self.decompose],
        }
        return [self._worker(queue, activities) for queue, activities in pools.items()]

    def _worker(self, queue: str, activities: Sequence[Callable[..., Awaitable[object]]]) -> Worker:
        return Worker(
            self.client,
            task_queue=queue,
            activities=activities,
            max_heartbeat_throttle_interval=_BEAT,
            default_heartbeat_throttle_interval=_BEAT,
        )

    async def start(self) -> WorkflowHandle[PlanRun, Finish]:
        await self.client.start_workflow(
            PlanRun.run,
            RunInput(tenant_id="t", run_id=self.run_id),
            id=plan_run_id("t", self.run_id),
            task_queue=self.runs_queue,
        )
        return self.handle

    @asynccontextmanager
    async def running(
        self,
        *,
        browsers: bool = True,
        machine: bool = True,
        models: bool = True,
        cached: int = 100,
    ) -> AsyncGenerator[WorkflowHandle[PlanRun, Finish]]:
        """Workers, and the run started on them; a handle that follows it into new histories."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.runs_worker(cached))
            await stack.enter_async_context(self.host_worker())
            if machine:
                await stack.enter_async_context(self.machine_worker())
            if browsers:
                await stack.enter_async_context(self.browsers_worker())
            for worker in self.models_workers() if models else []:
                await stack.enter_async_context(worker)
            yield await self.start()
            self.ends.update(
                {ref.epoch: "closed" for ref in self.sessions if ref.epoch not in self.ends}
            )


def refuse(kind: str, sentence: str) -> ApplicationError:
    return ApplicationError(sentence, type=kind, non_retryable=True)


def phases(scripted: Scripted) -> list[str]:
    return [mark.phase for mark in scripted.marks]


def assert_once(scripted: Scripted) -> None:
    """Every call had its effect once."""
    assert [key for key, times in Counter(scripted.effects).items() if times > 1] == []


async def until(condition: Callable[[], bool], within_s: float = 40) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)
