"""Contract, section 4: pausing, resuming, and the answers that nobody reads."""

import time
from typing import Any

import httpx
import psutil
import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, Document, waiting
from tests.e2e.live import LiveStack, Site, eventually

pytestmark = pytest.mark.stack

ASK = {
    "intent": "Ask which boat it shall be",
    "type": "request_user_input",
    "params": {"prompt": "Which boat shall it be?"},
}
PAUSE = {"prompt", "reason", "needs_input", "pause_id", "paused_at", "pause_state"}


def visit(name: str) -> Document:
    """A step after which the site has seen this visitor."""
    return {**NAVIGATE, "intent": f"Go to {{{{demo_site}}}}/boats?visitor={name}"}


def paused(acme: Caller, *more: Document) -> str:
    run_id = acme.submit(task_suite=[NAVIGATE, ASK, *more])
    acme.wait_until(run_id, "paused")
    return run_id


def resumed(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_paused_run_says_what_it_waits_for(acme: Caller):
    """
    > when paused `prompt` (never empty), `reason`, `needs_input`, `pause_id`, `paused_at`,
    > `pause_state` (opaque);

    > paused shows as running;

    > paused counts as running;
    """
    run_id = paused(acme)
    status = acme.status(run_id)
    assert set(status) >= PAUSE
    assert status["prompt"] == "Which boat shall it be?"
    assert status["needs_input"] is True and status["reason"] and status["pause_state"]
    result = acme.result(run_id)
    assert set(result) >= PAUSE and result["result"] is None
    poll = acme.get(f"/v1/runs/{run_id}").json()
    assert (poll["status"], poll["phase"]) == ("paused", "running")
    assert acme.get("/v1/queue").json()["running"] >= 1
    acme.cancel(run_id)


def test_the_answer_lets_it_go_on(acme: Caller, stack: LiveStack):
    """
    > **resume** `user_input` (required when `needs_input`), optional `pause_id` (the same id and
    > answer again is the same 200; an older id is 400) → `{"run_id","status":"running",
    > "resumed_at"}`; from then on no read shows that pause.

    > resume without the input that the pause asked for,
    """
    run_id = paused(acme, visit("{{user_input}}"), ASK, NAVIGATE)
    first = acme.status(run_id)["pause_id"]
    missing = acme.act("resume", run_id)
    assert missing.status_code == 400 and "user_input" in missing.json()["detail"]
    body = resumed(acme.act("resume", run_id, user_input="answer-one", pause_id=first))
    assert set(body) == {"run_id", "status", "resumed_at"}
    assert (body["run_id"], body["status"]) == (run_id, "running")
    status = acme.status(run_id)
    assert status["status"] != "paused" or status["pause_id"] != first
    acme.wait_until(run_id, "paused")
    second = acme.status(run_id)["pause_id"]
    assert second != first
    older = acme.act("resume", run_id, user_input="x", pause_id=first)
    assert older.status_code == 400
    url = f"/v1/runs/{run_id}/resume"
    answer = {"user_input": "two", "pause_id": second}
    again = [resumed(acme.http.post(url, json=answer)) for _ in range(3)]
    assert again[0] == again[1] == again[2]
    done = acme.wait(run_id)
    assert done["status"] == "succeeded" and not PAUSE & set(done)
    assert again[0] == resumed(acme.http.post(url, json=answer))
    assert len(Site(stack.demo_site).requests("answer-one")) >= 1


def test_an_answer_is_readable_nowhere(acme: Caller):
    """
    > Secrets (`auth.*`, `user_input`, fields called password, token, secret or api_key) are taken
    > out at the door and replaced by references; a value typed into a password or code field is
    > treated the same from then on; every occurrence of such a value, in intents too, shows as
    > `"***"` in all that leaves the service.
    """
    run_id = paused(acme, visit("{{user_input}}"))
    resumed(acme.act("resume", run_id, user_input="zq-4711-zq"))
    acme.wait(run_id)
    for part in ("", "/status", "/result", "/logs", "/events", "/artifacts/result.json"):
        text = acme.get(f"/v1/runs/{run_id}{part}").text
        assert "4711" not in text, part
    assert "visitor=***" in acme.get(f"/v1/runs/{run_id}/events").text


def test_a_run_is_paused_from_outside(acme: Caller):
    """
    > **pause** → asks a running run to pause at the next boundary with reason `external`; it needs
    > no input to go on.

    > `POST /v1/runs/{run_id}/cancel` `{"reason"?}`, `/resume` `{"user_input"}`, `/pause`
    > `{"reason"?}` | run | the same as the actions; the reason is kept in the log and on the status
    """
    run_id = acme.submit(task_suite=[*waiting(4), NAVIGATE])
    acme.wait_until(run_id, "running")
    asked = acme.http.post(f"/v1/runs/{run_id}/pause", json={"reason": "have a look"})
    assert asked.status_code == 200 and asked.json()["status"] == "running"
    acme.wait_until(run_id, "paused")
    status = acme.status(run_id)
    assert (status["reason"], status["needs_input"]) == ("external", False)
    assert status["prompt"] and "have a look" in str(status)
    assert "have a look" in acme.get(f"/v1/runs/{run_id}/logs").text
    assert acme.act("pause", run_id).status_code == 400
    resumed(acme.http.post(f"/v1/runs/{run_id}/resume"))
    assert acme.wait(run_id)["status"] == "succeeded"


def test_a_blocking_submission_returns_the_pause(acme: Caller):
    """> A blocking submission (`detached: false`) that pauses returns the paused status."""
    answer = acme.post({"task_suite": [NAVIGATE, ASK], "detached": False})
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "paused" and set(body) >= PAUSE
    acme.cancel(body["run_id"])


def test_a_paused_run_is_cancelled_and_holds_nobody_up(acme: Caller):
    """
    > **cancel** → the status after it (`running` with `cancel_requested: true` while it is
    > stopping);
    """
    run_id = paused(acme, NAVIGATE)
    asked = acme.act("cancel", run_id, reason="enough")
    assert asked.json()["cancel_requested"] is True
    done = acme.wait(run_id, 20)
    assert (done["status"], done["cancel_reason"]) == ("cancelled", "enough")
    assert acme.act("resume", run_id, user_input="x").status_code == 400


def test_a_paused_run_counts_no_time(acme: Caller):
    """> Queued and paused time do not count;"""
    run_id = acme.submit(task_suite=[NAVIGATE, ASK, NAVIGATE], max_time_minutes=0.2)
    acme.wait_until(run_id, "paused")
    time.sleep(13)
    resumed(acme.act("resume", run_id, user_input="x"))
    done = acme.wait(run_id)
    assert done["status"] == "succeeded", done.get("message")
    assert done["summary"]["total_time_s"] < 12


def test_a_resume_while_no_workflow_worker_is_up(acme: Caller, stack: LiveStack):
    """> or Temporal/ledger away; a resume while no workflow worker is up"""
    run_id = paused(acme, NAVIGATE)
    worker = _runs_worker(stack)
    worker.suspend()
    try:
        refused = acme.act("resume", run_id, user_input="x")
        assert refused.status_code == 503 and "still paused" in refused.json()["detail"]
    finally:
        worker.resume()
    pause_id = acme.status(run_id).get("pause_id", "p1")
    eventually(
        lambda: acme.act("resume", run_id, user_input="x", pause_id=pause_id).status_code == 200,
        60,
        "the answer is taken",
    )
    assert acme.wait(run_id)["status"] == "succeeded"


def _runs_worker(stack: LiveStack) -> psutil.Process:
    for process in psutil.Process(stack.process.pid).children():
        if "runs" in process.cmdline():
            return process
    raise AssertionError("no worker of the pool runs")
