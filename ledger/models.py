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
    callback_url: str | None = None
    webhook_secret_name: str = ""
    allowed_hosts: tuple[str, ...] = ()
    """The tenant's allowlist at submission; empty: any public host."""
    trace_parent: str = ""
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


class NewCheckpoint(Frozen):
    """The pages at a boundary. `restorable`: the current one can be opened by its address."""

    body: Document = Field(repr=False)
    restorable: bool


class Checkpoints(Frozen):
    """What a run can be restored from; both are the same where the newest is restorable."""

    newest: Document | None = Field(default=None, repr=False)
    restorable: Document | None = Field(default=None, repr=False)


SettledState = Literal["done", "not_done"]


class NewClaim(Frozen):
    """An act that is about to leave and must not happen twice.

    `journal_length` is that of the session's journal of requests, before the act. `method` is
    how it is expected to leave, empty where that can't be told. `telling`: what the step says
    of its effect did not hold before the act, so that it tells afterwards.
    """

    kind: Literal["act", "sign_in"]
    session_id: str
    journal_length: int
    url: str
    what: str
    method: str = ""
    telling: bool = False


class Claim(NewClaim):
    """A claimed act. `fresh`: this very call claimed it; else it was there already."""

    call_key: str
    state: Literal["claimed", "done", "not_done"]
    at: int
    fresh: bool = True


class StepRecord(Frozen):
    """Everything that one step activity writes, in one transaction.

    `call_key` is the call's dedup key: writing the same call again changes nothing and
    answers the same counts. `outcome` is kept under it; `claim_state` settles its claim.
    """

    tenant_id: str
    run_id: str
    call_key: Key
    step_index: int
    events: tuple[NewEvent, ...] = ()
    rows: tuple[NewRow, ...] = ()
    variables: Document = Field(default_factory=dict)
    item: ItemMark | None = None
    outcome: Document | None = None
    checkpoint: NewCheckpoint | None = None
    claim_state: SettledState | None = None


class RowCounts(Frozen):
    """Records stored by a call, the viable ones of them, and all of its step so far."""

    added: int
    viable_added: int
    total_of_step: int


class RecordedOutcome(Frozen):
    """What became of a call: its outcome as a document, and its counts."""

    call_key: str
    outcome: Document
    counts: RowCounts


class NewPause(Frozen):
    """A pause to open. `prompt` is what the caller is asked, `reason` why there is a pause."""

    pause_id: str
    prompt: str
    reason: str
    needs_input: bool
    step_index: int | None = None


class PauseRow(NewPause):
    """A pause as written. `answer_name` names the secret that holds the answer."""

    paused_at: int
    answered_at: int | None = None
    answer_name: str = ""
    fingerprint: str = ""


class PauseAnswer(Frozen):
    """How a pause was answered.

    `fingerprint` tells the same answer again. With `call_key` and `outcome` the pausing call
    is over, like a step's.
    """

    pause_id: str
    answer_name: str = ""
    fingerprint: str = ""
    variables: Document = Field(default_factory=dict)
    call_key: Key | None = None
    outcome: Document | None = None


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


ErrandKind = Literal["start", "cancel", "pause", "webhook", "close"]


class Errand(Frozen):
    """An outbox row: something to be told to Temporal.

    `reason` is why a run is cancelled, paused or closed; of a webhook it is the delivery's id.
    """

    id: int
    tenant_id: str
    run_id: str
    kind: ErrandKind
    reason: str
    attempts: int


DeliveryState = Literal["pending", "delivered", "given_up"]


class Delivery(Frozen):
    """A webhook that is due or was: one a run. `last_code` is None where nobody answered."""

    tenant_id: str
    delivery_id: str
    run_id: str
    url: str
    secret_name: str
    state: DeliveryState
    tries: int
    last_code: int | None
    last_error: str
    created_at: int
    updated_at: int
