import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from activities.holder.addresses import PrivateHosts
from activities.holder.egress import Egress
from activities.holder.journal import Journal
from activities.holder.network import Network
from activities.holder.policy import EgressPolicy
from plans.allowlist import Allowlist

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Handle], Awaitable[int]]
OpenEgress = Callable[[Sequence[str], Sequence[str]], Awaitable[tuple[int, Network]]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a bare TCP server on a loopback port; its connections end with the test."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(handle: Handle) -> int:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                with contextlib.suppress(OSError, EOFError):
                    await handle(reader, writer)
            finally:
                writer.close()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(run(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()
    for task in tuple(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def open_egress(tmp_path: Path) -> AsyncIterator[OpenEgress]:
    """Starts an egress with the operator's private hosts and the tenant's allowlist."""
    opened: list[tuple[Egress, Journal]] = []

    async def start(private: Sequence[str], allowed: Sequence[str]) -> tuple[int, Network]:
        journal = Journal(tmp_path / "journal.jsonl")
        policy = EgressPolicy(PrivateHosts(private), Allowlist(patterns=tuple(allowed)))
        network = Network(policy, journal)
        egress = Egress(network)
        opened.append((egress, journal))
        return await egress.start(), network

    yield start
    for egress, journal in opened:
        await egress.stop()
        journal.close()
