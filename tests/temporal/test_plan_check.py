"""`mantis plan check`: every problem at once, and never another verdict than the door's."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plans.caps import Caps
from plans.check.check import check_document, check_text
from plans.check.problems import Findings, Level
from plans.errors import PlanError
from plans.files import PlanFolders
from plans.submission import understand
from temporal.plan_command import plan

ROOT = Path(__file__).resolve().parents[2]
NAVIGATE = {"intent": "Go to https://boats.test", "type": "navigate"}
CLICK = {"intent": "Click the next listing", "type": "click"}


def check(document: Any, **inputs: str) -> Findings:
    return check_document(document, inputs, Caps())


def told(found: Findings, level: Level = Level.ERROR) -> list[str]:
    return [f"{one.place}: {one.message}" for one in found.problems if one.level is level]


def test_all_errors_of_all_steps_are_named() -> None:
    found = check(
        [
            {"type": "navigat"},
            {"intent": " ", "type": 5, "budget": "x", "params": {"seconds": -1, "count": 0}},
            "hello",
            {"intent": "x", "type": "click", "gate": True, "guard": "a b"},
            {"intent": "x", "type": "loop", "then_target": 99, "else_target": -1},
            {"intent": "x", "type": "loop", "loop_target": 7},
            {"intent": "x", "type": "click", "extract": {"fields": [{}, {"name": ""}]}},
        ]
    )
    assert not found.acceptable
    expected = [
        ("step 0", "missing required field 'intent'"),
        ("step 0", "unknown type 'navigat'"),
        ("step 1", "missing required field 'intent'"),
        ("step 1", "steps[1].type"),
        ("step 1", "steps[1].budget"),
        ("step 1", "steps[1].params.seconds"),
        ("step 1", "steps[1].params.count"),
        ("step 2", "must be an object"),
        ("step 3", "is a gate without a condition"),
        ("step 3", "steps[3].guard"),
        ("step 4", "missing required field 'loop_target'"),
        ("step 4", "then_target out of range"),
        ("step 4", "else_target out of range"),
        ("step 5", "loop_target out of range"),
        ("step 6", "steps[6].extract.fields[0].name"),
        ("step 6", "steps[6].extract.fields[1].name"),
    ]
    errors = [one for one in found.problems if one.level is Level.ERROR]
    assert [one.place for one in errors] == [place for place, _ in expected]
    for one, (_, text) in zip(errors, expected, strict=True):
        assert text in one.message
    assert "did you mean 'navigate'?" in [one.way_out for one in errors]


def test_options_of_the_plan_and_of_a_request() -> None:
    runtime = {"max_cost": -1, "video_format": "avi", "max_time": 3, "inputs": []}
    found = check({"runtime": runtime, "steps": [NAVIGATE]})
    assert [line.partition(":")[0] for line in told(found)] == [
        "runtime.max_cost",
        "runtime.video_format",
        "runtime.inputs",
    ]
    assert "did you mean 'max_time_minutes'?" in [one.way_out for one in found.problems]
    request = {"task_suite": [NAVIGATE], "callback_url": "ftp://x", "extraction_schema": {"a": 1}}
    assert {line.partition(":")[0] for line in told(check(request))} == {
        "callback_url",
        "extraction_schema",
    }
    assert told(check({"runtime": 5, "steps": [NAVIGATE]}))[0].startswith("runtime: ")


def test_doubts_about_an_acceptable_plan() -> None:
    found = check(
        [
            {"intent": "Open the shop", "type": "navigate"},
            {"intent": "Look", "type": "detect_visible", "out_var": "shown"},
            {"intent": "Press on", "type": "click", "guard": "!shwon", "butget": 3},
            {"intent": "Again", "type": "loop", "loop_target": 1, "loop_count": 500},
            {"intent": "x", "type": "wait", "params": {"second": 3}, "comment": "fine"},
            {"intent": "Again", "type": "loop", "loop_target": 4, "stop_var": None},
            {"intent": "If", "type": "if_else", "condition_var": "shown", "then_target": 1},
            {"intent": "If", "type": "if_else", "condition_var": "gone"},
            {"intent": "Go to http://127.0.0.1:3000", "type": "navigate"},
        ]
    )
    assert found.acceptable
    doubts = told(found, Level.WARNING)
    for text in (
        "step 0: navigates to no URL",
        "step 2: unknown field 'butget'",
        "step 2: guard 'shwon' is set by no step",
        "step 3: loop_count 500 is cut to 50",
        "step 4: unknown field 'params.second'",
        "step 5: loop without an exit",
        "step 6: then_target leads back to step 1",
        "step 7: decides and leads nowhere",
        "step 7: condition_var 'gone' is set by no step",
        "plan: leads to the private host 127.0.0.1",
    ):
        assert any(line.startswith(text) for line in doubts), (text, doubts)
    assert len(doubts) == 10


def test_loops_that_cross_and_plans_without_measure() -> None:
    loop = {"intent": "l", "type": "loop"}
    crossing = [CLICK, CLICK, {**loop, "loop_target": 0}, CLICK, {**loop, "loop_target": 1}]
    assert any(
        "crosses the loop of step 2" in line for line in told(check(crossing), Level.WARNING)
    )
    nested = [CLICK, *({**loop, "loop_target": 0} for _ in range(4))]
    assert any("20000 steps" in line for line in told(check(nested), Level.WARNING))


def test_inputs_and_hosts_are_listed() -> None:
    steps = [
        {"intent": "Go to {{site}}/x", "type": "navigate"},
        {"intent": "Type {{user_input}} and {{name}}", "type": "type_text", "out_var": "kept"},
        {"intent": "Type {{kept}}", "type": "type_text"},
    ]
    found = check(steps)
    assert (found.acceptable, found.inputs) == (True, ("site", "name"))
    given = check(steps, site="https://Shop.Test", name="n")
    assert (given.inputs, given.hosts) == ((), ("shop.test",))
    assert check({"runtime": {"inputs": {"site": "x", "name": "y"}}, "steps": steps}).inputs == ()


def test_a_task_suite() -> None:
    found = check(
        {
            "tasks": [
                {"intent": "x", "max_steps": 0, "verify": {"type": "looks_good"}},
                {"task_id": "b", "intent": "Go", "start_url": "/a"},
                {"task_id": "b", "intent": "Go", "verify": {"type": "url_contains"}, "max_step": 3},
                7,
            ],
            "session_name": 5,
        }
    )
    errors = told(found)
    for text in (
        "plan: invalid request: suite.session_name",
        "task 0: task 0 missing required field 'task_id'",
        "task 0: invalid request: tasks[0].max_steps",
        "task 0: invalid request: tasks[0].verify.type",
        "task 3: invalid request: tasks[3]: must be an object",
    ):
        assert any(line.startswith(text) for line in errors), (text, errors)
    assert len(errors) == 5
    doubts = "\n".join(told(found, Level.WARNING))
    for text in ("is used twice", "nothing says when", "empty value", "no base_url", "'max_step'"):
        assert text in doubts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "is not valid JSON"),
        ("[" * 100, "nests deeper"),
        ("[NaN]", "NaN"),
        ("3", ""),
        ("{}", "needs 'tasks' or 'steps'"),
        ('{"step": []}', "needs 'tasks' or 'steps'"),
        ("[]", "the plan is empty"),
        ('{"tasks": []}', "the task suite is empty"),
        ('{"tasks": 3}', "tasks: must be an array"),
        ('{"steps": 3}', "steps: must be an array"),
        ('{"micro": "plans/a/b.json"}', "names a plan file"),
        ('{"task_file_contents": "[{"}', "is not valid JSON"),
        ('{"plan_text": "  "}', "the plan is empty"),
        (json.dumps([CLICK] * 201), "more than the 200 allowed"),
    ],
)
def test_what_is_no_plan(text: str, message: str) -> None:
    found = check_text(text, "x.json", {}, Caps())
    assert not found.acceptable
    assert any(message in line for line in told(found))


def test_words_are_a_plan_too() -> None:
    found = check_text("Open boats.test and read {{what}}", "plan.txt", {}, Caps())
    assert (found.kind, found.acceptable) == ("plan in words", True)
    assert (found.inputs, found.hosts) == (("what",), ("boats.test",))
    assert not check_text("  ", "plan.txt", {}, Caps()).acceptable


FIELD_VALUES: dict[str, list[Any]] = {
    "intent": ["Go to https://a.test", "", None, 5, "Type {{x}}"],
    "type": ["click", "loop", "navigate", "if_else", "wait", "nope", None, 3],
    "loop_target": [0, 1, 9, -1, None, "0"],
    "loop_count": [1, 0, None, 1.5],
    "then_target": [0, 2, 77, None],
    "gate": [True, False, "yes"],
    "verify": ["Page shows it", "", 5],
    "guard": ["a", "!a", "a b", ""],
    "params": [{"seconds": 1}, {"seconds": -1}, {"keys": ["a"]}, {"keys": 5}, 7],
    "hints": [{}, {"expect_text_present": "x"}, {"expect_text_present": 3}],
    "extract": [{"fields": [{"name": "a"}]}, {"fields": [{}]}, {"max_items": 0}],
    "budget": [1, 0, 101],
    "extra": [1],
}
STEP = st.fixed_dictionaries(
    {"intent": st.sampled_from(FIELD_VALUES["intent"]), "type": st.sampled_from(["click", "loop"])},
    optional={
        name: st.sampled_from(values)
        for name, values in FIELD_VALUES.items()
        if name not in ("intent", "type")
    },
)
ODD = st.fixed_dictionaries(
    {name: st.sampled_from(FIELD_VALUES[name]) for name in ("intent", "type")}
)


@settings(deadline=None)
@given(
    st.lists(STEP | ODD, max_size=4),
    st.sampled_from([{}, {"max_cost": 1}, {"max_cost": 0}, {"inputs": {"x": "y"}}, {"inputs": 3}]),
)
def test_the_verdict_is_the_doors(steps: list[Any], runtime: dict[str, Any]) -> None:
    document = {"runtime": runtime, "steps": steps}
    found = check(document)
    inputs = dict.fromkeys(found.inputs, "?")
    try:
        understand({"task_suite": document, "inputs": inputs}, PlanFolders(()), Caps())
        accepted = True
    except PlanError:
        accepted = False
    assert found.acceptable is accepted


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    plan(parser)
    parsed = parser.parse_args(["check", *words])
    return parsed.handler(parsed)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for shipped in ("plans/example/extract_listings.json", "tasks/crm/crm_tasks.json"):
        assert run(str(ROOT / shipped)) == 0
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps([{"intent": "x\x1b[2J", "type": "clic\x1b"}]))
    assert run(str(bad)) == 1
    shown = capsys.readouterr().out
    assert "step 0: error: " in shown
    assert "did you mean 'click'?" in shown
    assert "\x1b" not in shown
    assert run(str(bad), "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["acceptable"], document["problems"][0]["place"]) == (False, "step 0")
    doubtful = tmp_path / "doubtful.json"
    doubtful.write_text(json.dumps([{**CLICK, "buget": 3}]))
    assert (run(str(doubtful)), run(str(doubtful), "--strict")) == (0, 1)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    for words in (
        ["none.json"],
        [str(tmp_path)],
        [str(tmp_path / "binary.json")],
        [str(bad), "--input", "x"],
    ):
        assert run(*words) == 2
