"""The `browsers` pool: sessions for any run, and the steps of the sessions of this host."""

import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.host import BrowserHost
from activities.leftovers import sweeping
from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from temporal.settings import StackSettings
from workflows.interfaces import BROWSERS_QUEUE

_DRAIN = timedelta(seconds=8)
_HEARTBEAT_THROTTLE = timedelta(milliseconds=500)
_MOST_SESSIONS = 16
_SESSIONS_A_CORE = 4


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll both queues of a browser host, and sweep what crashed sessions left on it.

    On leaving it stops taking sessions first, lets the steps that run return, then closes
    the browsers it still holds.
    """
    host_queue = f"host-{uuid.uuid4().hex}"
    settings = ActivitySettings()
    host = BrowserHost(client, ledger, settings, host_queue)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sweeping(settings.sessions_dir))
        stack.push_async_callback(host.close)
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=host_queue,
                activities=host.step_activities(),
                graceful_shutdown_timeout=_DRAIN,
                max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
                default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
            )
        )
        await stack.enter_async_context(
            Worker(
                client,
                task_queue=BROWSERS_QUEUE,
                activities=[host.sessions.hold_session],
                max_concurrent_activities=_slots(),
                max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
                default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
            )
        )
        yield


def _slots() -> int:
    """Sessions that this host carries at once."""
    return StackSettings().max_sessions or min(
        _MOST_SESSIONS, _SESSIONS_A_CORE * (os.cpu_count() or 1)
    )
