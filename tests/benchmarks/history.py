"""What a run leaves in Temporal: events and bytes a step, and how large a long run's get.

A run of cheap steps in nested loops on a light page, on the real stack. Its workflow continues
as new, so that no history grows with the length of the run.

usage: python -m tests.benchmarks.history [--steps 10000] [--json FILE]
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from temporalio.client import Client

from tests.benchmarks.stacked import Document, Running, running
from workflows.interfaces import plan_run_id

PASSES = 25
"""Turns of the inner loop in one of the outer loop."""
BODY = 4
"""Steps of one turn of the inner loop."""
_MAX_EVENTS = 20_000
"""Well below the 51,200 at which Temporal ends a workflow."""


@dataclass(frozen=True)
class History:
    """One workflow run of the chain."""

    run_id: str
    events: int
    size: int


@dataclass(frozen=True)
class Long:
    """A run of many steps: how it ended, in how long, and its histories."""

    status: str
    steps: int
    seconds: float
    histories: list[History]

    @property
    def events(self) -> int:
        """Events of the whole chain."""
        return sum(one.events for one in self.histories)

    @property
    def size(self) -> int:
        """Bytes of the whole chain."""
        return sum(one.size for one in self.histories)


def plan(site: str, steps: int) -> list[Document]:
    """At least so many steps: waits of no time and looks at a light page, in two loops."""
    wait: Document = {"type": "wait", "intent": "Wait", "params": {"seconds": 0}}
    look: Document = {"type": "detect_visible", "intent": 'The text "Inbox" is visible'}
    passes = -(-steps // (PASSES * BODY))
    return [
        {"type": "navigate", "intent": f"Open {site}/inbox", "required": True},
        wait,
        look,
        wait,
        look,
        {"type": "loop", "intent": "Repeat", "loop_target": 1, "loop_count": PASSES},
        {"type": "loop", "intent": "Repeat it all", "loop_target": 1, "loop_count": passes},
    ]


async def chain(client: Client, workflow_id: str) -> AsyncIterator[History]:
    """The workflow runs of one id, as the server counts them."""
    async for found in client.list_workflows(f'WorkflowId="{workflow_id}"'):
        handle = client.get_workflow_handle(workflow_id, run_id=found.run_id)
        info = (await handle.describe()).raw_description.workflow_execution_info
        yield History(found.run_id, info.history_length, info.history_size_bytes)


async def measure(steps: int, settings: Mapping[str, str] | None = None) -> Long:
    """Do the run; tell how far it is now and then."""
    settings = {
        **(settings or {}),
        "MANTIS_MAX_LOOP_ITERATIONS": str(steps),
        "MANTIS_MAX_RUN_STEPS": str(2 * steps),
        "MANTIS_MAX_RUNTIME_MINUTES": "600",
    }
    async with running(settings) as bench:
        began = time.monotonic()
        run_id = await bench.submit(plan(bench.site, steps), max_time_minutes=600)
        status = await _until_over(bench, run_id, began)
        seconds = time.monotonic() - began
        summary = (await bench.get(run_id, "status"))["summary"]
        port = (bench.data_dir / "temporal.ports").read_text().split()[0]
        client = await Client.connect(f"127.0.0.1:{port}")
        await asyncio.sleep(3)
        found = [one async for one in chain(client, plan_run_id("default", run_id))]
        return Long(status, summary["steps_executed"], seconds, found)


async def _until_over(bench: Running, run_id: str, began: float) -> str:
    told = time.monotonic()
    while True:
        status: str = (await bench.get(run_id))["status"]
        if status in ("succeeded", "failed", "cancelled"):
            return status
        if time.monotonic() - told > 30:
            told = time.monotonic()
            tail = (await bench.get(run_id, "logs?tail=1"))["events"]
            sys.stdout.write(f"{told - began:7.0f} s {tail}\n")
            sys.stdout.flush()
        await asyncio.sleep(1)


def main() -> int:
    """Measure and print; 1 where the run did not succeed or a history grew too long."""
    parser = argparse.ArgumentParser(description="Histories of a long run.")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="also write the histories to this file")
    arguments = parser.parse_args()
    done = asyncio.run(measure(arguments.steps))
    largest = max(done.histories, key=lambda one: one.size)
    steps = max(done.steps, 1)
    sys.stdout.write(
        f"{done.status}: {done.steps} steps in {done.seconds:.0f} s "
        f"({done.seconds / steps * 1000:.0f} ms a step)\n"
        f"a step: {done.events / steps:.1f} events, {done.size / steps:.0f} bytes\n"
        f"workflow runs: {len(done.histories)}; largest history: {largest.events} events, "
        f"{largest.size} bytes\n"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(done), indent=1))
    good = done.status == "succeeded" and largest.events < _MAX_EVENTS
    return 0 if good and done.steps >= arguments.steps else 1


if __name__ == "__main__":
    sys.exit(main())
