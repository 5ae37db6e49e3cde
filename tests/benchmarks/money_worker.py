"""A worker that asks both models, as those of the pools, with a clock that the fake pool agrees to.

What a GPU took is measured by a clock. Here it is moved by each answer, by what `gpu_ms_of` says
of its question: so the bill of the fake, which says the same, is met to the micro-dollar.

usage: python -m tests.benchmarks.money_worker
"""

import asyncio
import re
import sys
import zlib
from contextvars import ContextVar

import httpx

from activities.asks_store import AsksStore
from activities.models.activities import ModelActivities
from activities.models.arrivals import Arrivals
from activities.models.asking import Asked, Asking
from activities.models.claude_clients import ClaudeClients
from activities.models.holo3_clients import Holo3Clients
from activities.models.keys import ModelKeys
from activities.models.settings import PatienceSettings
from activities.settings import ActivitySettings
from inference.holo3.model import Holo3Model
from inference.settings import ModelSettings
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.pools.asking import asking_worker
from temporal.settings import TemporalSettings
from workflows.interfaces import PERCEPTION_QUEUE, REASONING_QUEUE

CAPACITY = 8
TAG = re.compile(r"money(r\d+s\d+t\d+)x")
"""What names a question in its own words: run, step and turn."""

_took_s = ContextVar("took_s", default=0.0)


def gpu_ms_of(tag: str) -> int:
    """What a question takes on the GPU: eighths of a second, which a float holds exactly."""
    return 125 * (1 + zlib.crc32(tag.encode()) % 24)


async def _took(response: httpx.Response) -> None:
    found = TAG.search(response.request.content.decode())
    if found is not None:
        _took_s.set(_took_s.get() + gpu_ms_of(found[1]) / 1000)


class TimedClients(Holo3Clients):
    """Clients whose clock goes on with the answers alone."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.http.event_hooks = {"response": [_took]}

    def asked(self, tenant_id: str, secret_name: str) -> Asked | None:
        return Asked(Holo3Model(self.http, self.settings, _took_s.get), lambda _: "holo3")


async def main() -> None:
    """Work until killed."""
    ledger_settings, models = LedgerSettings(), ModelSettings()
    folders, patience = ActivitySettings(), PatienceSettings()
    keyring = Keyring.load(ledger_settings)
    ledger = await Ledger.open(ledger_settings.url, keyring=keyring)
    client = await connect(TemporalSettings(), keyring)
    store, arrivals = AsksStore(folders.data_dir), Arrivals(folders)
    holo3, claude = TimedClients(models), ClaudeClients(models, ModelKeys(models))
    seeing = ModelActivities(Asking(ledger, holo3, store, arrivals, models), patience)
    thinking = ModelActivities(Asking(ledger, claude, store, arrivals, models), patience)
    async with (
        asking_worker(client, PERCEPTION_QUEUE, [seeing.perceive], CAPACITY),
        asking_worker(client, REASONING_QUEUE, [thinking.reason], CAPACITY),
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
