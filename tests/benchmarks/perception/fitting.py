"""Fit the DOM tier's confidence on labelled pages: examples, logistic regression, reliability.

An example is one JSON line: `{"site": "shop", "case": "c01", "kind": "as_written", "right": true,
"features": {"coverage": 0.9, …}}`. `features` are `inference.dom.confidence.Features.values()` of
the element that the tier would answer, before any threshold; `right` says whether that is a
target. `kind` says how the intent or the page was changed to have enough wrong answers.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Literal

from pydantic import BaseModel

from inference.decisions import Question
from inference.dom.intent import read
from inference.dom.pool import pool_for
from inference.dom.ranking import Ranking, rank
from inference.dom.rivals import innermost
from inference.dom.scene import Scene
from inference.dom.tier import LEAST, MARGIN, settled
from inference.observation import Observation
from plans.step import StepType
from tests.benchmarks.perception.pages import Labelled, question_of

Kind = Literal["as_written", "target_gone", "word_masked", "other_site"]
WEIGHT: Final[Mapping[Kind, float]] = {
    "as_written": 1.0,
    "target_gone": 0.15,
    "word_masked": 0.1,
    "other_site": 0.03,
}
"""How much an example of each kind counts: changed ones are many, and not what plans look like."""
RANKED: Final = frozenset(
    {StepType.CLICK, StepType.FILL_FIELD, StepType.SELECT_OPTION, StepType.SUBMIT, StepType.FILTER}
)
RIDGE: Final = 0.1
"""Pull towards zero, so that rare features don't run off."""
STRANGERS: Final = 4
"""Intents of other sites that are asked on a page for each of its own."""


class Example(BaseModel):
    site: str
    case: str
    kind: Kind
    right: bool
    features: dict[str, float]


def examples(labelled: Sequence[Labelled]) -> Iterator[Example]:
    """Every intent as written, with its target gone, with a word masked, and on other sites."""
    cases = [one for one in labelled if one.case.step.type in RANKED]
    for at, one in enumerate(cases):
        scene = Scene(one.observation)
        question = question_of(one.case)
        yield from _example(one, scene, question, one.right, "as_written")
        for masked in _masked(question):
            yield from _example(one, scene, masked, one.right, "word_masked")
        if one.right:
            gone = Scene(without(one.observation, one.right))
            yield from _example(one, gone, question, frozenset(), "target_gone")
        for step in range(1, STRANGERS + 1):
            other = cases[(at * 7 + step * 53) % len(cases)]
            if other.page != one.page:
                asked = question_of(other.case)
                yield from _example(one, scene, asked, frozenset(), "other_site")


def without(observation: Observation, refs: frozenset[int]) -> Observation:
    """The page with these elements there to see but not to act on."""
    elements = tuple(
        replace(element, interactive=False) if element.ref in refs else element
        for element in observation.elements
    )
    return replace(observation, elements=elements)


def _masked(question: Question) -> Iterator[Question]:
    """The question with each of its longer words left out in turn."""
    words = question.intent.split()
    for at, word in enumerate(words[1:], start=1):
        if len(word) > 3:
            intent = " ".join(words[:at] + words[at + 1 :])
            yield question.model_copy(update={"intent": intent})


def _example(
    one: Labelled, scene: Scene, question: Question, right: frozenset[int], kind: Kind
) -> Iterator[Example]:
    """The example, where the tier would come as far as to ask how sure it is."""
    intent = read(question)
    pool = pool_for(scene, intent)
    if settled(scene, intent, pool) is not None:
        return
    ranking = rank(scene, intent, intent.units, pool)
    if ranking is None or ranking.best.score < LEAST or ranking.margin < MARGIN:
        return
    if ranking.best.element.disabled:
        return
    yield Example(
        site=one.page, case=one.case.id, kind=kind, right=answered(ranking) in right,
        features={name: round(value, 4) for name, value in ranking.features.values().items()},
    )  # fmt: skip


def answered(ranking: Ranking) -> int:
    """The ref that the tier would answer."""
    return innermost(ranking.best.element, ranking.ranked).ref


class Fit(BaseModel):
    """A logistic: the chance of being right is 1 / (1 + exp(-(intercept + Σ weight × value)))."""

    intercept: float
    weights: dict[str, float]

    def chance(self, features: Mapping[str, float]) -> float:
        score = self.intercept + sum(
            weight * features[name] for name, weight in self.weights.items()
        )
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


AGAINST: Final = frozenset({"missing_strong", "foreign", "missing_head", "missing_names"})
"""Features that can only speak against a target; the others can only speak for it."""


def fit(found: Sequence[Example], names: Sequence[str]) -> Fit:
    """The regression, with features left out whose weight would have the wrong sign."""
    kept = list(names)
    while True:
        fitted = regression(found, kept)
        wrong = [name for name, at in fitted.weights.items() if (at > 0) is (name in AGAINST)]
        if not wrong:
            weights = {name: fitted.weights.get(name, 0.0) for name in names}
            return Fit(intercept=fitted.intercept, weights=weights)
        kept.remove(max(wrong, key=lambda name: abs(fitted.weights[name])))


def regression(found: Sequence[Example], names: Sequence[str], rounds: int = 25) -> Fit:
    """Weighted ridge logistic regression by Newton's method; the intercept is not pulled."""
    size = len(names) + 1
    rows = [[1.0, *(one.features[name] for name in names)] for one in found]
    beta = [0.0] * size
    for _ in range(rounds):
        gradient = [0.0, *(-RIDGE * value for value in beta[1:])]
        hessian = [[RIDGE if i == j and i else 0.0 for j in range(size)] for i in range(size)]
        for row, one in zip(rows, found, strict=True):
            score = sum(value * weight for value, weight in zip(row, beta, strict=True))
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
            share = WEIGHT[one.kind]
            curve = share * chance * (1 - chance)
            error = share * (one.right - chance)
            for i, value in enumerate(row):
                if value:
                    gradient[i] += error * value
                    line = hessian[i]
                    for j in range(i, size):
                        line[j] += curve * value * row[j]
        for i in range(size):
            for j in range(i):
                hessian[i][j] = hessian[j][i]
        change = solve(hessian, gradient)
        beta = [value + step for value, step in zip(beta, change, strict=True)]
        if max(abs(step) for step in change) < 1e-6:
            break
    return Fit(intercept=beta[0], weights=dict(zip(names, beta[1:], strict=True)))


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with pivoting; the matrix is small and regular."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda line: abs(rows[line][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for line in range(at + 1, size):
            factor = rows[line][at] / rows[at][at]
            for column in range(at, size + 1):
                rows[line][column] -= factor * rows[at][column]
    found = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][column] * found[column] for column in range(at + 1, size))
        found[at] = (rows[at][size] - known) / rows[at][at]
    return found


def left_out(found: Sequence[Example], names: Sequence[str]) -> list[tuple[Example, float]]:
    """Each example with the chance given by a fit that has not seen its site."""
    by_site: dict[str, list[Example]] = defaultdict(list)
    for one in found:
        by_site[one.site].append(one)
    judged: list[tuple[Example, float]] = []
    for site, own in by_site.items():
        fitted = fit([one for one in found if one.site != site], names)
        judged += [(one, fitted.chance(one.features)) for one in own]
    return judged


BINS: Final = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)


class Bin(BaseModel):
    """Examples of like confidence, weighted: their mean confidence and the share right."""

    low: float
    high: float
    count: int
    weight: float
    confidence: float
    right: float


def reliability(judged: Iterable[tuple[Example, float]]) -> list[Bin]:
    """The curve by confidence, empty bins left out."""
    found = list(judged)
    bins: list[Bin] = []
    for low, high in pairwise(BINS):
        held = [
            (WEIGHT[one.kind], one.right, chance)
            for one, chance in found
            if low <= chance < high or (high == 1.0 and chance == 1.0)
        ]
        weight = sum(share for share, _, _ in held)
        if held:
            bins.append(
                Bin(
                    low=low, high=high, count=len(held), weight=weight,
                    confidence=sum(share * chance for share, _, chance in held) / weight,
                    right=sum(share * right for share, right, _ in held) / weight,
                )
            )  # fmt: skip
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: the mean distance of confidence and share right."""
    total = sum(one.weight for one in bins)
    return sum(one.weight * abs(one.confidence - one.right) for one in bins) / total
