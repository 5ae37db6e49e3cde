"""Timeouts and retries of the activities, in one place."""

from datetime import timedelta
from typing import assert_never

from temporalio.common import RetryPolicy

from plans.step import Step, StepType
from plans.waiting import most_seconds

HEARTBEAT = timedelta(seconds=4)
"""A step or lease whose worker is silent for this long counts as lost."""

STEP_PICKUP = timedelta(seconds=10)
"""A host that does not take a step within this time counts as lost."""

MACHINE_PICKUP = timedelta(seconds=2.5)
"""So long the machine of a lost session is asked for it: its worker may be starting again."""

CLOSE_PICKUP = timedelta(seconds=2)
"""So long a worker is asked to close or to park a session; its lease lapses without it."""

ONCE = RetryPolicy(maximum_attempts=1)
"""Acts on a page are never repeated by Temporal; the interpreter decides about tries."""

LEDGER_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
"""Ledger work is idempotent and is repeated until the ledger answers."""

LEDGER_TIMEOUT = timedelta(seconds=30)

MODEL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
"""A question is asked again until its activity gives up; the ledger knows what was paid."""

MODEL_TIMEOUT = timedelta(seconds=180)
"""One try of a question, once a worker has it; how long it waits for one is the run's time."""

DECOMPOSING = timedelta(seconds=600)
"""One try of making words into steps: a long answer, and a second one where it has faults."""

MOST_TURNS = 4000
"""Turns of one call; a step that asks on and on comes to an end by this, at the latest."""

SETTLING = timedelta(seconds=1)
"""So long a question that was dropped has to end its request, before the run's account closes."""

PAUSE_PATIENCE = timedelta(seconds=10)
"""So long a run that is to pause waits for the answer of a model that is being asked."""

WITHDRAWING = timedelta(seconds=5)
"""So long a question that is taken back for a pause has to end: its worker hears of it with its
next heartbeat, or counts as lost."""

LEASE_OVER = timedelta(seconds=4)
"""So long after a workflow's end its browser reaches nothing any more: its lease, which is
shorter, was given up or has lapsed."""

OPENING_PAUSES = (
    timedelta(0),
    timedelta(seconds=1),
    timedelta(seconds=2),
    timedelta(seconds=4),
    timedelta(seconds=8),
)
"""How long each try to open a session waits first: a launch may fail on a busy machine."""

NEVER_OPENED = frozenset({"ChromiumMissing", "SecretUnreadable"})
"""Types of the errors of `hold_session` that another try can't mend."""

INTERRUPTION = timedelta(seconds=1)
"""So long a call that was cancelled has to end by itself before its session is closed."""

PARKING = timedelta(seconds=6)

PAUSE_OPENING = timedelta(seconds=60)

BETWEEN_HISTORIES_S = 60.0
"""So long a session waits for the next workflow run when a history ends for its length."""

CLOSE_TIMEOUT = timedelta(seconds=6)
"""Closing a session: its network is cut at once, its browser is given time to end properly."""

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
_GRACE_AT_THE_END = timedelta(seconds=5)


def step_timeout(step: Step, time_left_ms: int) -> timedelta:
    """Longest life of one call of a step, whatever the page does.

    The activity ends by itself before this: what remains is for looking, checking and
    writing down. The run's remaining time caps it.
    """
    own = _own_time(step) + _GRACE
    return min(own, timedelta(milliseconds=max(time_left_ms, 0)) + _GRACE_AT_THE_END)


def _own_time(step: Step) -> timedelta:
    match step.type:
        case StepType.WAIT:
            return timedelta(seconds=most_seconds(step) + 30)
        case StepType.TASK:
            return timedelta(seconds=120)
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
