"""One question to an OpenAI-compatible server: request, bill, and why there is no answer."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from inference.errors import CutShort, Declined, Malformed, ModelAway, ModelError, ModelRefused
from inference.settings import ModelSettings
from plans.prices import Usage
from plans.step import TierName

CONNECT_S: Final = 10.0
LARGEST_ANSWER: Final = 2**20
"""Bytes of an answer that are read."""
_LONGEST_REASON: Final = 200
_OK: Final = 200
_AWAY: Final = frozenset({408, 409, 425, 429})
_REASONED: Final = "</think>"


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent: messages of the chat API, the schema of the answer, how it is sampled.

    `temperature` None: the model's own. `images` is how many pictures the messages hold.
    """

    messages: list[JsonValue]
    name: str
    schema: dict[str, JsonValue] | None
    max_tokens: int
    thinking: bool
    images: int
    temperature: float | None = None


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


def connections(settings: ModelSettings) -> httpx.AsyncClient:
    """A client for a worker of the pool: a connection for each question that it asks at once.

    A proxy of the environment is used, but never for this machine itself.
    """
    host = httpx.URL(settings.holo3_url or "http://127.0.0.1").host
    return httpx.AsyncClient(
        limits=httpx.Limits(max_connections=settings.holo3_capacity + 2),
        trust_env=host not in ("localhost", "127.0.0.1", "::1"),
    )


class ChatServer:
    """The chat completions of the server that `settings` name."""

    def __init__(
        self, client: httpx.AsyncClient, settings: ModelSettings, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    async def ask(self, question: Question) -> Completion:
        """Ask once. Cancelled, the request is closed, which ends the work for it at the server.

        Answers that are of no use are paid for, and so is the time until one is given up. What
        a server used that says no, or is gone before it answers, nobody knows: nothing.

        Raises:
            ModelError: see `inference.errors`.
        """
        begun = self._clock()
        seconds = self._settings.holo3_timeout_s
        try:
            async with asyncio.timeout(seconds):
                status, headers, body = await self._send(question)
        except TimeoutError:
            used = self._used(question, begun)
            raise ModelAway(f"Holo3 gave no answer within {seconds:g} s", usage=used) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ModelAway(f"Holo3 can't be reached: {type(error).__name__}") from None
        except _BrokeOff:
            used = self._used(question, begun)
            raise CutShort("Holo3's answer broke off", usage=used) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise ModelRefused("MANTIS_HOLO3_URL is no URL of a server") from None
        except httpx.HTTPError as error:
            raise ModelAway(f"Holo3 closed the connection: {type(error).__name__}") from None
        if status != _OK:
            raise _refusal(status, headers, body)
        return _completion(body, self._used(question, begun))

    async def _send(self, question: Question) -> tuple[int, httpx.Headers, bytes]:
        settings = self._settings
        key = settings.holo3_api_key.get_secret_value()
        seconds = settings.holo3_timeout_s
        async with self._client.stream(
            "POST",
            settings.holo3_url.rstrip("/") + "/chat/completions",
            json=_body(settings.holo3_model, question),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(seconds + 1, connect=min(CONNECT_S, seconds)),
        ) as response:
            parts: list[bytes] = []
            size = 0
            try:
                async for part in response.aiter_bytes():
                    parts.append(part)
                    size += len(part)
                    if size > LARGEST_ANSWER:
                        break
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _BrokeOff from error
            return response.status_code, response.headers, b"".join(parts)

    def _used(self, question: Question, begun: float) -> Usage:
        return Usage(
            tier=TierName.HOLO3,
            model=self._settings.holo3_model,
            gpu_ms=max(0, math.ceil((self._clock() - begun) * 1000)),
            images=question.images,
        )


class _BrokeOff(Exception):
    """The connection ended within the body of an answer."""


def _body(model: str, question: Question) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {
        "model": model,
        "messages": question.messages,
        "max_tokens": question.max_tokens,
        "chat_template_kwargs": {"enable_thinking": question.thinking},
    }
    if question.temperature is not None:
        body["temperature"] = question.temperature
    if question.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": question.name, "schema": question.schema, "strict": True},
        }
    return body


def _completion(body: bytes, used: Usage) -> Completion:
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


def _refusal(status: int, headers: httpx.Headers, body: bytes) -> ModelError:
    if status in _AWAY or status >= 500:
        wait = retry_after(headers.get("retry-after", ""))
        return ModelAway(f"Holo3's server answered {status}", after_s=wait)
    match status:
        case 401 | 403:
            return ModelRefused(
                f"Holo3's server wants another key ({status}): MANTIS_HOLO3_API_KEY"
            )
        case 404:
            return ModelRefused("Holo3's server has no such model or path (404): MANTIS_HOLO3_URL")
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
