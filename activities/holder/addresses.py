"""Where the browser may connect to: names are resolved here and their addresses judged."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254")
)
_LOOPBACK_NAME = re.compile(r"(^|\.)localhost\.?$")
_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:@/\\?#\[\]]+))(?::(?P<port>\d{1,5}))?"
)
_RESOLVE_TIMEOUT_S = 10.0


class BlockReason(StrEnum):
    """Why a request did not leave, or came to nothing; the value of `X-Mantis-Blocked`."""

    PRIVATE_ADDRESS = "private_address"
    """The name leads to an address that is not public and that the operator did not allow."""
    NOT_IN_ALLOWLIST = "not_in_allowlist"
    NETWORK_CUT = "network_cut"
    BAD_REQUEST = "bad_request"
    NAME_NOT_RESOLVED = "name_not_resolved"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    BAD_RESPONSE = "bad_response"
    """The site hung up, or answered in no HTTP."""


class Blocked(Exception):
    """A destination that can't be had; `reason` says why."""

    def __init__(self, reason: BlockReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Destination:
    """A host as the URL names it, lower case and without brackets, and its port."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_authority(text: str, default_port: int | None) -> Destination:
    """Read `host`, `host:port`, `[v6]` or `[v6]:port`.

    Raises:
        Blocked: (bad_request) it is none of these; user-info is refused too.
    """
    match = _AUTHORITY.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else default_port
    if match is None or port is None or not 0 < port < 65536:
        raise Blocked(BlockReason.BAD_REQUEST, "the request names no valid host and port")
    host: str = match["v6"] or match["name"]
    return Destination(host.lower().rstrip(".") or host, port)


class PrivateHosts:
    """The operator's list of private destinations that may be reached all the same.

    Entries are `host:port` or `host:*`, and stand for the host as the URL names it: a foreign
    name that merely resolves to an allowed address stays refused.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries: set[tuple[str, int | None]] = set()
        self.add(entries)

    def add(self, entries: Iterable[str]) -> None:
        """Allow more of them.

        Raises:
            ValueError: an entry is neither `host:port` nor `host:*`.
        """
        for entry in entries:
            host, separator, port = entry.strip().rpartition(":")
            if not separator or not host or not (port == "*" or port.isdecimal()):
                raise ValueError(f"private host {entry!r} is neither host:port nor host:*")
            name = host.removeprefix("[").removesuffix("]").lower()
            self._entries.add((name, None if port == "*" else int(port)))

    def allows(self, destination: Destination) -> bool:
        """Whether the operator listed it."""
        return bool(
            {(destination.host, destination.port), (destination.host, None)} & self._entries
        )


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet.

    An IPv4 address that travels inside an IPv6 one (mapped, compatible, 6to4, Teredo, NAT64)
    is judged as itself.
    """
    if address in _METADATA:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        embedded = _embedded(address)
        if embedded:
            return all(is_public(inner) for inner in embedded)
        if address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
    )


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


async def resolve(destination: Destination) -> tuple[IPAddress, ...]:
    """The addresses behind a name, in the system's order of preference.

    Raises:
        Blocked: (name_not_resolved) it has none.
    """
    if _LOOPBACK_NAME.search(destination.host):
        return (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
            found = await loop.getaddrinfo(
                destination.host, destination.port, type=socket.SOCK_STREAM
            )
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Blocked(
            BlockReason.NAME_NOT_RESOLVED, f"the name {destination.host} can't be resolved"
        ) from error
    addresses = [ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found]
    return tuple(dict.fromkeys(addresses))
