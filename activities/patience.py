"""Waiting for a ledger that is away for a moment: what a step has done must not be lost for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ledger.errors import LedgerAway

_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)

T = TypeVar("T")

log = logging.getLogger("mantis.steps")


async def patiently(work: Callable[[], Awaitable[T]], pauses_s: Sequence[float] = _PAUSES_S) -> T:
    """Do what may be done again until the ledger answers, for some 16 s.

    Raises:
        LedgerAway: it did not in all that time.
    """
    for pause_s in pauses_s:
        try:
            return await work()
        except LedgerAway as away:
            log.warning("the ledger is asked again in %g s: %s", pause_s, away)
        await asyncio.sleep(pause_s)
    return await work()
