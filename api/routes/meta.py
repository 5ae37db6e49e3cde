"""What the service says of itself: models, health, version."""

from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from temporalio.service import RPCError

from api.openapi import HEALTH_RESPONSES, MODELS_RESPONSES, VERSION_RESPONSES
from api.service import CurrentService, Service
from api.views import HealthView, ModelCard, ModelsView, VersionView
from ledger.errors import LedgerAway
from ledger.result import MODEL

router = APIRouter(tags=["service"])

HEALTH_TIMEOUT = timedelta(seconds=2)


@router.get("/v1/models", responses=MODELS_RESPONSES)
async def models() -> JSONResponse:
    """The models that a request may name."""
    card = ModelCard(id=MODEL, object="model", owned_by="mantis")
    return JSONResponse(ModelsView(object="list", data=[card]).document())


@router.get("/health", include_in_schema=False)
@router.get("/v1/health", responses=HEALTH_RESPONSES)
async def health(service: CurrentService) -> JSONResponse:
    """Whether runs can be taken: 503 when Temporal or the ledger can't be reached."""
    checks = await _checks(service)
    ok = all(answer == "ok" for answer in checks.values())
    body = HealthView(ok=ok, model=MODEL, checks=checks)
    return JSONResponse(body.document(), status_code=200 if ok else 503)


@router.get("/v1/version", responses=VERSION_RESPONSES)
async def build(service: CurrentService) -> JSONResponse:
    """Which build this is, and whether it is ready."""
    checks = await _checks(service)
    body = VersionView(
        version=_version(),
        model=MODEL,
        ready=all(answer == "ok" for answer in checks.values()),
        git_sha=service.settings.git_sha,
        build_time=service.settings.build_time,
    )
    return JSONResponse(body.document())


async def _checks(service: Service) -> dict[str, str]:
    return {
        "ledger": await _check_ledger(service),
        "temporal": await _check_temporal(service),
        "auth": "ok" if service.tenants.configured else "server auth not configured",
    }


async def _check_ledger(service: Service) -> str:
    try:
        await service.ledger.ping()
    except LedgerAway:
        return "can't be reached"
    return "ok"


async def _check_temporal(service: Service) -> str:
    try:
        well = await service.temporal.service_client.check_health(timeout=HEALTH_TIMEOUT)
    except (RPCError, RuntimeError):
        return "can't be reached"
    return "ok" if well else "not serving"


def _version() -> str:
    try:
        return version("mantis-service")
    except PackageNotFoundError:
        return "0.0.0"
