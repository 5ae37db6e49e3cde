"""How sure: a logistic over what the scoring saw, and the threshold of each act."""

import math
from dataclasses import dataclass
from typing import Final

from inference.decisions import ActKind
from inference.dom.words import words_of
from plans.step import StepType

INTERCEPT: Final = -6.2
COVERAGE: Final = 8.2
PRECISION: Final = 1.6
MARGIN: Final = 7.0
OWN: Final = 2.2
MISSING_STRONG: Final = -3.5

RISKY: Final = frozenset(
    {"delete", "buy", "checkout", "send", "submit", "publish", "cancel", "unsubscribe", "suspend"}
)
"""Concepts whose acts can't be taken back."""

_BASE: Final = {
    ActKind.SCROLL: 0.6,
    ActKind.CLICK: 0.7,
    ActKind.FILL: 0.75,
    ActKind.TYPE: 0.75,
    ActKind.SELECT: 0.75,
    ActKind.PRESS: 0.6,
    ActKind.CHECK: 0.75,
    ActKind.UNCHECK: 0.75,
    ActKind.HOVER: 0.6,
}
RISKY_THRESHOLD: Final = 0.85


@dataclass(frozen=True, slots=True)
class Features:
    """What speaks for a target.

    All from 0 to 1: `coverage`, the share of the intent's weight
    that the target and its surroundings say; `own`, the share said by the target itself;
    `precision`, the share of the target's name that the intent says; `margin`, the distance
    to the best rival that is another thing; `missing_strong`, the intent names an act that the
    target does not offer.
    """

    coverage: float
    own: float
    precision: float
    margin: float
    missing_strong: bool


def confidence(features: Features) -> float:
    """The chance that the target is right, 0 to 1."""
    score = (
        INTERCEPT
        + COVERAGE * features.coverage
        + PRECISION * features.precision
        + MARGIN * min(features.margin, 0.3)
        + OWN * min(features.own, 0.6)
        + (MISSING_STRONG if features.missing_strong else 0.0)
    )
    return 1 / (1 + math.exp(-score))


def threshold(act: ActKind, step: StepType, name: str) -> float:
    """The confidence that this act on a thing of this name needs."""
    base = _BASE[act]
    if step is StepType.SUBMIT or (act is ActKind.CLICK and words_of(name).concepts & RISKY):
        return max(base, RISKY_THRESHOLD) if step is StepType.SUBMIT else base + 0.05
    return base
