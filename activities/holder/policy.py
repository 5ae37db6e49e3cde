"""What the egress lets out: allowlist, private addresses, and what it refused so far."""

import asyncio
from collections.abc import Iterable

from activities.addresses import IPAddress, all_public
from activities.holder.addresses import (
    Blocked,
    BlockReason,
    Destination,
    PrivateHosts,
    resolve,
)
from activities.holder.messages import BlockedHost
from plans.allowlist import Allowlist

_CONNECT_TIMEOUT_S = 10.0
_MAX_BLOCKED_KEPT = 200


class EgressPolicy:
    """Decides on destinations and opens connections to those it lets out.

    Args:
        private_hosts: what the operator allows beyond public addresses.
        allowlist: the tenant's hosts; an empty one means any.
    """

    def __init__(self, private_hosts: PrivateHosts, allowlist: Allowlist) -> None:
        self._private_hosts = private_hosts
        self._allowlist = allowlist
        self._own_ports: set[int] = set()
        self._blocked: dict[tuple[str, int, BlockReason], int] = {}

    @property
    def blocked(self) -> tuple[BlockedHost, ...]:
        """What was refused or could not be reached, by destination."""
        return tuple(
            BlockedHost(host=host, port=port, reason=reason, count=count)
            for (host, port, reason), count in self._blocked.items()
        )

    def allow(self, entries: Iterable[str]) -> None:
        """Let more private destinations through (`host:port` or `host:*`).

        Raises:
            ValueError: an entry can't be read.
        """
        self._private_hosts.add(entries)

    def protect(self, port: int) -> None:
        """Refuse loopback `port` whatever the operator allows: it is the session's own."""
        self._own_ports.add(port)

    def note(self, destination: Destination, reason: BlockReason) -> None:
        """Count a refusal."""
        key = (destination.host, destination.port, reason)
        if key in self._blocked or len(self._blocked) < _MAX_BLOCKED_KEPT:
            self._blocked[key] = self._blocked.get(key, 0) + 1

    def check_name(self, destination: Destination) -> None:
        """Hold the host's name against the allowlist.

        Raises:
            Blocked: (not_in_allowlist) the tenant did not list it.
        """
        if not self._allowlist.allows(destination.host):
            raise Blocked(
                BlockReason.NOT_IN_ALLOWLIST,
                f"{destination.host} is not among the tenant's allowed domains",
            )

    async def connect(
        self, destination: Destination
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Resolve, judge and connect; the address judged is the one connected to.

        Raises:
            Blocked: the destination is refused or can't be reached.
        """
        self.check_name(destination)
        addresses = await resolve(destination)
        self._judge(destination, addresses)
        refused = Blocked(
            BlockReason.CONNECT_REFUSED, f"{destination.authority} refused the connection"
        )
        for address in addresses:
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    return await asyncio.open_connection(str(address), destination.port)
            except TimeoutError:
                refused = Blocked(
                    BlockReason.CONNECT_TIMEOUT, f"{destination.authority} does not answer"
                )
            except OSError:
                continue
        raise refused

    def _judge(self, destination: Destination, addresses: tuple[IPAddress, ...]) -> None:
        """One address that is not public condemns the whole name."""
        allowed = self._private_hosts.allows(destination)
        if destination.port in self._own_ports:
            allowed = False
        if not allowed and not all_public(addresses):
            raise Blocked(
                BlockReason.PRIVATE_ADDRESS,
                f"{destination.host} leads to an address that is not public "
                f"(the operator can allow {destination.authority} in MANTIS_ALLOW_PRIVATE_HOSTS)",
            )
