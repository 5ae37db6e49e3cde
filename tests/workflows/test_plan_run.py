"""PlanRun on a real Temporal server; the activities here answer by script."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from plans.calls import CallKind, Finish, Outcome
from plans.plan import Plan
from plans.state import RunLimits, RunState
from plans.step import FailureClass, HaltClass, Perception, Step, StepType
from workflows import interfaces
from workflows.interfaces import (
    CloseRequest,
    FinishRequest,
    Nothing,
    RunInput,
    RunKey,
    RunSpec,
    SessionEnd,
    SessionRequest,
    StepRequest,
    plan_run_id,
)
from workflows.messages import CancelRequest, SessionOpened, SessionRef
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox

THROTTLE = timedelta(milliseconds=200)

Script = Callable[[StepRequest], Awaitable[Outcome]]


def step(kind: StepType, intent: str = "do it", **fields: object) -> Step:
    return Step.model_validate({"type": kind, "intent": intent, **fields})


async def succeed(request: StepRequest) -> Outcome:
    return Outcome(success=True)


class Scripted:
    """Activities that answer by script and note what they were asked."""

    def __init__(self, client: Client, plan: Plan | None, script: Script = succeed) -> None:
        self.client = client
        self.plan = plan
        self.script = script
        self.queue = f"host-{uuid.uuid4().hex}"
        self.run_id = uuid.uuid4().hex
        self.calls: list[StepRequest] = []
        self.closed = asyncio.Event()
        self.finished: list[FinishRequest] = []
        self.max_time_ms = 60_000
        self.refuse_session = ""
        self.refusal: Finish | None = None
        self.lose_session = asyncio.Event()
        self.started = asyncio.Event()

    @activity.defn(name=interfaces.LOAD_RUN)
    async def load_run(self, run: RunKey) -> RunSpec:
        return RunSpec(
            plan=self.plan,
            refusal=self.refusal,
            state=RunState.start(),
            limits=RunLimits(
                max_run_steps=100,
                max_loop_iterations=50,
                max_cost_micro=1_000_000,
                max_time_ms=self.max_time_ms,
            ),
            perception=Perception.AUTO,
        )

    @activity.defn(name=interfaces.HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        if self.refuse_session:
            raise ApplicationError(self.refuse_session, type="ChromiumMissing", non_retryable=True)
        run = request.run
        handle = self.client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))
        session = SessionRef(session_id="s", host_queue=self.queue, epoch=request.epoch)
        await handle.signal("session_opened", SessionOpened(session=session))
        while not self.closed.is_set():
            activity.heartbeat()
            if self.lose_session.is_set():
                return SessionEnd(reason="browser_lost")
            await asyncio.sleep(0.1)
        return SessionEnd(reason="closed")

    @activity.defn(name=interfaces.CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        self.closed.set()
        return Nothing()

    @activity.defn(name=interfaces.FINISH_RUN)
    async def finish_run(self, request: FinishRequest) -> Finish:
        without = self.refuse_session or self.refusal or self.lose_session.is_set()
        assert self.closed.is_set() or without
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
            return await self.script(request)

        return run

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[WorkflowHandle[PlanRun, Finish]]:
        runs, browsers = f"runs-{self.run_id}", interfaces.BROWSERS_QUEUE
        async with (
            Worker(
                self.client,
                task_queue=runs,
                workflows=[PlanRun],
                activities=[self.load_run, self.finish_run],
                workflow_runner=sandbox(),
            ),
            Worker(
                self.client,
                task_queue=browsers,
                activities=[self.hold_session],
                max_heartbeat_throttle_interval=THROTTLE,
                default_heartbeat_throttle_interval=THROTTLE,
            ),
            Worker(
                self.client,
                task_queue=self.queue,
                activities=[*self.step_activities(), self.close_session],
                max_heartbeat_throttle_interval=THROTTLE,
                default_heartbeat_throttle_interval=THROTTLE,
            ),
        ):
            yield await self.client.start_workflow(
                PlanRun.run,
                RunInput(tenant_id="t", run_id=self.run_id),
                id=plan_run_id("t", self.run_id),
                task_queue=runs,
            )


EXTRACTING = Plan(
    steps=(
        step(StepType.NAVIGATE, "go to http://x.test/", required=True),
        step(StepType.CLICK, "Click the next listing"),
        step(StepType.EXTRACT_DATA, "Extract price"),
        step(StepType.NAVIGATE_BACK),
        step(StepType.LOOP, loop_target=1, loop_count=3),
    )
)


async def rows(request: StepRequest) -> Outcome:
    if request.call.step.type is StepType.EXTRACT_DATA:
        return Outcome(success=True, rows_added=1, rows_viable=1)
    return Outcome(success=True)


async def test_each_step_is_an_activity_of_its_type_and_the_loop_looks(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, EXTRACTING, rows)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == Finish(status="succeeded")
    kinds = [(call.call.kind, call.call.index) for call in scripted.calls]
    turn = [(CallKind.STEP, 1), (CallKind.STEP, 2), (CallKind.STEP, 3), (CallKind.LOOK, 4)]
    assert kinds == [(CallKind.STEP, 0), *turn, *turn, *turn[:3]]
    assert scripted.finished[0].state.counters.steps_executed == 10
    assert scripted.finished[0].state.counters.rows_viable == 3


async def test_a_failed_item_asks_for_the_way_back(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        failing = request.call.index == 2 and request.call.visit == 0
        if failing and request.call.kind is CallKind.STEP:
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        return await rows(request)

    scripted = Scripted(temporal_client, EXTRACTING, script)
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

    scripted = Scripted(temporal_client, EXTRACTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.NAVIGATION_BLOCKED)
    assert [call.call.attempt for call in scripted.calls] == [1, 2, 3]


async def test_cancel_interrupts_the_running_step_and_closes_the_browser(
    temporal_client: Client,
) -> None:
    interrupted = asyncio.Event()

    async def script(request: StepRequest) -> Outcome:
        try:
            while True:
                activity.heartbeat()
                await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            interrupted.set()
            raise

    scripted = Scripted(temporal_client, EXTRACTING, script)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.signal(PlanRun.cancel, CancelRequest(reason="enough"))
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("cancelled", HaltClass.CANCELLED)
    assert finish.message == "enough"
    assert interrupted.is_set()
    assert len(scripted.calls) == 1


async def test_cancel_from_the_temporal_ui_ends_cancelled_too(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)

    scripted = Scripted(temporal_client, EXTRACTING, script)
    async with scripted.running() as handle:
        await scripted.started.wait()
        await handle.cancel()
        finish = await handle.result()
    assert finish.status == "cancelled"
    assert scripted.finished[0].finish.status == "cancelled"


async def test_a_terminal_run_exits_before_it_touches_a_browser(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, None)
    async with scripted.running() as handle:
        await handle.result()
    assert scripted.calls == []
    assert scripted.finished == []


async def test_a_plan_that_can_not_be_run_ends_with_its_refusal(temporal_client: Client) -> None:
    scripted = Scripted(temporal_client, None)
    scripted.refusal = Finish(status="failed", halt_class=HaltClass.MODEL_UNAVAILABLE)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert finish == scripted.refusal
    assert scripted.finished[0].finish == scripted.refusal
    assert scripted.calls == []


async def test_without_a_browser_the_run_fails_with_the_sentence_of_the_host(
    temporal_client: Client,
) -> None:
    scripted = Scripted(temporal_client, EXTRACTING)
    scripted.refuse_session = "no Chromium was found: apt-get install chromium"
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert "apt-get install chromium" in finish.message


async def test_a_lost_session_ends_the_run_with_its_rows(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        if request.call.visit == 1 and request.call.index == 1:
            scripted.lose_session.set()
            raise ApplicationError("the session is gone", type="SessionLost", non_retryable=True)
        return await rows(request)

    scripted = Scripted(temporal_client, EXTRACTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.BROWSER_LOST)
    assert scripted.finished[0].state.counters.rows_viable == 1


async def test_the_time_budget_ends_the_run(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        await asyncio.sleep(0.3)
        return Outcome(success=True)

    scripted = Scripted(temporal_client, EXTRACTING, script)
    scripted.max_time_ms = 200
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.TIMEOUT)
    assert len(scripted.calls) == 1


async def test_money_ends_the_run(temporal_client: Client) -> None:
    async def script(request: StepRequest) -> Outcome:
        return Outcome.model_validate({"success": True, "cost": {"claude": 600_000}})

    scripted = Scripted(temporal_client, EXTRACTING, script)
    async with scripted.running() as handle:
        finish = await handle.result()
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.MAX_COST_EXCEEDED)
    assert len(scripted.calls) == 2


pytestmark = pytest.mark.timeout(90)
