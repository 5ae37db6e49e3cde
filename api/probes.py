"""Questions to the parts that the service needs: asked once at a time, answered in time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger("mantis.health")


class Probe(Generic[T]):
    """One question. However many ask it and however long it hangs, it is under way once."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[T]],
        *,
        late: T,
        keep_s: float = 1.0,
        patience_s: float = 2.0,
    ) -> None:
        """Make a probe.

        Args:
            ask: the question; it raises nothing that it knows a better answer to.
            late: the answer while there is none in time.
            keep_s: how long an answer is good for.
            patience_s: how long to wait for one.
        """
        self._ask = ask
        self._late = late
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._known: T = late
        self._known_at = float("-inf")
        self._asked_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def answer(self) -> T:
        """The answer, at most `keep_s` old; `late` where it takes longer than the patience."""
        now = time.monotonic()
        if now - self._known_at < self._keep_s:
            return self._known
        if self._asking is None or self._asking.done():
            self._asked_at = now
            self._asking = asyncio.create_task(self._find_out())
        left = self._asked_at + self._patience_s - now
        done, _ = await asyncio.wait({self._asking}, timeout=max(left, 0))
        return self._known if done else self._late

    async def close(self) -> None:
        """Give up a question that is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=self._patience_s)

    async def _find_out(self) -> None:
        known = self._late
        try:
            known = await self._ask()
        except Exception:  # a probe's own fault is no answer either, and must not be one's 500
            log.exception("a probe failed")
        finally:
            self._known, self._known_at = known, time.monotonic()
