"""Contract, section 10: what plans are made of, and how a run takes their steps.

Most of what a run does with a page is shown by the tests of `tests/e2e` and of the steps, which
quote the section as well.
"""

from typing import Any

import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, Document

pytestmark = pytest.mark.stack

TYPES: dict[str, Document] = {
    "navigate": {"url": "https://a.example"},
    "click": {},
    "scroll": {},
    "filter": {},
    "extract_url": {},
    "extract_data": {},
    "extract_rows": {},
    "navigate_back": {},
    "paginate": {},
    "loop": {"loop_target": 1, "loop_count": 2},
    "if_else": {"condition_var": "seen", "then_target": 0, "else_target": 1},
    "detect_visible": {"out_var": "seen"},
    "fill_field": {},
    "submit": {},
    "select_option": {},
    "type_text": {},
    "key_press": {},
    "wait": {},
    "request_user_input": {},
}
WAIT = {"intent": "Wait", "type": "wait", "params": {"seconds": 0}}


def rehearsed(caller: Caller, plan: object, **more: object) -> Document:
    """What a dry run makes of a plan."""
    answer = caller.post({"task_suite": plan, "dry_run": True, **more})
    assert answer.status_code == 200, answer.text
    view: Document = answer.json()
    return view


@pytest.mark.parametrize("missing", ["intent", "type"])
def test_a_step_needs_its_intent_and_its_type(acme: Caller, missing: str):
    """> Step: `intent` and `type` required."""
    step = {name: value for name, value in WAIT.items() if name != missing}
    answer = acme.post({"task_suite": [NAVIGATE, step]})
    assert answer.status_code == 400
    assert f"step 1 missing required field '{missing}'" in answer.json()["detail"]


def test_the_types_of_steps(acme: Caller):
    """
    > Types: `navigate, click, scroll, filter, extract_url, extract_data, extract_rows,
    > navigate_back, paginate, loop, if_else, detect_visible, fill_field, submit, select_option,
    > type_text, key_press, wait, request_user_input`.
    """
    plan = [{"intent": f"Do {kind}", "type": kind, **more} for kind, more in TYPES.items()]
    view = rehearsed(acme, plan)
    assert [step["type"] for step in view["plan"]["steps"]] == list(TYPES)
    for other in ("task", "javascript", "CLICK "):
        answer = acme.post({"task_suite": [{"intent": "Do it", "type": other}]})
        assert answer.status_code == 400


def test_the_fields_of_steps(acme: Caller):
    """
    > Fields: `section` (setup, extraction, pagination), `required` (three tries in all, then the
    > run halts), `gate` + `verify` (a condition that must hold, else halt), `claude_only`,
    > `grounding`, `budget` (actions at most, 8), `loop_target` (absolute step index), `loop_count`,
    > `stop_var`, `out_var`, `condition_var`, `then_target`, `else_target`, `guard`,
    > `params` (`url`; `label`, `value`; `dropdown_label`, `option_label`; `seconds`; `keys`;
    > `count`; `prompt`, `reason`; `selector`), `hints` (`expect_url_contains`,
    > `expect_url_excludes`, `expect_text_present`), `extract` (`{schema_name, entity_name,
    > fields:[{name,type,required}], max_items}`).
    """
    field = {"name": "year", "type": "int", "required": True}
    plan: list[dict[str, Any]] = [
        {
            "intent": "Click it",
            "type": "click",
            "section": "extraction",
            "required": True,
            "gate": True,
            "verify": "The page shows boats",
            "claude_only": True,
            "grounding": True,
            "budget": 3,
            "out_var": "seen",
            "params": {
                "url": "https://a.example",
                "label": "Name",
                "value": "Ann",
                "dropdown_label": "Fuel",
                "option_label": "Diesel",
                "seconds": 2,
                "keys": "Enter",
                "count": 2,
                "prompt": "Which?",
                "reason": "why",
                "selector": "#go",
            },
            "hints": {
                "expect_url_contains": "/a",
                "expect_url_excludes": "/b",
                "expect_text_present": "c",
            },
            "extract": {
                "schema_name": "boat",
                "entity_name": "boat listing",
                "fields": [field],
                "max_items": 7,
            },
        },
        {"intent": "If", "type": "if_else", "condition_var": "seen", "then_target": 0,
         "else_target": 2, "section": "setup"},
        {"intent": "Wait", "type": "wait", "guard": "seen", "section": "pagination"},
        {"intent": "Again", "type": "loop", "loop_target": 2, "loop_count": 4,
         "stop_var": "seen"},
    ]  # fmt: skip
    shown = rehearsed(acme, plan)["plan"]["steps"]
    for given, kept in zip(plan, shown, strict=True):
        for name, value in given.items():
            assert contains(kept.get(name), value), (name, kept.get(name))
    assert "budget" not in shown[1], "8, where none is said"


def contains(kept: Any, given: Any) -> bool:
    """Whether a value is kept as it was given; what is told beside it is left out."""
    match given:
        case dict():
            return all(contains(kept.get(name), value) for name, value in given.items())
        case list():
            return all(map(contains, kept, given))
        case _:
            return kept == given


def test_a_plan_of_two_steps_and_a_body_of_five_done_three_times(acme: Caller):
    """
    > A loop's body runs at most `loop_count` times, the first pass included (a plan of 2 setup
    > steps, a body of 5 and a count of 3 executes 17 steps; the loop itself is not counted),
    """
    body = [{**WAIT, "intent": f"Wait {number}"} for number in range(5)]
    loop = {"intent": "Again", "type": "loop", "loop_target": 2, "loop_count": 3}
    over = acme.wait(acme.submit(task_suite=[NAVIGATE, WAIT, *body, loop]))
    assert over["status"] == "succeeded", over
    assert over["summary"]["steps_executed"] == 17
    done = [step["intent"] for step in over["result"]["steps"] if step["type"] == "wait"]
    assert [done.count(f"Wait {number}") for number in range(5)] == [3] * 5


@pytest.mark.parametrize(
    "step",
    [
        {"intent": "Go", "url": "{{demo_site}}/boats", "params": {"url": "{{demo_site}}/crm"}},
        {"intent": "Go to {{demo_site}}/crm", "params": {"url": "{{demo_site}}/boats"}},
        {"intent": "Go to {{demo_site}}/boats, then to {{demo_site}}/crm"},
    ],
)
def test_where_a_navigate_leads(acme: Caller, step: Document):
    """> A navigate's URL is `url`, `params.url` or the first URL in the intent."""
    plan = [{"type": "navigate", "required": True, **step}]
    address = {"intent": "Note the address", "type": "extract_url"}
    over = acme.wait(acme.submit(task_suite=[*plan, address]))
    assert over["status"] == "succeeded", over
    assert over["result"]["steps"][1]["data"]["url"].endswith("/boats")


def test_the_fields_of_suites(acme: Caller):
    """
    > Task suite: `{session_name, base_url, auth{user_id,password}, tasks:[{task_id, intent,
    > start_url, save_session, require_session, verify{type,value}, max_steps}]}`; verify types
    > `url_contains, url_not_contains, page_contains_text, page_not_contains_text,
    > download_exists`.
    """
    kinds = ("url_contains", "url_not_contains", "page_contains_text", "page_not_contains_text")
    tasks = [
        {
            "task_id": f"t{number}",
            "intent": "Look at it",
            "start_url": "/crm",
            "save_session": number == 0,
            "require_session": number > 0,
            "verify": {"type": kind, "value": "x"},
            "max_steps": 10 + number,
        }
        for number, kind in enumerate((*kinds, "download_exists"))
    ]
    suite = {
        "session_name": "crm",
        "base_url": "https://crm.example",
        "auth": {"user_id": "ada@example.com", "password": "of-the-crm"},
        "tasks": tasks,
    }
    view = rehearsed(acme, suite)
    for given, kept in zip(tasks, view["plan"]["tasks"], strict=True):
        for name, value in given.items():
            assert kept.get(name, False) == value, name
    assert view["plan"]["session_name"] == "crm"
    assert view["max_steps"] == sum(range(10, 15))
    assert "of-the-crm" not in str(view) and "ada@example.com" not in str(view)
    wrong = {**suite, "tasks": [{**tasks[0], "verify": {"type": "looks_well", "value": "x"}}]}
    assert acme.post({"task_suite": wrong}).status_code == 400


def test_a_step_that_no_tier_can_answer_fails_with_that_class(acme: Caller):
    """
    > Where a tier that is needed is not configured, the next one that can answer does, and the
    > step says which; where none can, the step fails with `model_unavailable`.
    """
    page = {"intent": "Go to {{demo_site}}/playground", "type": "navigate", "required": True}
    plan = [
        page,
        {"intent": "Click the Drop anchor button", "type": "click", "section": "setup"},
        {"intent": "Press the key that helps most", "type": "key_press", "section": "setup"},
    ]
    over = acme.wait(acme.submit(task_suite=plan, perception="as_planned"))
    _, known, unknown = over["result"]["steps"]
    assert (known["success"], known["tier"]) == (True, "dom")
    assert any("not configured and passed over: holo3" in note for note in known["notes"])
    assert unknown["success"] is False
    assert unknown["failure_class"] == "model_unavailable"


def test_a_run_may_ask_many_times(acme: Caller):
    """> It can happen many times in a run,"""
    ask = {"type": "request_user_input", "required": True}
    plan = [
        NAVIGATE,
        *({"intent": f"Ask {number}", "params": {"prompt": "?"}, **ask} for number in range(3)),
    ]
    run_id = acme.submit(task_suite=plan)
    seen: set[str] = set()
    for _ in range(3):
        acme.wait_until(run_id, "paused")
        status = acme.status(run_id)
        seen.add(status["pause_id"])
        answer = {"user_input": {"any": ["value"]}, "pause_id": status["pause_id"]}
        assert acme.http.post(f"/v1/runs/{run_id}/resume", json=answer).status_code == 200
    assert acme.wait(run_id)["status"] == "succeeded"
    assert len(seen) == 3
