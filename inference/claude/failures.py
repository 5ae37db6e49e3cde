"""What an error of the SDK means: whether to ask again, and when."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import anthropic

from inference.errors import ModelAway, ModelError, ModelRefused
from plans.refusals import short

_AWAY = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which the same request may be taken."""
_LONGEST = 200


def told(error: anthropic.APIError, secret: str, key: str) -> ModelError:
    """Our error for one of the SDK's.

    Args:
        error: what was raised.
        secret: the name of the secret that holds the key, for a sentence on how to mend it.
        key: the key itself, which no message may hold.
    """
    match error:
        case anthropic.APITimeoutError():
            return ModelAway("Claude did not answer in time")
        case anthropic.APIConnectionError():
            return ModelAway("Claude cannot be reached: no connection, or it broke off")
        case anthropic.APIStatusError(status_code=status):
            return _of_status(error, status, secret, key)
        case _:
            return ModelAway("Claude's answer could not be read")


def _of_status(error: anthropic.APIStatusError, status: int, secret: str, key: str) -> ModelError:
    if status in _AWAY or status >= 500:
        after_s = seconds_to_wait(error.response.headers)
        said = {429: "takes no more requests now", 529: "is overloaded"}.get(status, "is away")
        wish = f", and says to wait for {after_s:.0f} s" if after_s and after_s >= 1 else ""
        return ModelAway(f"Claude {said} (HTTP {status}){wish}", after_s=after_s)
    said = _said(error, key)
    if status in (401, 403):
        return ModelRefused(
            f"Claude does not take the key (HTTP {status}{said}): set the secret '{secret}' to a"
            " valid Anthropic API key that may use the model"
        )
    if status == 402:
        return ModelRefused(
            f"Claude asks for payment (HTTP 402{said}): see to the account's credit"
        )
    if status == 404:
        return ModelRefused(
            f"Claude does not know the model or the address (HTTP 404{said}): see"
            " MANTIS_CLAUDE_MODEL, MANTIS_CLAUDE_PLANNER_MODEL, MANTIS_CLAUDE_QUICK_MODEL and"
            " MANTIS_ANTHROPIC_BASE_URL"
        )
    if status < 400:
        return ModelRefused(
            f"the address of Claude leads elsewhere (HTTP {status}): see MANTIS_ANTHROPIC_BASE_URL"
        )
    return ModelRefused(f"Claude refuses the request (HTTP {status}{said})")


def _said(error: anthropic.APIStatusError, key: str) -> str:
    """The API's own words, cut short, the key taken out should it stand in them."""
    said = error.api_message
    if not isinstance(said, str) or not said.strip():
        return ""
    return ": " + short(said.replace(key, "***") if key else said, _LONGEST)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """What `retry-after-ms` or `retry-after` asks for: milliseconds, seconds, or an HTTP date."""
    wait = _number(headers.get("retry-after-ms"))
    if wait is not None:
        return wait / 1000
    given = headers.get("retry-after")
    wait = _number(given)
    if wait is not None or given is None:
        return wait
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
