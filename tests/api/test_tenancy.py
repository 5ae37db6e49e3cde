"""Tenants over HTTP: scopes, caps, rotation, keys that change, and no way to another's runs."""

import asyncio
import json
import logging
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]
UNKNOWN = "20200101_000000_00000000"


def token(name: str) -> dict[str, str]:
    return {"X-Mantis-Token": name}


async def submit(client: httpx.AsyncClient, name: str, **fields: object) -> httpx.Response:
    body = {"task_suite": PLAN, **fields}
    return await client.post("/v1/predict", json=body, headers=token(name))


async def run_of(client: httpx.AsyncClient, name: str, **fields: object) -> str:
    answer = await submit(client, name, **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run_id"])


@pytest.fixture
async def kept(tenants_app: FastAPI, ledger_settings: LedgerSettings):
    ledger = await Ledger.open(ledger_settings.url)
    yield ledger
    await ledger.close()


ROUTES = [
    ("GET", "/v1/runs/{id}"),
    ("GET", "/v1/runs/{id}/status"),
    ("GET", "/v1/runs/{id}/result"),
    ("GET", "/v1/runs/{id}/logs"),
    ("GET", "/v1/runs/{id}/events"),
    ("GET", "/v1/runs/{id}/events?sse=true"),
    ("GET", "/v1/runs/{id}/artifacts/result.json"),
    ("GET", "/v1/runs/{id}/video"),
    ("POST", "/v1/runs/{id}/cancel"),
    ("POST", "/v1/runs/{id}/resume"),
    ("POST", "/v1/runs/{id}/pause"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_run_of_another_tenant_is_one_that_never_was(
    tenants: httpx.AsyncClient, kept: Ledger, method: str, path: str
):
    run_id = await run_of(tenants, "acme-1")
    theirs = await tenants.request(method, path.format(id=run_id), headers=token("zeta-1"))
    never = await tenants.request(method, path.format(id=UNKNOWN), headers=token("zeta-1"))
    assert theirs.status_code == never.status_code == 404
    assert theirs.text.replace(run_id, UNKNOWN) == never.text
    run = await kept.runs.get("acme", run_id)
    assert run is not None and not run.cancel_requested


@pytest.mark.parametrize("action", ["status", "result", "logs", "cancel", "resume", "pause"])
async def test_an_action_on_a_run_of_another_tenant(
    tenants: httpx.AsyncClient, kept: Ledger, action: str
):
    run_id = await run_of(tenants, "acme-1")
    body = {"action": action, "run_id": run_id, "user_input": "x"}
    answer = await tenants.post("/v1/predict", json=body, headers=token("zeta-1"))
    assert (answer.status_code, answer.json()) == (404, {"detail": f"unknown run_id: {run_id}"})
    run = await kept.runs.get("acme", run_id)
    assert run is not None and not run.cancel_requested


async def test_names_that_a_caller_gives_live_under_the_tenant(
    tenants: httpx.AsyncClient, kept: Ledger
):
    """Two tenants with the same key, profile and workflow never meet."""
    names = {"profile_id": "../acme/shop", "workflow_id": "daily", "resume_state": True}
    for name in ("acme-1", "zeta-1"):
        answer = await tenants.post(
            "/v1/predict",
            json={"task_suite": PLAN, **names},
            headers={**token(name), "Idempotency-Key": "same"},
        )
        assert answer.status_code == 200, answer.text
        handle = answer.json()
        assert handle["result_path"].startswith(f"tenants/{name[:4]}/runs/")
        assert handle["profile_id"] == "_acme_shop"
        run = await kept.runs.get(name[:4], handle["run_id"])
        assert run is not None and run.released
    for name in ("acme-1", "zeta-1"):
        listed = (await tenants.get("/v1/runs", headers=token(name))).json()
        assert listed["count"] == 1
        counted = (await tenants.get("/v1/queue", headers=token(name))).json()
        assert (counted["tenant_id"], counted["queued"]) == (name[:4], 1)


async def test_scopes(tenants: httpx.AsyncClient):
    run_id = await run_of(tenants, "acme-1")
    needs = {
        f"/v1/runs/{run_id}": "status",
        f"/v1/runs/{run_id}/status": "status",
        "/v1/runs": "status",
        "/v1/queue": "status",
        f"/v1/runs/{run_id}/result": "result",
        f"/v1/runs/{run_id}/logs": "logs",
        f"/v1/runs/{run_id}/events": "logs",
    }
    for path, scope in needs.items():
        for has in ("status", "result", "logs", "none"):
            answer = await tenants.get(path, headers=token(f"acme-{has}"))
            assert answer.status_code == (200 if has == scope else 403), (path, has)
            if has != scope:
                assert answer.json() == {"detail": f"the token lacks the scope '{scope}'"}
        assert (await tenants.get(path, headers=token("acme-1"))).status_code == 200
    for action in ("cancel", "resume", "pause"):
        for has in ("status", "result", "logs", "none"):
            by_route = await tenants.post(
                f"/v1/runs/{run_id}/{action}", headers=token(f"acme-{has}")
            )
            by_action = await tenants.post(
                "/v1/predict",
                json={"action": action, "run_id": run_id},
                headers=token(f"acme-{has}"),
            )
            assert by_route.status_code == by_action.status_code == 403
    for has in ("status", "result", "logs", "none"):
        assert (await submit(tenants, f"acme-{has}")).status_code == 403
        assert (await submit(tenants, f"acme-{has}", dry_run=True)).status_code == 403
    for has in ("1", "status", "result", "logs", "none"):
        video = await tenants.get(f"/v1/runs/{run_id}/video", headers=token(f"acme-{has}"))
        assert (video.status_code, video.json()["detail"][:12]) == (404, "no recording")
        ask = {"messages": []}
        chat = await tenants.post("/v1/chat/completions", json=ask, headers=token(f"acme-{has}"))
        assert chat.status_code == (502 if has == "1" else 403)
    artifact = f"/v1/runs/{run_id}/artifacts/result.json"
    assert (await tenants.get(artifact, headers=token("acme-logs"))).status_code == 403
    assert (await tenants.get(artifact, headers=token("acme-result"))).status_code == 404


async def test_two_tokens_name_one_tenant(tenants: httpx.AsyncClient):
    run_id = await run_of(tenants, "acme-1")
    assert (await tenants.get(f"/v1/runs/{run_id}", headers=token("acme-2"))).status_code == 200
    again = [
        await tenants.post(
            "/v1/predict",
            json={"task_suite": PLAN},
            headers={**token(name), "Idempotency-Key": "k"},
        )
        for name in ("acme-1", "acme-2")
    ]
    assert again[0].json() == again[1].json()


async def test_the_smallest_of_server_tenant_and_request_counts(
    tenants: httpx.AsyncClient, kept: Ledger
):
    for asked, cost, minutes in [
        ({}, 1.5, 2),
        ({"max_cost": 100, "max_time_minutes": 100}, 1.5, 2),
        ({"max_cost": 0.5, "max_time_minutes": 1}, 0.5, 1),
    ]:
        handle = (await submit(tenants, "small-1", **asked)).json()
        assert handle["payload"]["max_cost"] == cost
        assert handle["payload"]["max_time_minutes"] == minutes
        run = await kept.runs.get("small", handle["run_id"])
        assert run is not None
        assert run.limits.max_cost_micro == cost * 1_000_000
        assert run.limits.max_time_ms == minutes * 60_000


async def test_what_the_tenant_gives_a_run(tenants: httpx.AsyncClient, kept: Ledger):
    handle = (await submit(tenants, "small-1")).json()
    assert handle["payload"]["callback_url"] == "https://hooks.example/small"
    run = await kept.runs.get("small", handle["run_id"])
    assert run is not None
    assert run.callback_url == "https://hooks.example/small"
    assert run.webhook_secret_name == "small_hook"
    assert run.allowed_hosts == ("example.com",)
    own = (await submit(tenants, "small-1", callback_url="https://mine.example/x")).json()
    run = await kept.runs.get("small", own["run_id"])
    assert run is not None and run.callback_url == "https://mine.example/x"
    rehearsed = (await submit(tenants, "small-1", dry_run=True)).json()
    assert rehearsed["payload"]["callback_url"] == "https://hooks.example/small"
    other = await run_of(tenants, "acme-1")
    run = await kept.runs.get("acme", other)
    assert run is not None and run.callback_url is None and run.allowed_hosts == ()


async def test_a_plan_in_words_needs_the_tenants_own_key_as_it_is_now(
    tenants: httpx.AsyncClient, tmp_path: Path
):
    words = {"plan_text": "Open example.com and read the title."}
    for name in ("keyed-1", "acme-1"):
        answer = await tenants.post("/v1/predict", json=words, headers=token(name))
        assert answer.status_code == 400
        assert "Anthropic key for this tenant" in answer.json()["detail"]
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "keyed_key").write_text("sk-keyed-canary\n")
    accepted = await tenants.post("/v1/predict", json=words, headers=token("keyed-1"))
    assert accepted.status_code == 200
    assert "canary" not in accepted.text
    other = await tenants.post("/v1/predict", json=words, headers=token("acme-1"))
    assert other.status_code == 400
    (folder / "keyed_key").unlink()
    gone = await tenants.post("/v1/predict", json=words, headers=token("keyed-1"))
    assert gone.status_code == 400


async def _until(client: httpx.AsyncClient, path: str, name: str, says: str) -> None:
    async with asyncio.timeout(5):
        while True:
            if says in (await client.get(path, headers=token(name))).text:
                return
            await asyncio.sleep(0.1)


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_keys_change_within_five_seconds_and_a_broken_file_changes_nothing(
    tenants: httpx.AsyncClient, keys_path: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        write(keys_path, json.dumps({"tenant_keys": {"new-1": {"tenant_id": "acme"}}}))
        await _until(tenants, "/v1/queue", "new-1", "acme")
        assert (await tenants.get("/v1/queue", headers=token("acme-1"))).status_code == 401
        write(keys_path, '{"tenant_keys": {"newer-1": ')
        await _until(tenants, "/health", "", "last good one is in force")
        assert (await tenants.get("/v1/queue", headers=token("new-1"))).status_code == 200
    assert "last good one is in force" in caplog.text
    for secret in ("acme-1", "new-1", "newer-1"):
        assert secret not in caplog.text


async def test_beside_a_keys_file_the_single_token_is_none(
    tenants: httpx.AsyncClient, settings: ApiSettings
):
    wrong = await tenants.get("/v1/queue", headers=token(settings.api_token))
    assert (wrong.status_code, wrong.json()) == (401, {"detail": "invalid X-Mantis-Token"})


async def test_a_keys_file_that_never_was_valid_lets_nobody_in(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str, tmp_path: Path
):
    named = {"tenant_keys_path": str(tmp_path / "not-there.json")}
    app = create_app(
        settings.model_copy(update=named), ledger_settings, TemporalSettings(address=nowhere)
    )
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mantis") as client:
            for name in (settings.api_token, "acme-1", "x"):
                answer = await client.get("/v1/queue", headers=token(name))
                assert answer.status_code == 401
                assert answer.json() == {"detail": "invalid X-Mantis-Token"}
            missing = await client.get("/v1/queue")
            assert missing.json() == {"detail": "missing X-Mantis-Token header"}
            health = (await client.get("/health")).json()
            assert "nobody gets in" in health["checks"]["auth"]


async def test_runs_wait_for_their_profile_in_the_order_of_admission(
    tenants: httpx.AsyncClient, kept: Ledger
):
    ids = [await run_of(tenants, "acme-1", profile_id="shop") for _ in range(3)]
    runs = [await kept.runs.get("acme", run_id) for run_id in ids]
    assert [run is not None and run.released for run in runs] == [True, False, False]
    starts = [errand.run_id for errand in await kept.outbox.pending(10, now_micros() + 10**10)]
    assert starts == [ids[0]]
