"""One run of very many calls: how large its histories get, and how long a call takes.

python -m tests.workflows.long_run [CALLS] [CALLS_PER_HISTORY]
"""

import asyncio
import sys
import time

from temporalio.client import Client

from plans.plan import Plan
from plans.step import StepType
from tests.workflows.plain_server import plain_client, plain_server
from tests.workflows.scripted import Scripted, assert_once, step
from workflows.interfaces import RunPolicy


async def long_run(client: Client, calls: int, per_history: int) -> tuple[int, int, float]:
    """Run so many calls; events and bytes of the largest history, and seconds."""
    body = (step(StepType.WAIT, "one"), step(StepType.LOOP, loop_target=0, loop_count=calls // 2))
    scripted = Scripted(client, Plan(steps=body), policy=RunPolicy(calls_per_history=per_history))
    limits = scripted.spec.limits.model_copy(update={"max_time_ms": 3_600_000})
    scripted.spec = scripted.spec.model_copy(update={"limits": limits})
    began = time.monotonic()
    async with scripted.running() as handle:
        finish = await handle.result()
        took = time.monotonic() - began
        events, size = await largest(scripted)
    assert finish.status == "succeeded"
    assert len(scripted.effects) == 2 * (calls // 2) - 1
    assert_once(scripted)
    assert events < 7 * per_history + 100
    return events, size, took


async def largest(scripted: Scripted) -> tuple[int, int]:
    """Events and bytes of the largest of the run's histories."""
    handle = scripted.handle
    info = (await handle.describe()).raw_description.workflow_execution_info
    run_id, events, size = info.first_run_id, 0, 0
    while run_id:
        run = scripted.client.get_workflow_handle(handle.id, run_id=run_id)
        described = (await run.describe()).raw_description.workflow_execution_info
        events = max(events, described.history_length)
        size = max(size, described.history_size_bytes)
        last = [event async for event in run.fetch_history_events()][-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return events, size


async def main(address: str, calls: int, per_history: int) -> None:
    """Measure, and print."""
    events, size, took = await long_run(await plain_client(address), calls, per_history)
    each = took / calls
    print(f"{calls} calls, a new history every {per_history}: {took:.0f} s, {each:.3f} s a call")
    print(f"largest history: {events} events, {size} bytes, {events / per_history:.1f} a call")


if __name__ == "__main__":
    wanted = [int(text) for text in sys.argv[1:]] or [10_000, 500]
    with plain_server() as at:
        asyncio.run(main(at, *wanted))
