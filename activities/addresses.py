"""Where a name leads: it is resolved here once, and its addresses are judged.

Shared by the way out of the browser sessions and by the delivery of webhooks.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from concurrent.futures import Executor

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

RESOLVE_TIMEOUT_S = 10.0

_EMBEDDING = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "64:ff9b::/96",  # NAT64
        "::ffff:0:0:0/96",  # IPv4-translated
    )
)
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.169.254/32",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.0/24",  # protocol assignments; a cloud's metadata service stands here too
        "192.88.99.0/24",  # relays of 6to4
        "fd00:ec2::254/128",
        "64:ff9b:1::/48",  # NAT64 of one's own network
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
    )
)
_LOOPBACK_NAME = re.compile(r"(^|\.)localhost\.?$", re.IGNORECASE)


class NotResolved(Exception):
    """A name has no address, or nobody said so in time."""


def is_public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet.

    An IPv4 address that travels inside an IPv6 one (mapped, compatible, translated, 6to4,
    Teredo, NAT64) is judged as itself.
    """
    if any(address in network for network in _NEVER_PUBLIC):
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


def all_public(addresses: Iterable[IPAddress]) -> bool:
    """Whether every address is public: one that is not condemns the whole name."""
    return all(is_public(address) for address in addresses)


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    compatible = int(address) >> 32 == 0 and int(address) > 1
    if compatible or any(address in network for network in _EMBEDDING):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


async def resolve_name(
    host: str, port: int, executor: Executor | None = None
) -> tuple[IPAddress, ...]:
    """The addresses behind a name, each once, in the system's order of preference.

    A name that nobody answers for holds a thread of the executor longer than this call waits.

    Args:
        host: a name, or an address in any spelling that the system understands.
        port: of the service asked for.
        executor: whose threads ask the system's resolver; the loop's own by default.

    Raises:
        NotResolved: it has none.
    """
    if _LOOPBACK_NAME.search(host):
        return (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_S):
            found = await loop.run_in_executor(executor, _ask_system, host, port)
    except (OSError, UnicodeError, ValueError, TimeoutError) as error:
        raise NotResolved(f"the name {host} can't be resolved") from error
    return tuple(dict.fromkeys(found))


def _ask_system(host: str, port: int) -> tuple[IPAddress, ...]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(ipaddress.ip_address(sockaddr[0]) for *_, sockaddr in found)
