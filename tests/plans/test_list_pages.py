"""The account of a list by page: filters that were set, items found and what became of them."""

import pytest
from pydantic import JsonValue

from plans.calls import CallKind, Finish, Outcome, Present
from plans.filters import list_filters
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.state import RunLimits
from plans.step import FailureClass, Step
from plans.summary import DynamicVerification, summarise

LIMITS = RunLimits(
    max_run_steps=500, max_loop_iterations=50, max_cost_micro=10**8, max_time_ms=10**7
)


def plan(*steps: dict[str, JsonValue]) -> Plan:
    return Plan(steps=tuple(Step.model_validate({"intent": "x", **step}) for step in steps))


PLAN = plan(
    {"type": "navigate", "url": "https://a.test"},
    {"type": "filter", "params": {"label": "Make", "value": "Boston Whaler"}},
    {"type": "click", "intent": "Click the next listing"},
    {"type": "extract_data"},
    {"type": "navigate_back"},
    {"type": "loop", "loop_target": 2},
    {"type": "paginate"},
    {"type": "loop", "loop_target": 2},
)


def walk(items: list[int], shown: list[Present], failing: int = -1) -> DynamicVerification:
    """The plan on pages with so many items each, whose looks tell this of the filters."""
    interpreter = Interpreter(PLAN, LIMITS)
    page, opened, extracted = 0, 0, 0
    while not isinstance(call := interpreter.next(), Finish):
        outcome = Outcome(success=True)
        if call.kind is CallKind.LOOK and call.index == 5:
            more = opened < items[page]
            outcome = Outcome(
                success=True, has_more=more, list_items=items[page], filters=shown[page]
            )
        elif call.kind is CallKind.LOOK:
            outcome = Outcome(success=True, has_more=None)
        elif call.index == 2:
            opened += 1
        elif call.index == 3:
            extracted += 1
            bad = extracted - 1 == failing
            outcome = Outcome(
                success=not bad,
                failure_class=FailureClass.EXTRACT_FAILED if bad else None,
                rows_added=int(not bad),
                rows_viable=int(not bad),
            )
        elif call.index == 6:
            page, opened = page + 1, 0
            outcome = Outcome(success=True, exhausted=page == len(items))
        interpreter.apply(call, outcome, 0)
    finish = interpreter.next()
    assert isinstance(finish, Finish)
    counters = interpreter.state.counters
    said = {"result_path": "r", "csv_path": "c"}
    return summarise(
        counters, finish, PLAN, total_time_s=1, leads_with_phone=0, **said
    ).dynamic_verification_summary


def test_each_page_of_the_list_has_its_own_account() -> None:
    told = walk([3, 2], ["pass", "pass"], failing=1)
    assert [page.model_dump() for page in told.pages] == [
        {
            "page": 1,
            "found_items": 3,
            "attempted_items": 3,
            "completed_items": 2,
            "failed_items": 1,
        },
        {
            "page": 2,
            "found_items": 2,
            "attempted_items": 2,
            "completed_items": 2,
            "failed_items": 0,
        },
    ]
    assert told.totals.model_dump() == {
        "pages_seen": 2,
        "found_items": 5,
        "attempted_items": 5,
        "completed_items": 4,
        "failed_items": 1,
    }
    assert told.verdict == "partial"


def test_filters_that_a_later_page_lost_are_told_of_that_page() -> None:
    assert walk([2, 2], ["pass", "fail"]).checks == {
        "page_1_required_filters_present": "pass",
        "page_2_required_filters_present": "fail",
    }


def test_what_nobody_could_tell_is_unknown() -> None:
    assert walk([2], ["unknown"]).checks == {"page_1_required_filters_present": "unknown"}


@pytest.mark.parametrize(
    ("step", "value", "label"),
    [
        ({"type": "filter", "params": {"label": "Make", "value": "Saab"}}, "Saab", "Make"),
        (
            {"type": "select_option", "params": {"dropdown_label": "Fuel", "option_label": "Gas"}},
            "Gas",
            "Fuel",
        ),
        ({"type": "filter", "intent": "Filter by 'Private sellers'"}, "Private sellers", ""),
        ({"type": "filter", "intent": "Set the region to Baden"}, "Baden", ""),
        ({"type": "filter", "params": {"value": "{{make}}"}}, "Volvo", ""),
    ],
)
def test_filters_of_a_plan(step: dict[str, JsonValue], value: str, label: str) -> None:
    (one,) = list_filters(plan(step, {"type": "extract_rows"}), {"make": "Volvo"})
    assert (one.value, one.label) == (value, label)


def test_filters_inside_the_loop_and_unknown_values_do_not_count() -> None:
    steps = plan(
        {"type": "filter", "params": {"value": "{{nobody}}"}},
        {"type": "click"},
        {"type": "filter", "params": {"value": "x"}},
        {"type": "loop", "loop_target": 1},
    )
    assert list_filters(steps, {}) == ()
