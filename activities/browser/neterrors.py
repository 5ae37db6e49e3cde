"""What Chromium's network errors mean for a run."""

import re

from activities.browser.walls import PageFailure
from plans.step import FailureClass

_CODE = re.compile(r"\b(?:net::)?(ERR_[A-Z0-9_]+)\b")

_TIMED_OUT = frozenset({"ERR_TIMED_OUT", "ERR_CONNECTION_TIMED_OUT", "ERR_HTTP2_PING_FAILED"})
_REFUSED = frozenset(
    {
        "ERR_TUNNEL_CONNECTION_FAILED",
        "ERR_PROXY_CONNECTION_FAILED",
        "ERR_PROXY_AUTH_REQUESTED",
        "ERR_UNSAFE_PORT",
        "ERR_DISALLOWED_URL_SCHEME",
        "ERR_UNKNOWN_URL_SCHEME",
        "ERR_ACCESS_DENIED",
        "ERR_NETWORK_ACCESS_DENIED",
        "ERR_UNSAFE_REDIRECT",
    }
)
_EMPTY = frozenset({"ERR_ABORTED"})


def error_code(text: str) -> str:
    """The `ERR_…` code in a message of the browser, else ""."""
    found = _CODE.search(text)
    return found.group(1) if found else ""


def network_failure(code: str) -> PageFailure:
    """Classify a network error code; every code has an answer."""
    if code in _TIMED_OUT:
        return PageFailure(FailureClass.NAV_TIMEOUT, f"the site did not answer in time ({code})")
    if code in _REFUSED or code.startswith("ERR_BLOCKED"):
        return PageFailure(FailureClass.NAV_BLOCKED, f"this address may not be reached ({code})")
    if code in _EMPTY:
        return PageFailure(FailureClass.UNKNOWN, "the site answered with no page")
    if code.startswith(("ERR_CERT", "ERR_SSL")):
        return PageFailure(
            FailureClass.NAV_BLOCKED, f"the site's certificate is not trusted ({code})"
        )
    return PageFailure(
        FailureClass.NAV_BLOCKED, f"the site cannot be reached ({code or 'no code'})"
    )
