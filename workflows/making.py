"""Making a call: the activity of its kind, on the host that holds the session."""

from temporalio import workflow

from plans.calls import Call, CallKind, Outcome
from plans.step import FailureClass
from workflows import interfaces, policies
from workflows.activity_errors import error_of, outcome_of
from workflows.interfaces import StepRequest

LOST = Outcome(
    success=False,
    failure_class=FailureClass.BROWSER_LOST,
    message="the browser or its worker was lost",
)
"""Outcome of a call that nobody waits for any more."""


def start(request: StepRequest) -> workflow.ActivityHandle[Outcome]:
    """Have a call made, once: what a failure means is decided by the run."""
    call = request.call
    return workflow.start_activity(
        _activity_of(call),
        request,
        result_type=Outcome,
        task_queue=request.session.host_queue,
        start_to_close_timeout=policies.step_timeout(call.step, request.time_left_ms),
        schedule_to_start_timeout=policies.STEP_PICKUP,
        heartbeat_timeout=policies.HEARTBEAT,
        retry_policy=policies.ONCE,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=_summary(request),
    )


def outcome(handle: workflow.ActivityHandle[Outcome]) -> Outcome:
    """What became of a call whose activity is over; a fault is an outcome too."""
    if handle.cancelled() or handle.exception() is not None:
        return outcome_of(error_of(handle))
    return handle.result()


def _activity_of(call: Call) -> str:
    if call.kind is CallKind.RETURN:
        return interfaces.RETURN_TO_LIST
    return call.step.type.value


def _summary(request: StepRequest) -> str:
    """The step in one line: its index, which time, what it is to do."""
    call = request.call
    notes = [f"{call.index}"]
    if call.visit:
        notes.append(f"time {call.visit + 1}")
    if call.attempt > 1:
        notes.append(f"try {call.attempt}")
    if call.turn:
        notes.append(f"turn {call.turn + 1}")
    if request.again:
        notes.append(f"again {request.again}")
    what = "back to the list" if call.kind is CallKind.RETURN else call.step.intent
    return f"{', '.join(notes)}: {what}"[:120]
