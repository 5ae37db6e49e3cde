"""An ASGI application on a free port of loopback, in a thread with an event loop of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class CutOff(Exception):
    """Raised within an answer to break the connection off before it is whole."""


class _Server(uvicorn.Server):
    on_started: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.on_started()

    def drop(self) -> None:
        """Close every connection at once, and stop."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Expected(logging.Filter):
    """Drops what the server complains of when it is told to break an answer off, or to stop."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, CutOff) and not record.msg.startswith("Cancel ")


logging.getLogger("uvicorn.error").addFilter(_Expected())


class Loopback:
    """Serves until `stop`; `start` after that serves at the same address again.

    Stopping breaks off what is still being answered, as a server does that dies.
    """

    def __init__(self, app: App) -> None:
        self._application = app
        self._port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        assert self._server is None, "it serves already"
        listener = socket.create_server(("127.0.0.1", self._port), backlog=512)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._application,
            interface="asgi3",
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=0,
            timeout_keep_alive=60,
            loop="asyncio",
        )
        self._server = _Server(config)
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._serve, args=(self._server, listener, started), daemon=True
        )
        self._thread.start()
        assert started.wait(20), "the fake server did not start"
        return self

    def _serve(self, server: _Server, listener: socket.socket, started: threading.Event) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            server.on_started = started.set
            await server.serve(sockets=[listener])

        asyncio.run(main())

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._server.drop)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the fake server did not stop"
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The whole body; None where it has more than `most` bytes (the rest is read and dropped)."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CutOff("the client left before its request was whole")
        part = message.get("body", b"")
        size += len(part)
        if size <= most:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if size <= most else None


async def until_gone(receive: Receive) -> None:
    """Returns when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(work: Awaitable[None], gone: "asyncio.Task[None]") -> bool:
    """Do the work, giving it up when the client leaves; whether it was done to its end."""
    working = asyncio.ensure_future(work)
    await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.wait((working,))
        return False
    working.result()
    return True
