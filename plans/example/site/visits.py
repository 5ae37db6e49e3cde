"""The request log: what each visitor asked for, kept for the oracle."""

import asyncio
import re
import secrets
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

VISITOR_COOKIE = "hm_visitor"
VISITOR_HEADER = "X-Demo-Visitor"
UNLOGGED = ("/_oracle", "/static", "/favicon.ico")
MAX_DELAY_MS = 60_000
_SCOPE_KEY = "demo_visitor"
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass
class Visit:
    """One request: `time` in epoch seconds, `status` None until the answer has begun."""

    visitor: str
    method: str
    path: str
    query: str
    time: float
    status: int | None = None


@dataclass
class VisitLog:
    """All requests since the start or the last reset, oldest first."""

    visits: list[Visit] = field(default_factory=list[Visit])

    def of(self, visitor: str) -> list[Visit]:
        """What this visitor did; everybody's requests where the name is empty."""
        return [visit for visit in self.visits if visitor in ("", visit.visitor)]

    def reset(self) -> None:
        """Forgets every request."""
        self.visits.clear()


class VisitMiddleware:
    """Names each visitor, logs the request and delays it by `delay_ms` where asked to.

    A visitor is named by the header `X-Demo-Visitor`, by `?visitor=`, by the cookie of an
    earlier visit, or gets a new name; the name is then kept in the cookie.
    """

    def __init__(self, app: ASGIApp, log: VisitLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        known = request.cookies.get(VISITOR_COOKIE)
        visitor = _visitor(request) or known or f"v-{secrets.token_hex(6)}"
        scope[_SCOPE_KEY] = visitor
        visit = Visit(visitor, request.method, request.url.path, request.url.query, time.time())
        if not request.url.path.startswith(UNLOGGED):
            self._log.visits.append(visit)

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                if visitor != known:
                    MutableHeaders(scope=message).append("set-cookie", _cookie(visitor))
            await send(message)

        await asyncio.sleep(_delay_ms(request) / 1000)
        await self._app(scope, receive, send_named)


def _visitor(request: Request) -> str:
    named = request.headers.get(VISITOR_HEADER) or request.query_params.get("visitor", "")
    return "" if request.url.path.startswith("/_oracle") else _UNNAMEABLE.sub("_", named[:64])


def _delay_ms(request: Request) -> int:
    text = request.query_params.get("delay_ms", "")
    return min(int(text), MAX_DELAY_MS) if text.isdecimal() and len(text) < 7 else 0


def _cookie(visitor: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    jar[VISITOR_COOKIE] = visitor
    jar[VISITOR_COOKIE]["path"] = "/"
    jar[VISITOR_COOKIE]["samesite"] = "Lax"
    return jar.output(header="").strip()


def visitor_of(request: Request) -> str:
    """The name under which this request stands in the log; "" outside the middleware."""
    return str(request.scope.get(_SCOPE_KEY, ""))
