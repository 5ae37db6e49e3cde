"""How sure a tier must be, by what its act could do."""

from typing import Final

from inference.decisions import ActKind
from inference.dom.words import words_of
from plans.step import StepType

GRAVE: Final = frozenset(
    {"delete", "buy", "checkout", "send", "transfer", "suspend", "unsubscribe", "dispute"}
)
"""Concepts of acts that take things away, cost money or reach other people."""
RISKY: Final = GRAVE | {"submit", "publish", "cancel", "approve", "decline"}
"""Concepts whose acts can't be taken back easily."""

_COSTS: Final = GRAVE - {"send"} | {"publish", "cancel", "approve", "decline"}

_BASE: Final = {
    ActKind.SCROLL: 0.6,
    ActKind.HOVER: 0.6,
    ActKind.PRESS: 0.6,
    ActKind.CLICK: 0.71,
    ActKind.DRAG: 0.75,
    ActKind.FILL: 0.71,
    ActKind.TYPE: 0.71,
    ActKind.SELECT: 0.71,
    ActKind.CHECK: 0.71,
    ActKind.UNCHECK: 0.71,
}
RISKY_THRESHOLD: Final = 0.85
"""For steps that send something, and for acts that are grave."""
_LESS_RISKY: Final = 0.75


def threshold(act: ActKind, step: StepType, name: str) -> float:
    """The confidence, 0 to 1, that this act on a thing of this name needs."""
    base = _BASE[act]
    if step is StepType.SUBMIT:
        return max(base, RISKY_THRESHOLD)
    if act is not ActKind.CLICK:
        return base
    concepts = words_of(name).concepts
    if concepts & GRAVE:
        return RISKY_THRESHOLD
    return max(base, _LESS_RISKY) if concepts & RISKY else base


def heavy(concepts: frozenset[str]) -> bool:
    """Whether a name of these concepts does more harm than the one without them."""
    return bool(concepts & _COSTS)
