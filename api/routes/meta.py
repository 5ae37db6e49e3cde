"""What the service says of itself: models, health, version."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.health import is_well
from api.openapi import HEALTH_RESPONSES, MODELS_RESPONSES, VERSION_RESPONSES
from api.service import CurrentService
from api.views import HealthView, ModelCard, ModelsView, VersionView
from ledger.result import MODEL

router = APIRouter(tags=["service"])


@router.get("/v1/models", responses=MODELS_RESPONSES)
async def models() -> JSONResponse:
    """The models that a request may name."""
    card = ModelCard(id=MODEL, object="model", owned_by="mantis")
    return JSONResponse(ModelsView(object="list", data=[card]).document())


@router.get("/health", operation_id="health_alias", responses=HEALTH_RESPONSES)
@router.get("/v1/health", responses=HEALTH_RESPONSES)
async def health(service: CurrentService) -> JSONResponse:
    """Whether runs can be taken: 503 when Temporal or the ledger can't be reached."""
    checks = await service.health.checks()
    ok = is_well(checks)
    body = HealthView(ok=ok, model=MODEL, checks=checks)
    return JSONResponse(body.document(), status_code=200 if ok else 503)


@router.get("/v1/version", responses=VERSION_RESPONSES)
async def build(service: CurrentService) -> JSONResponse:
    """Which build this is, and whether it is ready."""
    checks = await service.health.checks()
    body = VersionView(
        version=_version(),
        model=MODEL,
        ready=is_well(checks),
        git_sha=service.settings.git_sha,
        build_time=service.settings.build_time,
    )
    return JSONResponse(body.document())


def _version() -> str:
    try:
        return version("mantis-service")
    except PackageNotFoundError:
        return "0.0.0"
