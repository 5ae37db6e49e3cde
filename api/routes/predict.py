"""`POST /v1/predict`: run a plan, or act on a run."""

from typing import assert_never

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from api import actions, limits, pauses, submit
from api.actions import Action
from api.apart import about, answer
from api.body import read_object
from api.errors import BadRequest
from api.metrics import note
from api.openapi import PREDICT_BODY, PREDICT_RESPONSES
from api.service import CurrentService, CurrentTenant, Service, require
from api.tenants import Scope, Tenant
from ledger.models import Document
from ledger.result import build_handle
from ledger.views import View

router = APIRouter(tags=["runs"])


@router.post(
    "/predict",
    operation_id="predict_alias",
    summary="The same as POST /v1/predict",
    openapi_extra=PREDICT_BODY,
    responses=PREDICT_RESPONSES,
)
@router.post(
    "/v1/predict",
    summary="Run a plan, or act on a run",
    openapi_extra=PREDICT_BODY,
    responses=PREDICT_RESPONSES,
)
async def predict(request: Request, service: CurrentService, tenant: CurrentTenant) -> JSONResponse:
    """With `action`, act on the run named by `run_id`; without, submit the plan in the body."""
    body = await read_object(request, service.settings.max_body_bytes)
    if body.get("action") is not None:
        action = _read_action(body["action"])
        note(mode=action)
        require(tenant, action.scope)
        return await answer(await _act(service, tenant, action, body))
    require(tenant, Scope.RUN)
    checked, steps = await submit.check(service, tenant, body)
    if checked.options.dry_run:
        headers = await limits.take(service, tenant, "submit")
        rehearsal = await submit.rehearse(service, tenant, body, checked, steps)
        return await answer(rehearsal, headers)
    key = submit.read_key(request.headers.getlist("idempotency-key"))
    accepted = await submit.admit(service, tenant, body, checked, key)
    if checked.options.detached:
        handle = await about(body, lambda: build_handle(accepted.run))
        return await answer(handle, accepted.headers)
    settled = await actions.wait_until_settled(service, accepted.run, request.is_disconnected)
    return await answer(await actions.result_of(service, settled), accepted.headers)


async def _act(service: Service, tenant: Tenant, action: Action, body: Document) -> View:
    """Carry out an action. What reads draws on the tenant's second bucket, once it is sound."""
    run_id = _read_run_id(action, body.get("run_id"))
    match action:
        case Action.STATUS:
            await limits.take(service, tenant, "read")
            return await actions.status(service, tenant, run_id)
        case Action.RESULT:
            await limits.take(service, tenant, "read")
            return await actions.result(service, tenant, run_id)
        case Action.LOGS:
            tail = actions.read_tail(body.get("tail"))
            await limits.take(service, tenant, "read")
            return await actions.logs(service, tenant, run_id, tail)
        case Action.CANCEL:
            return await actions.cancel(service, tenant, run_id, actions.read_reason(body))
        case Action.RESUME:
            return await pauses.resume(service, tenant, run_id, pauses.read_answer(body))
        case Action.PAUSE:
            return await pauses.pause(service, tenant, run_id, actions.read_reason(body))
        case _:
            assert_never(action)


def _read_action(given: JsonValue) -> Action:
    known = ", ".join(Action)
    if not isinstance(given, str):
        raise BadRequest(f"invalid request: action: must be one of {known}")
    try:
        return Action(given)
    except ValueError:
        shown = " ".join(given.split())[:40]
        raise BadRequest(f"unknown action '{shown}': known are {known}") from None


def _read_run_id(action: Action, given: JsonValue) -> str:
    if given is None or given == "":
        raise BadRequest(f"action '{action}' needs a run_id")
    if not isinstance(given, str):
        raise BadRequest("invalid request: run_id: must be a string")
    return actions.read_run_id(given)
