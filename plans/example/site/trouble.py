"""Pages that misbehave on demand: slow, endless, missing, failing, blocked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from plans.example.site.html import render
from plans.example.site.layout import Frame
from plans.example.site.messages import failed, message, not_found

DEFAULT_SLOW_MS = 3_000
MAX_SLOW_MS = 120_000


@dataclass(frozen=True)
class TroublePages:
    """`/trouble/…`: each page fails in one known way."""

    frame: Frame

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route("/trouble/slow", self.slow),
            Route("/trouble/never", self.never),
            Route("/trouble/404", self.missing),
            Route("/trouble/500", self.failing),
            Route("/trouble/blocked", self.blocked),
        ]

    async def slow(self, request: Request) -> Response:
        """Answers after `ms` milliseconds, 3000 unless told."""
        text = request.query_params.get("ms", "")
        readable = text.isdecimal() and len(text) < 7
        delay_ms = min(int(text), MAX_SLOW_MS) if readable else DEFAULT_SLOW_MS
        await asyncio.sleep(delay_ms / 1000)
        body = message("plain", "Sorry for the wait", f"This page took {delay_ms} ms.")
        return self.frame.page(request, "A slow page", body)

    async def never(self, request: Request) -> Response:
        """Sends headers and the beginning of a page, and then nothing more."""
        return StreamingResponse(_beginning(), media_type="text/html")

    async def missing(self, request: Request) -> Response:
        """The 404 page."""
        return not_found(self.frame, request)

    async def failing(self, request: Request) -> Response:
        """The 500 page."""
        return failed(self.frame, request)

    async def blocked(self, request: Request) -> Response:
        """A 403 wall that asks for proof of being human."""
        return HTMLResponse(render("blocked"), status_code=403)


async def _beginning() -> AsyncIterator[str]:
    yield "<!doctype html><html><head><title>Loading…</title></head><body><p>Loading boats"
    await asyncio.Event().wait()
