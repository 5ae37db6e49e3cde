"""What a run will cost, as far as its plan tells: a guess for a dry run, before anything is known.

Only questions that a model is asked for certain are counted, each at the price of a usual one:
steps that are the models' own (`claude_only`, `as_planned`), the turns of tasks, and the making
of steps from words. What the free tiers may not know in `auto` can't be told beforehand.
"""

from collections.abc import Iterator
from typing import Final

from plans.plan import Plan, PlanText
from plans.prices import Prices, Usage, cost_of
from plans.state import RunLimits
from plans.step import Frozen, Perception, Step, StepType, TierName
from plans.structure import Structure
from plans.suite import TaskSuite

_USUAL_MS: Final = 800
_USUAL: Final = {"input_tokens": 3_500, "output_tokens": 200}
_PLANNING: Final = {"input_tokens": 1_400, "output_tokens": 1_200}
_TURN: Final = {"input_tokens": 2_000, "cache_read_tokens": 6_000, "output_tokens": 200}
_TURNS: Final = 8
"""Turns that a task usually takes."""
_POINTED = frozenset(
    {
        StepType.CLICK,
        StepType.FILTER,
        StepType.FILL_FIELD,
        StepType.SUBMIT,
        StepType.SELECT_OPTION,
        StepType.TYPE_TEXT,
    }
)
_READ = frozenset({StepType.EXTRACT_DATA, StepType.EXTRACT_ROWS})


class Tariff(Frozen):
    """Which tiers there are, and what they cost. Models are Claude's; empty: there is none."""

    holo3: bool = False
    gpu_usd_per_hour: float = 0.0
    claude_model: str = ""
    planner_model: str = ""

    def question(self, tier: TierName, prices: Prices) -> int:
        """A usual question's price, micro-dollars; 0 where the tier isn't there."""
        match tier:
            case TierName.HOLO3:
                used = Usage(tier=tier, model="holo3", gpu_ms=_USUAL_MS if self.holo3 else 0)
                return cost_of(used, self.gpu_usd_per_hour).total
            case TierName.CLAUDE:
                return self.asking(self.claude_model, _USUAL, prices)
            case TierName.MEMORY | TierName.DOM:
                return 0

    def asking(self, model: str, tokens: dict[str, int], prices: Prices) -> int:
        """What so many tokens of a model cost, micro-dollars; 0 where there is none."""
        if not model:
            return 0
        usage = Usage(tier=TierName.CLAUDE, model=model).model_copy(update=tokens)
        return cost_of(usage, 0.0, prices).total


def estimate(
    content: Plan | TaskSuite | PlanText,
    perception: Perception,
    limits: RunLimits,
    tariff: Tariff,
    prices: Prices,
) -> int:
    """What the run will cost at least, as things usually go; micro-dollars, its budget at most.

    Raises:
        UnknownPrice: a model has no price.
    """
    match content:
        case PlanText():
            total = tariff.asking(tariff.planner_model, _PLANNING, prices)
        case TaskSuite(tasks=tasks):
            turns = sum(min(task.max_steps, _TURNS) for task in tasks)
            total = turns * tariff.asking(tariff.claude_model, _TURN, prices)
        case Plan(steps=steps):
            total = sum(
                passes * sum(tariff.question(tier, prices) for tier in _asked(step, perception))
                for step, passes in zip(steps, executions(content, limits), strict=True)
            )
    return min(total, limits.max_cost_micro)


def executions(plan: Plan, limits: RunLimits) -> list[int]:
    """How often each step is executed at most, loops multiplied out."""
    structure = Structure(plan.steps)
    most = limits.max_loop_iterations
    counts: list[int] = []
    for index, step in enumerate(plan.steps):
        passes = 0 if step.type is StepType.LOOP else 1
        for loop in structure.around(index):
            passes *= min(plan.steps[loop.index].loop_count or most, most)
        counts.append(passes)
    return counts


def _asked(step: Step, perception: Perception) -> Iterator[TierName]:
    """The models that a step asks for certain."""
    planned = perception is Perception.AS_PLANNED
    if step.claude_only or (planned and step.type in _READ):
        yield TierName.CLAUDE
    elif planned and step.type in _POINTED:
        yield TierName.HOLO3
        if step.grounding:
            yield TierName.CLAUDE
    if planned and step.verify:
        yield TierName.CLAUDE
