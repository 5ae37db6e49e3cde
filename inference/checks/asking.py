"""Ask the checkers, cheapest first, until one decides a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from inference.cascade import AWAY, NOT_CONFIGURED, PASSED_OVER, Asked
from inference.checks.verify import check
from inference.content import Content
from inference.decisions import Away, Check
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

    async def check(self, condition: Condition) -> Check | Away:
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

    `outcome` in the trail is the verdict, not_configured or away.
    """

    result: Check
    trail: tuple[Asked, ...]

    @property
    def tier(self) -> TierName | None:
        """Who decided; None where nobody did."""
        if self.result.verdict == "undecided":
            return None
        return next(one.tier for one in reversed(self.trail) if one.outcome not in PASSED_OVER)

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

    def joined_by(self, checkers: Sequence[Checker]) -> "Checks":
        """The same with more checkers, which take the place of those of their names."""
        return Checks([*self._checkers.values(), *checkers])

    async def first(self, condition: Condition) -> Check:
        """What the rules say; undecided where there are none. Costs nothing."""
        rules = self._checkers.get(TierName.DOM)
        found = None if rules is None else await rules.check(condition)
        if found is None or isinstance(found, Away):
            return Check(verdict="undecided", evidence="no rules are configured")
        return found

    async def decide(self, condition: Condition) -> Checked:
        """Ask until one decides; tiers that are not configured or away are passed over.

        Verdicts are Claude's, Holo3 is asked in its place alone.
        """
        trail: list[Asked] = []
        said: list[Check] = []
        for name in self._order():
            checker = self._checkers.get(name)
            if checker is None:
                trail.append(Asked(tier=name, outcome=NOT_CONFIGURED))
                continue
            condition = Condition(condition.sentence, condition.seen, tuple(said))
            answer = await checker.check(condition)
            if isinstance(answer, Away):
                trail.append(Asked(tier=name, outcome=AWAY, why=answer.why, cost=answer.cost))
                continue
            trail.append(
                Asked(tier=name, outcome=answer.verdict, why=answer.evidence, cost=answer.cost)
            )
            said.append(answer)
            if answer.verdict != "undecided" or name is TierName.CLAUDE:
                return Checked(result=answer, trail=tuple(trail))
        nobody = Check(verdict="undecided", evidence="no checker is configured")
        return Checked(result=said[-1] if said else nobody, trail=tuple(trail))

    def _order(self) -> Sequence[TierName]:
        if TierName.CLAUDE not in self._checkers:
            return _CHEAPEST_FIRST
        holo3 = (TierName.HOLO3,) if TierName.HOLO3 in self._checkers else ()
        return (TierName.DOM, TierName.CLAUDE, *holo3)
