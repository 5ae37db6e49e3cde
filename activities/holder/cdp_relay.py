"""The only way from workers to Chromium: a relay of its DevTools WebSocket that can be fenced.

A worker is told a URL with a word in it that holds for one epoch. When the epoch is over, its
connections are closed and the word opens nothing any more, so that a worker which was stopped
and comes back drives no page.
"""

import asyncio
import hmac
import secrets
from urllib.parse import urlsplit

from activities.holder.devtools import port_of

_MOST_HEAD_BYTES = 16 * 1024
_HEAD_END = b"\r\n\r\n"


class CdpRelay:
    """Relays connections to Chromium's DevTools for whoever knows the present word.

    Args:
        cdp_url: the WebSocket of Chromium itself, which no worker is told.
    """

    def __init__(self, cdp_url: str) -> None:
        self._path = urlsplit(cdp_url).path.encode("ascii")
        self._chromium_port = port_of(cdp_url)
        self._word = b""
        self._server: asyncio.Server | None = None
        self._callers: set[_Caller] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """The WebSocket that works now; empty while the relay is shut."""
        return f"ws://127.0.0.1:{self.port}/{self._word.decode()}" if self._word else ""

    async def start(self) -> None:
        """Listen on a free loopback port; shut until `renew`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def renew(self) -> None:
        """Close all connections, and let those in who are told the new URL."""
        self.shut()
        self._word = secrets.token_urlsafe(18).encode("ascii")

    def shut(self) -> None:
        """Close all connections and let nobody in."""
        self._word = b""
        for caller in tuple(self._callers):
            caller.hang_up()

    def stop(self) -> None:
        """Shut and listen no more."""
        self.shut()
        if self._server is not None:
            self._server.close()

    def enter(self, caller: "_Caller") -> None:
        """Count a caller among those to hang up on."""
        self._callers.add(caller)

    def leave(self, caller: "_Caller") -> None:
        """Forget a caller."""
        self._callers.discard(caller)

    def let_in(self, head: bytes) -> bytes | None:
        """The head of the request as Chromium has to get it; None for one without the word."""
        method, _, rest = head.partition(b" ")
        target, _, rest = rest.partition(b" ")
        word = self._word
        if method != b"GET" or not word or not hmac.compare_digest(target, b"/" + word):
            return None
        return b"GET " + self._path + b" " + rest

    async def to_chromium(self, caller: "_Caller") -> "_Chromium":
        """Connect to Chromium on behalf of a caller.

        Raises:
            OSError: Chromium is gone.
        """
        loop = asyncio.get_running_loop()
        _, side = await loop.create_connection(
            lambda: _Chromium(caller), "127.0.0.1", self._chromium_port
        )
        return side


class _Side(asyncio.Protocol):
    """One end of a relayed connection; what it gets is written to the other end."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def hang_up(self) -> None:
        """Close both ends at once; what is under way is lost."""
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.abort()


class _Chromium(_Side):
    """Chromium's end."""

    def __init__(self, caller: "_Caller") -> None:
        super().__init__()
        self.other = caller


class _Caller(_Side):
    """A worker's end: nothing passes before its request has shown the word."""

    def __init__(self, relay: CdpRelay) -> None:
        super().__init__()
        self._relay = relay
        self._head = b""
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._relay.enter(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._head += data
        if self._connecting is None and (
            _HEAD_END in self._head or len(self._head) > _MOST_HEAD_BYTES
        ):
            self._open()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.leave(self)
        if self._connecting is not None:
            self._connecting.cancel()
        super().connection_lost(exc)

    def _open(self) -> None:
        head = self._relay.let_in(self._head)
        if head is None:
            self.hang_up()
            return
        self._connecting = asyncio.create_task(self._connect(len(self._head), head))

    async def _connect(self, consumed: int, head: bytes) -> None:
        try:
            chromium = await self._relay.to_chromium(self)
        except OSError:
            self.hang_up()
            return
        if self.transport is None or self.transport.is_closing():
            chromium.hang_up()
            return
        self.other = chromium
        super().data_received(head + self._head[consumed:])
        self._head = b""
