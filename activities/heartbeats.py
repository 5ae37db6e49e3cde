"""Signs of life of an activity while it does something that takes its time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio import activity

BEAT_S = 1.0


@asynccontextmanager
async def heartbeats() -> AsyncGenerator[None]:
    """Heartbeat every second as long as the block lasts; a cancellation comes in by it too."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_S)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
