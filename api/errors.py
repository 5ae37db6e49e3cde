"""How a request is refused: always `{"detail": "<one sentence>"}`.

ApiError            a refusal with its status
├── BadRequest      400
├── Unauthorised    401
├── Forbidden       403
├── NotFound        404
├── Conflict        409
├── TooLarge        413
├── TooMany         429
├── BadGateway      502
└── Unavailable     503

Anything else that is raised is a fault of ours: 500, and the log has it under an id.
"""

import logging
import secrets
from collections.abc import Mapping

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.paths import logged_path
from ledger.errors import BadCursor, LedgerAway, LedgerFull, UnknownRun
from plans.errors import PlanError

log = logging.getLogger("mantis.api")


class ApiError(Exception):
    """A refusal. `detail` is one sentence that is safe to show."""

    status = 500

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers


class BadRequest(ApiError):
    """What the request says is not acceptable."""

    status = 400


class Unauthorised(ApiError):
    """Nobody we know."""

    status = 401


class Forbidden(ApiError):
    """Somebody we know, who may not."""

    status = 403


class NotFound(ApiError):
    """There is no such thing for this tenant."""

    status = 404


class Conflict(ApiError):
    """What is asked for contradicts what was asked for before."""

    status = 409


class TooLarge(ApiError):
    """The body is over the limit."""

    status = 413


class TooMany(ApiError):
    """More than the tenant may; `Retry-After` says when to ask again."""

    status = 429


class BadGateway(ApiError):
    """A model that the request needs can't be reached."""

    status = 502


class Unavailable(ApiError):
    """A part of the service is missing or away."""

    status = 503


def refusal(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a refused request."""
    return JSONResponse({"detail": detail}, status_code=status, headers=headers)


def install(app: Starlette) -> None:
    """Answer every error in the one form."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(PlanError, _on_plan_error)
    app.add_exception_handler(UnknownRun, _on_unknown_run)
    app.add_exception_handler(LedgerAway, _on_ledger_away)
    app.add_exception_handler(BadCursor, _on_bad_cursor)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(FaultBarrier)


class FaultBarrier:
    """The outermost edge: no exception gets past it.

    Everything unforeseen ends here as a 500 with an id, so that neither a traceback nor a
    path of the server reaches a caller.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and answer for what it raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            fault = secrets.token_hex(6)
            log.exception("fault %s in %s %s", fault, scope["method"], logged_path(scope))
            if started:
                raise
            answer = refusal(500, f"internal error: the server's log has it under the id {fault}")
            await answer(scope, receive, send)


async def _on_api_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return refusal(error.status, error.detail, error.headers)


async def _on_plan_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PlanError)
    return refusal(400, error.message)


async def _on_unknown_run(_: Request, error: Exception) -> JSONResponse:
    return refusal(404, str(error))


async def _on_ledger_away(_: Request, error: Exception) -> JSONResponse:
    log.error("%s", error)
    if isinstance(error, LedgerFull):
        return refusal(
            503, "the server's disk is full: its operator must make room, then try again"
        )
    return refusal(503, "the run ledger can't be reached, try again in a moment")


async def _on_bad_cursor(_: Request, error: Exception) -> JSONResponse:
    return refusal(400, str(error))


async def _on_disconnect(_: Request, error: Exception) -> JSONResponse:
    return refusal(400, "the request ended before its body was complete")


async def _on_validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal(400, f"invalid request: {place[:80]}: {str(first['msg'])[:160]}")


async def _on_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            detail = "no such route: the API is described at /openapi.json"
        case 405:
            detail = "this route does not take that method: see /openapi.json"
        case _:
            detail = str(error.detail)
    answer = refusal(error.status_code, detail)
    answer.headers.update(error.headers or {})
    return answer
