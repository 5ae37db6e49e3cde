"""A Temporal dev server and a client without encryption, for commands outside of pytest."""

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from temporal import devserver
from temporal.stack import free_ports


@contextmanager
def plain_server() -> Iterator[str]:
    """The address of a dev server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port, ui_port, metrics_port = free_ports(3)
        command = devserver.command(
            Path(folder), port=port, ui_port=ui_port, metrics_port=metrics_port
        )
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


async def plain_client(address: str) -> Client:
    """A client whose payloads anybody can read, and whose events name no machine."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await Client.connect(
                    address, data_converter=pydantic_data_converter, identity="tests"
                )
            except RuntimeError:
                await asyncio.sleep(0.2)
