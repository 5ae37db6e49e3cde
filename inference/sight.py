"""What the tiers saw at one look of a step, kept so that people can see why it was chosen."""

from collections.abc import Callable
from typing import Final

from inference.cascade import Answer
from inference.decisions import Decision, Point, Question
from inference.observation import Box, Element, Observation
from plans.calls import Money
from plans.step import Frozen, Perception, StepType, TierName

PLACE_PX: Final = 16.0
LONGEST: Final = 160
"""Characters of a text that a sight keeps."""


class SeenElement(Frozen):
    """An element as it lay there; `score` of a candidate, 0 to 1, None for the target."""

    ref: int
    name: str
    role: str
    box: Box | None = None
    score: float | None = None


class TierSight(Frozen):
    """What one tier made of it; see `cascade.Asked`."""

    tier: TierName
    outcome: str
    why: str
    confidence: float | None
    cost: Money
    candidates: tuple[SeenElement, ...]


class Chosen(Frozen):
    """What was decided. `targets`: first the element itself, then the others of the same act."""

    tier: TierName
    act: str
    confidence: float
    targets: tuple[SeenElement, ...]
    onto: SeenElement | None = None
    goes_on: bool = False


class Sight(Frozen):
    """One look: the page, the tiers asked in order, what was chosen and what came of it.

    Boxes are CSS pixels of the viewport, `width` by `height`. `came_of` is empty where
    nothing was done.
    """

    url: str
    title: str
    width: float
    height: float
    elements: int
    unread_frames: int
    type: StepType
    intent: str
    perception: Perception
    trail: tuple[TierSight, ...]
    chosen: Chosen | None
    came_of: str = ""


def sight_of(
    observation: Observation, question: Question, perception: Perception, answer: Answer
) -> Sight:
    """Sum up a look with the answer that it led to."""
    trail = tuple(
        TierSight(
            tier=asked.tier,
            outcome=asked.outcome,
            why=asked.why[:LONGEST],
            confidence=asked.confidence,
            cost=asked.cost,
            candidates=tuple(
                SeenElement(
                    ref=one.ref,
                    name=one.name[:LONGEST],
                    role=one.role,
                    box=_box(observation, one.ref),
                    score=one.score,
                )
                for one in asked.candidates
            ),
        )
        for asked in answer.trail
    )
    return Sight(
        url=observation.url,
        title=observation.title[:LONGEST],
        width=observation.width,
        height=observation.height,
        elements=len(observation.elements),
        unread_frames=observation.unread_frames,
        type=question.step.type,
        intent=question.intent,
        perception=perception,
        trail=trail,
        chosen=_chosen(observation, answer),
    )


def with_texts(sight: Sight, text: Callable[[str], str]) -> Sight:
    """A sight with other words in the texts of its page, its step and its tiers."""

    def named(one: SeenElement) -> SeenElement:
        return one.model_copy(update={"name": text(one.name)})

    def told(tier: TierSight) -> TierSight:
        candidates = tuple(named(one) for one in tier.candidates)
        return tier.model_copy(update={"why": text(tier.why), "candidates": candidates})

    chosen = sight.chosen
    if chosen is not None:
        targets = tuple(named(one) for one in chosen.targets)
        onto = None if chosen.onto is None else named(chosen.onto)
        chosen = chosen.model_copy(update={"targets": targets, "onto": onto})
    return sight.model_copy(
        update={
            "url": text(sight.url),
            "title": text(sight.title),
            "intent": text(sight.intent),
            "trail": tuple(told(tier) for tier in sight.trail),
            "chosen": chosen,
            "came_of": text(sight.came_of),
        }
    )


def _chosen(observation: Observation, answer: Answer) -> Chosen | None:
    decision = answer.result
    if not isinstance(decision, Decision):
        return None
    refs = [ref for ref in (decision.ref, *decision.also) if ref is not None]
    places = () if decision.point is None else (_place(decision.point),)
    return Chosen(
        tier=decision.tier,
        act=decision.act.value,
        confidence=decision.confidence,
        targets=(*(_seen(observation.element(ref)) for ref in refs), *places),
        onto=None if decision.onto is None else _seen(observation.element(decision.onto)),
        goes_on=decision.goes_on,
    )


def _seen(element: Element) -> SeenElement:
    return SeenElement(
        ref=element.ref,
        name=element.name[:LONGEST],
        role=element.role,
        box=_rect(element),
    )


def _place(point: Point) -> SeenElement:
    """A place that is no element's, as a small square around it."""
    half = PLACE_PX / 2
    box = Box(x=point.x - half, y=point.y - half, width=PLACE_PX, height=PLACE_PX)
    return SeenElement(ref=-1, name=f"{point.x:.0f}, {point.y:.0f}", role="place", box=box)


def _box(observation: Observation, ref: int) -> Box | None:
    return _rect(observation.element(ref)) if 0 <= ref < len(observation.elements) else None


def _rect(element: Element) -> Box:
    box = element.box
    return Box(x=box.x, y=box.y, width=box.width, height=box.height)
