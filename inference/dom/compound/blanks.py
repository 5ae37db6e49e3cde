"""Steps that fill a field and say with nothing what."""

import re
from typing import Final

from inference.decisions import DontKnowReason
from inference.dom.compound.asked import Answer, Asked, dont_know
from plans.step import StepType

_EMPTIES: Final = re.compile(
    r"\b(?:clear|empty|erase|delete|remove|blank|reset|leere?n?|lösche?n?|vider|borrar)\b",
    re.IGNORECASE,
)


def no_value(asked: Asked) -> Answer | None:
    """Don't-know for a field that is to be filled with nothing, unless it is to be emptied."""
    step = asked.question.step
    if step.type not in (StepType.FILL_FIELD, StepType.TYPE_TEXT) or asked.intent.value:
        return None
    if step.params.value == "" or _EMPTIES.search(asked.question.intent):
        return None
    return dont_know(DontKnowReason.UNREADABLE, "the step says nothing to put in")
