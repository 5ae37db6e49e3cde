"""How long the questions of a light tenant wait while another one floods a pool.

Runs of five tenants ask a pool of capacity 2 one question after another, on a real Temporal:
16 runs of the tenant that floods, one run of each of four others. A wait is counted in calls:
how many the pool began between a question's scheduling and its own start, by its capacity.

usage: python -m tests.benchmarks.fairness [--latency 0.8] [--questions 6]
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from ledger.ledger import Ledger
from ledger.model_health import Looked
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.step import TierName
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.activities.models.calling import Caller, serving
from tests.activities.models.one_question import WORKFLOWS, ManyQuestions
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says
from tests.workflows.plain_server import plain_server
from workflows.sandbox import sandbox

CAPACITY = 2
FLOOD = "flood"
LIGHT = ("light-1", "light-2", "light-3", "light-4")
RUNS_OF_FLOOD = 16
TARGET_P95_CALLS = 3.0


@dataclass(frozen=True)
class Waited:
    """One question: whose, and when it was scheduled and started."""

    tenant: str
    scheduled: datetime
    started: datetime

    @property
    def seconds(self) -> float:
        return (self.started - self.scheduled).total_seconds()


async def measure(caller: Caller, questions: int, runs_of_flood: int) -> list[Waited]:
    """Have all runs ask so many questions each; what each question has waited."""
    tenants = [*[FLOOD] * runs_of_flood, *LIGHT]
    handles = {
        handle: tenant for tenant in tenants for handle in [await _start(caller, tenant, questions)]
    }
    answered = await asyncio.gather(*(handle.result() for handle in handles))
    assert answered == [questions] * len(tenants), answered
    found = [await _waits(handle, tenant) for handle, tenant in handles.items()]
    return [wait for waits in found for wait in waits]


async def _start(caller: Caller, tenant: str, questions: int) -> WorkflowHandle[ManyQuestions, int]:
    run = await caller.a_run(tenant)
    ask = await caller.ground(run)
    requests = [
        await caller.request(run, ask, turn=turn, time_left_ms=600_000) for turn in range(questions)
    ]
    return await caller.client.start_workflow(
        ManyQuestions.run,
        requests,
        id=f"questions/{tenant}/{uuid.uuid4().hex}",
        task_queue=caller.queue,
        execution_timeout=timedelta(minutes=10),
    )


async def _waits(handle: WorkflowHandle[ManyQuestions, int], tenant: str) -> list[Waited]:
    scheduled: dict[int, datetime] = {}
    found: list[Waited] = []
    async for event in handle.fetch_history_events():
        at = event.event_time.ToDatetime()
        match event.event_type:
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                scheduled[event.event_id] = at
            case EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
                of = event.activity_task_started_event_attributes.scheduled_event_id
                found.append(Waited(tenant, scheduled[of], at))
            case _:
                pass
    return found


def in_calls(waited: Waited, everyone: Sequence[Waited], capacity: int = CAPACITY) -> float:
    """The wait, counted in calls."""
    before = sum(waited.scheduled <= one.started < waited.started for one in everyone)
    return before / capacity


def p95(values: Sequence[float]) -> float:
    """The 95th percentile."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def table(waits: Sequence[Waited]) -> list[str]:
    """Questions of each tenant: how many, and how long they have waited."""
    lines = [f"{'tenant':10} questions   median      p95   p95 in calls"]
    for tenant in (FLOOD, *LIGHT):
        mine = [one for one in waits if one.tenant == tenant]
        times = [one.seconds for one in mine]
        calls = p95([in_calls(one, waits) for one in mine])
        lines.append(
            f"{tenant:10} {len(mine):9} {statistics.median(times):8.2f} {p95(times):8.2f} "
            f"{calls:14.1f}"
        )
    return lines


def light_p95(waits: Sequence[Waited]) -> float:
    """The 95th percentile of the waits of all light tenants, in calls."""
    return p95([in_calls(one, waits) for one in waits if one.tenant != FLOOD])


async def _run(address: str, folder: Path, latency_s: float, questions: int) -> list[Waited]:
    with SGLang(answer=lambda _: Says({"x": 500, "y": 500}), latency_s=latency_s) as pool:
        os.environ |= {
            "MANTIS_DATA_DIR": str(folder / "data"),
            "MANTIS_HOLO3_URL": f"{pool.url}/v1",
            "MANTIS_HOLO3_CAPACITY": str(CAPACITY),
            "MANTIS_HOLO3_CHECK_S": "120",
            "TEMPORAL_ADDRESS": address,
        }
        settings = LedgerSettings()
        keyring = Keyring.load(settings)
        ledger = await Ledger.open(settings.url, keyring=keyring)
        await ledger.model_health.note(Looked(tier=TierName.HOLO3, ok=True, detail="not asked"))
        try:
            return await _measured(await _connect(keyring), ledger, folder, questions)
        finally:
            await ledger.close()


async def _measured(client: Client, ledger: Ledger, folder: Path, questions: int) -> list[Waited]:
    caller = Caller(client, ledger, folder / "data")
    worker = Worker(client, task_queue=caller.queue, workflows=WORKFLOWS, workflow_runner=sandbox())
    async with worker, serving(client, ledger, "perception"):
        return await measure(caller, questions, RUNS_OF_FLOOD)


async def _connect(keyring: Keyring) -> Client:
    async with asyncio.timeout(60):
        while True:
            try:
                return await connect(TemporalSettings(), keyring)
            except RuntimeError:
                await asyncio.sleep(0.2)


def main() -> int:
    """Measure and print; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description="Waits on a pool that one tenant floods.")
    parser.add_argument("--latency", type=float, default=0.8, help="seconds of a call")
    parser.add_argument("--questions", type=int, default=6, help="of each run")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, plain_server() as address:
        waits = asyncio.run(_run(address, Path(folder), arguments.latency, arguments.questions))
    calls = light_p95(waits)
    sys.stdout.write("\n".join(table(waits)) + "\n")
    sys.stdout.write(f"light tenants: p95 {calls:.1f} calls, target {TARGET_P95_CALLS:.0f}\n")
    return int(calls > TARGET_P95_CALLS)


if __name__ == "__main__":
    sys.exit(main())
