"""The `delivery` pool: webhooks, their workflows and their tries."""

from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import httpx
from temporalio.client import Client
from temporalio.worker import Worker

from activities.addresses import resolve_name
from activities.delivery.settings import DeliverySettings
from activities.delivery.webhooks import WebhookActivities
from ledger.ledger import Ledger
from temporal.outgoing import TracedSender
from workflows.deliver_webhook import DeliverWebhook
from workflows.interfaces import DELIVERY_QUEUE
from workflows.sandbox import sandbox

_AT_ONCE = 32
_DRAIN = timedelta(seconds=12)
"""A request that is under way may take its 10 s, so that it isn't made again."""


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll the pool's queue; on leaving, requests that are under way get their time to end.

    Names are resolved on threads of their own: a name whose servers don't answer holds one
    for long, and what else this process does must not wait for it.
    """
    settings = DeliverySettings()
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resolve")
    sender = TracedSender(
        partial(resolve_name, executor=threads),
        httpx.create_ssl_context(),
        allow_private=settings.webhook_allow_private,
    )
    webhooks = WebhookActivities(ledger, sender, settings)
    worker = Worker(
        client,
        task_queue=DELIVERY_QUEUE,
        workflows=[DeliverWebhook],
        activities=[webhooks.send_webhook, webhooks.record_webhook],
        workflow_runner=sandbox(),
        max_concurrent_activities=_AT_ONCE,
        graceful_shutdown_timeout=_DRAIN,
    )
    try:
        async with worker:
            yield
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
