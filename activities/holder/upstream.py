"""The egress's connection to a site for plain HTTP."""

import asyncio

import h11

from activities.holder.addresses import Destination
from activities.holder.network import Network
from activities.holder.relay import CHUNK

MAX_HEAD_BYTES = 256 * 1024


class UpstreamFailed(Exception):
    """The site hung up, or what it sends is no HTTP."""


class Upstream:
    """One connection to a site, kept for the next request to it.

    Attributes:
        destination: what it is connected to.
        used: whether an earlier request went over it.
    """

    def __init__(
        self,
        network: Network,
        destination: Destination,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._network = network
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.destination = destination
        self.used = False

    @classmethod
    async def connect(cls, network: Network, destination: Destination) -> "Upstream":
        """Connect to `destination`.

        Raises:
            Blocked: it is refused or can't be reached.
        """
        reader, writer = await network.connect(destination)
        return cls(network, destination, reader, writer)

    @property
    def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The bare connection, once it has switched protocols."""
        return self._reader, self._writer

    @property
    def early(self) -> bytes:
        """Bytes that came after the switch of protocols."""
        return self._http.trailing_data[0]

    @property
    def idle(self) -> bool:
        """Whether it can take another request, as far as can be told."""
        hung_up = self._reader.at_eof() or self._writer.transport.is_closing()
        return self._http.our_state is h11.IDLE and not hung_up

    async def send(self, event: h11.Event) -> None:
        """Send a part of a request.

        Raises:
            UpstreamFailed: the site has hung up.
        """
        data = self._http.send(event)
        if not data:
            return
        self._network.sent(len(data))
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise UpstreamFailed("the site hung up") from error

    async def head(self) -> h11.Response | h11.InformationalResponse:
        """The final response's head, or that of a switch of protocols (101).

        Raises:
            UpstreamFailed: there is none.
        """
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    return event
                continue
            raise UpstreamFailed("the site hung up before its response")

    async def body(self) -> bytes | None:
        """The next piece of the response's body; None at its end.

        Raises:
            UpstreamFailed: it ended too soon.
        """
        event = await self._next()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return None
        raise UpstreamFailed("the site hung up in the middle of its response")

    def finish(self) -> None:
        """Make ready for the next request, where the site keeps the connection."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self.used = True

    def abort(self) -> None:
        """Hang up at once."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Hang up."""
        await self._network.release(self._writer)

    async def _next(self) -> h11.Event | None:
        try:
            while True:
                event = self._http.next_event()
                if isinstance(event, h11.Event):
                    return event
                if event is h11.PAUSED:
                    return None
                data = await self._reader.read(CHUNK)
                self._network.received(len(data))
                self._http.receive_data(data)
        except (h11.RemoteProtocolError, OSError) as error:
            raise UpstreamFailed(str(error)) from error
