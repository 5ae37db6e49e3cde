"""The `reasoning` pool: questions to Claude, and plans in words that become steps."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.client import Client

from activities.asks_store import AsksStore
from activities.models.activities import ModelActivities
from activities.models.arrivals import Arrivals
from activities.models.asking import Asking
from activities.models.claude_clients import ClaudeClients
from activities.models.decompose import Decomposing
from activities.models.keys import ModelKeys
from activities.models.planner import Planner
from activities.models.settings import PatienceSettings
from activities.settings import ActivitySettings
from inference.settings import ModelSettings
from ledger.ledger import Ledger
from plans.price_table import BadPrices, UnknownPrice
from temporal.pools.asking import asking_worker
from workflows.interfaces import REASONING_QUEUE

log = logging.getLogger("mantis.models")


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll the pool's queue; on leaving, what is being asked gets its time to end.

    Questions beyond the capacity stay in the queue, where tenants take turns.
    """
    folders, models, patience = ActivitySettings(), ModelSettings(), PatienceSettings()
    try:
        models.check_prices()
    except (BadPrices, UnknownPrice) as error:
        log.error("Claude can't be asked: %s", error)
    clients = ClaudeClients(models, ModelKeys(models))
    asking = Asking(
        ledger,
        clients,
        AsksStore(folders.data_dir),
        Arrivals(folders),
        models,
    )
    planner = Planner(ledger, clients, folders, models)
    activities = [
        ModelActivities(asking, patience).reason,
        Decomposing(ledger, planner, folders, patience).decompose,
    ]
    worker = asking_worker(client, REASONING_QUEUE, activities, models.claude_capacity)
    try:
        async with worker:
            yield
    finally:
        await clients.close()
