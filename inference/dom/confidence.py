"""How sure: a logistic over what the scoring saw, its coefficients fitted off line.

`confidence.json` beside this module is written by `python -m tests.benchmarks.perception.fit`.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

MARGIN_CAP: Final = 0.3
"""A rival that is further off than this makes no difference."""
OWN_CAP: Final = 0.6
"""A target that says more of the intent itself is not surer for it."""


@dataclass(frozen=True, slots=True)
class Features:
    """What speaks for a target.

    Numbers from 0 to 1: `coverage`, the share of the intent's weight that the target and its
    surroundings say; `own`, the share said by the target itself; `precision`, the share of the
    target's name that the intent says; `margin`, the distance to the best rival that is another
    thing; `missing_names`, the share of the intent's names and numbers that are said nowhere;
    `worst`, how well the least said word that matters is said. `missing_strong`: the intent
    names an act that the target does not offer; `foreign`: the target is of a kind, or does a
    thing, that is not asked for; `missing_head`: the target is not what the intent's "X of Y"
    names; `exact`: its name is just what the intent says.
    """

    coverage: float
    own: float
    precision: float
    margin: float
    missing_strong: bool
    foreign: bool
    missing_head: bool
    missing_names: float
    worst: float
    exact: bool

    def values(self) -> dict[str, float]:
        """The features as the logistic takes them, by name."""
        found = {name: float(value) for name, value in asdict(self).items()}
        found["margin"] = min(found["margin"], MARGIN_CAP)
        found["own"] = min(found["own"], OWN_CAP)
        return found


@dataclass(frozen=True, slots=True)
class Coefficients:
    """The fitted logistic, and what it was fitted on."""

    version: int
    note: str
    sites: int
    examples: int
    intercept: float
    weights: dict[str, float]


COEFFICIENTS: Final = TypeAdapter(Coefficients).validate_python(
    json.loads((Path(__file__).parent / "confidence.json").read_text(encoding="utf-8"))
)


def confidence(features: Features) -> float:
    """The chance that the target is right, 0 to 1."""
    weights = COEFFICIENTS.weights
    score = COEFFICIENTS.intercept + sum(
        weights[name] * value for name, value in features.values().items()
    )
    return 1 / (1 + math.exp(-score))
