"""From the failure of a step to the end of a run: the one table, and which failures are final."""

from collections.abc import Mapping
from types import MappingProxyType

from plans.step import FailureClass, HaltClass

HALT_OF: Mapping[FailureClass, HaltClass] = MappingProxyType(
    {
        FailureClass.HTTP_4XX: HaltClass.NAVIGATION_BLOCKED,
        FailureClass.HTTP_5XX: HaltClass.NAVIGATION_BLOCKED,
        FailureClass.NAV_TIMEOUT: HaltClass.NAVIGATION_BLOCKED,
        FailureClass.NAV_BLOCKED: HaltClass.NAVIGATION_BLOCKED,
        FailureClass.PAGE_BLOCKED: HaltClass.PAGE_BLOCKED,
        FailureClass.SELECTOR_MISS: HaltClass.STEP_FAILED,
        FailureClass.AMBIGUOUS_TARGET: HaltClass.STEP_FAILED,
        FailureClass.NO_STATE_CHANGE: HaltClass.STEP_FAILED,
        FailureClass.WRONG_TARGET: HaltClass.STEP_FAILED,
        FailureClass.VERIFY_FAILED: HaltClass.STEP_FAILED,
        FailureClass.EXTRACT_FAILED: HaltClass.EXTRACT_FAILED,
        FailureClass.BUDGET_EXHAUSTED: HaltClass.STEP_FAILED,
        FailureClass.MODEL_UNAVAILABLE: HaltClass.MODEL_UNAVAILABLE,
        FailureClass.GATE_UNDECIDED: HaltClass.GATE_UNDECIDED,
        FailureClass.BROWSER_LOST: HaltClass.BROWSER_LOST,
        FailureClass.OUTCOME_UNKNOWN: HaltClass.OUTCOME_UNKNOWN,
        FailureClass.LIMIT_EXCEEDED: HaltClass.LIMIT_EXCEEDED,
        FailureClass.UNKNOWN: HaltClass.STEP_FAILED,
    }
)
"""What a run's class is when a failure of this class ends it."""

NEVER_RETRIED = frozenset(
    {
        FailureClass.OUTCOME_UNKNOWN,
        FailureClass.BROWSER_LOST,
        FailureClass.BUDGET_EXHAUSTED,
        FailureClass.LIMIT_EXCEEDED,
        FailureClass.GATE_UNDECIDED,
        FailureClass.MODEL_UNAVAILABLE,
    }
)
"""Failures that a second try can't mend, or could make worse."""

MAX_TRIES = 3
"""Tries in all of a required step or a gate."""

SITE_AWAY = frozenset(
    {
        FailureClass.HTTP_4XX,
        FailureClass.HTTP_5XX,
        FailureClass.NAV_TIMEOUT,
        FailureClass.NAV_BLOCKED,
        FailureClass.PAGE_BLOCKED,
    }
)
"""Failures that say that a page could not be had at all."""
