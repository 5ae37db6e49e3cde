"""The bodies that show a run to a caller (contract, sections 3 to 5).

A field that does not apply is left out: dump with `document()`.
"""

from pydantic import BaseModel, ConfigDict, JsonValue

from ledger.models import DeliveryState, Document, RunStatus
from plans.step import HaltClass


class View(BaseModel):
    """Base of the bodies: fields that were not set are not shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def document(self) -> Document:
        """The body as JSON."""
        return self.model_dump(mode="json", exclude_unset=True)


class HandleView(View):
    """The answer to a submission; every field is always there."""

    status: RunStatus
    mode: str
    model: str
    run_id: str
    created_at: str
    updated_at: str
    payload: Document
    profile_id: str | None
    workflow_id: str
    status_path: str
    result_path: str
    csv_path: str
    events_path: str


class WebhookView(View):
    """How the webhook of a run that is over stands."""

    state: DeliveryState
    tries: int
    last_code: int | None
    last_error: str | None
    delivery_id: str


class StatusView(HandleView):
    """The status of a run: the handle's fields, and how it stands.

    `prompt` to `pause_state` are there while it is paused.
    """

    started_at: str | None
    finished_at: str | None
    cancel_requested: bool
    polling_backoff_ms_hint: int
    cancel_reason: str | None = None
    summary: Document | None = None
    error: HaltClass | None = None
    halt_class: HaltClass | None = None
    message: str | None = None
    failure_help: Document | None = None
    video: Document | None = None
    webhook: WebhookView | None = None
    resumed_from: str | None = None
    pause_requested: bool | None = None
    prompt: str | None = None
    reason: str | None = None
    needs_input: bool | None = None
    pause_id: str | None = None
    paused_at: str | None = None
    pause_state: str | None = None


class Result(View):
    """What a run brought.

    `plan` are the steps that a plan in words was made into; they can be submitted again.
    `tasks`, `passed` and `total` are there for task suites.
    """

    leads: list[str]
    steps: list[Document]
    rows: list[Document]
    video: Document | None
    summary: Document | None
    plan: JsonValue = None
    tasks: list[Document] | None = None
    passed: int | None = None
    total: int | None = None


class ResultView(StatusView):
    """The status of a run with its result; None before the end."""

    result_ready: bool
    result: Result | None


class PollView(View):
    """The cheap poll. Times are epoch seconds."""

    run_id: str
    status: RunStatus
    phase: str
    last_event_at: float
    polling_backoff_ms_hint: int
    started_at: float | None
    finished_at: float | None
    halt_class: HaltClass | None
    failure_help: Document | None = None
