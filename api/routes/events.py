"""`/v1/runs/{run_id}/events`: what happened in a run, as JSON or as a stream."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import actions
from api.errors import BadRequest
from api.feeds.body import events_body
from api.feeds.frames import read_cursor
from api.feeds.stream import EventStream, Times
from api.openapi import EVENTS_QUERY, EVENTS_RESPONSES, RunId
from api.service import CurrentService, CurrentTenant, require
from api.tenants import Scope

router = APIRouter(prefix="/v1/runs", tags=["runs"])

MAX_EVENTS = 10_000
_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"", "false", "0", "no", "off"})


@router.get("/{run_id}/events", responses=EVENTS_RESPONSES, openapi_extra=EVENTS_QUERY)
async def events(
    run_id: RunId, request: Request, service: CurrentService, tenant: CurrentTenant
) -> Response:
    """The events of a run after a cursor, oldest first; with `sse=true` as they are written.

    As JSON, at most 10,000 at once: the last `ts` is the cursor for the next.
    """
    require(tenant, Scope.LOGS)
    query = request.query_params
    streamed = _read_switch(query.get("sse", ""))
    cursor = read_cursor(request.headers.get("last-event-id") or query.get("since", ""))
    row = await actions.find(service, tenant, run_id)
    if streamed:
        return EventStream(service.feeds, row, cursor, Times())
    body = await events_body(service.ledger, row, cursor, MAX_EVENTS)
    return Response(body, media_type="application/json")


def _read_switch(given: str) -> bool:
    word = given.strip().lower()
    if word not in _YES | _NO:
        raise BadRequest("invalid request: sse: must be true or false")
    return word in _YES
