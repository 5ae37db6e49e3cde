"""The `browsers` pool: sessions for any run, and the steps of the sessions of this host."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Interceptor, PollerBehaviorSimpleMaximum, Worker

from activities.host import BrowserHost
from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from temporal.settings import StackSettings
from workflows.interfaces import BROWSERS_QUEUE

_BUSY_S = 8.0
"""So long a drain waits for a step that runs."""
_DRAIN = timedelta(seconds=_BUSY_S + 4)
_HEARTBEAT_THROTTLE = timedelta(milliseconds=500)
_MOST_SESSIONS = 16
_MOST_ADOPTED = 64
_SESSIONS_A_CORE = 4
_POLLS = 5
_TAKING_POLLS = 1
"""A worker that is stopped swallows a task for each of its polls: few of those that recover."""


@asynccontextmanager
async def polling(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll the queues of a browser host, and mind what crashed workers left on its machine.

    On leaving it stops taking sessions first, lets the steps that run return and hands the
    browsers over to their holders, and only then stops serving steps.
    """
    host = BrowserHost(client, ledger, ActivitySettings())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(host.at_home())
        stack.push_async_callback(host.close)
        await stack.enter_async_context(
            _worker(client, host.queue, host.step_activities(), interceptors=host.interceptors)
        )
        takers = [
            _worker(
                client,
                BROWSERS_QUEUE,
                [host.sessions.hold_session],
                slots=_slots(),
                polls=_TAKING_POLLS,
            ),
            _worker(
                client,
                host.machine_queue,
                host.machine_activities(),
                slots=_MOST_ADOPTED,
                polls=_TAKING_POLLS,
            ),
        ]
        async with AsyncExitStack() as taking:
            for taker in takers:
                await taking.enter_async_context(taker)
            try:
                yield
            finally:
                await asyncio.gather(host.drain(_BUSY_S), *(taker.shutdown() for taker in takers))


def _worker(
    client: Client,
    queue: str,
    activities: Sequence[Callable[..., Any]],
    *,
    slots: int = 100,
    polls: int = _POLLS,
    interceptors: Sequence[Interceptor] = (),
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        interceptors=interceptors,
        max_concurrent_activities=slots,
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(polls),
        graceful_shutdown_timeout=_DRAIN,
        max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
    )


def _slots() -> int:
    """Sessions that this host carries at once."""
    return StackSettings().max_sessions or min(
        _MOST_SESSIONS, _SESSIONS_A_CORE * (os.cpu_count() or 1)
    )
