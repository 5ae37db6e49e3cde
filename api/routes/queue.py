"""`/v1/runs` and `/v1/queue`: the runs of a tenant, one by one and counted."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.errors import BadRequest
from api.openapi import QUEUE_RESPONSES, RUNS_QUERY, RUNS_RESPONSES
from api.service import CurrentService, CurrentTenant, require
from api.tenants import Scope
from api.views import QueueView, RunsView, run_line
from ledger.models import RunStatus

router = APIRouter(tags=["runs"])

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@router.get("/v1/runs", responses=RUNS_RESPONSES, openapi_extra=RUNS_QUERY)
async def runs(request: Request, service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """The tenant's runs, newest first; `next_cursor` asks for those before, null at the end."""
    require(tenant, Scope.STATUS)
    page = await service.ledger.runs.page(
        tenant.tenant_id,
        _read_status(request.query_params.get("status")),
        _read_limit(request.query_params.get("limit")),
        request.query_params.get("cursor") or None,
    )
    lines = [run_line(row) for row in page.runs]
    body = RunsView(runs=lines, count=len(lines), next_cursor=page.next_cursor)
    return JSONResponse(body.document())


@router.get("/v1/queue", responses=QUEUE_RESPONSES)
async def queue(service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """How many of the tenant's runs are not over, and how long the next one will wait."""
    require(tenant, Scope.STATUS)
    counts = await service.ledger.runs.queue(tenant.tenant_id)
    body = QueueView(
        tenant_id=tenant.tenant_id,
        queued=counts.queued,
        running=counts.running,
        recovering=counts.recovering,
        eta_ms=counts.eta_ms,
    )
    return JSONResponse(body.document())


def _read_status(given: str | None) -> RunStatus | None:
    if not given:
        return None
    try:
        return RunStatus(given)
    except ValueError:
        raise BadRequest(f"status must be one of {', '.join(RunStatus)}") from None


def _read_limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    limit = int(given[:20]) if given.isascii() and given.isdigit() else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return limit
