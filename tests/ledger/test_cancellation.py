import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from ledger.ledger import Ledger
from ledger.models import NewEvent, NewRow, NewRun, StepRecord
from ledger.whole import whole

RUN = ("acme", "20260101_000000_0000abcd")


def step(name: str) -> StepRecord:
    return StepRecord(
        tenant_id=RUN[0],
        run_id=RUN[1],
        call_key=name,
        step_index=1,
        events=(NewEvent(dedup_key=name, kind="step"),),
        rows=(NewRow(key=name, record={}, viable=True, page_url=""),),
    )


async def test_cancelled_writers_leave_nothing_half_done_and_nobody_waiting(
    ledger: Ledger, new_run: Callable[..., NewRun]
):
    await ledger.runs.admit(new_run())
    chance = random.Random(7)
    for number in range(40):
        tasks = [
            asyncio.create_task(ledger.rows.record_step(step(f"{number}.{part}")))
            for part in range(3)
        ]
        await asyncio.sleep(chance.random() * 0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(10):
            await ledger.runs.get(*RUN)
            await ledger.events.append(*RUN, [NewEvent(dedup_key=f"after {number}", kind="log")])
    steps = await ledger.events.of_kind(*RUN, "step")
    rows = await ledger.rows.read(*RUN)
    assert {event.dedup_key for event in steps} == {row.key for row in rows}


async def test_an_operation_ends_before_its_caller_is_cancelled():
    ended = asyncio.Event()
    begun = asyncio.Event()

    @whole
    async def operation() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()

    task = asyncio.create_task(_call(operation))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_an_operation_that_fails_says_so():
    @whole
    async def operation() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await operation()


async def _call(operation: Callable[[], Awaitable[None]]) -> None:
    await operation()
