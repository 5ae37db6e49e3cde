"""Trouble on demand for the whole site: it hangs, is slow, or answers late."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNTROUBLED = ("/_oracle", "/inbox")
MAX_SECONDS = 120.0

Trouble = Literal["hang", "late", "slow"]


@dataclass
class Knobs:
    """What is wrong with the site now, and until when.

    `hang`: requests wait at the door until it is over, and are handled then. `late`: they are
    handled at once, but the answer waits. `slow`: each request takes `delay_s` longer.
    """

    trouble: Trouble | None = None
    until: float = 0.0
    delay_s: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def turn(self, trouble: Trouble, seconds: float, delay_s: float = 0.0) -> None:
        """Begin a trouble that ends by itself; it ends the one before."""
        self.reset()
        self.trouble = trouble
        self.until = time.monotonic() + min(max(seconds, 0.0), MAX_SECONDS)
        self.delay_s = min(max(delay_s, 0.0), MAX_SECONDS)

    def reset(self) -> None:
        """End any trouble, for those who wait too."""
        self.over.set()
        self.trouble, self.until, self.over = None, 0.0, asyncio.Event()

    async def at_the_door(self) -> None:
        """Wait as a request does before it is handled."""
        if self.trouble == "slow" and time.monotonic() < self.until:
            await asyncio.sleep(self.delay_s)
        if self.trouble == "hang":
            await self._wait()

    async def before_the_answer(self) -> None:
        """Wait as an answer does before it is sent."""
        if self.trouble == "late":
            await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), max(self.until - time.monotonic(), 0))


class KnobsMiddleware:
    """Lets every request of a visitor feel the trouble of now; oracle and inbox feel none."""

    def __init__(self, app: ASGIApp, knobs: Knobs) -> None:
        self._app = app
        self._knobs = knobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or str(scope["path"]).startswith(UNTROUBLED):
            await self._app(scope, receive, send)
            return

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._knobs.before_the_answer()
            await send(message)

        await self._knobs.at_the_door()
        await self._app(scope, receive, send_late)
