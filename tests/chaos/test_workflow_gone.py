"""A run whose workflow an operator terminated, and then reset, in Temporal; a real browser."""

import asyncio
import time
from uuid import uuid4

import httpx
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus

from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.chaos.plans import reading
from tests.chaos.service import Service, wait_for
from workflows.interfaces import plan_run_id

pytestmark = [pytest.mark.stack, pytest.mark.browser]

BROWSING: list[dict[str, object]] = [
    {"type": "navigate", "intent": f"Open {{{{demo_site}}}}/boats?seller=private&page={page}"}
    for page in range(1, 150)
]


async def temporal_of(service: Service) -> Client:
    port = (service.data_dir / "temporal.ports").read_text().split()[0]
    keyring = Keyring.load(LedgerSettings(data_dir=service.data_dir))
    return await connect(TemporalSettings(address=f"127.0.0.1:{port}"), keyring)


def requests(service: Service) -> int:
    return len(httpx.get(f"{service.site}/_oracle/requests").json()["requests"])


async def terminate(service: Service, run_id: str) -> None:
    client = await temporal_of(service)
    await client.get_workflow_handle(plan_run_id("default", run_id)).terminate("an operator")


async def reset_after_loading(service: Service, run_id: str) -> WorkflowExecutionStatus | None:
    """Reset to where the run was read and no browser was asked for; how that ends."""
    client = await temporal_of(service)
    handle = client.get_workflow_handle(plan_run_id("default", run_id))
    completed = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    history = await handle.fetch_history()
    points = [event.event_id for event in history.events if event.event_type == completed]
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(
                workflow_id=handle.id, run_id=(await handle.describe()).run_id
            ),
            reason="an operator",
            request_id=str(uuid4()),
            workflow_task_finish_event_id=points[1],
        )
    )
    again = client.get_workflow_handle(handle.id, run_id=answer.run_id)
    await asyncio.wait_for(again.result(), 40)
    return (await again.describe()).status


def test_a_terminated_run_ends_nothing_reaches_the_site_and_a_reset_wakes_it_not(
    service: Service,
) -> None:
    run_id = service.submit(reading() + BROWSING)
    service.until_step(run_id, 5)
    asyncio.run(terminate(service, run_id))
    result = service.until_over(run_id, within_s=45)
    seen = requests(service)
    assert (result["status"], result["error"]) == ("failed", "internal_error")
    assert "terminated in Temporal" in str(result["message"])
    assert len(result["result"]["rows"]) == 1
    summary = result["result"]["summary"]
    assert summary["steps_executed"] == len(result["result"]["steps"]) >= 5
    assert (summary["viable"], summary["tiers"]["dom"] > 0) == (1, True)
    artifact = service.api.get(f"/v1/runs/{run_id}/artifacts/result.json")
    assert artifact.json()["status"] == "failed"
    service.until_nothing_left(20)

    status = asyncio.run(reset_after_loading(service, run_id))
    assert status is WorkflowExecutionStatus.COMPLETED
    assert not service.processes("chromium")
    assert requests(service) == seen
    assert service.status(run_id)["status"] == "failed"


def test_a_cancel_after_the_termination_ends_the_run_within_ten_seconds(service: Service) -> None:
    run_id = service.submit(reading() + BROWSING)
    service.until_step(run_id, 4)
    asyncio.run(terminate(service, run_id))
    began = time.monotonic()
    service.cancel(run_id)
    wait_for(lambda: service.status(run_id)["status"] == "cancelled", "the cancel", 15)
    assert time.monotonic() - began < 12
    service.until_nothing_left(20)
