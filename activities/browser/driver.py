"""The one Playwright driver of a worker process."""

import asyncio
import contextlib
from pathlib import Path

from playwright.async_api import Browser, Error, Playwright, async_playwright

from activities.errors import SessionLost

_CONNECT_TIMEOUT_MS = 10_000
_STOP_TIMEOUT_S = 5.0


class PlaywrightDriver:
    """Connects to running Chromiums; started at the first use, again if it has died."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._lock = asyncio.Lock()

    async def connect(self, cdp_url: str, artifacts_dir: Path) -> Browser:
        """Attach to the Chromium behind a DevTools WebSocket.

        Args:
            cdp_url: as the session's holder tells it.
            artifacts_dir: takes downloads while they are under way.

        Raises:
            SessionLost: it can't be reached.
        """
        first = await self._started()
        try:
            return await _connect(first, cdp_url, artifacts_dir)
        except Error as error:
            if not _driver_died(error):
                raise _lost(error) from error
        try:
            return await _connect(await self._restarted(first), cdp_url, artifacts_dir)
        except Error as error:
            raise _lost(error) from error

    async def stop(self) -> None:
        """End the driver; browsers go on without it."""
        async with self._lock:
            await self._stop()

    async def _started(self) -> Playwright:
        async with self._lock:
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            return self._playwright

    async def _restarted(self, dead: Playwright) -> Playwright:
        async with self._lock:
            if self._playwright is dead:
                await self._stop()
        return await self._started()

    async def _stop(self) -> None:
        playwright, self._playwright = self._playwright, None
        if playwright is not None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await playwright.stop()


async def _connect(playwright: Playwright, cdp_url: str, artifacts_dir: Path) -> Browser:
    return await playwright.chromium.connect_over_cdp(
        cdp_url, artifacts_dir=artifacts_dir, is_local=True, timeout=_CONNECT_TIMEOUT_MS
    )


def _driver_died(error: Error) -> bool:
    """Whether the driver itself is gone; a Chromium that is gone refuses the connection."""
    message = error.message.lower()
    return "connection closed" in message or "has been closed" in message


def _lost(error: Error) -> SessionLost:
    reason = error.message.splitlines()[0]
    return SessionLost(f"the session's browser can't be attached to ({reason}): open a new session")
