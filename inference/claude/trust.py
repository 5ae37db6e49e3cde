"""What a page's own words do to an answer: lures that talk to models, and graver acts than asked.

A model that follows a page's orders names what the page wants pressed. The page's own name of
it is the second witness: what takes away, costs money or reaches others has to be what the step
says, else the answer counts as unsure, which no such act goes by.
"""

import re
from typing import Final

from inference.asking import GroundAsk, Seen
from inference.decisions import ActKind
from inference.dom.trust import talks
from inference.dom.words import words_of
from inference.risk import GRAVE, RISKY
from plans.step import StepType

DOUBTED: Final = 0.5
"""Below what any act but looking needs."""
DISABLED: Final = 0.4

_PRESSING: Final = frozenset(
    {ActKind.CLICK, ActKind.CHECK, ActKind.UNCHECK, ActKind.SELECT, ActKind.DRAG, ActKind.PRESS}
)
_ADDRESSED: Final = re.compile(
    r"\b(?:AI|LLMs?|Claude|ChatGPT)(?: (?:assistants?|agents?|bots?|models?))?\s*[:,!]"
    r"|\b(?:dear|hey|hello) (?:AI|LLM|assistants?|agents?|bots?|models?)\b",
    re.IGNORECASE,
)


def confidence_in(ask: GroundAsk, act: ActKind, seen: Seen | None, said: float) -> float:
    """How sure an answer counts as: `said`, or less where the page's own words speak against it.

    Args:
        ask: the question.
        act: what is to be done.
        seen: the target; None where it is a place or the page.
        said: how sure Claude says it is, 0 to 1.
    """
    if act not in _PRESSING:
        return said
    params = ask.step.params
    meant = words_of(" ".join(filter(None, (ask.intent, params.label, params.dropdown_label))))
    wants_risk = bool(meant.concepts & RISKY) or ask.step.type is StepType.SUBMIT
    wants_risk = wants_risk or ask.step.once is True
    if seen is None:
        return min(said, DOUBTED) if meant.concepts & GRAVE and act is not ActKind.PRESS else said
    if seen.disabled:
        return min(said, DISABLED)
    if any(speaks_to_models(text) for text in (seen.name, seen.text, seen.placeholder)):
        return min(said, DOUBTED)
    grave = words_of(seen.name or seen.text).concepts & GRAVE
    if not grave or wants_risk:
        return said
    shared = words_of(seen.name or seen.text).concepts & meant.concepts
    return said if grave <= {"send"} and shared else min(said, DOUBTED)


def speaks_to_models(text: str) -> bool:
    """Whether a text speaks to whoever reads the page for a person."""
    return talks(text) or _ADDRESSED.search(text) is not None
