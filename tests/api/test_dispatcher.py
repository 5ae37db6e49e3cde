"""The outbox carried out on a real Temporal server; no worker is needed to see that it was."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from api.app import create_app
from api.dispatcher import AT_ONCE, Dispatcher
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import Ending, Limits, NewRun, RunStatus
from ledger.settings import LedgerSettings
from plans.step import Perception
from temporal.client import connect
from temporal.settings import TemporalSettings
from workflows.interfaces import Closing, close_run_id, fairness_key, plan_run_id

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]


@pytest.fixture
async def bare_ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/bare.db")
    yield opened
    await opened.close()


async def admit(ledger: Ledger, run_id: str) -> str:
    admission = await ledger.runs.admit(
        NewRun(
            tenant_id="default",
            run_id=run_id,
            plan={"steps": PLAN},
            plan_name="",
            payload={},
            signature="",
            state_key="k",
            profile_id=None,
            perception=Perception.AUTO,
            limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
            created_at=now_micros(),
        )
    )
    assert isinstance(admission, Admitted)
    return admission.run.run_id


@asynccontextmanager
async def working(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(dispatcher.run()) for dispatcher in dispatchers]
    try:
        yield
    finally:
        for dispatcher in dispatchers:
            dispatcher.stop()
        await asyncio.gather(*tasks)


async def until_empty(ledger: Ledger, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if not await ledger.outbox.waiting():
                return
            await asyncio.sleep(0.02)


async def until_said(text: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(20):
        while True:
            if text in caplog.text:
                return
            await asyncio.sleep(0.02)


async def signals(client: Client, run_id: str) -> list[str]:
    history = await client.get_workflow_handle(plan_run_id("default", run_id)).fetch_history()
    signaled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    return [
        event.workflow_execution_signaled_event_attributes.signal_name
        for event in history.events
        if event.event_type == signaled
    ]


async def test_a_submission_starts_its_workflow_and_cancel_reaches_it(
    temporal_address: str,
    temporal_client: Client,
    settings: ApiSettings,
    ledger_settings: LedgerSettings,
):
    app = create_app(settings, ledger_settings, TemporalSettings(address=temporal_address))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"X-Mantis-Token": "test-token"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://mantis", headers=headers
        ) as client:
            health = await client.get("/health")
            assert (health.status_code, health.json()["ok"]) == (200, True)
            assert (await client.get("/v1/version")).json()["ready"] is True
            answer = await client.post("/v1/predict", json={"task_suite": PLAN})
            run_id = answer.json()["run_id"]
            ledger: Ledger = app.state.service.ledger
            await until_empty(ledger)
            handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
            described = await handle.describe()
            assert described.workflow_type == "PlanRun"
            assert described.task_queue == "runs"
            await client.post(f"/v1/runs/{run_id}/cancel", json={"reason": "enough"})
            await client.post(f"/v1/runs/{run_id}/cancel", json={"reason": "again"})
            await until_empty(ledger)
            assert await signals(temporal_client, run_id) == ["cancel"]
            await handle.terminate()


async def test_several_dispatchers_start_each_run_once(
    bare_ledger: Ledger, temporal_client: Client
):
    runs = [await admit(bare_ledger, f"many-{number}") for number in range(20)]
    async with working(*(Dispatcher(bare_ledger, temporal_client) for _ in range(3))):
        await until_empty(bare_ledger)
    for run_id in runs:
        handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        await handle.terminate()


async def test_a_start_that_is_repeated_starts_nothing_twice(
    bare_ledger: Ledger, temporal_client: Client
):
    run_id = await admit(bare_ledger, "twice")
    (errand,) = await bare_ledger.outbox.pending(1, now_micros())
    dispatcher = Dispatcher(bare_ledger, temporal_client)
    await dispatcher.carry_out(errand)
    handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
    first = (await handle.describe()).run_id
    await dispatcher.carry_out(errand)
    assert (await handle.describe()).run_id == first
    await handle.terminate()
    await dispatcher.carry_out(errand)
    described = await handle.describe()
    assert described.run_id == first
    assert described.status is WorkflowExecutionStatus.TERMINATED


async def test_a_cancel_waits_for_its_workflow_unless_the_run_is_over(
    bare_ledger: Ledger, temporal_client: Client
):
    run_id = await admit(bare_ledger, "early")
    await bare_ledger.runs.request_cancel("default", run_id, "", now_micros())
    start, cancel = await bare_ledger.outbox.pending(2, now_micros())
    dispatcher = Dispatcher(bare_ledger, temporal_client)
    await dispatcher.carry_out(cancel)
    assert await bare_ledger.outbox.waiting() == 2
    await bare_ledger.outbox.done(start.id)
    await bare_ledger.runs.finish(
        "default", run_id, Ending(status=RunStatus.CANCELLED), now_micros()
    )
    await dispatcher.carry_out(cancel)
    assert await bare_ledger.outbox.waiting() == 0


@asynccontextmanager
async def relay(port: int, address: str) -> AsyncIterator[None]:
    """A way to Temporal that can be there or not."""
    host, target = address.split(":")
    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(target))
        writers.extend((writer, far_writer))
        await asyncio.gather(
            pump(reader, far_writer), pump(far_reader, writer), return_exceptions=True
        )

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)


async def test_what_was_submitted_while_temporal_was_away_starts_when_it_is_back(
    bare_ledger: Ledger,
    temporal_address: str,
    temporal_client: Client,
    nowhere: str,
    caplog: pytest.LogCaptureFixture,
):
    far = await connect(TemporalSettings(address=nowhere), None, lazy=True)
    run_id = await admit(bare_ledger, "patient")
    async with working(Dispatcher(bare_ledger, far)):
        await until_said("put off", caplog)
        assert await bare_ledger.outbox.waiting() == 1
        async with relay(int(nowhere.split(":")[1]), temporal_address):
            await until_empty(bare_ledger)
    handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()


async def until_started(client: Client, run_id: str, seconds: float = 20) -> None:
    handle = client.get_workflow_handle(plan_run_id("default", run_id))
    async with asyncio.timeout(seconds):
        while True:
            try:
                await handle.describe()
            except RPCError as fault:
                assert fault.status is RPCStatusCode.NOT_FOUND
                await asyncio.sleep(0.02)
            else:
                return


async def test_poisonous_errands_hold_up_no_other(
    bare_ledger: Ledger, temporal_client: Client, caplog: pytest.LogCaptureFixture
):
    for number in range(3 * AT_ONCE):
        await bare_ledger.outbox.add("default", f"poison-{number}", "close", 1, "no closing")
    async with working(Dispatcher(bare_ledger, temporal_client)):
        run_id = await admit(bare_ledger, "after-poison")
        await until_started(temporal_client, run_id)
    assert await bare_ledger.outbox.waiting() == 3 * AT_ONCE
    assert "fault" in caplog.text and "close of run poison-0 failed" in caplog.text
    await temporal_client.get_workflow_handle(plan_run_id("default", run_id)).terminate()


async def test_an_errand_of_a_newer_build_is_left_to_it(
    bare_ledger: Ledger, temporal_client: Client, tmp_path: Path
):
    await bare_ledger.outbox.add("default", "newer", "close", 1, "")
    with sqlite3.connect(tmp_path / "bare.db") as connection:
        connection.execute("UPDATE run_outbox SET kind = 'dance'")
    connection.close()
    async with working(Dispatcher(bare_ledger, temporal_client)):
        run_id = await admit(bare_ledger, "beside-newer")
        await until_started(temporal_client, run_id)
    assert await bare_ledger.outbox.waiting() == 1
    await temporal_client.get_workflow_handle(plan_run_id("default", run_id)).terminate()


async def test_a_webhook_is_delivered_by_a_workflow_of_its_own_one_at_a_time(
    bare_ledger: Ledger, temporal_client: Client
):
    dispatcher = Dispatcher(bare_ledger, temporal_client)
    await bare_ledger.outbox.add("default", "done", "webhook", 1, "delivery-1")
    (errand,) = await bare_ledger.outbox.pending(1, now_micros())
    await dispatcher.carry_out(errand)
    await dispatcher.carry_out(errand)
    assert await bare_ledger.outbox.waiting() == 0
    handle = temporal_client.get_workflow_handle("webhook/default/delivery-1")
    described = await handle.describe()
    assert (described.workflow_type, described.task_queue) == ("DeliverWebhook", "delivery")
    first = described.run_id
    await handle.terminate()
    await dispatcher.carry_out(errand)
    assert (await handle.describe()).run_id != first, "it is sent again"
    await handle.terminate()


@pytest.mark.parametrize("tenant_id", ["short", "a" * 128, "ü" * 60])
async def test_tenants_take_turns_on_the_shared_queue(
    bare_ledger: Ledger, temporal_client: Client, tenant_id: str
):
    await bare_ledger.outbox.add(tenant_id, "fair", "start", 1)
    (errand,) = await bare_ledger.outbox.pending(1, now_micros())
    await Dispatcher(bare_ledger, temporal_client).carry_out(errand)
    handle = temporal_client.get_workflow_handle(plan_run_id(tenant_id, "fair"))
    described = (await handle.describe()).raw_description.workflow_execution_info
    assert described.priority.fairness_key == fairness_key(tenant_id)
    assert len(described.priority.fairness_key.encode()) <= 64
    await handle.terminate()


@asynccontextmanager
async def black_hole() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A Temporal that takes connections and never answers; set once it has taken one."""
    taken, over = asyncio.Event(), asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
    finally:
        over.set()
        server.close()


async def test_errands_of_a_dispatcher_that_is_cancelled_are_not_lost(
    bare_ledger: Ledger, temporal_client: Client
):
    runs = [await admit(bare_ledger, f"left-{number}") for number in range(AT_ONCE + 4)]
    async with black_hole() as (address, taken):
        silent = await connect(TemporalSettings(address=address), None, lazy=True)
        doomed = asyncio.create_task(Dispatcher(bare_ledger, silent).run())
        async with asyncio.timeout(20):
            await taken.wait()
        doomed.cancel()
        with suppress(asyncio.CancelledError):
            await doomed
    assert await bare_ledger.outbox.waiting() == len(runs)
    later = Dispatcher(bare_ledger, temporal_client, lambda: now_micros() + 60_000_000)
    async with working(later):
        await until_empty(bare_ledger)
    for run_id in runs:
        handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
        await handle.terminate()


async def test_a_temporal_that_takes_connections_and_is_silent_is_away(
    bare_ledger: Ledger, caplog: pytest.LogCaptureFixture
):
    run_id = await admit(bare_ledger, "silent")
    async with black_hole() as (address, _):
        silent = await connect(TemporalSettings(address=address), None, lazy=True)
        async with working(Dispatcher(bare_ledger, silent)):
            await until_said(f"start of run {run_id} put off", caplog)
    assert await bare_ledger.outbox.waiting() == 1


async def test_many_submissions_start_within_a_second_of_the_return_of_temporal(
    bare_ledger: Ledger, temporal_address: str, temporal_client: Client, nowhere: str
):
    far = await connect(TemporalSettings(address=nowhere), None, lazy=True)
    runs = [await admit(bare_ledger, f"return-{number}") for number in range(40)]
    async with working(*(Dispatcher(bare_ledger, far) for _ in range(3))):
        await asyncio.sleep(8)
        async with relay(int(nowhere.split(":")[1]), temporal_address):
            began = time.monotonic()
            await until_empty(bare_ledger)
            took = time.monotonic() - began
    assert took < 2.5, "one second, and what 40 starts take on two busy cores"
    for run_id in runs:
        handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
        await handle.terminate()


async def test_a_cancel_of_a_run_whose_workflow_was_terminated_has_it_closed(
    bare_ledger: Ledger, temporal_client: Client
):
    run_id = await admit(bare_ledger, "gone")
    (start,) = await bare_ledger.outbox.pending(1, now_micros())
    dispatcher = Dispatcher(bare_ledger, temporal_client)
    await dispatcher.carry_out(start)
    await temporal_client.get_workflow_handle(plan_run_id("default", run_id)).terminate()
    await bare_ledger.runs.request_cancel("default", run_id, "", now_micros())
    (cancel,) = await bare_ledger.outbox.pending(1, now_micros())
    await dispatcher.carry_out(cancel)
    (close,) = await bare_ledger.outbox.pending(5, now_micros())
    assert close.kind == "close"
    assert Closing.model_validate_json(close.reason).how == "terminated"
    await dispatcher.carry_out(close)
    handle = temporal_client.get_workflow_handle(close_run_id("default", run_id))
    assert (await handle.describe()).workflow_type == "CloseRun"
    await handle.terminate()
