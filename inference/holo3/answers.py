"""What a server of the chat API answers: the text, what it used, or why there is none."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from inference.errors import CutShort, Declined, Malformed, ModelAway, ModelError, ModelRefused
from plans.prices import Usage

_LONGEST_REASON: Final = 200
_AWAY: Final = frozenset({408, 409, 425, 429})
_REASONED: Final = "</think>"


@dataclass(frozen=True, slots=True)
class Completion:
    """The text of an answer, without what the model thought before it, and what it used."""

    text: str
    usage: Usage


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Details(_Lenient):
    cached_tokens: int | None = Field(default=None, ge=0)


class _Tokens(_Lenient):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)
    prompt_tokens_details: _Details | None = None


class _Message(_Lenient):
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Answer(_Lenient):
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Tokens | None = None


class _Fault(_Lenient):
    message: str = ""


class _Told(_Lenient):
    """An error as OpenAI (`error.message`) or SGLang (`message`) tells it."""

    message: str = ""
    error: _Fault | str | None = None


_ANSWER: Final = TypeAdapter(_Answer)
_TOLD: Final = TypeAdapter(_Told)


def completion(body: bytes, used: Usage) -> Completion:
    """The answer's text.

    Raises:
        CutShort: it ran into its limit of tokens.
        Declined: the model or a filter before it refuses.
        Malformed: it is no answer of the chat API, or holds no text.
        ModelAway: the server gave it up.
    """
    try:
        answer = _ANSWER.validate_json(body)
    except ValidationError:
        raise Malformed(
            "Holo3's server did not answer in the chat API's form", usage=used
        ) from None
    usage = _with_tokens(used, answer.usage)
    choice = answer.choices[0]
    text = (choice.message.content or "").rpartition(_REASONED)[2].strip()
    match choice.finish_reason:
        case "abort":
            raise ModelAway("Holo3's server gave the answer up", usage=usage)
        case "content_filter":
            raise Declined("Holo3 will not answer this", usage=usage)
        case _ if choice.message.refusal and not text:
            raise Declined("Holo3 will not answer this", usage=usage)
        case "length" if not _whole(text):
            raise CutShort("Holo3's answer ran into its limit of tokens", usage=usage)
        case _ if not text:
            raise Malformed("Holo3 answered with an empty text", usage=usage)
        case _:
            return Completion(text, usage)


def _whole(text: str) -> bool:
    """Whether a text that was cut off is a whole JSON object all the same."""
    try:
        return isinstance(_JSON.validate_json(text), dict)
    except ValidationError:
        return False


_JSON: Final = TypeAdapter[JsonValue](JsonValue)


def _with_tokens(used: Usage, tokens: _Tokens | None) -> Usage:
    if tokens is None:
        return used
    details = tokens.prompt_tokens_details
    cached = min(tokens.prompt_tokens, (details.cached_tokens if details else None) or 0)
    return used.model_copy(
        update={
            "input_tokens": tokens.prompt_tokens - cached,
            "cache_read_tokens": cached,
            "output_tokens": tokens.completion_tokens or 0,
        }
    )


def refusal(status: int, headers: httpx.Headers, body: bytes) -> ModelError:
    """Why a server says no, by its status."""
    if status in _AWAY or status >= 500:
        wait = retry_after(headers.get("retry-after", ""))
        return ModelAway(f"Holo3's server answered {status}", after_s=wait)
    match status:
        case 401 | 403:
            return ModelRefused(
                f"Holo3's server wants another key ({status}): MANTIS_HOLO3_API_KEY"
            )
        case 404:
            return ModelRefused(
                "Holo3's server has no such model or path (404): see MANTIS_HOLO3_MODEL, and"
                " MANTIS_HOLO3_URL, which ends in /v1"
            )
        case _:
            return ModelRefused(f"Holo3's server refused the request ({status}){_reason(body)}")


def _reason(body: bytes) -> str:
    try:
        told = _TOLD.validate_json(body)
    except ValidationError:
        return ""
    fault = told.error.message if isinstance(told.error, _Fault) else told.error
    words = " ".join((fault or told.message).split())
    return f": {words[:_LONGEST_REASON]}" if words else ""


def retry_after(value: str) -> float | None:
    """Seconds that a `Retry-After` says, None where it says none that can be read."""
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), 3600.0) if math.isfinite(seconds) else None
