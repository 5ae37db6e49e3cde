"""What a running PlanRun is told from outside: the models of its signals."""

from plans.step import Frozen


class SessionRef(Frozen):
    """Where a run's browser session lives. Every step carries it.

    `epoch` grows each time the session is taken over; the holder refuses an older one.
    """

    session_id: str
    host_queue: str
    epoch: int


class CancelRequest(Frozen):
    """Signal `cancel`: stop at the next boundary. `reason` is kept on the status."""

    reason: str = ""


class SessionOpened(Frozen):
    """Signal `session_opened`: the lease was taken and the browser can be driven."""

    session: SessionRef
