"""Runs: admitted, begun, ended. Times are microseconds since the epoch."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from ledger.text import Key
from plans.step import Frozen, HaltClass, Perception

Document = dict[str, JsonValue]
"""A JSON object that the ledger keeps as it is."""


class RunStatus(StrEnum):
    """The statuses on the wire (contract, section 4)."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether the run is over for good."""
        return self in TERMINAL


TERMINAL = frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED})


class Phase(StrEnum):
    """The phases of the cheap poll (contract, section 5)."""

    QUEUED = "queued"
    RUNNING = "running"
    RECOVERING = "recovering"
    COMPLETE = "complete"
    HALTED = "halted"
    CANCELLED = "cancelled"


class Limits(Frozen):
    """Effective limits of a run, after all clamps."""

    max_cost_micro: int
    max_time_ms: int
    max_run_steps: int


class NewRun(Frozen):
    """A run to admit. `payload` is the request with defaults and clamped values."""

    tenant_id: str
    run_id: str
    plan: JsonValue
    plan_name: str
    payload: Document
    signature: str
    state_key: str
    profile_id: str | None
    perception: Perception
    limits: Limits
    created_at: int
    notes: tuple[str, ...] = ()
    """Sentences for the run's log, such as which plan shapes were ignored."""
    callback_url: str | None = None
    webhook_secret_name: str = ""
    allowed_hosts: tuple[str, ...] = ()
    """The tenant's allowlist at submission; empty: any public host."""
    trace_parent: str = ""
    anthropic_secret_name: str = "anthropic_api_key"
    """The operator's file of the key that Claude is asked with."""
    secrets: Document = Field(default_factory=dict, repr=False)
    """Name to value; the ledger keeps them encrypted."""


class RunRow(Frozen):
    """A run as the ledger knows it."""

    tenant_id: str
    run_id: str
    status: RunStatus
    phase: Phase
    plan: JsonValue
    plan_name: str
    payload: Document
    signature: str
    state_key: str
    profile_id: str | None
    perception: Perception
    limits: Limits
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    last_event_at: int
    halt_class: HaltClass | None
    message: str
    summary: Document | None
    video: Document | None
    cancel_requested: bool
    cancel_reason: str | None
    callback_url: str | None = None
    webhook_secret_name: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trace_parent: str = ""
    anthropic_secret_name: str = "anthropic_api_key"
    released: bool = True
    """Whether its start was put into the outbox; False while it waits for its profile."""
    resumed_from: str | None = None
    """The run that this one goes on from."""
    state: Document | None = None
    """Where the run it goes on from stood; once it is over, where it stands itself."""
    pause_requested: bool = False
    """Whether it will pause at its next boundary, because somebody asked for it."""


class RunPage(Frozen):
    """Runs of a tenant, newest first, and where to go on; None: these were the last."""

    runs: tuple[RunRow, ...]
    next_cursor: str | None


class OpenRun(Frozen):
    """A run that is not over; `touched_at` is when its row or its events changed last."""

    tenant_id: str
    run_id: str
    status: RunStatus
    created_at: int
    touched_at: int
    cancel_requested: bool


class QueueCounts(Frozen):
    """A tenant's runs that are not over; `eta_ms` is how long recent ones waited to start."""

    queued: int
    running: int
    recovering: int
    eta_ms: int | None


TerminalStatus = Literal[RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED]


class Ending(Frozen):
    """How a run ended. `halt_class` is None exactly when it succeeded.

    `state` is where it stood: what a run with `resume_state` goes on from; None where nothing
    is left to do. `due` is the key of the call that it had not got past.
    """

    status: TerminalStatus
    halt_class: HaltClass | None = None
    message: str = ""
    summary: Document | None = None
    video: Document | None = None
    state: Document | None = None
    due: Key | None = None


class NewPhase(Frozen):
    """A phase to mark. `number` counts the marks of a run: the same one is set once."""

    number: int
    phase: Literal[Phase.RUNNING, Phase.RECOVERING]
    message: str
