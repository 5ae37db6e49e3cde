"""One question to an OpenAI-compatible server: request, bill, and why there is no answer."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import JsonValue

from inference.cookies import refused_cookies
from inference.errors import CutShort, ModelAway, ModelRefused
from inference.holo3.answers import Completion, completion, refusal
from inference.settings import ModelSettings
from plans.prices import Usage
from plans.step import TierName

CONNECT_S: Final = 10.0
LARGEST_ANSWER: Final = 2**20
"""Bytes of an answer that are read."""
_OK: Final = 200
_KEEPALIVE_S: Final = 2.0
"""Less than the 5 s after which servers close idle connections: a request that is sent into one
that just closes gets no answer."""


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


def connections(settings: ModelSettings) -> httpx.AsyncClient:
    """A client for a worker of the pool: a connection for each question that it asks at once.

    A proxy of the environment is used, but never for this machine itself. No cookie is kept.
    """
    host = httpx.URL(settings.holo3_url or "http://127.0.0.1").host
    return httpx.AsyncClient(
        limits=httpx.Limits(
            max_connections=settings.holo3_capacity + 2, keepalive_expiry=_KEEPALIVE_S
        ),
        cookies=refused_cookies(),
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
            raise refusal(status, headers, body)
        return completion(body, self._used(question, begun))

    async def _send(self, question: Question) -> tuple[int, httpx.Headers, bytes]:
        settings = self._settings
        key = settings.holo3_api_key.get_secret_value()
        seconds = settings.holo3_timeout_s
        async with self._client.stream(
            "POST",
            settings.holo3_url.rstrip("/") + "/chat/completions",
            json=body_of(settings.holo3_model, question),
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


def body_of(model: str, question: Question) -> dict[str, JsonValue]:
    """The request of a question, as the chat API takes it."""
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
