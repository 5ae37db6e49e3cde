"""What somebody outside wants of a run, heeded at the next boundary."""

from temporalio import workflow

from workflows.messages import CancelRequest, PauseRequest

FROM_UI = "cancelled in the Temporal UI"


class Asked:
    """The requests that a run has not heeded yet."""

    def __init__(self, cancel: CancelRequest | None, pause: PauseRequest | None) -> None:
        self.cancel = cancel
        self.pause = pause

    @property
    def to_cancel(self) -> bool:
        """Whether the run is to end, by our signal or by a cancel in the Temporal UI."""
        return self.cancel is not None or workflow.cancellation_reason() is not None

    def cancelled(self, reason: str) -> CancelRequest:
        """The run is to end; the first one to say so gives the reason."""
        if self.cancel is None:
            self.cancel = CancelRequest(reason=reason)
        return self.cancel
