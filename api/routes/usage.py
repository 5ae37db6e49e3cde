"""`/v1/usage`: what the tenant's questions to models used and cost."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.apart import apart
from api.openapi import USAGE_QUERY, USAGE_RESPONSES
from api.service import CurrentService, CurrentTenant, Service, require
from api.tenants import Scope
from api.usage import UsageQuery, call_line, read_usage_query, sum_line, usage_csv, usage_view
from api.views import UsageLine

router = APIRouter(tags=["service"])

NEXT_CURSOR = "X-Next-Cursor"
"""Where a page of CSV says how to go on."""
CONTENT_TYPE = "text/csv; charset=utf-8"


@router.get("/v1/usage", responses=USAGE_RESPONSES, openapi_extra=USAGE_QUERY)
async def usage(request: Request, service: CurrentService, tenant: CurrentTenant) -> Response:
    """Billing records of the tenant, by call, step, run or day, with the sum over all of them."""
    require(tenant, Scope.STATUS)
    query = read_usage_query(tenant.tenant_id, request.query_params)
    lines, next_cursor = await _read(service, query)
    if query.format == "csv":
        headers = {} if next_cursor is None else {NEXT_CURSOR: next_cursor}
        text = await apart(lambda: usage_csv(query.by, lines))
        return Response(text, media_type=CONTENT_TYPE, headers=headers)
    total = await service.ledger.usage.total(query.wanted)
    view = usage_view(query, lines, next_cursor, total)
    return await apart(lambda: JSONResponse(view.document()))


async def _read(service: Service, query: UsageQuery) -> tuple[list[UsageLine], str | None]:
    if query.by == "call":
        calls = await service.ledger.usage.calls(query.wanted, query.limit, query.cursor)
        return [call_line(one) for one in calls.calls], calls.next_cursor
    sums = await service.ledger.usage.sums(query.wanted, query.by, query.limit, query.cursor)
    return [sum_line(one) for one in sums.sums], sums.next_cursor
