"""Timeouts and retries of the activities, in one place."""

from datetime import timedelta
from typing import assert_never

from temporalio.common import RetryPolicy

from plans.step import Step, StepType
from plans.waiting import most_seconds

HEARTBEAT = timedelta(seconds=8)
"""A step or lease whose worker is silent for this long counts as lost."""

STEP_PICKUP = timedelta(seconds=10)
"""A host that does not take a step within this time counts as lost."""

ONCE = RetryPolicy(maximum_attempts=1)
"""Acts on a page are never repeated by Temporal; the interpreter decides about tries."""

LEDGER_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
"""Ledger work is idempotent and is repeated until the ledger answers."""

LEDGER_TIMEOUT = timedelta(seconds=30)

LEASE_OVER = timedelta(seconds=8)
"""So long after a workflow's end its browser reaches nothing any more: its lease, which is
shorter, was given up or has lapsed."""

SESSION_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_attempts=3,
    non_retryable_error_types=["ChromiumMissing", "StaleEpoch"],
)
"""Opening a session is tried a few times: a launch may fail on a busy machine."""

CLOSE_TIMEOUT = timedelta(seconds=20)

MAX_SESSION = timedelta(days=8)
"""Longest life of a lease; a run's own time budget ends it long before."""

WEBHOOK_PAUSES = (
    timedelta(0),
    timedelta(seconds=1),
    timedelta(seconds=5),
    timedelta(seconds=30),
)
"""How long a delivery waits before each of its tries; after the last one it is given up."""

WEBHOOK_TIMEOUT = timedelta(seconds=30)
"""One try of a delivery: the request ends by itself after 10 s."""

WEBHOOK_HEARTBEAT = timedelta(seconds=5)

_GRACE = timedelta(seconds=20)


def step_timeout(step: Step, time_left_ms: int) -> timedelta:
    """Longest life of one call of a step, whatever the page does.

    The activity ends by itself before this: what remains is for looking, checking and
    writing down. The run's remaining time caps it.
    """
    own = _own_time(step) + _GRACE
    return min(own, timedelta(milliseconds=max(time_left_ms, 0)) + _GRACE)


def _own_time(step: Step) -> timedelta:
    match step.type:
        case StepType.WAIT:
            return timedelta(seconds=most_seconds(step) + 30)
        case StepType.NAVIGATE | StepType.NAVIGATE_BACK | StepType.PAGINATE | StepType.LOOP:
            return timedelta(seconds=90)
        case (
            StepType.CLICK
            | StepType.SCROLL
            | StepType.FILTER
            | StepType.EXTRACT_URL
            | StepType.EXTRACT_DATA
            | StepType.EXTRACT_ROWS
            | StepType.IF_ELSE
            | StepType.DETECT_VISIBLE
            | StepType.FILL_FIELD
            | StepType.SUBMIT
            | StepType.SELECT_OPTION
            | StepType.TYPE_TEXT
            | StepType.KEY_PRESS
            | StepType.REQUEST_USER_INPUT
        ):
            return timedelta(seconds=60)
        case _:
            assert_never(step.type)
