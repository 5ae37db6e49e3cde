"""Contract, section 2: every refusal is one sentence with the right status."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.live.conftest import MAX_BODY, NAVIGATE, Caller, Door, Tenants, waiting
from tests.e2e.live import eventually

pytestmark = pytest.mark.stack

PLAN = {"task_suite": [NAVIGATE]}
LOOP = {"intent": "Again", "type": "loop", "loop_target": 0}
BRANCH = {"intent": "If", "type": "if_else", "condition_var": "x", "then_target": 0}
DETECT = {"intent": "Look", "type": "detect_visible", "out_var": "x"}
UNKNOWN = "20200101_000000_0123abcd"


def refused(answer, status: int, *says: str) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"detail"} and isinstance(body["detail"], str) and body["detail"]
    for text in says:
        assert text in body["detail"]
    return body["detail"]


BODIES_400: dict[str, tuple[bytes | object, str]] = {
    "not JSON": (b"{", "not valid JSON"),
    "NaN": (b'{"max_cost": NaN}', "NaN"),
    "deep": (b'{"a":' * 65 + b"1" + b"}" * 65, "64 levels"),
    "no object": ([], "object"),
    "no plan": ({"max_cost": 1}, "no plan"),
    "wrong type": ({**PLAN, "detached": "maybe"}, "invalid request: detached"),
    "no intent": ({"task_suite": [{"type": "click"}]}, "step 0 missing required field 'intent'"),
    "no type": ({"task_suite": [NAVIGATE, {"intent": "Go"}]},
                "step 1 missing required field 'type'"),
    "unknown type": ({"task_suite": [{"intent": "Go", "type": "fly"}]}, "fly"),
    "empty plan": ({"task_suite": []}, "empty"),
    "loop out of range": ({"task_suite": [NAVIGATE, {**LOOP, "loop_target": 9}]}, "out of range"),
    "branch out of range": (
        {"task_suite": [DETECT, {**BRANCH, "then_target": 77, "else_target": 0}]}, "out of range"),
    "too many steps": ({"task_suite": [NAVIGATE] * 201}, "200"),
    "too many inline steps": (
        {"task_file_contents": json.dumps({"steps": [NAVIGATE] * 201})}, "200"),
    "no such file": ({"micro": "mine/none.json"}, "does not exist"),
    "file outside": ({"micro": "../plan.json"}, "outside"),
    "no key for words": ({"plan_text": "Open example.com"}, "Anthropic key"),
    "tail of zero": ({"action": "logs", "run_id": UNKNOWN, "tail": 0}, "tail"),
    "tail too long": ({"action": "logs", "run_id": UNKNOWN, "tail": 10_001}, "tail"),
    "unknown action": ({"action": "explode", "run_id": UNKNOWN}, "explode"),
    "no run_id": ({"action": "status"}, "run_id"),
    "malformed run_id": ({"action": "status", "run_id": "../../etc"}, "malformed run_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES_400)
def test_what_the_request_says_wrongly_is_400(acme: Caller, name: str):
    """
    > body not JSON (NaN, over 64 levels deep) or not an object; no plan shape; a field of the
    > wrong type (`invalid request: …`); `step i missing required field 'intent'\\|'type'`; an
    > unknown step type; an empty plan; a loop or branch target out of range; more than
    > `MANTIS_MAX_STEPS_PER_PLAN` steps (every shape, inline ones too); a plan file that does not
    > exist or lies outside the plan folders; `plan_text` with no Anthropic key for this tenant;

    > `tail` outside 1..10000; an unknown `action` or one without `run_id`;

    > a malformed `run_id`
    """
    body, says = BODIES_400[name]
    answer = acme.raw(body) if isinstance(body, bytes) else acme.post(body)
    refused(answer, 400, says)


def test_resume_of_a_run_that_is_not_paused_is_400(acme: Caller, succeeded: str, running: str):
    """> or of a run that is not paused; pause of a run that is not running;"""
    refused(acme.act("resume", succeeded, user_input="1"), 400, "paused")
    refused(acme.act("resume", running, user_input="1"), 400, "paused")
    refused(acme.act("pause", succeeded), 400, "running")


def test_a_detail_is_one_sentence_that_is_safe_to_show(acme: Caller):
    """
    > Always `{"detail": "<one sentence, safe to show, says what to do>"}`; never a traceback, a
    > server path, a secret, or a 422.
    """
    details = []
    for body, _ in BODIES_400.values():
        answer = acme.raw(body) if isinstance(body, bytes) else acme.post(body)
        details.append(refused(answer, 400))
    details.append(
        refused(acme.post({**PLAN, "max_cost": {"password": "hunter2!"}}), 400, "max_cost")
    )
    details.append(refused(acme.post({"task_suite": {"password": "hunter2!"}}), 400))
    for detail in details:
        assert "\n" not in detail and "Traceback" not in detail
        assert str(Path.cwd()) not in detail and "site-packages" not in detail
        assert "hunter2!" not in detail


def test_a_token_is_asked_for(nobody: Caller):
    """> 401 | `missing X-Mantis-Token header`, `invalid X-Mantis-Token`"""
    assert refused(nobody.post(PLAN), 401) == "missing X-Mantis-Token header"
    for token in ("wrong", "tok-acme", "tok-acme-1x", "TOK-ACME-1"):
        answer = nobody.http.post("/v1/predict", json=PLAN, headers={"X-Mantis-Token": token})
        assert refused(answer, 401) == "invalid X-Mantis-Token"


def test_a_scope_or_a_host_that_is_not_allowed_is_403(tenants: Tenants):
    """
    > 403 | the token lacks the scope; `plan references host(s) not in tenant allowlist: a, b`
    """
    refused(tenants["status"].post(PLAN), 403, "scope")
    steps = [
        {"intent": f"Go to https://{host}/", "type": "navigate"}
        for host in ("b.test", "example.com", "a.test")
    ]
    detail = refused(tenants["listed"].post({"task_suite": steps}), 403)
    assert detail == "plan references host(s) not in tenant allowlist: a.test, b.test"


def test_what_is_not_there_is_404(tenants: Tenants, acme: Caller, succeeded: str):
    """
    > 404 | unknown `run_id`, also another tenant's (the two are indistinguishable); no recording;
    > no such artifact
    """
    refused(acme.get(f"/v1/runs/{UNKNOWN}"), 404)
    refused(tenants["other"].get(f"/v1/runs/{succeeded}"), 404)
    refused(acme.get(f"/v1/runs/{succeeded}/video"), 404)
    refused(acme.get(f"/v1/runs/{succeeded}/artifacts/other.json"), 404)
    refused(acme.get("/v1/nothing"), 404)


def test_the_same_key_with_a_different_body_is_409(acme: Caller):
    """> 409 | the same `Idempotency-Key` with a different body;"""
    assert acme.post(PLAN, key="key-409").status_code == 200
    refused(acme.post({**PLAN, "max_cost": 2}, key="key-409"), 409, "Idempotency-Key")


def test_resume_state_while_an_older_run_goes_on_is_409(acme: Caller):
    """> `resume_state` while an older run of that workflow_id is not terminal"""
    plan = {"task_suite": waiting(30), "workflow_id": "on-and-on"}
    older = acme.submit(**plan)
    refused(acme.post({**plan, "resume_state": True}), 409, "on-and-on")
    acme.cancel(older)


def test_a_changed_plan_with_resume_state_is_400(acme: Caller):
    """> a changed plan with `resume_state`;"""
    older = acme.submit(task_suite=waiting(30), workflow_id="changed-plan")
    acme.cancel(older)
    body = {"task_suite": [NAVIGATE], "workflow_id": "changed-plan", "resume_state": True}
    refused(acme.post(body), 400, "plan")


def test_a_body_over_the_limit_is_413(acme: Caller):
    """> 413 | body over `MANTIS_MAX_BODY_BYTES` (default 1 MiB)"""
    start = b'{"a": "'
    refused(acme.raw(start + b"x" * MAX_BODY + b'"}'), 413)
    within = start + b"x" * (MAX_BODY - len(start) - 2) + b'"}'
    refused(acme.raw(within), 400, "no plan")


def test_the_rate_is_429_with_whole_seconds_to_wait(tenants: Tenants):
    """> 429 | rate (`Retry-After`: whole seconds until a token, at least 1)"""
    answers = [tenants["slow"].post({**PLAN, "dry_run": True}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    refused(answers[2], 429)
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30


def test_too_many_runs_at_once_are_429(tenants: Tenants):
    """> or concurrency (`Retry-After: 5`)"""
    two = tenants["two"]
    running = [two.submit(task_suite=waiting(30)) for _ in range(2)]
    answer = two.post(PLAN)
    refused(answer, 429)
    assert answer.headers["Retry-After"] == "5"
    for run_id in running:
        two.cancel(run_id)
    two.wait(two.submit())


def test_a_fault_of_ours_is_500_with_an_id_that_the_log_has(
    open_door: Callable[..., Door], tmp_path: Path
):
    """> 500 | a fault of ours; the log has it under an id that the detail names"""
    door = open_door(MANTIS_API_TOKEN="t", MANTIS_DATA_DIR=str(tmp_path / "broken"))
    caller = door.caller("t")
    with closing(sqlite3.connect(next((tmp_path / "broken").glob("*.db")))) as database:
        database.execute("ALTER TABLE runs RENAME TO gone")
    detail = refused(caller.get("/v1/runs"), 500, "id")
    (fault,) = re.findall(r"\b[0-9a-f]{8,}\b", detail)
    assert "gone" not in detail and "sqlite" not in detail.lower()
    eventually(lambda: fault in door.log.read_text(), 5, "the log has the fault")


def test_a_model_that_cannot_be_reached_is_502(acme: Caller):
    """> 502 | Holo3 or Anthropic cannot be reached"""
    body = {"model": "holo3", "messages": [{"role": "user", "content": "hello"}]}
    refused(acme.http.post("/v1/chat/completions", json=body), 502)


def test_no_authentication_set_up_is_503(open_door: Callable[..., Door]):
    """
    > 503 | neither `MANTIS_API_TOKEN` nor `MANTIS_TENANT_KEYS_PATH` set: `server auth not
    > configured`;
    """
    caller = open_door().caller("anything")
    assert refused(caller.post(PLAN), 503) == "server auth not configured"
    assert refused(caller.get("/v1/queue"), 503) == "server auth not configured"


def test_validation_happens_before_the_200(acme: Caller, open_door: Callable[..., Door]):
    """> All validation of what the request says happens before the 200."""
    before = len(acme.get("/v1/runs", limit=200).json()["runs"])
    for body, _ in BODIES_400.values():
        answer = acme.raw(body) if isinstance(body, bytes) else acme.post(body)
        assert answer.status_code == 400
    assert len(acme.get("/v1/runs", limit=200).json()["runs"]) == before


def test_what_only_a_model_can_tell_is_told_by_the_run(tenants: Tenants, secrets_dir: Path):
    """
    > What only a model or a page can tell (decomposing `plan_text`, a tier that is missing) is told
    > by the run.
    """
    (secrets_dir / "smart_key").write_text("sk-test")
    smart = tenants["smart"]
    run_id = smart.submit(plan_text="Open example.com and read its title.")
    result = smart.wait(run_id)
    (secrets_dir / "smart_key").unlink()
    assert result["status"] == "failed" and result["error"] == "model_unavailable"
