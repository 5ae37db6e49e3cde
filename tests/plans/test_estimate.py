import pytest

from plans.estimate import Tariff, estimate, executions
from plans.plan import Plan, PlanText
from plans.price_table import SHIPPED_PRICES
from plans.state import RunLimits
from plans.step import Perception, Step, StepType
from plans.suite import Task, TaskSuite

LIMITS = RunLimits(
    max_run_steps=1_000, max_loop_iterations=50, max_cost_micro=25_000_000, max_time_ms=1
)
BOTH = Tariff(
    holo3=True,
    gpu_usd_per_hour=2.5,
    claude_model="claude-sonnet-5-5",
    planner_model="claude-opus-5-5",
)
CLAUDE, HOLO3, TURN = 9_000, 556, 6_600
PLAN = Plan(
    steps=(
        Step(intent="Go", type=StepType.NAVIGATE),
        Step(intent="Click the next one", type=StepType.CLICK),
        Step(intent="Extract the price", type=StepType.EXTRACT_DATA),
        Step(intent="Again", type=StepType.LOOP, loop_target=1, loop_count=3),
    )
)


def guess(content: Plan | TaskSuite | PlanText, how: Perception, tariff: Tariff = BOTH) -> int:
    return estimate(content, how, LIMITS, tariff, SHIPPED_PRICES)


def test_steps_count_as_often_as_their_loops_go():
    assert executions(PLAN, LIMITS) == [1, 3, 3, 0]


def test_as_planned_asks_a_model_for_each_click_and_each_record():
    assert guess(PLAN, Perception.AS_PLANNED) == 3 * (HOLO3 + CLAUDE)


def test_auto_asks_for_nothing_that_the_free_tiers_may_know():
    assert guess(PLAN, Perception.AUTO) == 0


@pytest.mark.parametrize("how", list(Perception))
def test_a_step_for_claude_alone_costs_in_each_mode(how: Perception):
    step = Step(intent="Extract the price", type=StepType.EXTRACT_DATA, claude_only=True)
    assert guess(Plan(steps=(step,)), how) == CLAUDE


def test_grounding_and_conditions_cost_once_more():
    step = Step(intent="Click", type=StepType.CLICK, grounding=True, verify="the cart is open")
    assert guess(Plan(steps=(step,)), Perception.AS_PLANNED) == HOLO3 + 2 * CLAUDE


def test_tiers_that_are_not_there_cost_nothing():
    assert guess(PLAN, Perception.AS_PLANNED, Tariff()) == 0
    assert guess(PLAN, Perception.AS_PLANNED, Tariff(holo3=True, gpu_usd_per_hour=2.5)) == 3 * HOLO3
    assert guess(PlanText(text="Go"), Perception.AUTO, Tariff()) == 0


def test_words_cost_their_making_into_steps_and_tasks_their_turns():
    assert guess(PlanText(text="Go"), Perception.AUTO) == 29_600
    tasks = (Task(task_id="a", intent="A"), Task(task_id="b", intent="B", max_steps=2))
    assert guess(TaskSuite(tasks=tasks), Perception.AUTO) == 10 * TURN


def test_no_more_than_the_budget_is_told():
    poor = LIMITS.model_copy(update={"max_cost_micro": 100})
    assert estimate(PLAN, Perception.AS_PLANNED, poor, BOTH, SHIPPED_PRICES) == 100
