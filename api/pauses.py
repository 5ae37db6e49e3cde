"""Pausing a run from outside, and answering the pause that a run is in."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn, get_args

from pydantic import JsonValue
from temporalio.client import (
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from api.actions import find, status_of, without_secrets
from api.apart import about
from api.errors import BadRequest, Unavailable
from api.service import Service
from api.tenants import Tenant
from api.views import ResumedView
from ledger.clock import now_micros
from ledger.models import Document, PauseRow, RunRow, RunStatus
from ledger.views import StatusView
from ledger.wire import iso_ms
from plans.answers import answer_name, fingerprint_of
from plans.json_text import canonical_json
from workflows.interfaces import plan_run_id
from workflows.messages import Resumed, ResumeRefusal, ResumeRequest

ANSWERED_WITHIN_S = 5.0
"""How long the run's workflow may take to hear of an answer."""
AGAIN_S = 0.2
"""A workflow that is on its way into its pause is asked again after this time."""
SILENT = (
    "the run is still paused: no workflow worker has taken the answer in time, try again in a "
    "moment"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody resumes a run with. `given` tells null from nothing at all."""

    given: bool
    value: JsonValue = field(repr=False)
    pause_id: str


def read_answer(body: Document) -> Answer:
    """The answer in a request; `user_input` may be any JSON value, null too.

    Raises:
        BadRequest: the pause's id is not text.
    """
    pause_id = body.get("pause_id")
    if pause_id is not None and not isinstance(pause_id, str):
        raise BadRequest("invalid request: pause_id: must be a string")
    return Answer("user_input" in body, body.get("user_input"), pause_id or "")


async def pause(service: Service, tenant: Tenant, run_id: str, reason: str) -> StatusView:
    """Ask a running run to pause at its next boundary; until it does, once is enough.

    Raises:
        BadRequest: it isn't running, or is being cancelled.
    """
    row = await find(service, tenant, run_id)
    if row.status is RunStatus.RUNNING:
        reason = await without_secrets(service, row, reason) if reason else reason
        row = await service.ledger.runs.request_pause(row.tenant_id, run_id, reason, now_micros())
    if row.status is not RunStatus.RUNNING:
        raise BadRequest(f"run {run_id} is {row.status}, only a running run can be paused")
    if row.cancel_requested:
        raise BadRequest(f"run {run_id} is being cancelled and can't be paused any more")
    service.dispatcher.wake()
    return await status_of(service, row)


async def resume(service: Service, tenant: Tenant, run_id: str, answer: Answer) -> ResumedView:
    """Give a paused run its answer; it is running when this returns.

    The answer is kept among the run's secrets first, and its workflow is told the name alone.
    The newest pause's id and the same answer again change nothing and answer the same.

    Raises:
        BadRequest: the run isn't paused, the pause is not the newest, or it asks for input.
        Unavailable: no workflow worker has heard of it within 5 s.
    """
    row = await find(service, tenant, run_id)
    newest = await service.ledger.pauses.newest(row.tenant_id, run_id)
    name = await _name(service, row, newest, answer)
    if newest is not None and newest.answered_at is not None:
        return _answered(row, newest, name, answer)
    if newest is None or row.status is not RunStatus.PAUSED:
        _refuse_not_paused(row)
    if answer.pause_id not in ("", newest.pause_id):
        raise BadRequest(
            f"pause {answer.pause_id[:40]!r} is not the one that run {run_id} is in: "
            f"answer {newest.pause_id}"
        )
    if newest.needs_input and not answer.given:
        raise BadRequest(f"run {run_id} is paused for input: give it as user_input")
    if name:
        await service.ledger.secrets.add(row.tenant_id, run_id, name, answer.value)
    told = ResumeRequest(pause_id=newest.pause_id, answer=name)
    resumed = await _tell(service, row, told)
    return _view(row, resumed.resumed_at_ms * 1000)


async def _name(service: Service, row: RunRow, newest: PauseRow | None, answer: Answer) -> str:
    """What the answer is called among the run's secrets; empty where there is none."""
    if newest is None or not answer.given:
        return ""

    def named(pause_id: str) -> str:
        content = "\n".join((row.run_id, pause_id, canonical_json(answer.value)))
        return answer_name(pause_id, service.keyring.fingerprint(content.encode()))

    return await about(answer.value, lambda: named(newest.pause_id))


def _answered(row: RunRow, newest: PauseRow, name: str, answer: Answer) -> ResumedView:
    """The run is past its newest pause: the same answer to it again is no harm."""
    if answer.pause_id != newest.pause_id or newest.answered_at is None:
        _refuse_not_paused(row)
    if fingerprint_of(name) != newest.fingerprint:
        raise BadRequest(f"pause {newest.pause_id} was answered before, with another answer")
    return _view(row, newest.answered_at)


def _refuse_not_paused(row: RunRow) -> NoReturn:
    status = RunStatus.RUNNING if row.status is RunStatus.PAUSED else row.status
    raise BadRequest(f"run {row.run_id} is {status}, only a paused run can be resumed")


def _view(row: RunRow, at: int) -> ResumedView:
    return ResumedView(run_id=row.run_id, status=RunStatus.RUNNING, resumed_at=iso_ms(at))


async def _tell(service: Service, row: RunRow, told: ResumeRequest) -> Resumed:
    """Tell the run's workflow, again and again where it is between two histories.

    Raises:
        BadRequest: it refuses.
        Unavailable: it does not answer in time.
    """
    handle = service.temporal.get_workflow_handle(plan_run_id(row.tenant_id, row.run_id))
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while (resumed := await _ask(handle, told)) is None:
                await _still_paused(service, row, told.pause_id)
                await asyncio.sleep(AGAIN_S)
            return resumed
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError, RuntimeError):
        raise Unavailable(SILENT) from None


async def _ask(handle: WorkflowHandle[object, object], told: ResumeRequest) -> Resumed | None:
    """Give the answer once; None where the workflow is not (or no more) there to take it.

    Raises:
        BadRequest: it refuses.
    """
    try:
        return await handle.execute_update(
            "resume",
            told,
            id=f"{told.pause_id}-{fingerprint_of(told.answer)}",
            result_type=Resumed,
            rpc_timeout=timedelta(seconds=ANSWERED_WITHIN_S),
        )
    except WorkflowUpdateFailedError as failed:
        cause = failed.cause
        kind = cause.type if isinstance(cause, ApplicationError) else None
        if kind in get_args(ResumeRefusal) and kind != "NotPaused":
            raise BadRequest(str(cause)) from None
        return None


async def _still_paused(service: Service, row: RunRow, pause_id: str) -> None:
    """Whether it makes sense to ask again.

    Raises:
        BadRequest: the run is over, or past this pause.
    """
    now = await service.ledger.runs.get(row.tenant_id, row.run_id) or row
    newest = await service.ledger.pauses.newest(row.tenant_id, row.run_id)
    past = newest is None or newest.pause_id != pause_id or newest.answered_at is not None
    if now.status is not RunStatus.PAUSED or past:
        _refuse_not_paused(now)
