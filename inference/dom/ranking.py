"""Rank the elements of a pool against an intent, and say how far the best one stands out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from inference.dom.anchors import Anchors
from inference.dom.confidence import Features
from inference.dom.intent import Intent
from inference.dom.pool import Pool
from inference.dom.prefilter import beside, worth_scoring
from inference.dom.rivals import ANCHORED, NAMED, alike, margin_of, same_thing
from inference.dom.scene import Scene
from inference.dom.scoring import Scored, Scorer
from inference.dom.units import Unit

APART: Final = 0.2
"""Alike elements that differ by less are told apart by the things they belong to."""
RIVALS: Final = 30
"""How many of the best are looked at as rivals."""

NEAREST: Final = 8
"""The best of a very large pool, whose surroundings are looked at, too."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The elements, the best first; `best` is the one meant.

    `margin` is its distance to the nearest that is another thing, 1 where there is none.
    """

    ranked: tuple[Scored, ...]
    best: Scored
    margin: float

    @property
    def features(self) -> Features:
        """What speaks for the best one."""
        best = self.best
        return Features(
            coverage=best.coverage,
            own=best.own,
            precision=best.precision,
            margin=self.margin,
            missing_strong=best.missing_strong,
            foreign=best.foreign,
            missing_head=best.missing_head,
            missing_names=best.missing_names,
            worst=best.worst,
            exact=best.exact,
        )


def _scored(
    scene: Scene, intent: Intent, units: tuple[Unit, ...], pool: Pool, scorer: Scorer
) -> list[Scored]:
    """The pool by score; of a very large one only what may be meant, and what may rival it."""
    every = pool.elements
    taken = every if pool.label_share else worth_scoring(scene, units, every, intent.opens)
    ranked = _by_score(pool.adjust(scorer.score(element)) for element in taken)
    if len(taken) == len(every):
        return ranked
    known = {element.ref for element in taken}
    others = [element for element in every if element.ref not in known]
    near = beside([one.element for one in ranked[:NEAREST]], others)
    return _by_score([*ranked, *(pool.adjust(scorer.score(element)) for element in near)])


def _by_score(scored: Iterable[Scored]) -> list[Scored]:
    return sorted(scored, key=lambda one: (-one.score, one.element.ref))


def rank(scene: Scene, intent: Intent, units: tuple[Unit, ...], pool: Pool) -> Ranking | None:
    """Score the pool; None when it is empty."""
    scorer = Scorer(scene, intent, units, pool.elements)
    ranked = _scored(scene, intent, units, pool, scorer)
    if not ranked:
        return None
    best, near = ranked[0], ranked[:RIVALS]
    rivals = [one for one in near if one is not best and not same_thing(scene, best, one)]
    margin = margin_of(units, best, rivals)
    twins = [one for one in rivals if alike(best, one)]
    if twins and margin < APART:
        chosen = Anchors(scene, units).choose([best, *twins])
        if chosen is not None:
            best = chosen
            others = [one for one in near if not alike(best, one)]
            rivals = [one for one in others if not same_thing(scene, best, one)]
            margin = max(NAMED if best.worst >= 0.6 else ANCHORED, margin_of(units, best, rivals))
    return Ranking(tuple(ranked), best, margin)
