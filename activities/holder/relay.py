"""Copying bytes both ways between two connections."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

CHUNK = 64 * 1024
_HALF_CLOSED_S = 15.0
"""How long the other direction may go on after one has ended."""


@dataclass(frozen=True)
class Direction:
    """From `reader` to `writer`; `count` is told the bytes of each piece.

    `before` is awaited with each piece before it goes on.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    count: Callable[[int], None]
    before: Callable[[bytes], Awaitable[None]] | None = None

    async def pump(self) -> None:
        """Copy until the reader ends, then pass the end on."""
        while data := await self.reader.read(CHUNK):
            if self.before is not None:
                await self.before(data)
            self.count(len(data))
            self.writer.write(data)
            await self.writer.drain()
        with contextlib.suppress(OSError):
            self.writer.write_eof()


async def relay(one: Direction, other: Direction) -> None:
    """Copy both ways until both have ended, or one failed."""
    tasks = [asyncio.create_task(direction.pump()) for direction in (one, other)]
    try:
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if pending and not any(task.exception() for task in done):
            await asyncio.wait(pending, timeout=_HALF_CLOSED_S)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
