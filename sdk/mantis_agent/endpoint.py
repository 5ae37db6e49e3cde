"""Where the service is and how to name oneself there."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from mantis_agent.errors import MantisError
from mantis_agent.version import __version__

_OWN_PATHS = ("/v1/predict", "/predict", "/v1")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service and the caller's keys. No representation of it shows a key.

    Attributes:
        url: base of all routes, without a trailing slash.
        mantis_token: names the tenant (`X-Mantis-Token`).
        api_key: for a gateway in front (`Authorization: Api-Key …`).
    """

    url: httpx.URL
    mantis_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, url: str, mantis_token: str | None, api_key: str | None) -> "Endpoint":
        """Read an address; the path of a route at its end is taken off.

        Raises:
            MantisError: it is no http(s) URL, or a key can't stand in a header.
        """
        text = url.strip().rstrip("/")
        for path in _OWN_PATHS:
            text = text.removesuffix(path)
        try:
            parsed = httpx.URL(text.rstrip("/"))
        except (httpx.InvalidURL, TypeError):
            parsed = httpx.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise MantisError("the endpoint must be an http(s) URL, such as http://127.0.0.1:8000")
        for name, value in (("mantis_token", mantis_token), ("api_key", api_key)):
            if value and not (value.isascii() and value.strip().isprintable()):
                raise MantisError(f"the {name} holds characters that no HTTP header can carry")
        return cls(
            parsed.copy_with(query=None, fragment=None),
            (mantis_token or "").strip() or None,
            (api_key or "").strip() or None,
        )

    @property
    def shown(self) -> str:
        """The address without what stands before an `@`."""
        return str(self.url.copy_with(userinfo=b"")).rstrip("/")

    @property
    def loopback(self) -> bool:
        """Whether it leads to this machine."""
        return is_loopback(self.url.host)

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        headers = {"User-Agent": f"mantis-agent/{__version__}", "Accept": "application/json"}
        if self.mantis_token:
            headers["X-Mantis-Token"] = self.mantis_token
        if self.api_key:
            headers["Authorization"] = f"Api-Key {self.api_key}"
        return headers


def is_loopback(host: str) -> bool:
    """Whether a host name or address is one of this machine's own."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def endpoint_from_env(environ: Mapping[str, str] | None = None) -> Endpoint:
    """`MANTIS_ENDPOINT`, `MANTIS_API_TOKEN` and `BASETEN_API_KEY`.

    Raises:
        MantisError: `MANTIS_ENDPOINT` is not set, or one of them is unusable.
    """
    values = os.environ if environ is None else environ
    url = values.get("MANTIS_ENDPOINT", "")
    if not url.strip():
        raise MantisError("set MANTIS_ENDPOINT to the address of a Mantis service")
    return Endpoint.of(url, values.get("MANTIS_API_TOKEN"), values.get("BASETEN_API_KEY"))
