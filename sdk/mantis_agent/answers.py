"""From an HTTP answer to a value or an error."""

from typing import Any, TypeVar

import httpx

from mantis_agent.backoff import retry_after_s
from mantis_agent.errors import (
    MantisAPIError,
    MantisAuthError,
    MantisConnectionError,
    MantisRateLimitError,
)
from mantis_agent.types import Health, Record

R = TypeVar("R", bound=Record)

MOST_SHOWN = 500
"""Characters of an answer in no form of ours that an error shows."""


def read(response: httpx.Response, kind: type[R]) -> R:
    """The answer as a record.

    Raises:
        MantisAPIError: the service refused, or what came is no JSON object.
    """
    if not response.is_success:
        raise refusal(response)
    return kind(_object(response))


def read_health(response: httpx.Response) -> Health:
    """The answer of the health route, whose 503 is one too.

    Raises:
        MantisAPIError: something else answered.
    """
    if response.status_code == 503 and "ok" in (found := _object_or_none(response) or {}):
        return Health(found)
    return read(response, Health)


def read_csv(response: httpx.Response) -> tuple[str, str | None]:
    """A page of CSV, and the cursor of the next one.

    Raises:
        MantisAPIError: the service refused.
    """
    if not response.is_success:
        raise refusal(response)
    return response.text, response.headers.get("x-next-cursor")


def refusal(response: httpx.Response) -> MantisAPIError:
    """The error that an answer of 3xx, 4xx or 5xx stands for; its body must have been read."""
    detail = _detail(response)
    match response.status_code:
        case 401 | 403:
            return MantisAuthError(response.status_code, detail)
        case 429:
            return MantisRateLimitError(429, detail, retry_after_s(response) or 0.0)
        case _:
            return MantisAPIError(response.status_code, detail)


def unreachable(shown: str, fault: Exception) -> MantisConnectionError:
    """The error for an exchange that did not come about or broke off."""
    if isinstance(fault, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError):
        return MantisConnectionError(f"nothing answers at {shown}: {_reason(fault)}")
    if isinstance(fault, httpx.TimeoutException):
        return MantisConnectionError(f"{shown} did not answer in time ({type(fault).__name__})")
    return MantisConnectionError(f"the exchange with {shown} broke off: {_reason(fault)}")


def _reason(fault: Exception) -> str:
    return str(fault) or type(fault).__name__


def _detail(response: httpx.Response) -> str:
    found = _object_or_none(response) or {}
    detail = found.get("detail")
    if isinstance(detail, str) and detail:
        return detail
    if response.is_redirect:
        return "the endpoint answers with a redirect: give the address that it leads to"
    text = " ".join(response.text.split())[:MOST_SHOWN]
    return text or response.reason_phrase or "no reason given"


def _object(response: httpx.Response) -> dict[str, Any]:
    found = _object_or_none(response)
    if found is None:
        shown = " ".join(response.text.split())[:80]
        raise MantisAPIError(
            response.status_code,
            f"the answer is no JSON object, is this a Mantis service? It begins: {shown}",
        )
    return found


def _object_or_none(response: httpx.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
