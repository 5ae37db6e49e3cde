"""A task suite is a plan of its tasks: each is tried, and all are owed."""

import json

import pytest
from pydantic import JsonValue

from plans.calls import Call, Finish, Outcome
from plans.caps import Caps
from plans.errors import PlanError
from plans.interpreter import Interpreter
from plans.parse import read_document
from plans.plan import Plan
from plans.resuming import go_on
from plans.state import RunState
from plans.step import WRITTEN, FailureClass, HaltClass, Section, Step, StepType
from plans.suite import TaskSuite
from plans.suite_plan import as_plan, below
from plans.summary import summarise, verification
from plans.task import TaskSpec

CAPS = Caps()
LIMITS = CAPS.limits(1.0, 60)
OK = Outcome(success=True)


def suite(*tasks: dict[str, JsonValue], **fields: JsonValue) -> TaskSuite:
    given: list[JsonValue] = [
        {"task_id": f"t{n}", "intent": f"do {n}", **task} for n, task in enumerate(tasks)
    ]
    read = read_document({"tasks": given, **fields}, "task_suite", CAPS)
    assert isinstance(read, TaskSuite)
    return read


CRM = suite(
    {"task_id": "login", "start_url": "/login", "save_session": True},
    {
        "task_id": "deal",
        "start_url": "deals?new=1",
        "require_session": True,
        "max_steps": 40,
        "verify": {"type": "url_contains", "value": "/deals/"},
    },
    {"task_id": "export"},
    session_name="crm",
    base_url="https://crm.test/app",
    auth={"user_id": "{{secret.1}}", "password": "{{secret.2}}"},
)


def missed(failure: FailureClass, message: str = "not there") -> Outcome:
    return Outcome(success=False, failure_class=failure, message=message)


def drive(
    plan: Plan, outcomes: dict[int, Outcome], state: RunState | None = None
) -> tuple[list[Call], Finish, RunState]:
    machine = Interpreter(plan, LIMITS, state)
    calls: list[Call] = []
    for now in range(100):
        call = machine.next()
        if isinstance(call, Finish):
            return calls, call, machine.state
        calls.append(call)
        machine.apply(call, outcomes.get(call.index, OK), now)
    raise AssertionError("the suite does not end")


def test_each_task_is_a_step_that_carries_its_data() -> None:
    plan = as_plan(CRM)
    assert plan.name == "crm"
    assert {step.type for step in plan.steps} == {StepType.TASK}
    assert [step.intent for step in plan.steps] == ["do 0", "do 1", "do 2"]
    login, deal, export = (TaskSpec.of(step) for step in plan.steps)
    assert (login.task_id, login.save_session, login.require_session) == ("login", True, False)
    assert (deal.task_id, deal.max_steps, deal.require_session) == ("deal", 40, True)
    assert deal.verify is not None and deal.verify.value == "/deals/"
    assert (export.verify, export.max_steps, export.start_url) == (None, 25, "")
    assert {one.session_name for one in (login, deal, export)} == {"crm"}


def test_a_step_survives_the_way_through_json() -> None:
    plan = as_plan(CRM)
    again = Plan.model_validate_json(plan.model_dump_json(exclude_defaults=True))
    assert [TaskSpec.of(step) for step in again.steps] == [TaskSpec.of(one) for one in plan.steps]


def test_who_to_sign_in_as_stands_in_no_intent() -> None:
    plan = as_plan(CRM)
    for step in plan.steps:
        assert "secret" not in step.intent
        assert TaskSpec.of(step).auth.password == "{{secret.2}}"


@pytest.mark.parametrize(
    ("base", "start", "where"),
    [
        ("https://crm.test", "/login", "https://crm.test/login"),
        ("https://crm.test/app", "login", "https://crm.test/app/login"),
        ("https://crm.test/app/", "login", "https://crm.test/app/login"),
        ("https://crm.test/app", "/login", "https://crm.test/login"),
        ("https://crm.test/app/index.html", "login", "https://crm.test/app/login"),
        ("https://crm.test/list", "?page=2", "https://crm.test/list?page=2"),
        ("crm.test", "a/b", "https://crm.test/a/b"),
        ("localhost:8080", "a", "http://localhost:8080/a"),
        ("https://crm.test", "https://other.test/x", "https://other.test/x"),
        ("https://crm.test", "//other.test/x", "//other.test/x"),
        ("https://crm.test", "/\\other.test/x", "/\\other.test/x"),
        ("https://crm.test", "  ", ""),
        ("", "/login", "/login"),
        ("https://{{host}}/app", "deals/{{id}}", "https://{{host}}/app/deals/{{id}}"),
        ("{{base}}", "login", "login"),
        ("https://crm.test", "{{start}}", "{{start}}"),
    ],
)
def test_a_relative_start_lies_below_the_suites_address(base: str, start: str, where: str) -> None:
    assert below(base, start) == where
    assert below(base, where) == where or base == "{{base}}" or "{{start}}" in where


def test_the_first_task_begins_at_the_suites_address_and_others_where_the_last_one_ended() -> None:
    plan = as_plan(suite({}, {}, base_url="https://crm.test"))
    assert [TaskSpec.of(step).start_url for step in plan.steps] == ["https://crm.test", ""]


def test_a_suite_succeeds_when_all_its_tasks_passed() -> None:
    calls, finish, state = drive(as_plan(CRM), {})
    assert finish == Finish(status="succeeded")
    assert [(call.index, call.attempt, call.section) for call in calls] == [
        (n, 1, Section.SETUP) for n in range(3)
    ]
    assert (state.counters.completed_items, state.counters.failed_items) == (3, 0)


@pytest.mark.parametrize(
    "failure", [one for one in FailureClass if one is not FailureClass.BROWSER_LOST]
)
def test_a_task_that_failed_does_not_stop_the_others(failure: FailureClass) -> None:
    calls, finish, state = drive(as_plan(CRM), {1: missed(failure)})
    assert [call.index for call in calls] == [0, 1, 2]
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.STEP_FAILED)
    assert finish.step_index == 1
    assert finish.message == ("2 of 3 tasks passed; task 1 was the first that did not: not there")
    assert (state.counters.completed_items, state.counters.failed_items) == (2, 1)
    assert state.counters.pages == {}


def test_a_suite_of_which_no_task_passed_tells_the_same_way() -> None:
    failed = {n: missed(FailureClass.MODEL_UNAVAILABLE, "") for n in range(3)}
    _, finish, _ = drive(as_plan(CRM), failed)
    assert finish.halt_class is HaltClass.STEP_FAILED
    assert finish.message == (
        "0 of 3 tasks passed; task 0 was the first that did not: model_unavailable"
    )


def test_a_lost_browser_ends_a_suite() -> None:
    calls, finish, _ = drive(as_plan(CRM), {1: missed(FailureClass.BROWSER_LOST)})
    assert [call.index for call in calls] == [0, 1]
    assert finish.halt_class is HaltClass.BROWSER_LOST


def test_a_suite_that_was_cancelled_goes_on_with_the_task_that_was_due() -> None:
    plan = as_plan(CRM)
    machine = Interpreter(plan, LIMITS)
    for outcome in (missed(FailureClass.VERIFY_FAILED), OK):
        call = machine.next()
        assert isinstance(call, Call)
        machine.apply(call, outcome, 1)
    machine.cancel("enough")
    state = go_on(plan, LIMITS, machine.state, None)
    assert state is not None
    calls, finish, _ = drive(plan, {}, state)
    assert [call.index for call in calls] == [2]
    assert finish.message.startswith("2 of 3 tasks passed; task 0 ")


def test_the_items_of_a_suite_are_its_tasks() -> None:
    plan = as_plan(CRM)
    _, finish, state = drive(plan, {2: missed(FailureClass.SELECTOR_MISS)})
    summary = summarise(
        state.counters,
        finish,
        plan,
        total_time_s=1,
        leads_with_phone=0,
        result_path="",
        csv_path="",
    )
    told = summary.dynamic_verification_summary
    assert told.verdict == "partial"
    assert told.totals.model_dump() == {
        "pages_seen": 0,
        "found_items": 3,
        "attempted_items": 3,
        "completed_items": 2,
        "failed_items": 1,
    }
    assert told.pages == ()
    passed = drive(plan, {})
    assert verification(passed[2].counters, passed[1], plan).verdict == "pass"
    none = drive(plan, {n: missed(FailureClass.VERIFY_FAILED) for n in range(3)})
    assert verification(none[2].counters, none[1], plan).verdict == "fail"


def test_no_plan_that_is_given_has_a_step_of_type_task() -> None:
    step: dict[str, JsonValue] = {"intent": "x", "type": "task"}
    with pytest.raises(PlanError) as refused:
        read_document([step], "task_suite", CAPS)
    known = ", ".join(WRITTEN)
    assert refused.value.message == f"step 0 has unknown type 'task', known types: {known}"
    assert "task" not in WRITTEN


def test_the_schema_of_a_step_does_not_offer_the_type() -> None:
    shown = json.dumps(Step.model_json_schema())
    assert '"request_user_input"' in shown and '"task"' not in shown
