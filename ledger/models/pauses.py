"""Pauses and their answers. Times are microseconds since the epoch."""

from pydantic import Field

from ledger.models.runs import Document
from ledger.text import Key
from plans.step import Frozen


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
