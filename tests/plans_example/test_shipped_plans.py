import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from plans.calls import Call, CallKind, Finish, Outcome
from plans.caps import Caps
from plans.files import PlanFolders
from plans.interpreter import Interpreter
from plans.parse import parse_submission
from plans.plan import Plan
from plans.state import RunLimits
from plans.step import Step, StepType
from plans.suite import TaskSuite
from plans.validate import check_placeholders

ROOT = Path(__file__).parents[2]
PLANS = sorted((ROOT / "plans" / "example").glob("*.json"))
STEPS = TypeAdapter(list[Step])


def steps_of(name: str) -> list[Step]:
    plan = json.loads((ROOT / "plans" / "example" / name).read_text(encoding="utf-8"))
    return STEPS.validate_python(plan["steps"])


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_shipped_plans_parse_and_know_every_field(path: Path) -> None:
    plan = json.loads(path.read_text(encoding="utf-8"))
    steps = STEPS.validate_python(plan["steps"])
    assert {"name", "description", "runtime", "steps"} == set(plan)
    for index, step in enumerate(steps):
        assert not step.model_extra
        assert not step.params.model_extra
        if step.type is StepType.LOOP:
            assert step.loop_target is not None
            assert step.loop_target < index
        if step.gate:
            assert step.verify


def test_extract_listings_is_setup_loop_and_pagination() -> None:
    steps = steps_of("extract_listings.json")
    assert [step.type.value for step in steps] == [
        "navigate",
        "click",
        "extract_data",
        "navigate_back",
        "loop",
        "paginate",
        "loop",
    ]
    assert [(step.loop_target, step.loop_count) for step in steps if step.loop_count] == [
        (1, 12),
        (1, 25),
    ]
    extract = steps[2].extract
    assert extract is not None
    assert extract.max_items == 10
    assert [(field.name, field.required) for field in extract.fields] == [
        ("year", True),
        ("make", True),
        ("model", False),
        ("price", True),
        ("phone", False),
    ]


def test_login_flow_asks_for_the_code_and_types_it() -> None:
    steps = steps_of("login-flow.json")
    asked = next(i for i, step in enumerate(steps) if step.type is StepType.REQUEST_USER_INPUT)
    assert steps[asked].params.prompt
    assert steps[asked + 1].params.value == "{{user_input}}"
    text = (ROOT / "plans" / "example" / "login-flow.json").read_text(encoding="utf-8")
    names = set(re.findall(r"{{(\w+)}}", text))
    assert names == {"demo_site", "email", "password", "user_input"}


def test_the_crm_suite_has_tasks_with_verify_clauses() -> None:
    suite = json.loads((ROOT / "tasks" / "crm" / "crm_tasks.json").read_text(encoding="utf-8"))
    assert suite["base_url"] == "{{demo_site}}/crm"
    ids = [task["task_id"] for task in suite["tasks"]]
    assert len(set(ids)) == len(ids) == 8
    for task in suite["tasks"]:
        assert task["start_url"].startswith(suite["base_url"])
        assert task["verify"]["type"] in {
            "url_contains",
            "url_not_contains",
            "page_contains_text",
            "page_not_contains_text",
            "download_exists",
        }
        assert 1 <= task["max_steps"] <= 20


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ({"micro": "plans/example/extract_listings.json"}, {"demo_site"}),
        ({"micro": "example/login-flow.json"}, {"demo_site", "email", "password"}),
        (
            {"micro": "example/place-order.json"},
            {"demo_site", "boat", "name", "email", "message"},
        ),
        ({"task_file": "tasks/crm/crm_tasks.json"}, {"demo_site"}),
    ],
)
def test_shipped_files_are_accepted_at_the_door(body: dict[str, str], inputs: set[str]) -> None:
    content = parse_submission({**body}, PlanFolders([ROOT / "plans"]), Caps()).content
    assert isinstance(content, Plan | TaskSuite)
    check_placeholders(content, inputs)


def outcome_of(call: Call, rows: int) -> Outcome:
    if call.kind is CallKind.LOOK:
        return Outcome(success=True, has_more=True)
    if call.step.type is StepType.EXTRACT_DATA:
        return Outcome(success=True, rows_added=1, rows_viable=1, rows_total=rows + 1)
    return Outcome(success=True, gate="holds" if call.step.gate else None)


def test_ten_listings_take_thirty_one_steps() -> None:
    plan = parse_submission(
        {"micro": "example/extract_listings.json"}, PlanFolders([ROOT / "plans"]), Caps()
    ).content
    assert isinstance(plan, Plan)
    limits = RunLimits(
        max_run_steps=20_000, max_loop_iterations=50, max_cost_micro=10**9, max_time_ms=10**9
    )
    interpreter = Interpreter(plan, limits)
    executed: list[StepType] = []
    while isinstance(call := interpreter.next(), Call):
        rows = executed.count(StepType.EXTRACT_DATA)
        if call.kind is CallKind.STEP:
            executed.append(call.step.type)
        interpreter.apply(call, outcome_of(call, rows), elapsed_ms=0)
    assert isinstance(call, Finish)
    assert call.status == "succeeded"
    item = [StepType.CLICK, StepType.EXTRACT_DATA, StepType.NAVIGATE_BACK]
    assert executed == [StepType.NAVIGATE, *item * 10]
    assert len(executed) == 31
