"""A run's events as a server-sent event stream (contract, section 6)."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.feeds.feed import Batch, Watch
from api.feeds.feeds import Feeds
from api.feeds.frames import PING, phase_frame, terminal_frame
from ledger.clock import Micros
from ledger.errors import LedgerAway
from ledger.models import Phase, RunRow

AWAY_S = 1.0
"""How long to wait for a ledger that is away before asking it again."""
GRACE_S = 5.0
"""How long after its end a stream may wait for its reader to take what was sent."""


@dataclass(frozen=True, slots=True)
class Times:
    """The clock of a stream, in seconds. Lives differ, so that not all come back at once."""

    ping_s: float = 25.0
    life_s: float = 600.0
    spread_s: float = 20.0


class EventStream(Response):
    """Answers with the frames of a run until it is over, its reader gone, or its time up.

    It stands on ASGI itself: each `send` waits until the reader has taken what came before,
    so that a slow one holds back itself alone.
    """

    media_type = "text/event-stream"

    def __init__(self, feeds: Feeds, row: RunRow, cursor: Micros, times: Times) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feeds = feeds
        self._row = row
        self._cursor = cursor
        self._times = times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream.

        Raises:
            LedgerAway: the database can't be reached; before the answer has begun only.
        """
        async with self._feeds.watch(self._row) as watch:
            listening = asyncio.create_task(_until_gone(receive, watch))
            try:
                await self._send(send, watch)
            finally:
                listening.cancel()
                await asyncio.wait([listening])

    async def _send(self, send: Send, watch: Watch) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        life_s = self._times.life_s - random.uniform(0, self._times.spread_s)
        try:
            async with (
                asyncio.timeout(life_s + GRACE_S),
                aclosing(
                    frames(self._row.run_id, watch, self._cursor, self._times.ping_s, life_s)
                ) as parts,
            ):
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        except TimeoutError:
            return  # the reader takes nothing: the server drops the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def frames(
    run_id: str, watch: Watch, cursor: Micros, ping_s: float, life_s: float
) -> AsyncGenerator[bytes]:
    """The frames of a stream, several of them joined where they are at hand together.

    Ends with a `terminal` frame where the run is over, without where the stream is.
    """
    now = asyncio.get_running_loop().time
    end, ping = now() + life_s, now() + ping_s
    shown: Phase | None = None
    while True:
        watch.clear()
        head = watch.head
        if head.phase is not shown:
            shown = head.phase
            yield phase_frame(run_id, head)
        away, batch = await _next(watch, cursor)
        if batch is not None:
            cursor = batch.last
            yield batch.frames
        elif head.status.terminal and not away:
            yield terminal_frame(run_id, head)
            return
        if now() >= ping:
            ping = now() + ping_s
            yield PING
        if watch.closed or now() >= end:
            return
        if batch is None:
            until = min(ping, end, now() + AWAY_S) if away else min(ping, end)
            await watch.wait(until - now())


async def _next(watch: Watch, cursor: Micros) -> tuple[bool, Batch | None]:
    """Whether the ledger is away, and the next frames where there are any."""
    try:
        return False, await watch.after(cursor)
    except LedgerAway:
        return True, None


async def _until_gone(receive: Receive, watch: Watch) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watch.leave()
