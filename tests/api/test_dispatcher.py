"""The outbox carried out on a real Temporal server; no worker is needed to see that it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

from api.app import create_app
from api.dispatcher import Dispatcher
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Admitted, Ending, Limits, NewRun, RunStatus
from ledger.settings import LedgerSettings
from plans.step import Perception
from temporal.client import connect
from temporal.settings import TemporalSettings
from workflows.interfaces import plan_run_id

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
    far = await connect(TemporalSettings(address=nowhere), lazy=True)
    run_id = await admit(bare_ledger, "patient")
    async with working(Dispatcher(bare_ledger, far)):
        await until_said("put off", caplog)
        assert await bare_ledger.outbox.waiting() == 1
        async with relay(int(nowhere.split(":")[1]), temporal_address):
            await until_empty(bare_ledger)
    handle = temporal_client.get_workflow_handle(plan_run_id("default", run_id))
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()
