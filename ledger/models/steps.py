"""What a step writes, and what is read back of it. Times are microseconds since the epoch."""

from typing import Literal

from pydantic import Field

from ledger.models.runs import Document
from ledger.text import Key
from plans.step import Frozen


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
    answers the same counts. `outcome` is kept under it; `claim_state` settles its claim, or
    that of `claim_key`: of the last part of a call that had to wait for answers.
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
    claim_key: str = ""


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
