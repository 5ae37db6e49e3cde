"""When a call is tried again, and how long to wait before."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

RETRIED_STATUSES = frozenset({502, 503, 504})
"""Answers that say that the service, or a part of it, is away for a moment."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a client is. All times in seconds.

    Attributes:
        tries: how often a call is made at most; 1 tries nothing again.
        total_s: time that the tries of one call and the waits between them may take.
        first_s: wait before the second try; it doubles, up to `most_s`, with chance in it.
        most_s: longest wait that the service did not ask for.
        outage_s: how long a wait for a run, or an event stream, bears with a service that
            can't be reached.
    """

    tries: int = 5
    total_s: float = 60.0
    first_s: float = 0.25
    most_s: float = 8.0
    outage_s: float = 300.0

    def wait_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row, at least 1."""
        most = min(self.most_s, self.first_s * 2 ** min(failures - 1, 16))
        return most * random.uniform(0.5, 1.0)


def never_sent(fault: httpx.TransportError) -> bool:
    """Whether the service can't have seen the request."""
    return isinstance(fault, _NEVER_SENT)


def hopeless(fault: httpx.TransportError) -> bool:
    """Whether the same request would fail the same way for ever."""
    return isinstance(fault, _HOPELESS)


def retry_after_s(response: httpx.Response) -> float | None:
    """Seconds that the answer asks to wait (`Retry-After`: seconds or a date), else None."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
