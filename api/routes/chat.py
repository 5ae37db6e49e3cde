"""`POST /v1/chat/completions`: the Holo3 pool behind the OpenAI protocol."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api import limits
from api.body import read_object
from api.errors import BadGateway
from api.openapi import CHAT_BODY, CHAT_RESPONSES
from api.service import CurrentService, CurrentTenant, require
from api.tenants import Scope

router = APIRouter(tags=["models"])


@router.post(
    "/v1/chat/completions",
    summary="Ask the Holo3 pool",
    openapi_extra=CHAT_BODY,
    responses=CHAT_RESPONSES,
)
async def complete(
    request: Request, service: CurrentService, tenant: CurrentTenant
) -> JSONResponse:
    """Refused until the service is given a Holo3 pool."""
    require(tenant, Scope.RUN)
    await read_object(request, service.settings.max_body_bytes)
    await limits.take(service, tenant, "submit")
    service.metrics.completed(tenant.tenant_id, "upstream_error")
    raise BadGateway("Holo3 can't be reached: this server has no pool configured")
