"""Where a webhook goes: its URL, taken apart."""

import base64
from dataclasses import dataclass, field

import httpx

from activities.delivery.errors import BadTarget

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Target:
    """A callback URL in the parts that a request is made of.

    Attributes:
        scheme: `http` or `https`.
        host: name or address, lower case, IDNA-encoded, without brackets.
        port: of the connection.
        authority: the `Host` header.
        path: path and query; may hold a secret of the receiver's.
        authorization: the `Authorization` header that the URL's user-info makes, or "".
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: bytes = field(repr=False)
    authorization: str = field(repr=False)

    @property
    def shown(self) -> str:
        """What of it may be shown."""
        return f"{self.scheme}://{self.authority}"


def read_target(url: str) -> Target:
    """Take a callback URL apart.

    Raises:
        BadTarget: it is no http(s) URL with a host.
    """
    try:
        parsed = httpx.URL(url)
        scheme, host = parsed.scheme, parsed.raw_host.decode("ascii")
        port = parsed.port or _PORTS.get(scheme, 0)
        authority, path = parsed.netloc.decode("ascii"), parsed.raw_path
    except (httpx.InvalidURL, ValueError) as error:
        raise BadTarget("the callback_url can't be read as a URL") from error
    if scheme not in _PORTS or not host or not 0 < port < 65536:
        raise BadTarget("the callback_url is no http or https URL with a host")
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        authority=authority,
        path=path or b"/",
        authorization=_basic(parsed),
    )


def shown_url(url: str) -> str:
    """A callback URL without what it may hold of secrets: scheme, host and port."""
    try:
        return read_target(url).shown
    except BadTarget:
        return "unreadable URL"


def _basic(url: httpx.URL) -> str:
    if not url.userinfo:
        return ""
    pair = f"{url.username}:{url.password}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
