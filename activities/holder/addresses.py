"""What the browser wants to connect to, and why it may not."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from activities.addresses import IPAddress, NotResolved, resolve_name

_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:@/\\?#\[\]]+))(?::(?P<port>\d{1,5}))?"
)


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


async def resolve(destination: Destination) -> tuple[IPAddress, ...]:
    """The addresses behind a name, in the system's order of preference.

    Raises:
        Blocked: (name_not_resolved) it has none.
    """
    try:
        return await resolve_name(destination.host, destination.port)
    except NotResolved as error:
        raise Blocked(BlockReason.NAME_NOT_RESOLVED, str(error)) from error
