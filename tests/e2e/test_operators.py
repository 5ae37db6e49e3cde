"""What operators do from Temporal's Web UI and with signals of the system: how runs take it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psutil
import pytest
from temporalio.client import Client, WorkflowHandle

from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.e2e.live import Api, Document, LiveStack, Site, eventually
from workflows.interfaces import plan_run_id

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(240)]

WITHIN_S = 90
OPEN: Document = {"type": "navigate", "intent": "Open {{demo_site}}/boats"}
ASK: Document = {
    "type": "request_user_input",
    "intent": "Ask which boat",
    "params": {"prompt": "Which boat?"},
    "out_var": "boat",
}
PAUSING: list[Document] = [OPEN, ASK, OPEN]
BROWSING: list[Document] = [
    {"type": "navigate", "intent": f"Open {{{{demo_site}}}}/boats?page={page}"}
    for page in range(1, 40)
]
ANSWER = "the pelican 7731"

Act = Callable[[WorkflowHandle[object, object]], Awaitable[None]]


def operate(stack: LiveStack, run_id: str, act: Act) -> None:
    """Do something to a run's workflow, as the Temporal UI does it."""

    async def connected() -> Client:
        port = (stack.data_dir / "temporal.ports").read_text().split()[0]
        keyring = Keyring.load(LedgerSettings(data_dir=stack.data_dir, database_url=""))
        return await connect(TemporalSettings(address=f"127.0.0.1:{port}"), keyring)

    async def main() -> None:
        client = await connected()
        await act(client.get_workflow_handle(plan_run_id("default", run_id)))

    asyncio.run(main())


async def cancel(handle: WorkflowHandle[object, object]) -> None:
    await handle.cancel()


async def terminate(handle: WorkflowHandle[object, object]) -> None:
    await handle.terminate("an operator")


def until_status(api: Api, run_id: str, status: str) -> Document:
    eventually(
        lambda: api.get(run_id, "status")["status"] == status, WITHIN_S, f"{run_id} is {status}"
    )
    return api.get(run_id, "status")


def test_runs_are_ended_from_the_ui(api: Api, stack: LiveStack, site: Site) -> None:
    """Paused ones and running ones, cancelled and terminated; nothing reaches the site after."""
    acts: list[Act] = [cancel, terminate, cancel, terminate]
    paused = [api.submit(PAUSING) for _ in acts[:2]]
    running = [api.submit(BROWSING) for _ in acts[2:]]
    for run_id in paused:
        until_status(api, run_id, "paused")
    for run_id in running:
        api.wait_for_steps(run_id, 2)
    for run_id, act in zip(paused + running, acts, strict=True):
        operate(stack, run_id, act)
    for run_id, act in zip(paused + running, acts, strict=True):
        _is_ended_by(act, api.wait(run_id, WITHIN_S))
    seen = len(site.requests())
    for run_id in paused:
        answer = api.client.post(f"/v1/runs/{run_id}/resume", json={"user_input": "x"})
        assert answer.status_code == 400
        assert "prompt" not in api.get(run_id, "status")
    eventually(lambda: not stack.browsers(), WITHIN_S, "every browser is gone")
    assert len(site.requests()) == seen


def _is_ended_by(act: Act, result: Document) -> None:
    if act is cancel:
        assert (result["status"], result["error"]) == ("cancelled", "cancelled"), result
    else:
        assert (result["status"], result["error"]) == ("failed", "internal_error"), result
        assert "terminated in Temporal" in result["message"]


def test_a_pause_is_answered_by_signal(api: Api, stack: LiveStack) -> None:
    run_id = api.submit(PAUSING)
    until_status(api, run_id, "paused")

    async def resume(handle: WorkflowHandle[object, object]) -> None:
        await handle.signal("resume")
        await handle.signal("resume", {"user_input": ANSWER})

    operate(stack, run_id, resume)
    result = api.wait(run_id, WITHIN_S)
    assert result["status"] == "succeeded", result
    for part in ("result", "status", "logs", "events"):
        assert ANSWER not in api.client.get(f"/v1/runs/{run_id}/{part}").text
    for name in ("worker-runs", "worker-browsers", "api"):
        assert ANSWER not in stack.log(name)


def test_a_run_is_paused_and_resumed_by_signals_without_a_message(
    api: Api, stack: LiveStack
) -> None:
    run_id = api.submit(BROWSING[:12])
    api.wait_for_steps(run_id, 1)

    async def pause(handle: WorkflowHandle[object, object]) -> None:
        await handle.signal("pause")

    async def resume(handle: WorkflowHandle[object, object]) -> None:
        await handle.signal("resume")

    operate(stack, run_id, pause)
    status = until_status(api, run_id, "paused")
    assert (status["reason"], status["needs_input"]) == ("external", False)
    operate(stack, run_id, resume)
    result = api.wait(run_id, WITHIN_S)
    assert result["status"] == "succeeded", result
    assert result["summary"]["steps_executed"] == 12


def test_drained_workers_lose_no_run(api: Api, stack: LiveStack) -> None:
    """SIGTERM as of a rolling update; `serve` starts the next workers."""
    run_id = api.submit(BROWSING[:16])
    for steps, name in ((2, "worker-browsers"), (6, "worker-runs")):
        api.wait_for_steps(run_id, steps)
        drained = worker(stack, name)
        assert drained is not None
        drained.send_signal(signal.SIGTERM)
        eventually(lambda d=drained: not psutil.pid_exists(d.pid), WITHIN_S, f"{name} has ended")
    result = api.wait(run_id, WITHIN_S)
    assert result["status"] == "succeeded", result
    assert result["summary"]["steps_executed"] == 16
    assert [step["attempts"] for step in result["result"]["steps"]] == [1] * 16
    for name in ("worker-browsers", "worker-runs"):
        eventually(lambda n=name: worker(stack, n), WITHIN_S, f"another {name} runs")


def worker(stack: LiveStack, name: str) -> psutil.Process | None:
    for process in psutil.Process(stack.process.pid).children():
        with suppress(psutil.Error):
            if process.environ().get("MANTIS_PROCESS_NAME") == name:
                return process
    return None
