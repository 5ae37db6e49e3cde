"""Real parts that tests of several rooms share."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from ledger.vault import Keyring, new_key
from temporal import devserver
from temporal.client import connect
from temporal.settings import TemporalSettings
from temporal.stack import free_ports
from tests.postgres import has_postgres, postgres_server

COUNTED_ONCE = ("chaos", "replicas")
"""Folders whose tests say that something never happens twice: one failure of theirs counts."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `--reruns` try no test again that one lucky try would prove nothing for."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.relative_to(folder).parts[0] in COUNTED_ONCE:
            item.add_marker(pytest.mark.flaky(reruns=0))


@pytest.fixture(scope="session")
def temporal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Temporal dev server keeps its database."""
    return tmp_path_factory.mktemp("temporal")


@pytest.fixture(scope="session")
def temporal_address(temporal_folder: Path) -> Iterator[str]:
    """A real Temporal dev server with the flags of the embedded stack."""
    folder = temporal_folder
    port, ui_port, metrics_port = free_ports(3)
    command = devserver.command(folder, port=port, ui_port=ui_port, metrics_port=metrics_port)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"127.0.0.1:{port}"
    try:
        asyncio.run(_until_up(address))
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """The port of a real Postgres server."""
    if not has_postgres():
        pytest.skip("no postgres binary here, so the ledger is tested on SQLite only")
    with postgres_server() as port:
        yield port


async def _until_up(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            await connect(TemporalSettings(address=address), None)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """The keys that payloads are encrypted with."""
    return Keyring([new_key()])


@pytest.fixture
async def temporal_client(temporal_address: str, keyring: Keyring) -> AsyncIterator[Client]:
    """A client with the service's data converter."""
    yield await connect(TemporalSettings(address=temporal_address), keyring)
