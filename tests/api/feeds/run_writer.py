"""Writes to a run, and waits for what follows from it."""

import asyncio
from collections.abc import Callable

from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, NewEvent, RunRow, RunStatus


def step(number: int, **body: object) -> NewEvent:
    return NewEvent.model_validate(
        {"dedup_key": f"step:{number}", "kind": "step", "step_index": number, "body": body}
    )


async def finish(ledger: Ledger, run: RunRow) -> None:
    ending = Ending(status=RunStatus.SUCCEEDED)
    assert await ledger.runs.finish(run.tenant_id, run.run_id, ending, now_micros())


async def eventually(condition: Callable[[], object], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def stream_tasks() -> int:
    """How many tasks of this process serve an event stream."""
    names = {"_until_gone", "RequestResponseCycle.run_asgi"}
    return sum(
        getattr(task.get_coro(), "__qualname__", "") in names for task in asyncio.all_tasks()
    )
