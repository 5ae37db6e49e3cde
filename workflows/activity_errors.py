"""What a failed activity means for the run."""

from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimeout

from plans.calls import Outcome
from plans.step import FailureClass

T = TypeVar("T")

_LOST = frozenset({"SessionLost", "StaleEpoch", "Draining", "LedgerAway", "LedgerFull"})
"""Types of errors that say that the session is not this worker's, or not at all, any more, or
that nobody could write down what a call did."""


def quietly(handle: workflow.ActivityHandle[T]) -> workflow.ActivityHandle[T]:
    """Let an activity fail that nobody waits for any more."""
    handle.add_done_callback(_heard)
    return handle


def _heard(handle: "workflow.ActivityHandle[T]") -> None:
    if not handle.cancelled():
        handle.exception()


def error_of(handle: workflow.ActivityHandle[T]) -> BaseException | None:
    """Why an activity that is over failed; None where it did not, or was cancelled."""
    if not handle.done() or handle.cancelled():
        return None
    error = handle.exception()
    return error.cause if isinstance(error, ActivityError) else error


def type_of(handle: workflow.ActivityHandle[T]) -> str:
    """Type of the error that the activity failed with, empty where it is none of ours."""
    error = error_of(handle)
    return (error.type or "") if isinstance(error, ApplicationError) else ""


def sentence_of(handle: workflow.ActivityHandle[T]) -> str:
    """What the activity said as it failed, empty where it could not say anything."""
    error = error_of(handle)
    return error.message if isinstance(error, ApplicationError) else ""


def is_late(handle: workflow.ActivityHandle[T]) -> bool:
    """Whether the activity failed because its time was over, its retries included."""
    if not handle.done() or handle.cancelled():
        return False
    error = handle.exception()
    out_of_time = isinstance(error, ActivityError) and error.retry_state is RetryState.TIMEOUT
    return out_of_time or isinstance(error_of(handle), ActivityTimeout)


def is_lost(outcome: Outcome) -> bool:
    """Whether the call was lost with its browser or its worker."""
    return outcome.failure_class is FailureClass.BROWSER_LOST


def outcome_of(error: BaseException | None) -> Outcome:
    """What a failed activity means for its step.

    A silent or vanished host, and a session that is gone, are `browser_lost`; a call that
    outlived its time is `nav_timeout`; everything else is a fault of ours: `unknown`.
    """
    if isinstance(error, ActivityTimeout):
        late = error.type == TimeoutType.START_TO_CLOSE
        return Outcome(
            success=False,
            failure_class=FailureClass.NAV_TIMEOUT if late else FailureClass.BROWSER_LOST,
            message="the step did not end in its time" if late else "the browser's host is gone",
        )
    if isinstance(error, ApplicationError):
        lost = error.type in _LOST
        return Outcome(
            success=False,
            failure_class=FailureClass.BROWSER_LOST if lost else FailureClass.UNKNOWN,
            message=error.message,
        )
    return Outcome(success=False, failure_class=FailureClass.UNKNOWN, message="the step was lost")
