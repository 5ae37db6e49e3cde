"""The memory of what worked, as a host keeps it: read before steps, written after them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Final

from activities.settings import ActivitySettings
from inference.decisions import ActKind
from inference.memory.fields import READ
from inference.memory.locator import Fingerprint
from ledger.clock import now_micros
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.models import Locator, LocatorPlace, NewLocator
from ledger.rounds import rounds_within

_SURE_FOR_US: Final = 3_600_000_000
"""A trusted locator that won within the hour has its next win not written down."""
_READ_S: Final = 2.0
_FORGET_EVERY_S: Final = 3_600.0

log = logging.getLogger("mantis.memory")


class Memory:
    """The locators of a host's tenants. What goes wrong here costs the lesson, not the step."""

    def __init__(self, ledger: Ledger, settings: ActivitySettings) -> None:
        self._locators = ledger.locators
        self._settings = settings
        self._in_order = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def on(self) -> bool:
        """Whether anything is recalled and kept."""
        return self._settings.memory == "on"

    async def recall(self, place: LocatorPlace) -> tuple[Locator, ...]:
        """What worked at a place, nothing where the ledger does not answer soon.

        What another version wrote, and this one can't read, is left out.
        """
        try:
            async with asyncio.timeout(_READ_S):
                found = await self._locators.find(place, self._settings.memory_days)
        except (LedgerError, TimeoutError) as fault:
            log.warning("memory was not read: %s", fault or "it took too long")
            return ()
        return tuple(one for one in found if _readable(one))

    def won(self, one: Locator) -> None:
        """Note a win, later, unless it tells nothing new."""
        recent = now_micros() - one.used_at < _SURE_FOR_US
        if one.standing != "trusted" or not recent:
            self._later(self._locators.won(one.tenant_id, one.locator_id))

    def lost(self, one: Locator) -> None:
        """Note a loss, later."""
        self._later(self._locators.lost(one.tenant_id, one.locator_id))

    def learn(self, new: NewLocator) -> None:
        """Keep a locator, later."""
        settings = self._settings
        self._later(self._learn(new, settings.memory_days, settings.memory_most))

    async def _learn(self, new: NewLocator, days: float, most: int) -> None:
        await self._locators.learn(new, days, most)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(self._write(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, work: Awaitable[None]) -> None:
        async with self._in_order:
            try:
                await work
            except LedgerError as fault:
                log.warning("a lesson was not kept: %s", fault)

    @asynccontextmanager
    async def forgetting(self) -> AsyncGenerator[None]:
        """Forget, now and every hour, what no tenant has used for too long."""
        async with rounds_within(self._forget, _FORGET_EVERY_S, log, "forgetting old lessons"):
            yield

    async def _forget(self) -> None:
        while await self._locators.expire(self._settings.memory_days):
            pass

    async def written(self) -> None:
        """Wait until all that was noted is in the ledger, or has failed."""
        await asyncio.gather(*self._writing)


def _readable(one: Locator) -> bool:
    try:
        Fingerprint.model_validate(one.fingerprint)
        ActKind(one.act if one.act != READ else ActKind.CLICK)
    except ValueError:
        return False
    return True
