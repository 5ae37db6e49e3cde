"""`/v1/runs/{run_id}…`: one run, by its parts."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api import actions, pauses
from api.apart import answer
from api.body import read_object
from api.errors import NotFound
from api.files import File
from api.openapi import (
    ARTIFACT_RESPONSES,
    CANCEL_BODY,
    CANCEL_RESPONSES,
    LOGS_QUERY,
    LOGS_RESPONSES,
    PAUSE_BODY,
    PAUSE_RESPONSES,
    POLL_RESPONSES,
    RESULT_RESPONSES,
    RESUME_BODY,
    RESUME_RESPONSES,
    STATUS_RESPONSES,
    VIDEO_QUERY,
    VIDEO_RESPONSES,
    ArtifactName,
    RunId,
)
from api.service import CurrentService, CurrentTenant, require
from api.tenants import Scope
from ledger.wire import run_folder

router = APIRouter(prefix="/v1/runs", tags=["runs"])

_MEDIA_TYPES = {
    "result.json": "application/json",
    "extracted_rows.json": "application/json",
    "leads.csv": "text/csv",
    "extracted_rows.csv": "text/csv",
}
_SCREENSHOT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\.(png|jpg|webp)")


@router.get("/{run_id}", summary="Cheap poll", responses=POLL_RESPONSES)
async def poll(run_id: RunId, service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """Phase, time of the last event, and how long to wait before asking again."""
    require(tenant, Scope.STATUS)
    return JSONResponse((await actions.poll(service, tenant, run_id)).document())


@router.get("/{run_id}/status", responses=STATUS_RESPONSES)
async def status(run_id: RunId, service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """The status of a run."""
    require(tenant, Scope.STATUS)
    return await answer(await actions.status(service, tenant, run_id))


@router.get("/{run_id}/result", responses=RESULT_RESPONSES)
async def result(run_id: RunId, service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """The status of a run with its leads, steps and rows; `result` is null before the end."""
    require(tenant, Scope.RESULT)
    return await answer(await actions.result(service, tenant, run_id))


@router.get("/{run_id}/logs", responses=LOGS_RESPONSES, openapi_extra=LOGS_QUERY)
async def logs(
    run_id: RunId, request: Request, service: CurrentService, tenant: CurrentTenant
) -> JSONResponse:
    """The last lines of a run's log, oldest first."""
    require(tenant, Scope.LOGS)
    tail = actions.read_tail(request.query_params.get("tail"))
    return await answer(await actions.logs(service, tenant, run_id, tail))


@router.post("/{run_id}/cancel", responses=CANCEL_RESPONSES, openapi_extra=CANCEL_BODY)
async def cancel(
    run_id: RunId, request: Request, service: CurrentService, tenant: CurrentTenant
) -> JSONResponse:
    """Ask a run to stop at its next boundary; a terminal run is left unchanged."""
    require(tenant, Scope.RUN)
    body = await read_object(request, service.settings.max_body_bytes, empty_ok=True)
    reason = actions.read_reason(body)
    return await answer(await actions.cancel(service, tenant, run_id, reason))


@router.post("/{run_id}/resume", responses=RESUME_RESPONSES, openapi_extra=RESUME_BODY)
async def resume(
    run_id: RunId, request: Request, service: CurrentService, tenant: CurrentTenant
) -> JSONResponse:
    """Give a paused run the answer that it waits for."""
    require(tenant, Scope.RUN)
    body = await read_object(request, service.settings.max_body_bytes, empty_ok=True)
    return await answer(await pauses.resume(service, tenant, run_id, pauses.read_answer(body)))


@router.post("/{run_id}/pause", responses=PAUSE_RESPONSES, openapi_extra=PAUSE_BODY)
async def pause(
    run_id: RunId, request: Request, service: CurrentService, tenant: CurrentTenant
) -> JSONResponse:
    """Ask a running run to pause at its next boundary."""
    require(tenant, Scope.RUN)
    body = await read_object(request, service.settings.max_body_bytes, empty_ok=True)
    reason = actions.read_reason(body)
    return await answer(await pauses.pause(service, tenant, run_id, reason))


@router.get("/{run_id}/artifacts/{name}", responses=ARTIFACT_RESPONSES, response_class=File)
async def artifact(
    run_id: RunId, name: ArtifactName, service: CurrentService, tenant: CurrentTenant
) -> File:
    """A file of a run: the result, the records, or a step's screenshot."""
    require(tenant, Scope.RESULT)
    row = await actions.find(service, tenant, run_id)
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None and not _SCREENSHOT.fullmatch(name):
        raise NotFound("no such artifact")
    path = service.settings.data_dir / run_folder(row.tenant_id, row.run_id) / name
    if not _is_file(path):
        raise NotFound("no such artifact")
    return File(path, media_type=media_type, filename=name)


@router.get(
    "/{run_id}/video",
    responses=VIDEO_RESPONSES,
    response_class=File,
    openapi_extra=VIDEO_QUERY,
)
async def video(run_id: RunId, service: CurrentService, tenant: CurrentTenant) -> File:
    """The recording of a run; any token of the tenant may have it."""
    await actions.find(service, tenant, run_id)
    raise NotFound("no recording: this build cannot record")


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
