"""`POST /v1/chat/completions`: the Holo3 pool behind the OpenAI protocol."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Final, TypeVar

import httpx
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from api import limits
from api.apart import about
from api.body import read_sent_object
from api.chat_body import check_chat
from api.errors import ApiError, BadGateway
from api.metering import Meter
from api.metrics import Completion, Metrics
from api.openapi import CHAT_BODY, CHAT_RESPONSES
from api.proxying import (
    BROKEN_OFF,
    NO_POOL,
    PoolAway,
    error_form,
    headers_back,
    is_stream,
    passed_back,
    read_whole,
)
from api.service import CurrentService, CurrentTenant, Service, require
from api.tenants import Scope as TokenScope
from api.tenants import Tenant
from ledger.models import Document

router = APIRouter(tags=["models"])

T = TypeVar("T")

_GONE_STATUS: Final = 499
"""Of an answer that nobody waits for any more: it is seen in the log alone."""
_LONGEST_MODEL: Final = 128


@router.post(
    "/v1/chat/completions",
    summary="Ask the Holo3 pool",
    openapi_extra=CHAT_BODY,
    responses=CHAT_RESPONSES,
)
async def complete(request: Request, service: CurrentService, tenant: CurrentTenant) -> Response:
    """Pass a chat completion on to the pool, and its answer back: `stream`ed chunk by chunk."""
    require(tenant, TokenScope.RUN)
    raw, body = await read_sent_object(request, service.settings.max_body_bytes)
    await about(body, lambda: check_chat(body))
    headers = await limits.take(service, tenant, "submit")
    with ExitStack() as held:
        try:
            held.enter_context(service.pool.seats.seat(tenant.tenant_id))
            answer = await _ask(request, service, tenant, raw, body)
        except ApiError as error:
            error.headers = {**headers, **(error.headers or {})}
            raise
        answer.headers.update(headers)
        if isinstance(answer, _Streamed):
            answer.hold(held.pop_all())
        return answer


async def _ask(
    request: Request, service: Service, tenant: Tenant, raw: bytes, body: Document
) -> Response:
    """The pool's answer as the caller gets it.

    Raises:
        BadGateway: the pool can't be reached, or breaks its answer off.
        LedgerAway: nothing can be reserved.
    """
    count = _Count(service.metrics, tenant.tenant_id)
    if not service.pool.configured:
        count.as_("upstream_error")
        raise PoolAway(NO_POOL)
    meter = await service.meters.reserve(tenant.tenant_id, _model(service, body))
    try:
        meter.begin()
        upstream = await _unless_left(request, service.pool.ask(raw, request.headers))
        if upstream is not None and body.get("stream") is True and is_stream(upstream):
            return _Streamed(upstream, meter, count)
        if upstream is None:
            return _left(meter, count)
        try:
            content = await _unless_left(request, read_whole(upstream))
        finally:
            await upstream.aclose()
        if content is None:
            return _left(meter, count)
        meter.saw(content)
        answer = await passed_back(upstream, content)
        meter.end(answered=answer.status_code < 300, free=_did_nothing(upstream.status_code))
        count.of(upstream.status_code, answer.status_code)
        return answer
    except BaseException as error:
        meter.end(answered=False, free=isinstance(error, PoolAway))
        if isinstance(error, BadGateway):
            count.as_("upstream_error")
        raise


class _Count:
    """Counts a completion, by what its pool and what we answered."""

    def __init__(self, metrics: Metrics, tenant_id: str) -> None:
        self._metrics = metrics
        self._tenant_id = tenant_id

    def as_(self, outcome: Completion) -> None:
        self._metrics.completed(self._tenant_id, outcome)

    def of(self, given: int, passed: int) -> None:
        match given:
            case _ if given < 300 and passed == given:
                self.as_("ok")
            case _ if 400 <= given < 500:
                self.as_("status_4xx")
            case _ if given >= 500:
                self.as_("status_5xx")
            case _:
                self.as_("upstream_error")


class _Streamed(Response):
    """A stream of the pool, passed on chunk by chunk until its end or the caller's leaving."""

    def __init__(self, upstream: httpx.Response, meter: Meter, count: _Count) -> None:
        head = {**headers_back(upstream), "cache-control": "no-cache", "x-accel-buffering": "no"}
        super().__init__(None, status_code=upstream.status_code, headers=head)
        del self.headers["content-length"]
        self._upstream = upstream
        self._meter = meter
        self._count = count
        self._held = ExitStack()

    def hold(self, held: ExitStack) -> None:
        """Keep something until the stream is over."""
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes; the pool is let go within the same moment as the caller leaves."""
        start = {"type": "http.response.start", "status": self.status_code}
        whole, left = False, False
        with self._held:
            passing = asyncio.create_task(self._pass_on(send))
            leaving = asyncio.create_task(_until_left(receive))
            try:
                await send({**start, "headers": self.raw_headers})
                await asyncio.wait((passing, leaving), return_when=asyncio.FIRST_COMPLETED)
                left = not passing.done()
                whole = passing.done() and passing.result()
            finally:
                await _given_up(passing, leaving)
                await self._upstream.aclose()
                self._meter.end(answered=whole)
                self._count.as_("ok" if whole or left else "upstream_error")

    async def _pass_on(self, send: Send) -> bool:
        """Whether the stream came to its end."""
        whole = True
        try:
            async for part in self._upstream.aiter_bytes():
                self._meter.saw(part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except httpx.HTTPError:
            whole = False
            event = f"data: {json.dumps(error_form(BROKEN_OFF))}\n\n".encode()
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return whole


async def _unless_left(request: Request, work: Coroutine[None, None, T]) -> T | None:
    """What comes of some work; None where the caller left, and the work was given up."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_until_left(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        await _given_up(working, leaving)


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _given_up(*tasks: asyncio.Task[T] | asyncio.Task[None]) -> None:
    """Cancel what is not done yet, and wait until it has let go of what it held."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _left(meter: Meter, count: _Count) -> Response:
    """What becomes of a completion whose caller left before its answer."""
    meter.end(answered=False)
    count.as_("status_4xx")
    return Response(status_code=_GONE_STATUS)


def _did_nothing(status: int) -> bool:
    """Whether the pool refused a request before it worked on it."""
    return 400 <= status < 500 or status == 503


def _model(service: Service, body: Document) -> str:
    named = body.get("model")
    return named[:_LONGEST_MODEL] if isinstance(named, str) else service.settings.holo3_model
