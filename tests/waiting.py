"""Waiting for a condition, with a deadline."""

import asyncio
import time
from collections.abc import Callable


async def until(holds: Callable[[], bool], within_s: float = 20) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)
