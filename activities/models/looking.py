"""Looks now and then whether the pool of Holo3 really answers, and tells the ledger."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from activities.models.settings import PatienceSettings
from inference.holo3.health import DeepCheck
from inference.settings import ModelSettings
from ledger.clock import now_micros
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.model_health import Looked
from ledger.rounds import rounds_within
from plans.step import TierName

log = logging.getLogger("mantis.models")

_ANOTHERS = 0.8
"""A look of another worker counts for this part of the time between two looks."""


class PoolWatch:
    """The looks of one worker; several of them share the work through the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        models: ModelSettings,
        patience: PatienceSettings,
        http: httpx.AsyncClient,
    ) -> None:
        self._ledger = ledger
        self._every_s = patience.holo3_check_s
        self._configured = bool(models.holo3_url)
        self._check = DeepCheck(http, models, keep_s=0)
        self._well: bool | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Look as long as the block lasts; without a pool, forget what was found of one."""
        if not self._configured:
            await self._forget()
            yield
            return
        what = "looking at the pool of Holo3"
        async with rounds_within(self.look, self._every_s, log, what):
            yield

    async def _forget(self) -> None:
        try:
            await self._ledger.model_health.forget(TierName.HOLO3)
        except LedgerAway as away:
            log.warning("how Holo3 was is not forgotten: %s", away)

    async def look(self) -> None:
        """Look, where no worker has looked lately."""
        for known in await self._ledger.model_health.read():
            age_s = (now_micros() - known.asked_at) / 1_000_000
            if known.tier is TierName.HOLO3 and 0 <= age_s < self._every_s * _ANOTHERS:
                return
        found = await self._check.look()
        if found.ok is not self._well:
            self._well = found.ok
            say = log.info if found.ok else log.warning
            say("Holo3 %s: %s", "answers" if found.ok else "does not answer", found.message)
        took_ms = int((found.seconds or 0.0) * 1000)
        looked = Looked(tier=TierName.HOLO3, ok=found.ok, detail=found.message, took_ms=took_ms)
        await self._ledger.model_health.note(looked)
