"""The pool of Holo3 as the chat proxy reaches it: what is passed on to it, and what back."""

import json
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
from fastapi import Response
from fastapi.responses import JSONResponse

from api.apart import apart
from api.body import LARGE
from api.errors import BadGateway
from api.seats import Seats
from api.settings import ApiSettings

TO_POOL: Final = ("content-type", "accept", "accept-language", "user-agent", "x-request-id")
"""Headers of a request that are passed on; all others stay here: tokens, keys, cookies, what
belongs to one connection alone, and what says where the caller sits."""
FROM_POOL: Final = ("content-type", "content-language", "retry-after", "x-request-id")
"""Headers of an answer that are passed back."""

EVENTS: Final = "text/event-stream"
MOST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes of an answer that is not streamed."""
SHOWN: Final = 1000
"""Characters that are shown of an answer which is not JSON."""
_CONNECT_S: Final = 5.0

AWAY: Final = "Holo3 can't be reached: try again in a moment"
NO_POOL: Final = "Holo3 can't be reached: this server has no pool configured"
SILENT: Final = "Holo3 does not answer: try again in a moment"
BROKEN_OFF: Final = "Holo3 broke its answer off: try again in a moment"


class PoolAway(BadGateway):
    """The pool was not reached, and so did nothing."""


class ChatPool:
    """Connections to the pool, and the seats of the completions under way here.

    All tenants share the connections, and so no cookie of the pool is kept.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._url = settings.holo3_url.rstrip("/") + "/chat/completions"
        self.configured = bool(settings.holo3_url)
        self._key = settings.holo3_api_key.get_secret_value()
        self.seats = Seats(settings.chat_concurrency)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.chat_timeout_s, connect=_CONNECT_S, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
            follow_redirects=False,
        )

    async def ask(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Pass a request on; the answer's head is there, its body is still to be read.

        Raises:
            PoolAway: the pool can't be reached.
            BadGateway: it does not answer.
        """
        passed = {name: headers[name] for name in TO_POOL if name in headers}
        passed["accept-encoding"] = "identity"
        if self._key:
            passed["authorization"] = f"Bearer {self._key}"
        try:
            request = self._client.build_request("POST", self._url, content=body, headers=passed)
            return await self._client.send(request, stream=True)
        except httpx.ReadTimeout:
            raise BadGateway(SILENT) from None
        except (httpx.ReadError, httpx.RemoteProtocolError):
            raise BadGateway(BROKEN_OFF) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise PoolAway(AWAY) from None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def is_stream(answer: httpx.Response) -> bool:
    """Whether an answer is a stream of events."""
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status_code < 300 and media_type == EVENTS


def headers_back(answer: httpx.Response) -> dict[str, str]:
    """The headers of an answer that are passed back."""
    return {name: answer.headers[name] for name in FROM_POOL if name in answer.headers}


async def read_whole(answer: httpx.Response) -> bytes:
    """The body of an answer that is not streamed.

    Raises:
        BadGateway: it is broken off, too large, or does not come.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > MOST_ANSWER:
                raise BadGateway(f"Holo3's answer is larger than {MOST_ANSWER} bytes")
            parts.append(part)
    except httpx.ReadTimeout:
        raise BadGateway(SILENT) from None
    except httpx.HTTPError:
        raise BadGateway(BROKEN_OFF) from None
    return b"".join(parts)


async def passed_back(answer: httpx.Response, body: bytes) -> Response:
    """An answer as the caller gets it: JSON as it came, anything else in the form of an error."""
    status = answer.status_code
    is_json = await apart(lambda: _is_json(body)) if len(body) > LARGE else _is_json(body)
    if is_json and (status < 300 or status >= 400):
        head = {**headers_back(answer), "content-type": "application/json"}
        return Response(body, status_code=status, headers=head)
    head = {name: value for name, value in headers_back(answer).items() if name == "retry-after"}
    shown = body[: SHOWN * 4].decode(errors="replace")[:SHOWN]
    return JSONResponse(error_form(shown), status if status >= 400 else 502, headers=head)


def error_form(message: str) -> dict[str, dict[str, str]]:
    """An error in the form that clients of the protocol know."""
    return {"error": {"message": message, "type": "upstream_error"}}


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return False
    return True


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
