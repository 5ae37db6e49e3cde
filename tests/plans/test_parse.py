"""Submissions: the five shapes, and one sentence for each way to get one wrong."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.parse import Shape, parse_submission
from plans.plan import Plan, PlanText
from plans.step import StepType
from plans.submission import understand
from plans.suite import TaskSuite, VerifyType

WAIT: dict[str, JsonValue] = {"intent": "wait a bit", "type": "wait"}
CAPS = Caps()


class NoFiles:
    def read_plan_file(self, path: str) -> str:
        raise PlanError(f"plan file '{path}' does not exist")


def steps(*items: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"task_suite": [{**WAIT, **item} for item in items]}


def refused(body: JsonValue) -> str:
    with pytest.raises(PlanError) as error:
        understand(body, NoFiles(), CAPS)
    sentence = error.value.message
    assert 0 < len(sentence) < 420
    assert "\n" not in sentence
    return sentence


def test_a_bare_array_of_steps_is_a_plan() -> None:
    source = parse_submission({"task_suite": [WAIT, WAIT]}, NoFiles(), CAPS)
    assert source.shape is Shape.TASK_SUITE
    assert isinstance(source.content, Plan)
    assert [step.type for step in source.content.steps] == [StepType.WAIT, StepType.WAIT]


@pytest.mark.parametrize("key", ["steps", "_micro_plan"])
def test_an_object_with_steps_keeps_runtime_name_and_metadata(key: str) -> None:
    suite: JsonValue = {key: [WAIT], "name": "Mine", "runtime": {"max_cost": 3}, "owner": {"a": 1}}
    content = parse_submission({"task_suite": suite}, NoFiles(), CAPS).content
    assert isinstance(content, Plan)
    assert (content.name, content.runtime) == ("Mine", {"max_cost": 3})
    assert content.metadata == {"owner": {"a": 1}}


def test_a_suite_of_tasks() -> None:
    suite: JsonValue = {
        "session_name": "crm",
        "base_url": "https://crm.example.com",
        "auth": {"user_id": "joe", "password": "s3cret"},
        "tasks": [
            {
                "task_id": "t1",
                "intent": "Open the contacts",
                "verify": {"type": "url_contains", "value": "/contacts"},
                "max_steps": None,
                "colour": "blue",
            }
        ],
    }
    content = parse_submission({"task_suite": suite}, NoFiles(), CAPS).content
    assert isinstance(content, TaskSuite)
    assert content.name == "crm"
    task = content.tasks[0]
    assert task.verify is not None
    assert task.verify.type is VerifyType.URL_CONTAINS
    assert task.model_extra == {"colour": "blue"}
    assert content.model_copy(update={"auth": None}).signature() == content.signature()


def test_contents_are_the_same_as_a_json_string(files: NoFiles, caps: Caps) -> None:
    inline = parse_submission({"task_suite": {"steps": [WAIT]}}, files, caps)
    text = parse_submission({"task_file_contents": json.dumps({"steps": [WAIT]})}, files, caps)
    assert text.content == inline.content
    assert text.content.signature() == inline.content.signature()


def test_files_by_name(files: NoFiles, caps: Caps) -> None:
    for shape in ("micro", "task_file"):
        content = parse_submission({shape: "a/plan.json"}, files, caps).content
        assert isinstance(content, Plan)
        assert (content.name, content.metadata) == ("plan", {"author": "me"})
    words = parse_submission({"micro": "a/words.txt"}, files, caps).content
    assert isinstance(words, PlanText)
    with pytest.raises(PlanError, match="the plan file is not valid JSON"):
        parse_submission({"micro": "a/broken.json"}, files, caps)
    with pytest.raises(PlanError, match="not valid JSON"):
        parse_submission({"task_file": "a/words.txt"}, files, caps)
    with pytest.raises(PlanError, match="does not exist"):
        parse_submission({"micro": "a/none.json"}, files, caps)


def test_the_first_shape_wins_and_the_others_are_reported() -> None:
    body: JsonValue = {"plan_text": "Read it.", "micro": 7, "task_suite": [WAIT], "task_file": ""}
    source = parse_submission(body, NoFiles(), CAPS)
    assert source.shape is Shape.TASK_SUITE
    assert source.ignored == (Shape.MICRO, Shape.PLAN_TEXT)


def test_unknown_fields_and_nulls_are_kept_and_left_out() -> None:
    content = parse_submission(
        steps({"note": {"x": 1}, "section": None, "budget": None, "params": {"colour": "red"}}),
        NoFiles(),
        CAPS,
    ).content
    assert isinstance(content, Plan)
    step = content.steps[0]
    assert step.model_extra == {"note": {"x": 1}}
    assert step.budget == 8
    assert step.params.model_extra == {"colour": "red"}


def test_the_signature_is_of_steps_and_runtime_alone() -> None:
    def sign(suite: JsonValue) -> str:
        return parse_submission({"task_suite": suite}, NoFiles(), CAPS).content.signature()

    plain = sign([WAIT])
    assert len(plain) == 64
    assert plain == sign({"steps": [{"type": "wait", "intent": "wait a bit"}], "name": "other"})
    assert plain == sign([{**WAIT, "required": False, "budget": 8}])
    assert plain != sign({"steps": [WAIT], "runtime": {"max_cost": 1}})
    assert plain != sign([{**WAIT, "intent": "wait longer"}])
    assert plain != sign([{**WAIT, "note": 1}])


DEEP: Any = 1
for _ in range(70):
    DEEP = [DEEP]

REFUSED: list[tuple[JsonValue, str]] = [
    ([], "invalid request: the body must be a JSON object"),
    ("x", "invalid request: the body must be a JSON object"),
    ({}, "the request holds no plan"),
    ({"plan": [WAIT]}, "the request holds no plan"),
    ({"task_suite": None, "micro": "", "plan_text": None}, "the request holds no plan"),
    ({"task_suite": []}, "the plan is empty"),
    ({"task_suite": {"steps": []}}, "the plan is empty"),
    ({"task_suite": {"tasks": []}}, "the task suite is empty"),
    ({"task_suite": {}}, "invalid request: task_suite: needs 'tasks' or 'steps'"),
    ({"task_suite": 5}, "invalid request: task_suite: must be an object"),
    ({"task_suite": "[]"}, "invalid request: task_suite: must be an object"),
    ({"task_suite": {"steps": 1}}, "invalid request: steps: must be an array"),
    ({"task_suite": {"_micro_plan": "x"}}, "invalid request: _micro_plan: must be an array"),
    ({"task_suite": {"steps": [WAIT], "runtime": 3}}, "invalid request: runtime: must be an obj"),
    ({"task_suite": {"tasks": "x"}}, "invalid request: tasks: must be an array"),
    ({"task_suite": {"tasks": [1]}}, "invalid request: tasks[0]: must be an object"),
    ({"task_suite": {"tasks": [{"intent": "x"}]}}, "task 0 missing required field 'task_id'"),
    ({"task_suite": {"tasks": [{"task_id": "x"}]}}, "task 0 missing required field 'intent'"),
    (
        {"task_suite": {"tasks": [{"task_id": "a", "intent": "b", "verify": {"type": "magic"}}]}},
        "invalid request: tasks[0].verify.type: ",
    ),
    (
        {"task_suite": {"tasks": [{"task_id": "a", "intent": "b", "max_steps": 0}]}},
        "invalid request: tasks[0].max_steps: ",
    ),
    ({"task_file_contents": {"steps": [WAIT]}}, "invalid request: task_file_contents: must be a"),
    ({"task_file_contents": "{"}, "task_file_contents is not valid JSON"),
    ({"task_file_contents": "[NaN]"}, "the JSON holds NaN"),
    ({"task_file_contents": "[1e999]"}, "task_file_contents holds a number that is not finite"),
    ({"task_file_contents": "[" * 3000}, "task_file_contents nests deeper than 64 levels"),
    ({"task_file_contents": "9" * 5000}, "task_file_contents is not valid JSON: a number"),
    ({"task_file_contents": '["\\ud800"]'}, "task_file_contents holds text that is not valid U"),
    ({"micro": ["x"]}, "invalid request: micro: must be a string"),
    ({"micro": "x/y.json"}, "plan file 'x/y.json' does not exist"),
    ({"plan_text": "  \n"}, "the plan is empty: plan_text"),
    ({"plan_text": 4}, "invalid request: plan_text: must be a string"),
    ({"task_suite": [WAIT] * 201}, "the plan has 201 steps, more than the 200 allowed"),
    ({"task_suite": {"steps": [WAIT] * 201}}, "the plan has 201 steps"),
    ({"task_file_contents": json.dumps([WAIT] * 201)}, "the plan has 201 steps"),
    ({"task_suite": [WAIT, 3]}, "invalid request: steps[1]: must be an object"),
    ({"task_suite": [WAIT, {"type": "wait"}]}, "step 1 missing required field 'intent'"),
    ({"task_suite": [{"intent": "x"}]}, "step 0 missing required field 'type'"),
    ({"task_suite": [{"intent": " ", "type": "wait"}]}, "step 0 missing required field 'intent'"),
    ({"task_suite": [{"intent": None, "type": "wait"}]}, "step 0 missing required field 'intent'"),
    ({"task_suite": [{"intent": 3, "type": "wait"}]}, "invalid request: steps[0].intent: "),
    ({"task_suite": [{"intent": "x", "type": 3}]}, "invalid request: steps[0].type: "),
    (steps({"type": "hover"}), "step 0 has unknown type 'hover', known types: navigate, click"),
    (steps({"type": "z" * 10_000}), "step 0 has unknown type 'zzz"),
    (steps({"type": "Click"}), "step 0 has unknown type 'Click'"),
    (steps({"required": "yes"}), "invalid request: steps[0].required: "),
    (steps({"required": 1}), "invalid request: steps[0].required: "),
    (steps({"budget": True}), "invalid request: steps[0].budget: "),
    (steps({"budget": "8"}), "invalid request: steps[0].budget: "),
    (steps({"budget": 0}), "invalid request: steps[0].budget: "),
    (steps({"budget": 2.5}), "invalid request: steps[0].budget: "),
    (steps({"section": "middle"}), "invalid request: steps[0].section: "),
    (steps({"params": []}), "invalid request: steps[0].params: "),
    (steps({"params": {"seconds": "soon"}}), "invalid request: steps[0].params.seconds: "),
    (steps({"params": {"seconds": -1}}), "invalid request: steps[0].params.seconds: "),
    (steps({"params": {"keys": 3}}), "invalid request: steps[0].params.keys"),
    (steps({"hints": {"expect_url_contains": 3}}), "invalid request: steps[0].hints.expect_url"),
    (steps({"extract": {"fields": [{"type": "str"}]}}), "invalid request: steps[0].extract.field"),
    (steps({"extract": {"max_items": 0}}), "invalid request: steps[0].extract.max_items: "),
    (steps({"out_var": ""}), "invalid request: steps[0].out_var: "),
    (steps({"out_var": "n" * 10_000}), "invalid request: steps[0].out_var: "),
    (steps({"loop_count": 10**19, "type": "loop"}), "the body holds a number beyond 64 bits"),
    (steps({"guard": "a b c"}), "invalid request: steps[0].guard: a guard is a variable's name"),
    (steps({"guard": ""}), "invalid request: steps[0].guard: "),
    (steps({"type": "loop"}), "step 0 missing required field 'loop_target'"),
    (steps({"type": "loop", "loop_target": 0}), "step 0: loop_target out of range"),
    (steps({}, {"type": "loop", "loop_target": 1}), "step 1: loop_target out of range"),
    (steps({}, {"type": "loop", "loop_target": 5}), "step 1: loop_target out of range"),
    (steps({}, {"type": "loop", "loop_target": -1}), "step 1: loop_target out of range"),
    (
        steps({}, {"type": "loop", "loop_target": 0, "loop_count": 0}),
        "invalid request: steps[1].loop_count: ",
    ),
    (steps({"type": "if_else", "then_target": 2}), "step 0: then_target out of range"),
    (steps({"type": "if_else", "else_target": -1}), "step 0: else_target out of range"),
    (steps({"gate": True}), "step 0 is a gate without a condition"),
    (steps({"intent": "Type {{who}}"}), "step 0 uses {{who}}, which is neither in 'inputs'"),
    (steps({"params": {"value": {"a": ["{{x}}"]}}}), "step 0 uses {{x}}, which is neither"),
    (
        {**steps({"intent": "{{x}}" * 1000}), "inputs": {"x": "y" * 1000}},
        "step 0 has more than 200000 characters with the inputs filled in",
    ),
    (steps({"guard": " " * 100_000}), "invalid request: steps[0].guard: "),
    (steps({"guard": "x" * 100_000}), "invalid request: steps[0].guard: "),
    (steps({"intent": "bad \ud800"}), "the body holds text that is not valid Unicode"),
    (steps({"intent": "bad \0"}), "the body holds text with a NUL character"),
    (steps({"note": float("nan")}), "the body holds a number that is not finite"),
    (steps({"note": DEEP}), "the body nests deeper than 64 levels"),
    ({"task_suite": [WAIT], "max_cost": 0}, "invalid request: max_cost: "),
    ({"task_suite": [WAIT], "max_cost": "5"}, "invalid request: max_cost: "),
    ({"task_suite": [WAIT], "max_cost": True}, "invalid request: max_cost: "),
    ({"task_suite": [WAIT], "max_time_minutes": -1}, "invalid request: max_time_minutes: "),
    ({"task_suite": [WAIT], "detached": "no"}, "invalid request: detached: "),
    ({"task_suite": [WAIT], "inputs": []}, "invalid request: inputs: must be an object"),
    ({"task_suite": [WAIT], "video_format": "avi"}, "invalid request: video_format: "),
    ({"task_suite": [WAIT], "video_fps": 2.5}, "invalid request: video_fps: "),
    ({"task_suite": [WAIT], "perception": "best"}, "invalid request: perception: "),
    ({"task_suite": [WAIT], "profile_id": 7}, "invalid request: profile_id: "),
    ({"task_suite": [WAIT], "callback_url": "ftp://x/y"}, "invalid request: callback_url: "),
    ({"task_suite": [WAIT], "callback_url": "http://[x/y"}, "invalid request: callback_url: "),
    ({"task_suite": [WAIT], "extraction_schema": {}}, "invalid request: extraction_schema: needs"),
    ({"task_suite": {"steps": [WAIT], "runtime": {"max_cost": "x"}}}, "invalid request: max_cost"),
]


@pytest.mark.parametrize(("body", "sentence"), REFUSED)
def test_what_is_refused_and_how(body: JsonValue, sentence: str) -> None:
    assert refused(body).startswith(sentence)


def test_names_are_known_from_inputs_out_vars_of_any_step_and_pauses() -> None:
    body = steps(
        {"intent": "Go to {{ site }} as {{later}}", "params": {"value": "{{user_input}}"}},
        {"out_var": "later"},
    )
    with pytest.raises(PlanError, match="site"):
        understand(body, NoFiles(), CAPS)
    understand({**body, "inputs": {"site": "https://a.example"}}, NoFiles(), CAPS)
    understand(body, NoFiles(), CAPS, presets={"site": "https://a.example"})


def test_a_gate_may_check_hints_instead_of_a_clause() -> None:
    understand(steps({"gate": True, "hints": {"expect_url_contains": "/boats"}}), NoFiles(), CAPS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
step_like = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | st.sampled_from([0, 1, "wait", "loop", "x", True])
        for name in (
            *("intent", "type", "section", "required", "gate", "verify", "budget", "loop_target"),
            *("loop_count", "out_var", "then_target", "guard", "url", "params", "hints", "extract"),
        )
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "task_suite": json_values
        | st.lists(step_like, max_size=3)
        | st.fixed_dictionaries({"steps": st.lists(step_like, max_size=3)})
        | st.fixed_dictionaries({"tasks": st.lists(step_like, max_size=3)}),
        "task_file_contents": json_values | st.text(),
        "micro": json_values | st.text(max_size=20),
        "inputs": json_values,
        "max_cost": json_values,
        "video_fps": json_values,
        "workflow_id": json_values,
        "callback_url": json_values,
        "extraction_schema": json_values,
    },
)


@settings(max_examples=200, deadline=None)
@given(body=bodies | json_values)
def test_no_body_gets_more_than_a_sentence(body: JsonValue) -> None:
    try:
        understand(body, NoFiles(), CAPS)
    except PlanError as error:
        assert error.message
        error.message.encode()
