"""What a `wait` step waits for, and how long."""

import re

from plans.placeholders import names_in_step
from plans.step import Frozen, Step

MOST_S = 3600.0
"""The longest wait of one step."""
DEFAULT_S = 1.0
TEXT_S = 25.0
"""How long a text is waited for where the step names no time."""
_READ = 1000
"""Characters of an intent that are looked at."""
_TIME = re.compile(
    r"(?<![\w.])(\d{1,9}(?:\.\d{1,9})?)\s{0,3}(ms\b|milli|s\b|sec|min|m\b|h\b|hour)", re.IGNORECASE
)
_UNITS_S = {"ms": 0.001, "milli": 0.001, "min": 60.0, "m": 60.0, "h": 3600.0, "hour": 3600.0}
_QUOTED = re.compile(r"\"([^\"]{2,})\"|[“„]([^“”]{2,})[“”]|(?<!\w)['‘]([^'’]{2,})['’](?!\w)")


class Waiting(Frozen):
    """So many seconds; where a text is given, at most until it is visible."""

    seconds: float
    text: str | None = None


def waiting(step: Step) -> Waiting:
    """What a step waits for: `params.seconds`, else what its intent names.

    That is a quoted text to become visible ("Wait until 'Done' appears"), or a time
    ("Wait 2 minutes"), or both; neither is a second. No wait is longer than an hour.
    """
    if step.params.seconds is not None:
        return Waiting(seconds=step.params.seconds)
    intent = step.intent[:_READ]
    quoted = _QUOTED.search(intent)
    if quoted is None:
        return Waiting(seconds=_named_s(intent, DEFAULT_S))
    text = next(filter(None, quoted.groups()))
    return Waiting(seconds=_named_s(_QUOTED.sub(" ", intent), TEXT_S), text=text)


def most_seconds(step: Step) -> float:
    """How long a step may wait at most, also where what it waits for is not filled in yet."""
    if step.params.seconds is None and names_in_step(step):
        return MOST_S
    return waiting(step).seconds


def _named_s(intent: str, default: float) -> float:
    named = _TIME.search(intent)
    if named is None:
        return default
    return min(float(named[1]) * _UNITS_S.get(named[2].lower(), 1.0), MOST_S)
