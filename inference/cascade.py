"""Ask the tiers, cheapest first, until one is sure."""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from inference.decisions import (
    ActKind,
    Away,
    Candidate,
    Decision,
    DontKnow,
    DontKnowReason,
    Question,
    Tier,
)
from inference.dom.words import words_of
from inference.observation import Element, Observation
from inference.risk import threshold
from inference.wording import Wording, intent_says, label_says, strongest
from plans.calls import Money
from plans.step import Frozen, Perception, Step, TierName

_HEAVY: Final = (Wording.DESTROYS, Wording.COMMITS)
_SETTLING: Final = (ActKind.WAIT, ActKind.DONE, ActKind.INPUT)
NOT_CONFIGURED: Final = "not_configured"
AWAY: Final = "away"
PASSED_OVER: Final = (NOT_CONFIGURED, AWAY)
"""Outcomes of tiers in whose place the next one is asked."""
REFINED: Final = "refined"
MODELS: Final = (TierName.HOLO3, TierName.CLAUDE)
_CHEAPEST_FIRST: Final = (TierName.MEMORY, TierName.DOM, TierName.HOLO3, TierName.CLAUDE)


class Asked(Frozen):
    """One tier on the way to an answer.

    `outcome` is answered, refined (the next tier has the last word), a don't-know's reason,
    not_configured or away; `why` tells more.
    `confidence` is that of an answer, also of one that was not sure enough for its act.
    """

    tier: TierName
    outcome: str
    why: str = ""
    confidence: float | None = None
    cost: Money = Money()
    candidates: tuple[Candidate, ...] = ()


class Answer(Frozen):
    """What the cascade came to.

    `result` is None when no tier could be asked at all; a
    don't-know is that of the last tier asked. `trail` lists the tiers in the order asked.
    """

    result: Decision | DontKnow | None
    trail: tuple[Asked, ...]

    @property
    def cost(self) -> Money:
        """What all tiers that were asked cost together."""
        return sum((asked.cost for asked in self.trail), Money())


class Cascade:
    """The configured tiers, asked in the order that the perception mode gives."""

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self._tiers: Mapping[TierName, Tier] = {tier.name: tier for tier in tiers}

    def joined_by(self, tiers: Sequence[Tier]) -> "Cascade":
        """The same with more tiers, which take the place of those of their names."""
        return Cascade([*self._tiers.values(), *tiers])

    async def decide(
        self, observation: Observation, question: Question, perception: Perception
    ) -> Answer:
        """Ask until one tier is sure enough for the act that it names.

        Tiers that are not configured, or can't be reached, are passed over and noted; each one
        asked gets the candidates of the one before it. Where a plan wants Holo3's place refined
        (`grounding`), Claude has the last word, if it can be asked.
        """
        return await self._ask(_order(perception, question.step), observation, question)

    async def planned(self, observation: Observation, question: Question) -> Answer:
        """What the models say that a plan's own marks want asked."""
        names = [name for name in _order(Perception.AS_PLANNED, question.step) if name in MODELS]
        return await self._ask(names, observation, question)

    async def known(self, observation: Observation, question: Question) -> Answer:
        """What the tiers know that cost nothing: memory, then the page's own words."""
        return await self._ask((TierName.MEMORY, TierName.DOM), observation, question)

    async def _ask(
        self, names: Sequence[TierName], observation: Observation, question: Question
    ) -> Answer:
        trail: list[Asked] = []
        last: Decision | DontKnow | None = None
        for name in names:
            tier = self._tiers.get(name)
            if tier is None:
                trail.append(Asked(tier=name, outcome=NOT_CONFIGURED))
                continue
            answer = await tier.decide(observation, question)
            if isinstance(answer, Away):
                trail.append(Asked(tier=name, outcome=AWAY, why=answer.why, cost=answer.cost))
                if isinstance(last, Decision):
                    break
                continue
            sure = answer.confidence if isinstance(answer, Decision) else None
            if isinstance(answer, Decision):
                if (doubt := _doubt(observation, question.step, answer)) is None:
                    if not self._refined(names, name, answer, question.step):
                        trail.append(_asked(answer, "answered", sure))
                        return Answer(result=answer, trail=tuple(trail))
                    trail.append(_asked(answer, REFINED, sure))
                    last = answer
                    continue
                answer = _handed_on(answer, doubt)
            trail.append(_asked(answer, answer.reason, sure))
            last = answer
            question = question.model_copy(update={"handed": answer.candidates})
        return Answer(result=last, trail=tuple(trail))

    def _refined(
        self, names: Sequence[TierName], name: TierName, decision: Decision, step: Step
    ) -> bool:
        """Whether Claude has the last word on the place that Holo3 names."""
        if name is not TierName.HOLO3 or not step.grounding or decision.act in _SETTLING:
            return False
        return names[0] is name and TierName.CLAUDE in self._tiers


def told(result: Decision | DontKnow) -> Answer:
    """The answer of a single tier, as the cascade would give it."""
    if isinstance(result, Decision):
        return Answer(result=result, trail=(_asked(result, "answered", result.confidence),))
    return Answer(result=result, trail=(_asked(result, result.reason, None),))


def _doubt(observation: Observation, step: Step, decision: Decision) -> str | None:
    """Why a decision is not good enough to act on, None where it is."""
    if decision.act in _SETTLING:
        return None
    refs = [ref for ref in (decision.ref, decision.onto, *decision.also) if ref is not None]
    if any(not 0 <= ref < len(observation.elements) for ref in refs):
        return "it names an element that is not on the page"
    name = "" if decision.ref is None else observation.element(decision.ref).name
    need = threshold(decision.act, step.type, name)
    if decision.confidence < need:
        return f"{decision.confidence:.2f} sure, {need:.2f} needed"
    if decision.act is ActKind.CLICK and decision.ref is not None:
        return _belied(observation.element(decision.ref), step)
    return None


def _belied(element: Element, step: Step) -> str | None:
    """What people read on an element where it is an act that its name and the step don't say."""
    if "_" in element.text or (element.text.islower() and " " not in element.text):
        return None  # the name of an icon, which a font draws
    read, named = words_of(element.text), words_of(element.name)
    if {*read.stems} & {*named.stems} or label_says(element.text) not in _HEAVY:
        return None
    if strongest(label_says(element.name), intent_says(step.intent)) in _HEAVY:
        return None
    return f"it is named {element.name!r} and shows {element.text[:60]!r}"


def _handed_on(decision: Decision, doubt: str) -> DontKnow:
    return DontKnow(
        reason=DontKnowReason.UNSURE,
        why=doubt,
        tier=decision.tier,
        candidates=decision.candidates,
        cost=decision.cost,
    )


def _asked(answer: Decision | DontKnow, outcome: str, sure: float | None) -> Asked:
    return Asked(
        tier=answer.tier,
        outcome=outcome,
        why=answer.why,
        confidence=sure,
        cost=answer.cost,
        candidates=answer.candidates,
    )


def _order(perception: Perception, step: Step) -> tuple[TierName, ...]:
    """The tiers to ask, those that the step's own marks want first."""
    match perception:
        case Perception.AUTO:
            return _CHEAPEST_FIRST
        case Perception.AS_PLANNED:
            if step.claude_only:
                return (TierName.CLAUDE, TierName.HOLO3, TierName.DOM)
            return (TierName.HOLO3, TierName.CLAUDE, TierName.DOM)
        case _:
            assert_never(perception)
