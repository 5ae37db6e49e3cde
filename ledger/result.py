"""What a caller may see of a run, put together from the ledger's rows and events.

Pure functions: the API answers with them, and the end of a run writes the same to files.
"""

import json
from collections.abc import Sequence
from hashlib import sha256

from ledger.clock import Micros
from ledger.content import in_words, read_content
from ledger.models import (
    NO_STEP,
    Delivery,
    Document,
    EventRow,
    ExtractedRow,
    PauseRow,
    RunRow,
    RunStatus,
)
from ledger.records import as_text, build_leads, build_rows
from ledger.suites import build_tasks
from ledger.views import HandleView, PollView, Result, ResultView, StatusView, WebhookView
from ledger.wire import iso_ms, iso_us, masked, masked_text, run_folder
from plans.failure_help import failure_help
from plans.occurrences import MASK
from plans.parse import Shape, first_shape
from plans.step import HaltClass
from plans.suite import TaskSuite
from plans.summary import Video

MODEL = "holo3"
STEP_EVENT = "step"
PAUSED = "The run is paused: resume it when it may go on."
RECORDING_NOT_AVAILABLE = "recording-not-available"


def poll_hint_ms(row: RunRow, now: Micros) -> int:
    """How long to wait before asking again, milliseconds."""
    if row.status.terminal:
        return 30_000
    silent = (now - row.last_event_at) / 1_000_000
    if silent < 2:
        return 500
    if silent < 10:
        return 1_500
    return 5_000 if silent < 30 else 10_000


def build_handle(row: RunRow) -> HandleView:
    """The answer to the submission of this run, as it was then."""
    return HandleView.model_validate(
        {**_handle(row), "status": RunStatus.QUEUED, "updated_at": iso_ms(row.created_at)}
    )


def build_status(
    row: RunRow,
    now: Micros,
    delivery: Delivery | None = None,
    pause: PauseRow | None = None,
) -> StatusView:
    """The status of a run, of its webhook where one is due, and of the pause that it is in."""
    return StatusView.model_validate(_status(row, now, delivery, pause))


def build_result(
    row: RunRow,
    steps: Sequence[EventRow],
    rows: Sequence[ExtractedRow],
    now: Micros,
    delivery: Delivery | None = None,
    pause: PauseRow | None = None,
    earlier: Sequence[EventRow] = (),
) -> ResultView:
    """The status of a run with its result.

    Args:
        row: the run.
        steps: its events of kind `step`, oldest first; their bodies are the step records.
        rows: its records.
        now: for the back-off hint.
        delivery: its webhook, where one is due.
        pause: the pause that it is in.
        earlier: steps of the runs that it goes on from, see `ledger.earlier`.
    """
    status = _status(row, now, delivery, pause)
    if not row.status.terminal:
        return ResultView.model_validate({**status, "result": None, "result_ready": False})
    result = Result.model_validate(
        {
            "leads": build_leads(row, rows),
            "steps": [event.body for event in steps],
            "rows": build_rows(rows),
            "video": _video(row),
            "summary": row.summary,
            **_of_words(row, steps),
            **_of_suite(row, (*earlier, *steps)),
        }
    )
    return ResultView.model_validate({**status, "result": result, "result_ready": True})


def _of_words(row: RunRow, steps: Sequence[EventRow]) -> dict[str, object]:
    """The steps that were made of a plan in words."""
    told = any(event.step_index == NO_STEP and event.body.get("success") for event in steps)
    carried = row.resumed_from is not None and first_shape(row.payload) is Shape.PLAN_TEXT
    if in_words(row.plan) or not (told or carried):
        return {}
    return {"plan": masked(row.plan)}


def _of_suite(row: RunRow, steps: Sequence[EventRow]) -> dict[str, object]:
    """What became of a suite's tasks."""
    suite = read_content(row.plan) if isinstance(row.plan, dict) else None
    if not isinstance(suite, TaskSuite):
        return {}
    tasks = build_tasks(suite, steps)
    passed = sum(task["success"] is True for task in tasks)
    return {"tasks": tasks, "passed": passed, "total": len(tasks)}


def build_poll(row: RunRow, now: Micros) -> PollView:
    """The cheap poll of a run."""
    fields: dict[str, object] = {
        "run_id": row.run_id,
        "status": row.status,
        "phase": row.phase,
        "last_event_at": row.last_event_at / 1e6,
        "polling_backoff_ms_hint": poll_hint_ms(row, now),
        "started_at": None if row.started_at is None else row.started_at / 1e6,
        "finished_at": None if row.finished_at is None else row.finished_at / 1e6,
        "halt_class": row.halt_class,
    }
    if row.halt_class is not None:
        fields["failure_help"] = _help(row, row.halt_class)
    return PollView.model_validate(fields)


def log_line(event: EventRow) -> str:
    """An event as one line of the run's log: `{"ts": …, "message": …}`."""
    body = event.body
    message = body.get("message")
    if not isinstance(message, str) or not message:
        message = _sentence(event)
    return json.dumps({"ts": iso_us(event.ts), "message": message}, ensure_ascii=False)


def _handle(row: RunRow) -> dict[str, object]:
    folder = run_folder(row.tenant_id, row.run_id)
    return {
        "status": row.status,
        "mode": "blocking" if row.payload.get("detached") is False else "detached",
        "model": MODEL,
        "run_id": row.run_id,
        "created_at": iso_ms(row.created_at),
        "updated_at": iso_ms(max(row.updated_at, row.last_event_at)),
        "payload": masked(row.payload),
        "profile_id": _shown(row, "profile_id", row.profile_id),
        "workflow_id": _shown(row, "workflow_id", row.state_key),
        "status_path": f"{folder}/status.json",
        "result_path": f"{folder}/result.json",
        "csv_path": f"{folder}/leads.csv",
        "events_path": f"{folder}/events.log",
    }


def _shown(row: RunRow, name: str, value: str | None) -> str | None:
    """A name of the caller's choice, as the payload shows it where a secret is in it."""
    said = row.payload.get(name)
    return said if isinstance(said, str) and MASK in said else value


def _status(
    row: RunRow, now: Micros, delivery: Delivery | None, pause: PauseRow | None
) -> dict[str, object]:
    fields = _handle(row) | {
        "started_at": None if row.started_at is None else iso_ms(row.started_at),
        "finished_at": None if row.finished_at is None else iso_ms(row.finished_at),
        "cancel_requested": row.cancel_requested,
        "polling_backoff_ms_hint": poll_hint_ms(row, now),
    }
    if row.cancel_reason is not None:
        fields["cancel_reason"] = row.cancel_reason
    if row.status.terminal:
        fields["summary"] = row.summary
        if row.message:
            fields["message"] = row.message
        if (video := _video(row)) is not None:
            fields["video"] = video
    if row.halt_class is not None:
        fields |= {"error": row.halt_class, "halt_class": row.halt_class}
        fields["failure_help"] = _help(row, row.halt_class)
    if delivery is not None:
        fields["webhook"] = _webhook(delivery)
    if row.resumed_from is not None:
        fields["resumed_from"] = row.resumed_from
    if row.pause_requested and not row.status.terminal:
        fields["pause_requested"] = True
    if pause is not None and row.status is RunStatus.PAUSED:
        fields |= _paused(row, pause)
    return fields


def _paused(row: RunRow, pause: PauseRow) -> dict[str, object]:
    mark = f"{row.tenant_id}/{row.run_id}/{pause.pause_id}/{pause.paused_at}"
    return {
        "prompt": masked_text(pause.prompt) or PAUSED,
        "reason": masked_text(pause.reason),
        "needs_input": pause.needs_input,
        "pause_id": pause.pause_id,
        "paused_at": iso_ms(pause.paused_at),
        "pause_state": sha256(mark.encode()).hexdigest()[:32],
    }


def _webhook(delivery: Delivery) -> WebhookView:
    return WebhookView(
        state=delivery.state,
        tries=delivery.tries,
        last_code=delivery.last_code,
        last_error=delivery.last_error or None,
        delivery_id=delivery.delivery_id,
    )


def _help(row: RunRow, halt_class: HaltClass) -> Document:
    wants_video = row.payload.get("record_video") is True
    return failure_help(halt_class, row.run_id, video=wants_video).model_dump(mode="json")


def _video(row: RunRow) -> Document | None:
    if row.video is not None or row.payload.get("record_video") is not True:
        return row.video
    shown = Video(
        format=as_text(row.payload.get("video_format")) or "mp4", error=RECORDING_NOT_AVAILABLE
    )
    return shown.model_dump(mode="json")


def _sentence(event: EventRow) -> str:
    where = event.kind if event.step_index is None else f"{event.kind} {event.step_index}"
    intent = as_text(event.body.get("intent")) or ""
    match event.body.get("success"):
        case True:
            return f"{where}: {intent}: ok"
        case False:
            why = as_text(event.body.get("failure_class")) or as_text(event.body.get("error")) or ""
            return f"{where}: {intent}: failed {why}".rstrip()
        case _:
            return f"{where}: {intent}" if intent else where
