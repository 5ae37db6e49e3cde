"""One worker process: `python -m temporal.worker --pool NAME`, or several pools in one."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib import import_module

from temporalio.client import Client

from ledger.errors import SecretUnreadable
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal import logs, tracing
from temporal.at_work import subject_at_work
from temporal.client import connect
from temporal.core_logs import forward_core_logs
from temporal.key_check import KeysDiffer, check_keys
from temporal.metrics_share import share
from temporal.settings import LogSettings, OpsSettings, TemporalSettings, TracingSettings
from temporal.worker_metrics import showing_metrics

Polling = Callable[[Client, Ledger], AbstractAsyncContextManager[None]]

POOLS = ("runs", "browsers", "delivery", "perception", "reasoning")

_CONNECT_PATIENCE_S = 60.0

log = logging.getLogger("mantis.worker")


def main(arguments: list[str] | None = None) -> int:
    """Run one or several pools until SIGTERM or SIGINT; print `ready` once all of them poll."""
    parser = argparse.ArgumentParser(prog="temporal.worker", description=main.__doc__)
    parser.add_argument("--pool", required=True, choices=POOLS, action="append", dest="pools")
    pools: list[str] = parser.parse_args(arguments).pools
    service = f"mantis-worker-{'-'.join(pools)}"
    ops = OpsSettings()
    logs.configure(LogSettings(), service, subject_at_work)
    forward_core_logs()
    share(ops)
    tracing.start(TracingSettings(), service)
    try:
        with showing_metrics(ops):
            asyncio.run(serve(pools))
    except (KeysDiffer, SecretUnreadable) as error:
        log.error("%s", error)
        return 1
    finally:
        tracing.stop()
    return 0


async def serve(pools: Sequence[str]) -> None:
    """Connect, poll the pools' queues, and drain when told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = LedgerSettings()
    keyring = Keyring.load(settings)
    client = await _connect_patiently(TemporalSettings(), keyring)
    ledger = await Ledger.open(settings.url, keyring=keyring)
    try:
        await check_keys(ledger, keyring)
        async with AsyncExitStack() as polled:
            for pool in pools:
                await polled.enter_async_context(polling_of(pool)(client, ledger))
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await stop.wait()
            log.info("draining: %s", ", ".join(pools))
    finally:
        await ledger.close()


def polling_of(pool: str) -> Polling:
    """How a pool polls; its module alone is loaded, since a browser's is large."""
    return import_module(f"temporal.pools.{pool}").polling


async def _connect_patiently(settings: TemporalSettings, keyring: Keyring) -> Client:
    """Connect, waiting for a Temporal that is still starting."""
    deadline = asyncio.get_running_loop().time() + _CONNECT_PATIENCE_S
    while True:
        try:
            return await connect(settings, keyring)
        except RuntimeError:
            if asyncio.get_running_loop().time() > deadline:
                log.error(
                    "no Temporal answers at %s: start it or set TEMPORAL_ADDRESS", settings.address
                )
                raise
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
