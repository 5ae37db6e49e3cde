"""What goes into the ledger and what comes out. Times are microseconds since the epoch."""

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


TerminalStatus = Literal[RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED]


class Ending(Frozen):
    """How a run ended. `halt_class` is None exactly when it succeeded."""

    status: TerminalStatus
    halt_class: HaltClass | None = None
    message: str = ""
    summary: Document | None = None
    video: Document | None = None


class NewEvent(Frozen):
    """An event to append. `dedup_key` is unique in the run: the same key is written once."""

    dedup_key: Key
    kind: str
    step_index: int | None = None
    body: Document = Field(default_factory=dict)


class EventRow(Frozen):
    """An event as written; `ts` is unique and strictly increasing within the run."""

    ts: int
    dedup_key: str
    kind: str
    step_index: int | None
    body: Document


class NewRow(Frozen):
    """An extracted record. `key` identifies it in the run: the same key is stored once."""

    key: Key
    record: Document
    viable: bool
    page_url: str


class ExtractedRow(Frozen):
    """A record as stored; `seq` counts from 1 in the order of extraction."""

    seq: int
    key: str
    step_index: int
    record: Document
    viable: bool
    page_url: str


ItemStatus = Literal["claimed", "done", "failed"]


class ItemMark(Frozen):
    """What became of a claimed item, named by who claimed it."""

    scope: Key
    owner: Key
    status: ItemStatus


class StepRecord(Frozen):
    """Everything that one step activity writes, in one transaction.

    `call_key` is the call's dedup key: writing the same call again changes nothing and
    answers the same counts.
    """

    tenant_id: str
    run_id: str
    call_key: Key
    step_index: int
    events: tuple[NewEvent, ...] = ()
    rows: tuple[NewRow, ...] = ()
    variables: Document = Field(default_factory=dict)
    item: ItemMark | None = None


class RowCounts(Frozen):
    """Records stored by a call, the viable ones of them, and all of its step so far."""

    added: int
    viable_added: int
    total_of_step: int


class ItemKey(Frozen):
    """An item of a list that could be claimed. `key` identifies it across pages."""

    key: Key
    url: str = ""
    title: str = ""


class ClaimedItem(Frozen):
    """The item that an owner has claimed, and the list it was found on."""

    key: str
    url: str
    title: str
    list_url: str
    status: ItemStatus


class Errand(Frozen):
    """An outbox row: something to be told to Temporal."""

    id: int
    tenant_id: str
    run_id: str
    kind: Literal["start", "cancel"]
    reason: str
    attempts: int
