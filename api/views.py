"""The bodies that are the API's own, beside those of the ledger."""

from typing import Literal

from pydantic import JsonValue

from ledger.models import Document
from ledger.views import View


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


class LogsView(View):
    """The run's log; each event is a JSON text with `ts` and `message`, oldest first."""

    run_id: str
    events: list[str]


class EventsView(View):
    """Events after the cursor, oldest first. The last `ts` is the next cursor."""

    run_id: str
    events: list[Document]
    count: int


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
