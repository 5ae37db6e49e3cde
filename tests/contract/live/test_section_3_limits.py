"""Contract, section 3: idempotency, limits, and the keys of tenants."""

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, Door, Tenants, waiting
from tests.e2e.live import LiveStack, eventually

pytestmark = pytest.mark.stack

PLAN = {"task_suite": [NAVIGATE]}
GO = {"task_suite": [{"intent": "Go to https://example.com/", "type": "navigate"}]}
DRY = {**PLAN, "dry_run": True}


def test_a_replayed_key_costs_no_token(tenants: Tenants, open_door: Callable[..., Door]):
    """> A replayed key costs no token."""
    plain = tenants["plain"]
    first = plain.post(PLAN, key="no-token")
    left = int(first.headers["X-RateLimit-Remaining"])
    for _ in range(5):
        assert plain.post(PLAN, key="no-token").status_code == 200
    assert int(plain.post(DRY).headers["X-RateLimit-Remaining"]) >= left - 1


def test_a_hundred_at_once_with_one_key_make_one_run(acme: Caller):
    """
    > **Idempotency.** `Idempotency-Key` on a submission: the server keeps (tenant, key) → run_id
    > for 24 h (`MANTIS_IDEMPOTENCY_TTL_HOURS`) across replicas and restarts. 100 simultaneous
    > submissions with one key make one run, and all 100 get the same handle (still `"queued"`).
    """
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: acme.post(PLAN, key="hundred"), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    handle = answers[0].json()
    acme.wait(handle["run_id"])
    late = acme.post(PLAN, key="hundred").json()
    assert late == handle and late["status"] == "queued"


def test_a_key_is_the_tenants_own(tenants: Tenants):
    """> the server keeps (tenant, key) → run_id"""
    one = tenants["acme-1"].post(PLAN, key="shared-key").json()["run_id"]
    assert tenants["acme-2"].post(PLAN, key="shared-key").json()["run_id"] == one
    assert tenants["other"].post(PLAN, key="shared-key").json()["run_id"] != one


def test_keys_outlive_a_restart_and_end_with_their_time(
    open_door: Callable[..., Door], tmp_path: Path
):
    """> for 24 h (`MANTIS_IDEMPOTENCY_TTL_HOURS`) across replicas and restarts."""
    shared = {
        "MANTIS_API_TOKEN": "t",
        "MANTIS_DATA_DIR": str(tmp_path / "shared"),
    }
    first = open_door(**shared).caller("t").post(GO, key="k").json()
    again = open_door(**shared).caller("t").post(GO, key="k").json()
    assert first == again
    brief = open_door(**shared, MANTIS_IDEMPOTENCY_TTL_HOURS="0.0003").caller("t")
    started = brief.post(GO, key="brief").json()["run_id"]
    eventually(lambda: brief.post(GO, key="brief").json()["run_id"] != started, 10, "it ends")


def test_a_refused_submission_leaves_its_key_unused(tenants: Tenants):
    """
    > A 4xx or 429 leaves the key unused; a replay with `detached: false` waits for the same run.
    """
    two = tenants["two"]
    assert two.post({"task_suite": []}, key="refused").status_code == 400
    running = [two.submit(task_suite=waiting(60)) for _ in range(2)]
    assert two.post(PLAN, key="refused").status_code == 429
    for run_id in running:
        two.cancel(run_id)
    accepted = two.post(PLAN, key="refused")
    assert accepted.status_code == 200
    two.wait(accepted.json()["run_id"])


def test_a_blocking_replay_waits_for_the_same_run(acme: Caller):
    """> a replay with `detached: false` waits for the same run."""
    body = {"task_suite": waiting(2), "detached": False}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: acme.post(body, key="block").json(), range(3)))
    assert len({answer["run_id"] for answer in answers}) == 1
    assert {answer["status"] for answer in answers} == {"succeeded"}


def test_the_key_on_any_other_call_is_ignored(acme: Caller, succeeded: str):
    """> The header on any other call is ignored."""
    for _ in range(2):
        for body in (
            {"action": "status", "run_id": succeeded},
            {"action": "result", "run_id": succeeded},
        ):
            assert acme.post(body, key="other-calls").status_code == 200
    assert acme.post(PLAN, key="other-calls").status_code == 200


def test_a_body_with_the_time_in_it_is_a_different_body(acme: Caller):
    """> (A body with the time in it is a different body: 409.)"""
    assert acme.post({**PLAN, "sent_at": time.time()}, key="clock").status_code == 200
    assert acme.post({**PLAN, "sent_at": time.time() + 1}, key="clock").status_code == 409


def test_submissions_and_reads_have_a_bucket_each(tenants: Tenants):
    """
    > **Limits per tenant**: `rate_limit_per_minute` (30; 0 = none), a token bucket for submissions,
    > dry runs and chat completions, and a second one of the same size for the read actions of
    > `POST /v1/predict`; cancel, resume, pause and all GET routes draw on none.
    """
    reads = tenants["reads"]
    run_id = reads.submit()
    assert reads.post(DRY).status_code == reads.post(DRY).status_code == 200
    assert reads.post(DRY).status_code == reads.post(PLAN).status_code == 429
    seen = [reads.act(action, run_id).status_code for action in ("status", "result", "logs")]
    assert seen == [200, 200, 200]
    limited = reads.act("status", run_id)
    assert limited.status_code == 429 and int(limited.headers["Retry-After"]) >= 1
    for action in ("cancel", "resume", "pause"):
        assert reads.act(action, run_id).status_code in (200, 400)
        assert reads.http.post(f"/v1/runs/{run_id}/{action}").status_code in (200, 400)
    for path in ("", "/status", "/result", "/logs", "/events"):
        assert reads.get(f"/v1/runs/{run_id}{path}").status_code == 200
    assert reads.get("/v1/runs").status_code == reads.get("/v1/queue").status_code == 200


def test_a_rate_of_nought_is_no_limit(tenants: Tenants):
    """> `rate_limit_per_minute` (30; 0 = none)"""
    other = tenants["other"]
    assert {other.post(DRY).status_code for _ in range(60)} == {200}
    plain = tenants["plain"]
    assert plain.post(DRY).headers["X-RateLimit-Limit"] == "30"


def test_the_concurrency_counts_queued_and_running_runs(tenants: Tenants):
    """
    > `max_concurrent_runs` (5) counts queued and running runs, not paused ones; a resume is never
    > refused for it.
    """
    two = tenants["two"]
    first = two.submit(task_suite=waiting(60), profile_id="one")
    second = two.submit(task_suite=waiting(60), profile_id="one")
    assert two.status(second)["status"] == "queued"
    assert two.post(PLAN).status_code == 429
    assert two.act("resume", first, user_input="x").status_code == 400
    two.cancel(first)
    third = two.post(PLAN)
    assert third.status_code == 200
    two.cancel(second)
    two.wait(third.json()["run_id"])


def test_the_rate_is_told_in_headers(tenants: Tenants):
    """> `X-RateLimit-Limit/-Remaining/-Reset` on submissions and on 429."""
    plain = tenants["plain"]
    answer = plain.post(PLAN)
    while answer.status_code != 429:
        assert int(answer.headers["X-RateLimit-Limit"]) == 30
        assert 0 <= int(answer.headers["X-RateLimit-Remaining"]) < 30
        assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
        answer = plain.post(DRY)
    for name in ("Limit", "Remaining", "Reset"):
        assert answer.headers[f"X-RateLimit-{name}"].isdigit()
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    eventually(lambda: plain.post(DRY).status_code == 200, 10, "a token comes back")


def keys(**tenants: object) -> str:
    return json.dumps({"tenant_keys": tenants})


def put(path: Path, text: str) -> None:
    """Replace a file at once, as an operator's tool does."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


def test_the_keys_file_is_read_again_when_it_changes(
    open_door: Callable[..., Door], tmp_path: Path
):
    """
    > **Tenant keys.** `MANTIS_TENANT_KEYS_PATH` names a JSON file, read again when it changes
    > (within 5 s):

    > only `tenant_id` is required; two tokens may name one tenant (rotation).
    """
    path = tmp_path / "keys.json"
    path.write_text(keys(old={"tenant_id": "a"}))
    door = open_door(MANTIS_TENANT_KEYS_PATH=str(path))
    run_id = door.caller("old").submit(**GO)
    put(path, keys(old={"tenant_id": "a"}, new={"tenant_id": "a"}))
    new = door.caller("new")
    eventually(lambda: new.get("/v1/queue").status_code == 200, 5, "the new token works")
    assert new.status(run_id)["run_id"] == run_id
    put(path, keys(new={"tenant_id": "a"}))
    old = door.caller("old")
    eventually(lambda: old.get("/v1/queue").status_code == 401, 5, "the old token is gone")


def test_every_field_of_a_key_counts(open_door: Callable[..., Door], tmp_path: Path):
    """
    > `{"tenant_keys": {"<token>": {"tenant_id", "scopes": ["run","status","result","logs"],
    > "max_concurrent_runs":5, "max_cost_per_run":25.0, "max_time_minutes_per_run":60,
    > "rate_limit_per_minute":30, "anthropic_secret_name":"anthropic_api_key", "allowed_domains":[],
    > "webhook_url":"", "webhook_secret_name":""}}}`;
    """
    path = tmp_path / "keys.json"
    entry = {
        "tenant_id": "a",
        "scopes": ["run"],
        "max_concurrent_runs": 1,
        "max_cost_per_run": 2.5,
        "max_time_minutes_per_run": 9,
        "rate_limit_per_minute": 7,
        "anthropic_secret_name": "mine",
        "allowed_domains": ["example.com"],
        "webhook_url": "https://hooks.example/a",
        "webhook_secret_name": "hook",
    }
    path.write_text(keys(t=entry))
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    door = open_door(MANTIS_TENANT_KEYS_PATH=str(path), MANTIS_SECRETS_DIR=str(secrets))
    caller = door.caller("t")
    seen = caller.post({**GO, "dry_run": True})
    assert seen.headers["X-RateLimit-Limit"] == "7"
    assert (seen.json()["max_cost"], seen.json()["max_time_minutes"]) == (2.5, 9)
    assert caller.post(DRY | {"task_suite": [{"intent": "Go to https://x.test",
                                              "type": "navigate"}]}).status_code == 403  # fmt: skip
    assert caller.post({"plan_text": "Open example.com"}).status_code == 400
    (secrets / "mine").write_text("sk-1")
    assert caller.post({"plan_text": "Open example.com", "dry_run": True}).status_code == 200
    handle = caller.handle(**GO)
    assert handle["payload"]["callback_url"] in ("https://hooks.example/a", None)
    assert caller.post(GO).status_code == 429


def test_secrets_are_files_read_anew(open_door: Callable[..., Door], tmp_path: Path):
    """
    > Secrets are files `MANTIS_SECRETS_DIR/<name>`.

    > Calls run under their own tenant's Anthropic key only, read anew for each call;
    """
    path, secrets = tmp_path / "keys.json", tmp_path / "secrets"
    secrets.mkdir()
    path.write_text(
        keys(
            a={"tenant_id": "a", "anthropic_secret_name": "key_a"},
            b={"tenant_id": "b", "anthropic_secret_name": "key_b"},
        )
    )
    door = open_door(
        MANTIS_TENANT_KEYS_PATH=str(path),
        MANTIS_SECRETS_DIR=str(secrets),
        ANTHROPIC_API_KEY="sk-of-default",
    )
    words = {"plan_text": "Open example.com", "dry_run": True}
    assert door.caller("a").post(words).status_code == 400
    (secrets / "key_a").write_text("sk-a")
    assert door.caller("a").post(words).status_code == 200
    (secrets / "key_a").unlink()
    assert door.caller("a").post(words).status_code == 400
    assert door.caller("b").post(words).status_code == 400


def test_a_file_that_turns_invalid_keeps_the_last_good_one(
    open_door: Callable[..., Door], tmp_path: Path
):
    """
    > A file that turns invalid keeps the last good one and is reported by health and log; one that
    > never was valid lets nobody in.
    """
    path = tmp_path / "keys.json"
    path.write_text(keys(t={"tenant_id": "a"}))
    door = open_door(MANTIS_TENANT_KEYS_PATH=str(path))
    caller = door.caller("t")
    put(path, '{"tenant_keys": {"t": ')

    def reported() -> bool:
        checks = caller.get("/v1/health").json()["checks"]
        return any("keys" in name + str(value) and value != "ok" for name, value in checks.items())

    eventually(reported, 8, "health reports the file")
    assert caller.get("/v1/queue").status_code == 200
    assert "keys" in door.log.read_text()
    put(path, keys(t={"tenant_id": "a"}, u={"tenant_id": "b"}))
    eventually(lambda: door.caller("u").get("/v1/queue").status_code == 200, 5, "it is good again")
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    shut = open_door(MANTIS_TENANT_KEYS_PATH=str(bad))
    assert shut.caller("t").get("/v1/queue").status_code == 401


def test_one_token_is_the_tenant_default(open_door: Callable[..., Door]):
    """
    > Without it `MANTIS_API_TOKEN` is the one tenant `default`.

    > `ANTHROPIC_API_KEY` is the tenant `default`'s.
    """
    words = {"plan_text": "Open example.com", "dry_run": True}
    caller = open_door(MANTIS_API_TOKEN="t", ANTHROPIC_API_KEY="sk-test").caller("t")
    assert caller.get("/v1/queue").json()["tenant_id"] == "default"
    assert caller.post(words).status_code == 200
    bare = open_door(MANTIS_API_TOKEN="t", ANTHROPIC_API_KEY="").caller("t")
    assert bare.post(words).status_code == 400


def test_tokens_stand_in_no_log(stack: LiveStack, tenants: Tenants, nobody: Caller):
    """> Tokens are compared in constant time and stand in no log."""
    nobody.http.get("/v1/queue", headers={"X-Mantis-Token": "tok-nobody-knows"})
    tenants["acme-1"].get("/v1/queue")
    for path in (stack.data_dir / "logs").iterdir():
        text = path.read_text(errors="replace")
        assert "tok-acme-1" not in text and "tok-nobody-knows" not in text


def test_both_limits_hold_exactly_for_many_at_once(open_door: Callable[..., Door], tmp_path: Path):
    """> Both hold exactly across API replicas."""
    path = tmp_path / "keys.json"
    path.write_text(
        keys(
            r={"tenant_id": "r", "max_concurrent_runs": 1000},
            c={"tenant_id": "c", "rate_limit_per_minute": 0},
        )
    )
    shared = {
        "MANTIS_TENANT_KEYS_PATH": str(path),
        "MANTIS_DATA_DIR": str(tmp_path / "shared"),
    }
    doors = [open_door(**shared) for _ in range(2)]

    def submit(token: str, count: int) -> list[int]:
        callers = [door.caller(token) for door in doors]
        with ThreadPoolExecutor(16) as pool:
            return list(
                pool.map(lambda number: callers[number % 2].post(GO).status_code, range(count))
            )

    assert submit("c", 60).count(200) == 5
    started = time.monotonic()
    accepted = submit("r", 60).count(200)
    assert 30 <= accepted <= 30 + (time.monotonic() - started) // 2 + 1
