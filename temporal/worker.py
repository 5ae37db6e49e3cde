"""One worker process: `python -m temporal.worker --pool runs|browsers`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.host import BrowserHost
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from temporal.client import connect
from temporal.settings import StackSettings, TemporalSettings
from workflows.interfaces import BROWSERS_QUEUE, RUNS_QUEUE
from workflows.plan_run import PlanRun
from workflows.sandbox import sandbox

_CONNECT_PATIENCE_S = 60.0
_HEARTBEAT_THROTTLE = timedelta(milliseconds=500)
_DRAIN = timedelta(seconds=8)

log = logging.getLogger("mantis.worker")


def main(arguments: list[str] | None = None) -> int:
    """Run one pool until SIGTERM or SIGINT; print `ready` once it polls."""
    parser = argparse.ArgumentParser(prog="temporal.worker", description=main.__doc__)
    parser.add_argument("--pool", required=True, choices=["runs", "browsers"])
    pool: str = parser.parse_args(arguments).pool
    logging.basicConfig(
        level=StackSettings().log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    asyncio.run(serve(pool))
    return 0


async def serve(pool: str) -> None:
    """Connect, poll the pool's queues, and drain when told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    client = await _connect_patiently(TemporalSettings())
    ledger = await Ledger.open(LedgerSettings().url)
    try:
        running = runs_pool(client, ledger) if pool == "runs" else browsers_pool(client, ledger)
        async with running:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await stop.wait()
            log.info("draining the %s pool", pool)
    finally:
        await ledger.close()


@asynccontextmanager
async def runs_pool(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Poll for workflow tasks and for the activities that touch no browser."""
    runs = RunActivities(ledger, ActivitySettings())
    worker = Worker(
        client,
        task_queue=RUNS_QUEUE,
        workflows=[PlanRun],
        activities=[runs.load_run, runs.finish_run],
        workflow_runner=sandbox(),
        graceful_shutdown_timeout=_DRAIN,
    )
    async with worker:
        yield


@asynccontextmanager
async def browsers_pool(client: Client, ledger: Ledger) -> AsyncGenerator[None]:
    """Open sessions for any run, and serve the steps of the sessions of this host.

    The pool stops taking sessions first, lets the steps that run return, then closes the
    browsers it still holds.
    """
    settings = ActivitySettings()
    host_queue = f"host-{uuid.uuid4().hex}"
    host = BrowserHost(client, ledger, settings, host_queue)
    async with AsyncExitStack() as stack:
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
                max_concurrent_activities=_session_slots(),
                max_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
                default_heartbeat_throttle_interval=_HEARTBEAT_THROTTLE,
            )
        )
        yield


def _session_slots() -> int:
    return StackSettings().max_sessions or min(16, 4 * (os.cpu_count() or 1))


async def _connect_patiently(settings: TemporalSettings) -> Client:
    """Connect, waiting for a Temporal that is still starting."""
    deadline = asyncio.get_running_loop().time() + _CONNECT_PATIENCE_S
    while True:
        try:
            return await connect(settings)
        except RuntimeError:
            if asyncio.get_running_loop().time() > deadline:
                log.error(
                    "no Temporal answers at %s: start it or set TEMPORAL_ADDRESS", settings.address
                )
                raise
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
