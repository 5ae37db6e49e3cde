"""An application on a real socket of this process, and its event streams as a caller reads them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of an application whose lifespan runs already."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=5)
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        app.state.service.feeds.stop()
        server.should_exit = True
        await serving


@dataclass(frozen=True)
class Frame:
    """One frame of an event stream, byte for byte."""

    raw: bytes

    def _field(self, name: bytes) -> str | None:
        for line in self.raw.split(b"\n"):
            if line.startswith(name + b": "):
                return line[len(name) + 2 :].decode()
        return None

    @property
    def event(self) -> str | None:
        return self._field(b"event")

    @property
    def id(self) -> str | None:
        return self._field(b"id")

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self._field(b"data") or "")

    @property
    def is_row(self) -> bool:
        return self.id is not None


async def frames_of(response: httpx.Response) -> AsyncIterator[Frame]:
    """The frames of an open stream until it closes, comments too."""
    rest = b""
    async with aclosing(response.aiter_raw()) as parts:
        async for part in parts:
            *whole, rest = (rest + part).split(b"\n\n")
            for raw in whole:
                yield Frame(raw)
    assert rest == b"", "the stream ended in the middle of a frame"


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, run_id: str, since: str | None = None, last_id: str | None = None
) -> AsyncIterator[AsyncIterator[Frame]]:
    """The frames of a run's event stream."""
    params = {"sse": "true"} | ({} if since is None else {"since": since})
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with client.stream(
        "GET", f"/v1/runs/{run_id}/events", params=params, headers=headers
    ) as response:
        assert response.status_code == 200, await response.aread()
        async with aclosing(frames_of(response)) as frames:
            yield frames


async def read_all(
    client: httpx.AsyncClient, run_id: str, since: str | None = None, last_id: str | None = None
) -> list[Frame]:
    """All frames until the stream closes."""
    async with streaming(client, run_id, since, last_id) as frames:
        return [frame async for frame in frames]
