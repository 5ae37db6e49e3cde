"""The bodies that are the API's own, beside those of the ledger."""

from typing import Literal

from pydantic import Field, JsonValue

from ledger.models import Document, ModelCallState, Phase, RunRow, RunStatus
from ledger.views import View
from ledger.wire import iso_ms
from plans.cost import CostBreakdown
from plans.step import HaltClass, TierName


class ErrorBody(View):
    """Every refusal: one sentence."""

    detail: str


class DryRunView(View):
    """A submission as it was understood. Nothing was started. Money in USD."""

    dry_run: Literal[True]
    payload: Document
    profile_id: str | None
    workflow_id: str
    signature: str
    shape: str
    plan: JsonValue
    hosts: list[str]
    max_steps: int
    max_cost: float
    max_time_minutes: float
    estimated_cost: float
    notes: list[str]


class RunLine(View):
    """A run in the list of runs; everything of it is in its status."""

    run_id: str
    status: RunStatus
    phase: Phase
    plan_name: str
    profile_id: str | None
    workflow_id: str
    created_at: str
    updated_at: str
    started_at: str | None
    finished_at: str | None
    cancel_requested: bool
    halt_class: HaltClass | None
    summary: Document | None


class RunsView(View):
    """A page of a tenant's runs, newest first; `next_cursor` is null on the last one."""

    runs: list[RunLine]
    count: int
    next_cursor: str | None


class QueueView(View):
    """A tenant's runs that are not over. `eta_ms` is null without samples."""

    tenant_id: str
    queued: int
    running: int
    recovering: int
    eta_ms: int | None


class ResumedView(View):
    """A run that goes on after a pause."""

    run_id: str
    status: RunStatus
    resumed_at: str


class LogsView(View):
    """The run's log; each event is a JSON text with `ts` and `message`, oldest first."""

    run_id: str
    events: list[str]


class EventsView(View):
    """Events after the cursor, oldest first. The last `ts` is the next cursor."""

    run_id: str
    events: list[Document]
    count: int


class UsageTotal(View):
    """What several questions to models used and cost together. Money in USD.

    `open_tries` of the `tries` are in flight, or were lost with their worker: what they cost is
    not known, at most `held`, which is not part of `cost`. `cost_micro` are millionths of a USD.
    """

    calls: int
    tries: int
    open_tries: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    gpu_ms: int
    images: int
    cost: float
    cost_micro: int
    cost_breakdown: CostBreakdown
    held: float


class UsageLine(UsageTotal):
    """A billing record: a question, or all those of a step, of a run, of a day (UTC).

    `run_id` is empty for calls of the chat proxy, `step_index` -1 for what no step asked.
    """

    run_id: str | None = None
    step_index: int | None = None
    day: str | None = None
    call_id: str | None = None
    kind: str | None = None
    tier: TierName | None = None
    model: str | None = None
    state: ModelCallState | None = None
    asked_at: str | None = None
    settled_at: str | None = None


class UsageView(View):
    """Billing records of a page, `next_cursor` null on the last one; `total` is over all pages."""

    since: str | None = Field(alias="from")
    until: str | None = Field(alias="to")
    by: Literal["call", "step", "run", "day"]
    records: list[UsageLine]
    count: int
    next_cursor: str | None
    total: UsageTotal

    def document(self) -> Document:
        """The body as JSON."""
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)


class ModelCard(View):
    """A model of the service."""

    id: str
    object: Literal["model"]
    owned_by: str


class ModelsView(View):
    """The models of the service."""

    object: Literal["list"]
    data: list[ModelCard]


class HealthView(View):
    """Whether the service can do its work, and which part of it can't."""

    ok: bool
    model: str
    checks: dict[str, str]


class VersionView(View):
    """Which build this is."""

    version: str
    model: str
    ready: bool
    git_sha: str
    build_time: str


def run_line(row: RunRow) -> RunLine:
    """A run as the list of runs shows it."""
    return RunLine(
        run_id=row.run_id,
        status=row.status,
        phase=row.phase,
        plan_name=row.plan_name,
        profile_id=row.profile_id,
        workflow_id=row.state_key,
        created_at=iso_ms(row.created_at),
        updated_at=iso_ms(max(row.updated_at, row.last_event_at)),
        started_at=None if row.started_at is None else iso_ms(row.started_at),
        finished_at=None if row.finished_at is None else iso_ms(row.finished_at),
        cancel_requested=row.cancel_requested,
        halt_class=row.halt_class,
        summary=row.summary,
    )
