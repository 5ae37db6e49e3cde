import asyncio
import logging

import pytest

from ledger.errors import LedgerAway
from ledger.rounds import rounds, rounds_within

log = logging.getLogger("test.rounds")


async def test_no_fault_ends_the_rounds_and_each_is_told(caplog: pytest.LogCaptureFixture):
    faults = [LedgerAway("no database"), OSError("no disk"), ValueError("a fault of ours")]
    done = asyncio.Event()

    async def work() -> None:
        if faults:
            raise faults.pop(0)
        done.set()

    async with rounds_within(work, 0.01, log, "the work"):
        await asyncio.wait_for(done.wait(), 10)
    told = [(one.levelname, one.message) for one in caplog.records]
    assert told[:2] == [
        ("WARNING", "the work failed: no database"),
        ("WARNING", "the work failed: no disk"),
    ]
    assert told[2][0] == "ERROR"


async def test_they_end_when_they_are_told_to_whatever_the_rest():
    stopping, times = asyncio.Event(), 0

    async def work() -> None:
        nonlocal times
        times += 1
        stopping.set()

    await asyncio.wait_for(rounds(work, 3600, log, "the work", stopping), 10)
    assert times == 1


async def test_what_is_under_way_is_cancelled_with_the_block():
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async with rounds_within(work, 0.01, log, "the work"):
        await asyncio.wait_for(begun.wait(), 10)
    assert ended.is_set()
