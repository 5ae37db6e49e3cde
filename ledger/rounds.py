"""Work that a process does again and again, as long as it lives."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from ledger.errors import LedgerAway


async def rounds(
    work: Callable[[], Awaitable[None]],
    every_s: float,
    log: logging.Logger,
    what: str,
    stopping: asyncio.Event | None = None,
) -> None:
    """Do it, then rest, until stopped or cancelled; one fault must not end it.

    Args:
        work: one round.
        every_s: the rest after each, seconds.
        log: where its faults are told.
        what: what is done, for a sentence: `what failed`.
        stopping: set to let this return.
    """
    stop = stopping or asyncio.Event()
    while not stop.is_set():
        try:
            await work()
        except (LedgerAway, OSError) as away:
            log.warning("%s failed: %s", what, away)
        except Exception:  # the edge of all background work of the processes
            log.exception("%s failed", what)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)


@asynccontextmanager
async def rounds_within(
    work: Callable[[], Awaitable[None]], every_s: float, log: logging.Logger, what: str
) -> AsyncGenerator[None]:
    """Rounds beside a block, as long as it lasts; arguments as of `rounds`."""
    task = asyncio.create_task(rounds(work, every_s, log, what), name=what)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
