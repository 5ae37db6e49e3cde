"""The session's way out: connections that are metered and can be cut all at once."""

import asyncio
import contextlib
import socket

from activities.holder.addresses import Blocked, BlockReason, Destination
from activities.holder.journal import Journal
from activities.holder.messages import Stats
from activities.holder.policy import EgressPolicy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Network:
    """Opens the connections of one session.

    Args:
        policy: decides on destinations.
        journal: is told of every non-GET request before it leaves.
    """

    def __init__(self, policy: EgressPolicy, journal: Journal) -> None:
        self.policy = policy
        self.journal = journal
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = True
        self._bytes_up = 0
        self._bytes_down = 0
        self._connections = 0

    @property
    def stats(self) -> Stats:
        """Traffic so far."""
        return Stats(
            bytes_up=self._bytes_up,
            bytes_down=self._bytes_down,
            connections=self._connections,
            journal_length=len(self.journal),
            blocked=self.policy.blocked,
        )

    def cut(self) -> None:
        """Close every connection at once; nothing leaves from now on."""
        self._open = False
        for writer in tuple(self._writers):
            writer.transport.abort()

    def restore(self) -> None:
        """Let traffic through again."""
        self._open = True

    def require_open(self) -> None:
        """Refuse when the network is cut.

        Raises:
            Blocked: (network_cut) it is.
        """
        if not self._open:
            raise Blocked(BlockReason.NETWORK_CUT, "the session's network is cut")

    def sent(self, count: int) -> None:
        """Count bytes that went to a site."""
        self._bytes_up += count

    def received(self, count: int) -> None:
        """Count bytes that came from a site."""
        self._bytes_down += count

    async def connect(self, destination: Destination) -> Streams:
        """Open a connection to a site; to be given back to `release`.

        Raises:
            Blocked: the network is cut, or the destination is refused or can't be reached.
        """
        self.require_open()
        reader, writer = await self.policy.connect(destination)
        try:
            self.require_open()
        except Blocked:
            writer.transport.abort()
            raise
        self.hold(writer)
        self._connections += 1
        return reader, writer

    def hold(self, writer: asyncio.StreamWriter) -> None:
        """Close this connection too when the network is cut."""
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writers.add(writer)

    async def release(self, writer: asyncio.StreamWriter) -> None:
        """Close a connection and forget it."""
        self._writers.discard(writer)
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()
