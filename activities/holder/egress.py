"""The forward proxy that all of Chromium's traffic goes through."""

import asyncio

from activities.holder.addresses import Blocked
from activities.holder.exchange import serve_client
from activities.holder.handlers import Handlers
from activities.holder.network import Network


class Egress:
    """An HTTP forward proxy on a loopback port: CONNECT tunnels and absolute-form HTTP.

    Args:
        network: the way out.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._handlers = Handlers(self._serve)
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free loopback port, which the browser itself can't reach; returns it."""
        self._server = await asyncio.start_server(self._handlers, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        self._network.policy.protect(port)
        return port

    async def stop(self) -> None:
        """Close every connection and listen no more."""
        if self._server is not None:
            self._server.close()
            self._network.cut()
            await self._handlers.end()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._network.require_open()
        except Blocked:
            writer.transport.abort()
            return
        self._network.hold(writer)
        try:
            await serve_client(self._network, reader, writer)
        finally:
            await self._network.release(writer)
