"""Ask the tiers, cheapest first, until one is sure."""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from inference.decisions import Decision, DontKnow, Question, Tier
from inference.observation import Observation
from plans.step import Frozen, Perception, Step, TierName

NOT_CONFIGURED: Final = "not_configured"
_CHEAPEST_FIRST: Final = (TierName.MEMORY, TierName.DOM, TierName.HOLO3, TierName.CLAUDE)


class Asked(Frozen):
    """One tier on the way to an answer.

    `outcome` is answered, a don't-know's reason, or not_configured; `why` tells more.
    """

    tier: TierName
    outcome: str
    why: str = ""


class Answer(Frozen):
    """What the cascade came to.

    `result` is None when no tier could be asked at all; a
    don't-know is that of the last tier asked. `trail` lists the tiers in the order asked.
    """

    result: Decision | DontKnow | None
    trail: tuple[Asked, ...]

    @property
    def models_missing(self) -> bool:
        """Whether a model tier that would have been asked next is not configured."""
        return any(asked.outcome == NOT_CONFIGURED for asked in self.trail) and not isinstance(
            self.result, Decision
        )


class Cascade:
    """The configured tiers, asked in the order that the perception mode gives."""

    def __init__(self, tiers: Sequence[Tier]) -> None:
        self._tiers: Mapping[TierName, Tier] = {tier.name: tier for tier in tiers}

    async def decide(
        self, observation: Observation, question: Question, perception: Perception
    ) -> Answer:
        """Ask until one tier decides; tiers not configured are passed over and noted."""
        trail: list[Asked] = []
        last: DontKnow | None = None
        for name in _order(perception, question.step):
            tier = self._tiers.get(name)
            if tier is None:
                trail.append(Asked(tier=name, outcome=NOT_CONFIGURED))
                continue
            match await tier.decide(observation, question):
                case Decision() as decision:
                    trail.append(Asked(tier=name, outcome="answered", why=decision.why))
                    return Answer(result=decision, trail=tuple(trail))
                case DontKnow() as unsure:
                    trail.append(Asked(tier=name, outcome=unsure.reason, why=unsure.why))
                    last = unsure
        return Answer(result=last, trail=tuple(trail))


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
