"""Runs whose workflow is gone, on a real Temporal with real workers; browsers are scripted."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from activities.runs import RunActivities
from activities.settings import ActivitySettings
from api.dispatcher import Dispatcher
from api.reconciler import Reconciler
from ledger.clock import now_micros
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import (
    Ending,
    Limits,
    NewEvent,
    NewModelCall,
    NewPause,
    NewRow,
    NewRun,
    Reserved,
    RunRow,
    RunStatus,
    StepRecord,
)
from plans.calls import Money, Outcome
from plans.prices import Usage
from plans.step import HaltClass, Perception, TierName
from temporal.client import connect
from temporal.settings import TemporalSettings
from workflows import interfaces, policies
from workflows.close_run import CloseRun
from workflows.interfaces import (
    CloseRequest,
    Nothing,
    SessionEnd,
    SessionRequest,
    StepRequest,
    close_run_id,
    plan_run_id,
    webhook_workflow_id,
)
from workflows.messages import SessionOpened, SessionRef
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox

pytestmark = pytest.mark.timeout(120)

TENANT = "acme"
PLAN = {
    "steps": [
        {"intent": "Go to https://example.com", "type": "navigate"},
        {"intent": "Extract the price", "type": "extract_data"},
        {"intent": "Wait", "type": "wait"},
    ]
}
THROTTLE = timedelta(milliseconds=200)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    yield opened
    await opened.close()


async def admit(ledger: Ledger, **fields: object) -> str:
    run_id = f"20260101_000000_{uuid4().hex[:8]}"
    new = NewRun(
        tenant_id=TENANT,
        run_id=run_id,
        plan=PLAN,
        plan_name="",
        payload={},
        signature="",
        state_key="k",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1_000_000, max_time_ms=600_000, max_run_steps=100),
        created_at=now_micros(),
    )
    admission = await ledger.runs.admit(new.model_copy(update=fields))
    assert isinstance(admission, Admitted)
    return run_id


async def row_of(ledger: Ledger, run_id: str) -> RunRow:
    row = await ledger.runs.get(TENANT, run_id)
    assert row is not None
    return row


async def until_over(ledger: Ledger, run_id: str, within_s: float = 40) -> RunRow:
    async with asyncio.timeout(within_s):
        while True:
            row = await row_of(ledger, run_id)
            if row.status.terminal:
                return row
            await asyncio.sleep(0.05)


async def until_told(ledger: Ledger) -> None:
    async with asyncio.timeout(20):
        while True:
            if not await ledger.outbox.waiting():
                return
            await asyncio.sleep(0.05)


class Browsers:
    """Sessions and steps by script: the first two steps pass, the third goes on for ever."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self.client = client
        self.ledger = ledger
        self.queue = f"host-{uuid4().hex}"
        self.opened: list[str] = []
        self.closed: dict[str, asyncio.Event] = {}
        self.waiting: dict[str, asyncio.Event] = {}

    def event(self, run_id: str) -> asyncio.Event:
        return self.waiting.setdefault(run_id, asyncio.Event())

    @activity.defn(name=interfaces.HOLD_SESSION)
    async def hold_session(self, request: SessionRequest) -> SessionEnd:
        run = request.run
        self.opened.append(run.run_id)
        closed = self.closed.setdefault(run.run_id, asyncio.Event())
        await self.ledger.runs.begin(run.tenant_id, run.run_id, now_micros())
        handle = self.client.get_workflow_handle(plan_run_id(run.tenant_id, run.run_id))
        session = SessionRef(
            session_id="s", host_queue=self.queue, machine_queue=self.queue, epoch=1
        )
        await handle.signal("session_opened", SessionOpened(session=session))
        try:
            while not closed.is_set():
                activity.heartbeat()
                await asyncio.sleep(0.05)
        finally:
            closed.set()
        return SessionEnd(reason="closed")

    @activity.defn(name=interfaces.CLOSE_SESSION)
    async def close_session(self, request: CloseRequest) -> Nothing:
        self.closed[request.run.run_id].set()
        return Nothing()

    @activity.defn(name="navigate")
    async def navigate(self, request: StepRequest) -> Outcome:
        return await self._record(request)

    @activity.defn(name="extract_data")
    async def extract_data(self, request: StepRequest) -> Outcome:
        row = NewRow(key="one", record={"price": "$1"}, viable=True, page_url="https://example.com")
        return await self._record(request, row)

    @activity.defn(name="wait")
    async def wait(self, request: StepRequest) -> Outcome:
        """Ask a model in vain, and then for ever."""
        await self.ledger.spending.release(await self._reserve(request), None, Money(gpu=500))
        self.event(request.run.run_id).set()
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.05)

    async def _reserve(self, request: StepRequest) -> Reserved:
        ticket = await self.ledger.spending.reserve(
            NewModelCall(
                tenant_id=request.run.tenant_id,
                run_id=request.run.run_id,
                call_id=f"{request.call.key}/claude/ground",
                step_index=request.call.index,
                tier=TierName.CLAUDE,
                model="claude-sonnet-5-5",
                kind="ground",
                reserved_micro=9_000,
            )
        )
        assert isinstance(ticket, Reserved)
        return ticket

    async def _record(self, request: StepRequest, *rows: NewRow) -> Outcome:
        call = request.call
        used = Usage(tier=TierName.CLAUDE, model="claude-sonnet-5-5")
        await self.ledger.spending.settle(
            await self._reserve(request), used, Money(claude=2_000), "asks/x"
        )
        event = NewEvent(
            dedup_key=f"{call.key}:step",
            kind="step",
            step_index=call.index,
            body={"success": True, "tier": "dom", "iteration": 0, "cost": 0},
        )
        outcome = Outcome(success=True, tier=TierName.DOM)
        counts = await self.ledger.rows.record_step(
            StepRecord(
                tenant_id=request.run.tenant_id,
                run_id=request.run.run_id,
                call_key=call.key,
                step_index=call.index,
                events=(event,),
                rows=rows,
                outcome=outcome.model_dump(mode="json", exclude_defaults=True),
            )
        )
        return outcome.model_copy(
            update={"rows_added": counts.added, "rows_viable": counts.viable_added}
        )


@asynccontextmanager
async def workers(client: Client, ledger: Ledger, data_dir: Path) -> AsyncIterator[Browsers]:
    """The runs worker as it is, and browsers by script."""
    runs = RunActivities(ledger, ActivitySettings(data_dir=data_dir))
    browsers = Browsers(client, ledger)
    throttles = {
        "max_heartbeat_throttle_interval": THROTTLE,
        "default_heartbeat_throttle_interval": THROTTLE,
    }
    async with (
        Worker(
            client,
            task_queue=interfaces.RUNS_QUEUE,
            workflows=[PlanRun, CloseRun],
            activities=[runs.load_run, runs.finish_run, runs.close_account],
            workflow_runner=sandbox(),
        ),
        Worker(
            client,
            task_queue=interfaces.BROWSERS_QUEUE,
            activities=[browsers.hold_session],
            **throttles,
        ),
        Worker(
            client,
            task_queue=browsers.queue,
            activities=[
                browsers.navigate,
                browsers.extract_data,
                browsers.wait,
                browsers.close_session,
            ],
            **throttles,
        ),
    ):
        yield browsers


@asynccontextmanager
async def dispatching(ledger: Ledger, client: Client) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(ledger, client)
    working = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        await working


def reconciler(ledger: Ledger, client: Client, dispatcher: Dispatcher) -> Reconciler:
    none = timedelta(0)
    return Reconciler(ledger, client, dispatcher, quiet=none, delivery_quiet=none)


async def terminate(client: Client, run_id: str) -> None:
    await client.get_workflow_handle(plan_run_id(TENANT, run_id)).terminate("an operator")


async def test_what_an_operator_terminated_ends_and_what_is_alive_goes_on(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client) as dispatcher,
    ):
        terminated = await admit(ledger, callback_url="https://example.com/hook")
        cancelled = await admit(ledger)
        alive = await admit(ledger)
        dispatcher.wake()
        async with asyncio.timeout(40):
            for run_id in (terminated, cancelled, alive):
                await browsers.event(run_id).wait()
        await terminate(temporal_client, terminated)
        await terminate(temporal_client, cancelled)
        await ledger.runs.request_cancel(TENANT, cancelled, "enough", now_micros())
        dispatcher.wake()
        three = [reconciler(ledger, temporal_client, dispatcher) for _ in range(3)]
        await asyncio.gather(*(one.compare() for one in three))

        row = await until_over(ledger, terminated)
        assert (row.status, row.halt_class) == (RunStatus.FAILED, HaltClass.INTERNAL_ERROR)
        assert "terminated in Temporal" in row.message
        assert browsers.closed[terminated].is_set()
        summary = row.summary
        assert summary is not None
        assert (summary["steps_executed"], summary["viable"]) == (2, 1)
        assert summary["cost_total"] == 0.0045
        assert summary["cost_breakdown"] == {"gpu": 0.0005, "claude": 0.004, "proxy": 0.0}
        assert summary["total_time_s"] > 0
        folder = tmp_path / "tenants" / TENANT / "runs" / terminated
        result = json.loads((folder / "result.json").read_text())
        assert (result["status"], len(result["result"]["rows"])) == ("failed", 1)
        assert [step["cost"] for step in result["result"]["steps"]] == [0.002, 0.002]
        assert "terminated in Temporal" in result["message"]
        assert (folder / "leads.csv").exists()
        delivery = await ledger.deliveries.of_run(TENANT, terminated)
        assert delivery is not None

        row = await until_over(ledger, cancelled)
        assert (row.status, row.message) == (RunStatus.CANCELLED, "enough")
        assert not await ledger.outbox.awaits(TENANT, cancelled, "cancel", "close")

        await three[0].compare()
        assert (await row_of(ledger, alive)).status is RunStatus.RUNNING
        assert not browsers.closed[alive].is_set()
        closing = temporal_client.get_workflow_handle(close_run_id(TENANT, terminated))
        await closing.result()
        await terminate(temporal_client, alive)


async def test_a_paused_run_whose_workflow_sleeps_is_left_alone(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client) as dispatcher,
    ):
        run_id = await admit(ledger)
        dispatcher.wake()
        async with asyncio.timeout(40):
            await browsers.event(run_id).wait()
        asked = NewPause(pause_id="p1", prompt="Code?", reason="user_input", needs_input=True)
        await ledger.pauses.open(TENANT, run_id, asked, now_micros())
        looking = reconciler(ledger, temporal_client, dispatcher)
        for _ in range(3):
            await looking.compare()
        assert (await row_of(ledger, run_id)).status is RunStatus.PAUSED
        assert not await ledger.outbox.awaits(TENANT, run_id, "close", "start")
        await terminate(temporal_client, run_id)
        await looking.compare()
        row = await until_over(ledger, run_id)
        assert (row.status, row.halt_class) == (RunStatus.FAILED, HaltClass.INTERNAL_ERROR)
        assert row.state is not None
        late = await ledger.pauses.newest(TENANT, run_id)
        assert late is not None and late.answered_at is None


async def test_a_profile_is_released_with_the_run_that_was_terminated(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client) as dispatcher,
    ):
        first = await admit(ledger, profile_id="p")
        second = await admit(ledger, profile_id="p")
        dispatcher.wake()
        async with asyncio.timeout(40):
            await browsers.event(first).wait()
        assert second not in browsers.opened
        await terminate(temporal_client, first)
        await reconciler(ledger, temporal_client, dispatcher).compare()
        await until_over(ledger, first)
        async with asyncio.timeout(40):
            await browsers.event(second).wait()
        await terminate(temporal_client, second)


async def test_a_run_that_is_cancelled_before_it_starts_opens_no_browser(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    run_id = await admit(ledger)
    await ledger.runs.request_cancel(TENANT, run_id, "changed my mind", now_micros())
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client),
    ):
        row = await until_over(ledger, run_id)
        await until_told(ledger)
    assert (row.status, row.halt_class) == (RunStatus.CANCELLED, HaltClass.CANCELLED)
    assert row.message == "changed my mind"
    assert run_id not in browsers.opened
    assert (tmp_path / "tenants" / TENANT / "runs" / run_id / "result.json").exists()


async def lose(ledger: Ledger) -> str:
    """A run whose start was carried out by a Temporal that has lost its data since."""
    run_id = await admit(ledger)
    (errand,) = await ledger.outbox.pending(1, now_micros())
    await ledger.outbox.done(errand.id)
    return run_id


async def test_what_temporal_has_lost_starts_again_or_ends(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    queued, running = await lose(ledger), await lose(ledger)
    await ledger.runs.begin(TENANT, running, now_micros())
    idle = Dispatcher(ledger, temporal_client)
    looking = reconciler(ledger, temporal_client, idle)
    await looking.compare()
    assert await ledger.outbox.waiting() == 0, "missed once is not lost"
    await looking.compare()
    assert await ledger.outbox.awaits(TENANT, queued, "start")
    assert await ledger.outbox.awaits(TENANT, running, "close")
    await looking.compare()
    assert await ledger.outbox.waiting() == 2
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client),
    ):
        row = await until_over(ledger, running)
        assert (row.status, row.halt_class) == (RunStatus.FAILED, HaltClass.INTERNAL_ERROR)
        assert "does not know" in row.message
        async with asyncio.timeout(40):
            await browsers.event(queued).wait()
        assert running not in browsers.opened
        await terminate(temporal_client, queued)


async def test_a_webhook_that_temporal_has_lost_is_sent_again(
    ledger: Ledger, temporal_client: Client
):
    run_id = await admit(ledger, callback_url="https://hooks.example/a")
    ending = Ending(status=RunStatus.FAILED, message="", summary={})
    await ledger.runs.finish(TENANT, run_id, ending, now_micros())
    (lost,) = await ledger.deliveries.in_state("pending", TENANT)
    handle = temporal_client.get_workflow_handle(webhook_workflow_id(TENANT, lost.delivery_id))
    async with dispatching(ledger, temporal_client) as dispatcher:
        await until_told(ledger)
        first = (await handle.describe()).run_id
        looking = reconciler(ledger, temporal_client, dispatcher)
        await looking.compare()
        await until_told(ledger)
        assert (await handle.describe()).run_id == first
        await handle.terminate("lost")
        await looking.compare()
        await until_told(ledger)
        again = await handle.describe()
        assert (again.run_id != first, again.status) == (True, WorkflowExecutionStatus.RUNNING)
        await ledger.deliveries.record_try(TENANT, lost.delivery_id, 1, 200, "", "delivered")
        await handle.terminate("lost")
        await looking.compare()
        assert await ledger.outbox.waiting() == 0


async def test_a_run_whose_start_waits_in_the_outbox_is_left_alone(
    ledger: Ledger, temporal_client: Client
):
    run_id = await admit(ledger)
    looking = reconciler(ledger, temporal_client, Dispatcher(ledger, temporal_client))
    for _ in range(3):
        await looking.compare()
    assert (await row_of(ledger, run_id)).status is RunStatus.QUEUED
    assert await ledger.outbox.waiting() == 1


@pytest.mark.parametrize("namespace", ["default", "no-such-namespace"])
async def test_a_temporal_that_cannot_tell_ends_nothing(
    ledger: Ledger, temporal_address: str, nowhere: str, namespace: str
):
    address = nowhere if namespace == "default" else temporal_address
    client = await connect(TemporalSettings(address=address, namespace=namespace), None, lazy=True)
    await lose(ledger)
    looking = reconciler(ledger, client, Dispatcher(ledger, client))
    for _ in range(3):
        await looking.compare()
    assert await ledger.outbox.waiting() == 0


async def test_a_closing_that_comes_too_late_ends_nothing_that_is_alive_again(
    ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    async with (
        workers(temporal_client, ledger, tmp_path) as browsers,
        dispatching(ledger, temporal_client) as dispatcher,
    ):
        run_id = await admit(ledger)
        dispatcher.wake()
        async with asyncio.timeout(40):
            await browsers.event(run_id).wait()
        closing = interfaces.Closing(how=interfaces.WorkflowEnd.TERMINATED, at_ms=0)
        await ledger.outbox.add(TENANT, run_id, "close", now_micros(), closing.model_dump_json())
        dispatcher.wake()
        await until_told(ledger)
        await temporal_client.get_workflow_handle(close_run_id(TENANT, run_id)).result()
        assert (await row_of(ledger, run_id)).status is RunStatus.RUNNING
        await terminate(temporal_client, run_id)


def test_a_lease_is_over_before_its_run_is_closed():
    assert timedelta(seconds=ActivitySettings().lease_ttl_s) < policies.LEASE_OVER
