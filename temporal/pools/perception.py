"""The `perception` pool: questions to Holo3, as many at once as the pool behind it carries."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.client import Client

from activities.asks_store import AsksStore
from activities.models.activities import ModelActivities
from activities.models.arrivals import Arrivals
from activities.models.asking import Asking
from activities.models.holo3_clients import Holo3Clients
from activities.models.looking import PoolWatch
from activities.models.settings import PatienceSettings
from activities.settings import ActivitySettings
from inference.settings import ModelSettings
from ledger.ledger import Ledger
from temporal.pools.asking import asking_worker
from workflows.interfaces import PERCEPTION_QUEUE


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll the pool's queue, and look now and then whether Holo3 really answers.

    Questions beyond the capacity stay in the queue, where tenants take turns. On leaving,
    those that are being asked get their time to end.
    """
    folders, models, patience = ActivitySettings(), ModelSettings(), PatienceSettings()
    clients = Holo3Clients(models)
    asking = Asking(
        ledger,
        clients,
        AsksStore(folders.data_dir),
        Arrivals(folders),
        models,
    )
    perceive = ModelActivities(asking, patience).perceive
    worker = asking_worker(client, PERCEPTION_QUEUE, [perceive], models.holo3_capacity)
    try:
        async with PoolWatch(ledger, models, patience, clients.http).watching(), worker:
            yield
    finally:
        await clients.close()
