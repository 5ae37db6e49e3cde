"""Contract, sections 1 to 3: routes, refusals and what a submission is answered with."""

from pathlib import Path

import httpx
import pytest

from ledger.clock import now_micros
from ledger.ledger import Ledger

STEP = {"intent": "Go to https://example.com", "type": "navigate"}


async def _queued(client: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await client.post("/v1/predict", json={"task_suite": [STEP], **body})


async def test_health_is_503_and_not_ok_while_temporal_is_away(client: httpx.AsyncClient):
    for path in ("/v1/health", "/health"):
        answer = await client.get(path)
        assert answer.status_code == 503
        body = answer.json()
        assert body["ok"] is False and body["model"] == "holo3"
        assert body["checks"]["ledger"] == "ok" and body["checks"]["temporal"] != "ok"


async def test_version_is_answered_and_not_ready_while_temporal_is_away(client: httpx.AsyncClient):
    answer = await client.get("/v1/version")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version", "model", "ready", "git_sha", "build_time"}
    assert answer.json()["ready"] is False


async def test_models_are_as_the_contract_shows_them(client: httpx.AsyncClient):
    assert (await client.get("/v1/models")).json() == {
        "object": "list",
        "data": [{"id": "holo3", "object": "model", "owned_by": "mantis"}],
    }


async def test_unknown_fields_are_accepted_and_echoed(client: httpx.AsyncClient):
    answer = await _queued(client, campaign="spring", nested={"a": [1, None]})
    assert answer.status_code == 200
    payload = answer.json()["payload"]
    assert payload["campaign"] == "spring" and payload["nested"] == {"a": [1, None]}


@pytest.mark.parametrize("name", ["password", "token", "secret", "api_key", "user_input", "Token"])
async def test_a_secret_field_is_masked_wherever_it_stands(client: httpx.AsyncClient, name: str):
    answer = await _queued(
        client, inputs={name: "hunter2"}, **{name: "hunter2", "deep": [{name: "hunter2"}]}
    )
    run_id = answer.json()["run_id"]
    seen = answer.text
    for part in ("status", "result", "logs", "events"):
        seen += (await client.get(f"/v1/runs/{run_id}/{part}")).text
    assert "hunter2" not in seen
    assert '"***"' in answer.text


async def test_a_dry_run_masks_secrets_too(client: httpx.AsyncClient):
    answer = await _queued(client, dry_run=True, auth={"user_id": "sam", "password": "hunter2"})
    assert answer.status_code == 200
    assert "hunter2" not in answer.text and "sam" not in answer.text


async def test_of_several_shapes_the_first_wins_and_the_log_says_so(client: httpx.AsyncClient):
    answer = await _queued(client, micro="plans/mine/one.json", plan_text="words")
    logs = (await client.get(f"/v1/runs/{answer.json()['run_id']}/logs")).text
    assert "taken from task_suite; ignored: micro, plan_text" in logs


async def test_a_leading_plans_may_be_written_or_left_out(client: httpx.AsyncClient):
    answers = [
        (await client.post("/v1/predict", json={"micro": path, "dry_run": True})).json()
        for path in ("plans/mine/one.json", "mine/one.json")
    ]
    assert answers[0]["signature"] == answers[1]["signature"]
    assert answers[0]["hosts"] == ["one.test"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/x.json", "mine/../../x.json", "plans/../x.json", "..", "mine/one.json/../one.json",
        "one.json", "mine/one.yaml", "mine/one.json\u0000", "mine/%2e%2e/one.json",
        "~/x.json", "file:///etc/x.json", "mine\\..\\x.json",
    ],
)  # fmt: skip
async def test_plan_files_outside_are_refused_without_a_server_path(
    client: httpx.AsyncClient, path: str, tmp_path: Path
):
    answer = await client.post("/v1/predict", json={"micro": path})
    assert answer.status_code == 400
    assert str(tmp_path) not in answer.text


async def test_a_plan_over_the_cap_names_the_cap(client: httpx.AsyncClient):
    answer = await client.post("/v1/predict", json={"task_suite": [STEP] * 201})
    assert answer.status_code == 400
    assert "200" in answer.json()["detail"]


async def test_a_token_comes_before_the_body(client: httpx.AsyncClient):
    answer = await client.post("/v1/predict", content=b"{", headers={"X-Mantis-Token": "wrong"})
    assert (answer.status_code, answer.json()) == (401, {"detail": "invalid X-Mantis-Token"})


async def test_json_comes_before_the_schema(client: httpx.AsyncClient):
    answer = await client.post("/v1/predict", content=b'{"task_suite": [NaN], "action": 3}')
    assert answer.status_code == 400
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize("field", ["intent", "type"])
async def test_a_step_without_a_required_field_is_named(client: httpx.AsyncClient, field: str):
    step = {name: value for name, value in STEP.items() if name != field}
    answer = await client.post("/v1/predict", json={"task_suite": [STEP, step]})
    assert answer.status_code == 400
    assert f"step 1 missing required field '{field}'" in answer.json()["detail"]


async def test_what_is_refused_leaves_nothing_behind(client: httpx.AsyncClient, ledger: Ledger):
    answer = await client.post("/v1/predict", json={"task_suite": [{"type": "click"}]})
    assert answer.status_code == 400
    assert await ledger.outbox.pending(10, now_micros()) == ()
