"""Completions that the process which passed them on could not write down."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import create_app
from api.metering import Meters
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import UsageFilter, UsageSum
from ledger.settings import LedgerSettings
from plans.calls import Money
from temporal.settings import TemporalSettings

HOUR = 3_600_000_000


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    yield opened
    await opened.close()


async def used(ledger: Ledger) -> UsageSum:
    return await ledger.usage.total(UsageFilter(tenant_id="acme"))


async def nothing_held(ledger: Ledger) -> UsageSum:
    async with asyncio.timeout(20):
        while True:
            total = await used(ledger)
            if not total.held:
                return total
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("pooled", [True, False])
async def test_what_a_dead_process_had_reserved_is_given_up_by_the_next_one(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str, pooled: bool
):
    ledger = await Ledger.open(ledger_settings.url, clock=lambda: now_micros() - HOUR)
    await Meters(settings, ledger).reserve("acme", "holo3")
    assert (await used(ledger)).held > 0
    url = "http://127.0.0.1:9/v1" if pooled else ""
    app = create_app(
        settings.model_copy(update={"holo3_url": url}),
        ledger_settings,
        TemporalSettings(address=nowhere),
    )
    async with app.router.lifespan_context(app):
        total = await nothing_held(ledger)
    await ledger.close()
    assert (total.calls, total.open_tries, total.cost) == (1, 0, Money())


async def test_a_completion_that_goes_on_for_long_is_not_given_up(
    settings: ApiSettings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.metering.EVERY_S", 0.02)
    monkeypatch.setattr("api.metering.LOST", timedelta(seconds=3))
    here, other = Meters(settings, ledger), Meters(settings, ledger)
    meter = await here.reserve("acme", "holo3")
    meter.begin()
    watching = [asyncio.create_task(one.watch()) for one in (here, other)]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert (await used(ledger)).held > 0
        await asyncio.sleep(0.1)
    meter.end(answered=True)
    await here.close()
    total = await used(ledger)
    assert (total.held, total.open_tries) == (0, 0)
    assert total.gpu_ms >= 5_000
    assert total.cost.gpu > 0
    await here.reserve("acme", "holo3")
    watching[0].cancel()
    assert (await nothing_held(ledger)).calls == 2
    watching[1].cancel()
    await asyncio.wait(watching)
