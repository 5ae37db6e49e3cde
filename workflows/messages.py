"""What a running PlanRun is told from outside: the models of its signals and of its update."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from plans.step import Frozen


class SessionRef(Frozen):
    """Where a run's browser session lives. Every step carries it.

    `host_queue` is the browser worker's own queue, `machine_queue` that of all browser workers
    of its machine, which can adopt the session when that worker is gone. `epoch` grows each
    time the run's session is taken over or replaced; the holder refuses an older one.
    """

    session_id: str
    host_queue: str
    machine_queue: str
    epoch: int


class CancelRequest(Frozen):
    """Signal `cancel`: stop at the next boundary. `reason` is kept on the status."""

    reason: str = ""


class Opening(StrEnum):
    """How a session came to be."""

    FRESH = "fresh"
    """A new browser on an empty page: the run has no checkpoint yet."""
    ADOPTED = "adopted"
    """The browser that was there, its pages untouched."""
    RESTORED = "restored"
    """A new browser (or tab) on the pages of the newest checkpoint."""
    STEPPED_BACK = "stepped_back"
    """The newest checkpoint's page came by POST: the last one that can be restored is shown."""


class SessionOpened(Frozen):
    """Signal `session_opened`: the lease was taken and the browser can be driven."""

    session: SessionRef
    how: Opening = Opening.FRESH


class SessionGone(Frozen):
    """Signal `session_gone`: who holds this session gives it up, or was found dead.

    `draining`: the step that runs may end first; else it is lost with its worker.
    """

    session: SessionRef
    draining: bool = False


class PauseRequest(Frozen):
    """Signal `pause`: pause at the next boundary, without asking for input."""

    reason: str = ""


class ResumeRequest(Frozen):
    """Update and signal `resume`: the answer to a pause.

    `pause_id` empty: the pause that is open. The API keeps the answer among the run's secrets
    and sends its name as `answer`; an operator who resumes from the Temporal UI sends
    `user_input` itself, which is moved there.
    """

    pause_id: str = ""
    answer: str = ""
    user_input: JsonValue = Field(default=None, repr=False)


class Resumed(Frozen):
    """Answer of the update `resume`; `resumed_at_ms` is milliseconds since the epoch."""

    pause_id: str
    resumed_at_ms: int


ResumeRefusal = Literal["NotPaused", "OlderPause", "InputMissing"]
"""Types of the errors with which the update `resume` is refused."""
