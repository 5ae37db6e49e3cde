"""Ask the checkers, cheapest first, until one decides a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from inference.cascade import NOT_CONFIGURED, Asked
from inference.checks.verify import check
from inference.content import Content
from inference.decisions import Check
from inference.dom.detect import detect
from inference.observation import Observation
from plans.calls import Money
from plans.step import Frozen, TierName

_CHEAPEST_FIRST: Final = (TierName.DOM, TierName.HOLO3, TierName.CLAUDE)


@dataclass(frozen=True, slots=True)
class Condition:
    """A sentence about a page, and what the page showed.

    `seen` is the content for a `verify` sentence, the observation for what `detect_visible`
    and `if_else` look for. `said` is what the checkers before said, undecided all of them.
    """

    sentence: str
    seen: Content | Observation
    said: tuple[Check, ...] = ()


class Checker(Protocol):
    """A source of verdicts on conditions."""

    name: TierName

    async def check(self, condition: Condition) -> Check:
        """Say whether the condition holds, with the evidence, or that it can't be told."""
        ...


class DomChecker:
    """Decides by rules from what the page shows; the same page gives the same verdict."""

    name = TierName.DOM

    async def check(self, condition: Condition) -> Check:
        """See `Checker.check`."""
        if isinstance(condition.seen, Content):
            return check(condition.seen, condition.sentence)
        return detect(condition.seen, condition.sentence)


class Checked(Frozen):
    """What the checkers came to; `trail` lists them in the order asked.

    `outcome` in the trail is the verdict, or not_configured.
    """

    result: Check
    trail: tuple[Asked, ...]

    @property
    def tier(self) -> TierName | None:
        """Who decided; None where nobody did."""
        if self.result.verdict == "undecided":
            return None
        return next(one.tier for one in reversed(self.trail) if one.outcome != NOT_CONFIGURED)

    @property
    def missing(self) -> tuple[TierName, ...]:
        """The tiers that would have been asked but are not configured."""
        return tuple(one.tier for one in self.trail if one.outcome == NOT_CONFIGURED)

    @property
    def cost(self) -> Money:
        """What all checkers that were asked cost together."""
        return sum((one.cost for one in self.trail), Money())


class Checks:
    """The configured checkers, the rules first whatever the perception mode."""

    def __init__(self, checkers: Sequence[Checker]) -> None:
        self._checkers: Mapping[TierName, Checker] = {one.name: one for one in checkers}

    async def first(self, condition: Condition) -> Check:
        """What the rules say; undecided where there are none. Costs nothing."""
        rules = self._checkers.get(TierName.DOM)
        if rules is None:
            return Check(verdict="undecided", evidence="no rules are configured")
        return await rules.check(condition)

    async def decide(self, condition: Condition) -> Checked:
        """Ask until one decides; tiers that are not configured are passed over and noted."""
        trail: list[Asked] = []
        said: list[Check] = []
        for name in _CHEAPEST_FIRST:
            checker = self._checkers.get(name)
            if checker is None:
                trail.append(Asked(tier=name, outcome=NOT_CONFIGURED))
                continue
            condition = Condition(condition.sentence, condition.seen, tuple(said))
            answer = await checker.check(condition)
            trail.append(
                Asked(tier=name, outcome=answer.verdict, why=answer.evidence, cost=answer.cost)
            )
            said.append(answer)
            if answer.verdict != "undecided":
                return Checked(result=answer, trail=tuple(trail))
        nobody = Check(verdict="undecided", evidence="no checker is configured")
        return Checked(result=said[-1] if said else nobody, trail=tuple(trail))
