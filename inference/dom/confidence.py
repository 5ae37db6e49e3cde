"""How sure: a logistic over what the scoring saw."""

import math
from dataclasses import dataclass
from typing import Final

INTERCEPT: Final = -6.2
COVERAGE: Final = 8.2
PRECISION: Final = 1.6
MARGIN: Final = 7.0
OWN: Final = 2.2
MISSING_STRONG: Final = -3.5
MISSING_HEAD: Final = -1.5
MISSING_NAMES: Final = -5.0


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
    foreign: bool
    missing_head: bool
    missing_names: float


def confidence(features: Features) -> float:
    """The chance that the target is right, 0 to 1."""
    score = (
        INTERCEPT
        + COVERAGE * features.coverage
        + PRECISION * features.precision
        + MARGIN * min(features.margin, 0.3)
        + OWN * min(features.own, 0.6)
        + (MISSING_STRONG if features.missing_strong or features.foreign else 0.0)
        + (MISSING_HEAD if features.missing_head else 0.0)
        + MISSING_NAMES * features.missing_names
    )
    return 1 / (1 + math.exp(-score))
