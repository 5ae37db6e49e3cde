"""Idempotency, rate and concurrency as a caller sees them."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, RunStatus
from ledger.settings import LedgerSettings

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]
LIMIT_HEADERS = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}


async def post(
    client: httpx.AsyncClient, name: str, body: dict[str, object] | None = None, **headers: str
) -> httpx.Response:
    given = {"X-Mantis-Token": name, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await client.post("/v1/predict", json=body or {"task_suite": PLAN}, headers=given)


@pytest.fixture
async def kept(tenants_app: FastAPI, ledger_settings: LedgerSettings):
    ledger = await Ledger.open(ledger_settings.url)
    yield ledger
    await ledger.close()


async def test_a_key_answers_with_the_same_handle(tenants: httpx.AsyncClient, kept: Ledger):
    first = await post(tenants, "acme-1", Idempotency_Key="order 66")
    await kept.runs.begin("acme", first.json()["run_id"], now_micros())
    again = await post(tenants, "acme-1", Idempotency_Key="order 66")
    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.json()["status"] == "queued"
    reordered = {"max_cost": 2, "task_suite": PLAN}
    one = await post(tenants, "acme-1", reordered, Idempotency_Key="other")
    two = await post(tenants, "acme-1", dict(reversed(reordered.items())), Idempotency_Key="other")
    assert one.json() == two.json()


async def test_another_body_under_a_key_is_a_conflict(tenants: httpx.AsyncClient, kept: Ledger):
    await post(tenants, "acme-1", Idempotency_Key="k")
    for more in ({"max_cost": 1}, {"password": "a"}, {"unknown": 1}, {"detached": True}):
        answer = await post(tenants, "acme-1", {"task_suite": PLAN, **more}, Idempotency_Key="k")
        assert answer.status_code == 409, more
        assert "new key" in answer.json()["detail"]
    assert (await kept.runs.queue("acme")).queued == 1


async def test_a_secret_is_part_of_the_fingerprint_and_not_in_it(tenants: httpx.AsyncClient):
    body = {"task_suite": PLAN, "password": "hunter2-canary"}
    first = await post(tenants, "acme-1", body, Idempotency_Key="s")
    assert (await post(tenants, "acme-1", body, Idempotency_Key="s")).json() == first.json()
    other = {**body, "password": "hunter3-canary"}
    conflict = await post(tenants, "acme-1", other, Idempotency_Key="s")
    assert conflict.status_code == 409
    assert "canary" not in first.text + conflict.text


async def test_a_hundred_at_once_make_one_run(tenants: httpx.AsyncClient, kept: Ledger):
    answers = await asyncio.gather(
        *(post(tenants, "acme-1", Idempotency_Key="once") for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (await kept.runs.queue("acme")).queued == 1


async def test_a_refused_submission_leaves_its_key_unused(tenants: httpx.AsyncClient):
    bad = await post(tenants, "acme-1", {"task_suite": []}, Idempotency_Key="k")
    assert bad.status_code == 400
    forbidden = {"task_suite": [{"intent": "Go to https://evil.example", "type": "navigate"}]}
    assert (await post(tenants, "narrow-1", forbidden, Idempotency_Key="k")).status_code == 403
    assert (await post(tenants, "acme-1", Idempotency_Key="k")).status_code == 200
    for _ in range(2):
        assert (await post(tenants, "few-1")).status_code == 200
    assert (await post(tenants, "few-1", Idempotency_Key="k")).status_code == 429
    listed = (await tenants.get("/v1/runs", headers={"X-Mantis-Token": "few-1"})).json()
    assert listed["count"] == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "é"])
async def test_odd_keys_are_refused(tenants: httpx.AsyncClient, key: str):
    answer = await tenants.post(
        "/v1/predict",
        json={"task_suite": PLAN},
        headers=[(b"X-Mantis-Token", b"acme-1"), (b"Idempotency-Key", key.encode())],
    )
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_two_keys_are_refused(tenants: httpx.AsyncClient):
    headers = [("X-Mantis-Token", "acme-1"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await tenants.post("/v1/predict", json={"task_suite": PLAN}, headers=headers)
    assert answer.status_code == 400


async def test_other_calls_ignore_the_header(tenants: httpx.AsyncClient, kept: Ledger):
    odd = "k" * 999
    rehearsal = {"task_suite": PLAN, "dry_run": True}
    for _ in range(2):
        assert (await post(tenants, "acme-1", rehearsal, Idempotency_Key=odd)).status_code == 200
    run_id = (await post(tenants, "acme-1", Idempotency_Key="k")).json()["run_id"]
    status = {"action": "status", "run_id": run_id}
    for key in (odd, "k"):
        answer = await post(tenants, "acme-1", status, Idempotency_Key=key)
        assert answer.json()["run_id"] == run_id
    assert (await kept.runs.queue("acme")).queued == 1


async def test_a_blocking_replay_waits_for_the_same_run(tenants: httpx.AsyncClient, kept: Ledger):
    body = {"task_suite": PLAN, "detached": False}
    waiting = [
        asyncio.create_task(post(tenants, "acme-1", body, Idempotency_Key="b")) for _ in range(3)
    ]
    async with asyncio.timeout(10):
        while True:
            if (page := await kept.runs.page("acme", None, 5, None)).runs:
                break
            await asyncio.sleep(0.02)
    (run,) = page.runs
    await kept.runs.begin("acme", run.run_id, now_micros())
    await kept.runs.finish("acme", run.run_id, Ending(status=RunStatus.SUCCEEDED), now_micros())
    answers = [await task for task in waiting]
    for answer in answers:
        assert answer.json()["run_id"] == run.run_id
        assert answer.json()["status"] == "succeeded"
        assert answer.json()["result_ready"] is True
    late = await post(tenants, "acme-1", body, Idempotency_Key="b")
    assert late.json()["status"] == "succeeded"


async def test_the_bucket_of_a_tenant_whatever_the_token(tenants: httpx.AsyncClient):
    left = []
    for name in ("slow-1", "slow-2", "slow-1"):
        answer = await post(tenants, name)
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Limit"] == "3"
        left.append(int(answer.headers["X-RateLimit-Remaining"]))
        assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
    assert left == [2, 1, 0]
    refused = await post(tenants, "slow-2")
    assert refused.status_code == 429
    wait_s = int(refused.headers["Retry-After"])
    assert 1 <= wait_s <= 20
    assert refused.json() == {
        "detail": f"more than 3 submissions a minute: try again in {wait_s} s"
    }
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert (await post(tenants, "acme-1")).status_code == 200


async def test_dry_runs_draw_on_the_bucket_and_refusals_do_not(tenants: httpx.AsyncClient):
    for _ in range(5):
        assert (await post(tenants, "slow-1", {"task_suite": []})).status_code == 400
    for left in ("2", "1", "0"):
        answer = await post(tenants, "slow-1", {"task_suite": PLAN, "dry_run": True})
        assert answer.headers["X-RateLimit-Remaining"] == left
    refused = await post(tenants, "slow-1", {"task_suite": PLAN, "dry_run": True})
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert (await post(tenants, "slow-1", {"task_suite": []})).status_code == 400


async def test_chat_completions_draw_on_the_bucket_of_submissions(tenants: httpx.AsyncClient):
    ask, headers = {"messages": []}, {"X-Mantis-Token": "slow-1"}
    for _ in range(3):
        answer = await tenants.post("/v1/chat/completions", json=ask, headers=headers)
        assert answer.status_code == 502
    for path, body in [("/v1/chat/completions", ask), ("/v1/predict", {"task_suite": PLAN})]:
        refused = await tenants.post(path, json=body, headers=headers)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1


async def test_a_replay_costs_nothing(tenants: httpx.AsyncClient):
    for _ in range(6):
        answer = await post(tenants, "slow-1", Idempotency_Key="k")
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Remaining"] == "2"


async def test_reads_by_action_have_a_bucket_of_their_own(tenants: httpx.AsyncClient):
    run_id = (await post(tenants, "slow-1")).json()["run_id"]
    for action in ("status", "result", "logs"):
        answer = await post(tenants, "slow-1", {"action": action, "run_id": run_id})
        assert answer.status_code == 200
        assert not LIMIT_HEADERS & {name.lower() for name in answer.headers}
    for action in ("status", "result", "logs"):
        refused = await post(tenants, "slow-2", {"action": action, "run_id": run_id})
        assert refused.status_code == 429
        assert refused.json()["detail"].startswith("more than 3 read actions a minute: try again")
        assert int(refused.headers["Retry-After"]) >= 1
        assert {name.lower() for name in refused.headers} >= LIMIT_HEADERS
    assert (await post(tenants, "slow-1")).status_code == 200


async def test_what_draws_on_no_bucket(tenants: httpx.AsyncClient):
    run_id = (await post(tenants, "slow-1")).json()["run_id"]
    for _ in range(4):
        await post(tenants, "slow-1", {"action": "status", "run_id": run_id})
        await post(tenants, "slow-1")
    headers = {"X-Mantis-Token": "slow-1"}
    for _ in range(5):
        for part in ("", "/status", "/result", "/logs", "/events"):
            got = await tenants.get(f"/v1/runs/{run_id}{part}", headers=headers)
            assert got.status_code == 200
        assert (await tenants.get("/v1/runs", headers=headers)).status_code == 200
        assert (await tenants.get("/v1/queue", headers=headers)).status_code == 200
        for action in ("resume", "pause"):
            answer = await post(tenants, "slow-1", {"action": action, "run_id": run_id})
            assert answer.status_code == 400
        cancel = await post(tenants, "slow-1", {"action": "cancel", "run_id": run_id})
        assert cancel.status_code == 200
    malformed = await post(tenants, "slow-1", {"action": "status", "run_id": "x"})
    assert malformed.status_code == 400


async def test_a_rate_of_zero_is_no_limit(tenants: httpx.AsyncClient):
    answers = [await post(tenants, "acme-1") for _ in range(40)]
    assert {answer.status_code for answer in answers} == {200}
    assert not LIMIT_HEADERS & {name.lower() for name in answers[0].headers}


async def test_as_many_runs_at_once_as_the_tenant_may(tenants: httpx.AsyncClient, kept: Ledger):
    answers = await asyncio.gather(*(post(tenants, "few-1") for _ in range(8)))
    taken = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(taken), len(refused)) == (2, 6)
    for answer in refused:
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["X-RateLimit-Limit"] == "10"
        assert answer.json()["detail"].startswith("2 runs are queued or running")
    rehearsal = await post(tenants, "few-1", {"task_suite": PLAN, "dry_run": True})
    assert rehearsal.status_code == 200
    run_id = taken[0].json()["run_id"]
    await kept.runs.finish("few", run_id, Ending(status=RunStatus.SUCCEEDED), now_micros())
    assert (await post(tenants, "few-1")).status_code == 200


async def test_resuming_the_state_of_a_run_that_is_not_over(
    tenants: httpx.AsyncClient, kept: Ledger
):
    again = {"task_suite": PLAN, "workflow_id": "w", "resume_state": True}
    first = (await post(tenants, "acme-1", again, Idempotency_Key="k")).json()
    refused = await post(tenants, "acme-1", again)
    assert refused.status_code == 409
    assert first["run_id"] in refused.json()["detail"]
    assert (await post(tenants, "acme-1", again, Idempotency_Key="k")).json() == first
    without = {"task_suite": PLAN, "workflow_id": "w"}
    assert (await post(tenants, "acme-1", without)).status_code == 200
    page = await kept.runs.page("acme", None, 10, None)
    for run in page.runs:
        ending = Ending(status=RunStatus.FAILED, halt_class="timeout", state={"state": {}})
        await kept.runs.finish("acme", run.run_id, ending, now_micros())
    changed = {**again, "task_suite": [*PLAN, {"intent": "Wait", "type": "wait"}]}
    other = await post(tenants, "acme-1", changed)
    assert other.status_code == 400
    assert "needs the plan of run" in other.json()["detail"]
    gone_on = await post(tenants, "acme-1", again)
    assert gone_on.status_code == 200
    logs = await tenants.get(
        f"/v1/runs/{gone_on.json()['run_id']}/logs", headers={"X-Mantis-Token": "acme-1"}
    )
    assert f"goes on from run {page.runs[0].run_id}, 0 records come along" in logs.text
    status = await tenants.get(
        f"/v1/runs/{gone_on.json()['run_id']}/status", headers={"X-Mantis-Token": "acme-1"}
    )
    assert status.json()["resumed_from"] == page.runs[0].run_id
    await kept.runs.finish(
        "acme", gone_on.json()["run_id"], Ending(status=RunStatus.SUCCEEDED), now_micros()
    )
    fresh = await post(tenants, "acme-1", changed)
    assert fresh.status_code == 200
