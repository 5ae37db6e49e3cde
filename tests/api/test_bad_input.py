"""What a caller can get wrong: each gets its status and a sentence, and nothing stays behind."""

import json
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.ledger import Ledger

NAVIGATE = {"intent": "Go to https://example.com", "type": "navigate"}
LOOP = {"intent": "Again", "type": "loop", "loop_target": 0}
TOO_MANY = [NAVIGATE] * 201
TASK = {"task_id": "a", "intent": "Open the list"}


@dataclass(frozen=True)
class Case:
    name: str
    body: object
    status: int
    says: str
    path: str = "/v1/predict"


def step(**fields: object) -> dict[str, object]:
    return {"task_suite": [{**NAVIGATE, **fields}]}


def good(**fields: object) -> dict[str, object]:
    return {"task_suite": [NAVIGATE], **fields}


def raw(name: str, body: bytes, says: str, status: int = 400) -> Case:
    return Case(name, body, status, says)


def bad(name: str, body: object, says: str, status: int = 400) -> Case:
    return Case(name, body, status, says)


NOT_JSON = [
    raw("nothing", b"", "the body is not valid JSON"),
    raw("blank", b" \n ", "the body is not valid JSON"),
    raw("half an object", b'{"task_suite": [', "the body is not valid JSON"),
    raw("single quotes", b"{'task_suite': []}", "the body is not valid JSON"),
    raw("trailing comma", b'{"a": 1,}', "the body is not valid JSON"),
    raw("two documents", b"{} {}", "the body is not valid JSON"),
    raw("a form", b"task_suite=1&x=2", "the body is not valid JSON"),
    raw("not UTF-8", b'{"plan_text": "\xff\xfe"}', "not UTF-8"),
    raw("UTF-16", '{"a": 1}'.encode("utf-16"), "not UTF-8"),
    raw("a byte-order mark", b"\xef\xbb\xbf{}", "the body is not valid JSON"),
    raw("gzip", b"\x1f\x8b\x08\x00\x00\x00", "not UTF-8"),
    raw("NaN", b'{"task_suite": [], "max_cost": NaN}', "NaN"),
    raw("Infinity", b'{"max_cost": Infinity}', "Infinity"),
    raw("minus Infinity", b'{"max_cost": -Infinity}', "Infinity"),
    raw("a float that overflows", b'{"max_cost": 1e999}', "not finite"),
    raw("an int beyond 64 bits", b'{"max_cost": 123456789012345678901}', "beyond 64 bits"),
    raw("an int of 10,000 digits", b'{"max_cost": ' + b"9" * 10_000 + b"}", "not valid JSON"),
    raw("a lone surrogate", b'{"plan_text": "\\ud800"}', "not valid Unicode"),
    raw("a lone surrogate as key", b'{"\\udfff": 1}', "not valid Unicode"),
    raw("a NUL", b'{"plan_text": "a\\u0000b"}', "NUL"),
    raw("a raw control character", b'{"plan_text": "a\x01b"}', "the body is not valid JSON"),
    raw("an array", b"[]", "must be a JSON object"),
    raw("a string", b'"run"', "must be a JSON object"),
    raw("a number", b"1", "must be a JSON object"),
    raw("null", b"null", "must be a JSON object"),
    raw("true", b"true", "must be a JSON object"),
    raw("65 levels", b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64 levels"),
    raw("3,000 levels", b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}", "deeper than 64 levels"),
    raw("500,000 open brackets", b"[" * 500_000, "deeper than 64 levels"),
    raw("over the limit", b'{"a": "' + b"x" * 1_048_576 + b'"}', "larger than the 1048576", 413),
]

NO_PLAN = [
    bad("an empty object", {}, "no plan"),
    bad("options alone", {"max_cost": 1}, "no plan"),
    bad("a null plan", {"task_suite": None}, "no plan"),
    bad("an empty path", {"micro": ""}, "no plan"),
    bad("an empty list of steps", {"task_suite": []}, "the plan is empty"),
    bad("an empty micro-plan", {"task_suite": {"_micro_plan": []}}, "the plan is empty"),
    bad("an empty suite", {"task_suite": {"tasks": []}}, "empty"),
    bad("an object without a plan", {"task_suite": {"a": 1}}, "needs 'tasks' or 'steps'"),
    bad("a suite of text", {"task_suite": "go"}, "invalid request: task_suite"),
    bad("a suite of a number", {"task_suite": 7}, "invalid request: task_suite"),
    bad("a suite of true", {"task_suite": True}, "invalid request: task_suite"),
    bad("tasks that are no array", {"task_suite": {"tasks": {}}}, "tasks: must be an array"),
    bad("a task without intent", {"task_suite": {"tasks": [{"task_id": "a"}]}}, "'intent'"),
    bad("a task without id", {"task_suite": {"tasks": [{"intent": "a"}]}}, "'task_id'"),
    bad(
        "an unknown verify type",
        {"task_suite": {"tasks": [{**TASK, "verify": {"type": "feels_right"}}]}},
        "verify.type",
    ),
    bad("contents that are no JSON", {"task_file_contents": "[{"}, "task_file_contents is not"),
    bad("contents that are a list", {"task_file_contents": [NAVIGATE]}, "must be a string"),
    bad("contents too deep", {"task_file_contents": "[" * 3000}, "deeper than 64 levels"),
    bad("contents with NaN", {"task_file_contents": "[NaN]"}, "NaN"),
    bad("a plan in words, no key", {"plan_text": "Open example.com"}, "Anthropic key"),
    bad("a file of words, no key", {"micro": "mine/words.txt"}, "Anthropic key"),
    bad("words of another type", {"plan_text": 5}, "plan_text: must be a string"),
    bad("blank words", {"plan_text": "  \n "}, "empty"),
]

FILES = [
    bad("a file that is not there", {"micro": "mine/none.json"}, "does not exist"),
    bad("a file above", {"micro": "../secret.json"}, "outside the plan folders"),
    bad("a file above, further down", {"micro": "mine/../../secret.json"}, "outside"),
    bad("a file above, after plans/", {"task_file": "plans/../secret.json"}, "outside"),
    bad("an absolute file", {"micro": "/etc/passwd"}, "outside the plan folders"),
    bad("an absolute JSON file", {"task_file": "/etc/plan.json"}, "outside the plan folders"),
    bad("a link leading out", {"micro": "mine/link.json"}, "outside the plan folders"),
    bad("backslashes", {"micro": "..\\secret.json"}, "outside the plan folders"),
    bad("a URL", {"micro": "file:///etc/x.json"}, "outside the plan folders"),
    bad("another kind of file", {"micro": "mine/one.yaml"}, "no .json or .txt"),
    bad("a folder", {"micro": "mine"}, "no .json or .txt"),
    bad("a file outside a subfolder", {"micro": "one.json"}, "subfolder"),
    bad("a broken file", {"micro": "mine/broken.json"}, "not valid JSON"),
    bad("a file that is no text", {"micro": "mine/binary.json"}, "not UTF-8"),
    bad("a path that is a number", {"micro": 1}, "micro: must be a string"),
    bad("a path that is a list", {"task_file": ["a"]}, "task_file: must be a string"),
    bad("a very long path", {"micro": "mine/" + "a" * 5000 + ".json"}, "plan file"),
]

STEPS = [
    bad("a step that is text", {"task_suite": ["go"]}, "steps[0]: must be an object"),
    bad("no intent", {"task_suite": [{"type": "click"}]}, "step 0 missing required field 'intent'"),
    bad("no type", {"task_suite": [{"intent": "a"}]}, "step 0 missing required field 'type'"),
    bad("a blank intent", step(intent=" "), "step 0 missing required field 'intent'"),
    bad("an intent that is a number", step(intent=5), "steps[0].intent"),
    bad("an unknown type", step(type="teleport"), "unknown type 'teleport'"),
    bad("an unknown type, very long", step(type="x" * 9999), "unknown type"),
    bad("a type in capitals", step(type="CLICK"), "unknown type"),
    bad("a type that is a list", step(type=["click"]), "steps[0].type"),
    bad("required as text", step(required="yes"), "steps[0].required"),
    bad("required as a number", step(required=1), "steps[0].required"),
    bad("a budget of none", step(budget=0), "steps[0].budget"),
    bad("a budget of text", step(budget="8"), "steps[0].budget"),
    bad("a budget of true", step(budget=True), "steps[0].budget"),
    bad("a budget beyond reason", step(budget=10**15), "steps[0].budget"),
    bad("an unknown section", step(section="dessert"), "steps[0].section"),
    bad("params that are a list", step(params=[]), "steps[0].params"),
    bad("hints that are text", step(hints="x"), "steps[0].hints"),
    bad("negative seconds", step(type="wait", params={"seconds": -1}), "params.seconds"),
    bad("absurd seconds", step(type="wait", params={"seconds": 1e300}), "params.seconds"),
    bad("extract fields without name", step(extract={"fields": [{}]}), "extract.fields[0].name"),
    bad("max_items of zero", step(extract={"max_items": 0}), "extract.max_items"),
    bad("a name of 10,000 characters", step(out_var="v" * 10_000), "steps[0].out_var"),
    bad("a gate without a condition", step(gate=True), "gate without a condition"),
    bad("a loop without target", {"task_suite": [NAVIGATE, {"intent": "a", "type": "loop"}]}, "1"),
    bad("a loop to itself", {"task_suite": [{**LOOP}]}, "loop_target out of range"),
    bad("a loop to nowhere", {"task_suite": [NAVIGATE, {**LOOP, "loop_target": 7}]}, "range"),
    bad("a loop to before", {"task_suite": [NAVIGATE, {**LOOP, "loop_target": -1}]}, "range"),
    bad("a loop to 10^18", {"task_suite": [NAVIGATE, {**LOOP, "loop_target": 10**18}]}, "range"),
    bad("a loop to a half", {"task_suite": [NAVIGATE, {**LOOP, "loop_target": 0.5}]}, "target"),
    bad("a loop of no turn", {"task_suite": [NAVIGATE, {**LOOP, "loop_count": 0}]}, "loop_count"),
    bad("a loop of minus one", {"task_suite": [NAVIGATE, {**LOOP, "loop_count": -1}]}, "loop_coun"),
    bad("a branch to nowhere", step(type="if_else", then_target=9), "then_target out of range"),
    bad("a branch to before", step(type="if_else", else_target=-2), "else_target out of range"),
    bad("an unknown placeholder", step(intent="Type {{who}}", type="type_text"), "{{who}}"),
    bad("a second bad step", {"task_suite": [NAVIGATE, {"type": "click"}]}, "step 1 missing"),
]

TOO_LONG = [
    bad("201 bare steps", {"task_suite": TOO_MANY}, "201 steps, more than the 200"),
    bad("201 micro-plan steps", {"task_suite": {"_micro_plan": TOO_MANY}}, "201 steps"),
    bad("201 steps", {"task_suite": {"steps": TOO_MANY}}, "201 steps"),
    bad("201 tasks", {"task_suite": {"tasks": [TASK] * 201}}, "201 tasks"),
    bad("201 steps as text", {"task_file_contents": json.dumps(TOO_MANY)}, "201 steps"),
    bad("201 steps of a micro file", {"micro": "mine/long.json"}, "201 steps"),
    bad("201 steps of a task file", {"task_file": "mine/long.json"}, "201 steps"),
]

OPTIONS = [
    bad("max_cost of zero", good(max_cost=0), "max_cost"),
    bad("max_cost below zero", good(max_cost=-1), "max_cost"),
    bad("max_cost as text", good(max_cost="5"), "max_cost"),
    bad("max_cost as true", good(max_cost=True), "max_cost"),
    bad("max_time_minutes of zero", good(max_time_minutes=0), "max_time_minutes"),
    bad("max_time_minutes as a list", good(max_time_minutes=[1]), "max_time_minutes"),
    bad("detached as text", good(detached="false"), "detached"),
    bad("detached as a number", good(detached=0), "detached"),
    bad("dry_run as text", good(dry_run="yes"), "dry_run"),
    bad("an unknown video format", good(video_format="avi"), "video_format"),
    bad("fps as text", good(video_fps="5"), "video_fps"),
    bad("fps as a fraction", good(video_fps=2.5), "video_fps"),
    bad("a profile that is a number", good(profile_id=5), "profile_id"),
    bad("a workflow that is a list", good(workflow_id=["a"]), "workflow_id"),
    bad("inputs as a list", good(inputs=[]), "inputs: must be an object"),
    bad("a callback to a file", good(callback_url="file:///etc/passwd"), "callback_url"),
    bad("a callback to nowhere", good(callback_url="http://"), "callback_url"),
    bad("a callback with a bad port", good(callback_url="http://a:99999999/"), "callback_url"),
    bad("a callback that is a number", good(callback_url=1), "callback_url"),
    bad("a schema that is text", good(extraction_schema="x"), "extraction_schema"),
    bad("a schema without properties", good(extraction_schema={}), "properties"),
    bad(
        "a schema of too many fields",
        good(extraction_schema={"properties": {f"f{n}": {} for n in range(61)}}),
        "at most 60",
    ),
    bad("an unknown perception", good(perception="psychic"), "perception"),
    bad("resume_state as text", good(resume_state="yes"), "resume_state"),
    bad("an option of the plan", {"task_suite": {"runtime": 1, "steps": [NAVIGATE]}}, "runtime"),
    bad(
        "a bad option in the plan",
        {"task_suite": {"runtime": {"max_cost": -1}, "steps": [NAVIGATE]}},
        "max_cost",
    ),
]

UNKNOWN = "20200101_000000_00000000"
ACTIONS = [
    bad("an unknown action", {"action": "explode", "run_id": UNKNOWN}, "unknown action 'explode'"),
    bad("an empty action", {"action": "", "run_id": UNKNOWN}, "unknown action"),
    bad("an action that is a number", {"action": 1, "run_id": UNKNOWN}, "invalid request: action"),
    bad("an action that is an object", {"action": {}, "run_id": UNKNOWN}, "action"),
    bad("status without a run", {"action": "status"}, "needs a run_id"),
    bad("cancel without a run", {"action": "cancel", "run_id": None}, "needs a run_id"),
    bad("a run that is a number", {"action": "status", "run_id": 5}, "run_id: must be a string"),
    bad("a malformed run", {"action": "result", "run_id": "../x"}, "malformed run_id"),
    bad("a run with a newline", {"action": "result", "run_id": UNKNOWN + "\n"}, "malformed"),
    bad("a run in other digits", {"action": "logs", "run_id": "２" + UNKNOWN[1:]}, "malformed"),
    bad("a very long run", {"action": "logs", "run_id": "9" * 100_000}, "malformed run_id"),
    bad("an unknown run", {"action": "status", "run_id": UNKNOWN}, "unknown run_id", 404),
    bad("an unknown run to cancel", {"action": "cancel", "run_id": UNKNOWN}, "unknown", 404),
    bad("an unknown run to resume", {"action": "resume", "run_id": UNKNOWN}, "unknown", 404),
    bad("an unknown run to pause", {"action": "pause", "run_id": UNKNOWN}, "unknown", 404),
    bad("a tail of zero", {"action": "logs", "run_id": UNKNOWN, "tail": 0}, "tail must be"),
    bad("a tail too long", {"action": "logs", "run_id": UNKNOWN, "tail": 10_001}, "tail must be"),
    bad("a tail below zero", {"action": "logs", "run_id": UNKNOWN, "tail": -5}, "tail must be"),
    bad("a tail of true", {"action": "logs", "run_id": UNKNOWN, "tail": True}, "tail must be"),
    bad("a tail of a half", {"action": "logs", "run_id": UNKNOWN, "tail": 1.5}, "tail must be"),
    bad("a tail of a list", {"action": "logs", "run_id": UNKNOWN, "tail": [1]}, "tail must be"),
    bad("a reason that is a list", {"action": "cancel", "run_id": UNKNOWN, "reason": []}, "reason"),
]

QUERIES = [
    Case("tail in words", None, 400, "tail", f"/v1/runs/{UNKNOWN}/logs?tail=many"),
    Case("tail of zero", None, 400, "tail", f"/v1/runs/{UNKNOWN}/logs?tail=0"),
    Case("tail in other digits", None, 400, "tail", f"/v1/runs/{UNKNOWN}/logs?tail=%C2%B2"),
    Case("tail beyond reason", None, 400, "tail", f"/v1/runs/{UNKNOWN}/logs?tail={'9' * 5000}"),
    Case("no tail", None, 400, "tail", f"/v1/runs/{UNKNOWN}/logs?tail="),
    Case("an id with a NUL", None, 400, "malformed run_id", "/v1/runs/a%00b"),
    Case("an id that is no UTF-8", None, 400, "malformed run_id", "/v1/runs/%ff%fe"),
    Case("an id in emoji", None, 400, "malformed run_id", "/v1/runs/%F0%9F%98%80/status"),
]

CASES = [*NOT_JSON, *NO_PLAN, *FILES, *STEPS, *TOO_LONG, *OPTIONS, *ACTIONS, *QUERIES]


@pytest.fixture
def long_plan(plans_folder) -> None:
    (plans_folder / "mine" / "long.json").write_text(json.dumps(TOO_MANY))


def test_there_are_cases_enough_and_each_has_its_name():
    assert len(CASES) >= 150
    assert len({(case.path, case.name) for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    "group",
    [NOT_JSON, NO_PLAN, FILES, STEPS, TOO_LONG, OPTIONS, ACTIONS, QUERIES],
    ids=["not-json", "no-plan", "files", "steps", "too-long", "options", "actions", "queries"],
)
async def test_each_case_gets_its_sentence(
    client: httpx.AsyncClient, ledger: Ledger, long_plan: None, group: list[Case]
):
    wrong = [problem for case in group if (problem := await _problem(client, case))]
    assert wrong == []
    assert await ledger.outbox.waiting() == 0
    assert (await ledger.runs.concurrent()) == {}


async def _problem(client: httpx.AsyncClient, case: Case) -> str | None:
    if case.body is None:
        answer = await client.get(case.path)
    elif isinstance(case.body, bytes):
        answer = await client.post(case.path, content=case.body)
    else:
        answer = await client.post(case.path, content=json.dumps(case.body))
    seen = f"{case.name}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code != case.status:
        return seen
    body = answer.json()
    if list(body) != ["detail"] or not isinstance(body["detail"], str):
        return seen
    detail = body["detail"]
    sound = case.says in detail and len(detail) < 600 and "\n" not in detail
    clean = not any(trace in detail for trace in ("Traceback", "/tmp", "pydantic", "Error("))
    return None if sound and clean else seen


TEXTS = st.text(max_size=20)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)
FIELDS = st.sampled_from(
    [
        "task_suite",
        "task_file_contents",
        "task_file",
        "micro",
        "plan_text",
        "action",
        "run_id",
        "tail",
        "reason",
        "inputs",
        "max_cost",
        "max_time_minutes",
        "detached",
        "profile_id",
        "workflow_id",
        "state_key",
        "callback_url",
        "extraction_schema",
        "video_format",
        "video_fps",
        "perception",
        "dry_run",
    ]
)
STEP_FIELDS = st.sampled_from(
    ["intent", "type", "params", "extract", "hints", "loop_target", "loop_count", "guard", "verify"]
)
RANDOM_STEP = st.dictionaries(STEP_FIELDS, DOCUMENTS, max_size=6).map(
    lambda fields: {**NAVIGATE, **fields}
)
BODIES = st.dictionaries(FIELDS, DOCUMENTS | st.lists(RANDOM_STEP, max_size=3), max_size=6)
ANY_TEXT = st.binary(max_size=200) | DOCUMENTS.map(lambda value: json.dumps(value).encode())


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODIES.map(lambda value: json.dumps(value).encode()) | ANY_TEXT)
async def test_no_body_is_a_fault_of_ours(client: httpx.AsyncClient, body: bytes):
    if b'"detached": false' in body:
        body = body.replace(b'"detached": false', b'"detached": true')
    answer = await client.post("/v1/predict", content=body)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert list(answer.json()) == ["detail"]
