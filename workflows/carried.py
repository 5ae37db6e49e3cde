"""Where a run stands when its workflow continues as new: the versioned state of PlanRun."""

from typing import Literal

from plans.calls import Call
from plans.state import RunState
from plans.step import Frozen
from workflows.messages import CancelRequest, PauseRequest, SessionRef
from workflows.turns import Turn


class OpenPause(Frozen):
    """A pause that waits for its answer. `call` None: it was asked for from outside.

    `prompt` is what the call itself asks, between two of its turns.
    """

    pause_id: str
    call: Call | None
    needs_input: bool
    reason: str = ""
    prompt: str = ""
    since_ms: int


class Carried(Frozen):
    """Everything PlanRun knows, as data that survives JSON and newer code.

    `anchor` is the run's state at the last page that can be restored; `acted` says that a
    guarded act other than a sign-in was done since. `session` was parked and is to be adopted.
    `turn` is where the call that is due stands, None before its first turn has ended.
    Times are milliseconds; `used_ms` leaves queue and pauses out.
    """

    version: Literal[1] = 1
    state: RunState
    anchor: RunState | None = None
    acted: bool = False
    session: SessionRef | None = None
    epoch: int = 0
    recoveries: int = 0
    marks: int = 0
    used_ms: int = 0
    pauses: int = 0
    pause: OpenPause | None = None
    pause_request: PauseRequest | None = None
    cancel: CancelRequest | None = None
    turn: Turn | None = None
