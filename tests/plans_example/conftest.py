"""The demo marketplace on a real socket, and a client with cookies of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from plans.example.marketplace import create_app


@pytest.fixture(scope="session")
def demo_site() -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(seed=7), log_level="warning", timeout_graceful_shutdown=1, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    assert not thread.is_alive()


@pytest.fixture
def visitor(demo_site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo_site, follow_redirects=True) as client:
        client.post("/_oracle/reset")
        yield client
