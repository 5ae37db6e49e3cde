"""Contract, section 1: the routes, who may use them, and the headers."""

from collections.abc import Callable

import httpx
import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, Door, Tenants

pytestmark = pytest.mark.stack

PLAN = {"task_suite": [NAVIGATE]}


@pytest.mark.parametrize("path", ["/v1/predict", "/predict"])
def test_predict_and_its_alias_run_a_plan_or_act_on_a_run(acme: Caller, path: str):
    """
    > `POST /v1/predict`, alias `POST /predict` | run; the read actions need `status`, `result`
    > or `logs` (`run` includes all three) | run a plan, or act on a run (`action`)
    """
    run_id = acme.http.post(path, json=PLAN).json()["run_id"]
    answer = acme.http.post(path, json={"action": "status", "run_id": run_id})
    assert answer.json()["run_id"] == run_id


@pytest.mark.parametrize("scope", ["status", "result", "logs"])
def test_a_read_action_needs_its_scope_and_run_includes_all(
    tenants: Tenants, succeeded: str, scope: str
):
    """
    > `POST /v1/predict`, alias `POST /predict` | run; the read actions need `status`, `result`
    > or `logs` (`run` includes all three)
    """
    for token in ("status", "result", "logs"):
        expected = 200 if token == scope else 403
        assert tenants[token].act(scope, succeeded).status_code == expected
        assert tenants[token].post(PLAN).status_code == 403
    assert tenants["run"].act(scope, succeeded).status_code == 200


@pytest.mark.parametrize("action", ["cancel", "resume", "pause"])
def test_acting_on_a_run_needs_the_scope_run(tenants: Tenants, succeeded: str, action: str):
    """
    > `POST /v1/runs/{run_id}/cancel` `{"reason"?}`, `/resume` `{"user_input"}`, `/pause`
    > `{"reason"?}` | run | the same as the actions
    """
    for token in ("status", "result", "logs"):
        assert tenants[token].act(action, succeeded).status_code == 403
        answer = tenants[token].http.post(f"/v1/runs/{succeeded}/{action}", json={})
        assert answer.status_code == 403
    by_action = tenants["run"].act(action, succeeded)
    by_route = tenants["run"].http.post(f"/v1/runs/{succeeded}/{action}", json={})
    assert by_action.status_code == by_route.status_code
    assert by_action.json() == by_route.json()


def test_models_are_open(nobody: Caller):
    """
    > `GET /v1/models` | open |
    > `{"object":"list","data":[{"id":"holo3","object":"model","owned_by":"mantis"}]}`
    """
    assert nobody.get("/v1/models").json() == {
        "object": "list",
        "data": [{"id": "holo3", "object": "model", "owned_by": "mantis"}],
    }


def test_health_is_open_and_well(nobody: Caller):
    """
    > `GET /v1/health`, `GET /health` | open | liveness and readiness: 200
    > `{"ok":true,"model":"holo3", "checks":{…}}`
    """
    for path in ("/v1/health", "/health"):
        answer = nobody.get(path)
        assert answer.status_code == 200
        assert answer.json()["ok"] is True and answer.json()["model"] == "holo3"
        assert answer.json()["checks"]["ledger"] == "ok"
        assert answer.json()["checks"]["temporal"] == "ok"


def test_health_is_503_when_temporal_cannot_be_reached(open_door: Callable[..., Door]):
    """> 503 with `ok:false` when Temporal or the ledger cannot be reached"""
    answer = open_door(MANTIS_API_TOKEN="t").caller("").get("/v1/health")
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
    assert answer.json()["checks"]["temporal"] != "ok"


def test_version_is_open(nobody: Caller):
    """> `GET /v1/version` | open | `{version, model, ready, git_sha, build_time}`"""
    answer = nobody.get("/v1/version")
    assert answer.status_code == 200
    assert set(answer.json()) == {"version", "model", "ready", "git_sha", "build_time"}
    assert answer.json()["ready"] is True


def test_metrics_are_open_prometheus_text(nobody: Caller):
    """> `GET /metrics` | open | Prometheus text (section 9)"""
    answer = nobody.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE mantis_predict_requests_total counter" in answer.text


def test_the_cheap_poll_needs_status(tenants: Tenants, succeeded: str):
    """> `GET /v1/runs/{run_id}` | status | cheap poll: phase and back-off hint (section 5)"""
    path = f"/v1/runs/{succeeded}"
    assert tenants["status"].get(path).json()["phase"] == "complete"
    assert tenants["status"].get(path).json()["polling_backoff_ms_hint"] == 30_000
    assert tenants["result"].get(path).status_code == 403
    assert tenants["logs"].get(path).status_code == 403


@pytest.mark.parametrize("action", ["status", "result", "logs"])
def test_the_routes_answer_what_the_actions_answer(tenants: Tenants, succeeded: str, action: str):
    """
    > `GET /v1/runs/{run_id}/status`, `/result`, `/logs?tail=` | status, result, logs | the same
    > bodies as the actions
    """
    for token in ("status", "result", "logs"):
        answer = tenants[token].get(f"/v1/runs/{succeeded}/{action}")
        assert answer.status_code == (200 if token == action else 403)
    by_route = tenants["run"].get(f"/v1/runs/{succeeded}/{action}").json()
    assert by_route == tenants["run"].act(action, succeeded).json()


def test_logs_take_a_tail(acme: Caller, succeeded: str):
    """> `/logs?tail=`"""
    everything = acme.get(f"/v1/runs/{succeeded}/logs").json()["events"]
    last = acme.get(f"/v1/runs/{succeeded}/logs", tail=2).json()["events"]
    assert last == everything[-2:] and len(everything) > 2


def test_the_reason_of_a_cancel_is_in_the_log_and_on_the_status(acme: Caller, cancelled: str):
    """> the reason is kept in the log and on the status"""
    assert acme.status(cancelled)["cancel_reason"] == "changed my mind"
    assert "changed my mind" in acme.get(f"/v1/runs/{cancelled}/logs").text


def test_events_need_logs_and_come_as_json_with_a_cursor(tenants: Tenants, succeeded: str):
    """
    > `GET /v1/runs/{run_id}/events` | logs | `?sse=true` streams (section 6); without it, JSON
    > `{run_id, events:[…], count}`, `since` as cursor
    """
    path = f"/v1/runs/{succeeded}/events"
    assert tenants["status"].get(path).status_code == 403
    body = tenants["logs"].get(path).json()
    assert set(body) == {"run_id", "events", "count"}
    assert body["run_id"] == succeeded and body["count"] == len(body["events"]) > 3
    rest = tenants["logs"].get(path, since=body["events"][2]["ts"]).json()
    assert rest["events"] == body["events"][3:]
    streamed = tenants["logs"].get(path, sse="true")
    assert streamed.headers["content-type"].startswith("text/event-stream")


def test_a_run_without_a_recording_has_no_video(tenants: Tenants, succeeded: str):
    """
    > `GET /v1/runs/{run_id}/video` | any valid token | polished recording, else raw; `?raw=1` raw
    > only; else 404 (section 8)
    """
    for token in ("status", "result", "logs", "run"):
        for query in ({}, {"raw": 1}):
            assert tenants[token].get(f"/v1/runs/{succeeded}/video", **query).status_code == 404
    assert tenants["other"].get(f"/v1/runs/{succeeded}/video").status_code == 404


@pytest.mark.parametrize(
    "name", ["result.json", "leads.csv", "extracted_rows.json", "extracted_rows.csv"]
)
def test_artifacts_need_result(tenants: Tenants, succeeded: str, name: str):
    """
    > `GET /v1/runs/{run_id}/artifacts/{name}` | result | `result.json`, `leads.csv`,
    > `extracted_rows.json`, `extracted_rows.csv`
    """
    path = f"/v1/runs/{succeeded}/artifacts/{name}"
    assert tenants["status"].get(path).status_code == 403
    answer = tenants["result"].get(path)
    assert answer.status_code == 200 and answer.content
    assert tenants["other"].get(path).status_code == 404


def test_step_screenshots_are_there_by_the_names_the_result_gives(acme: Caller, failed: str):
    """> step screenshots by the names the result gives; any other name 404"""
    steps = acme.result(failed)["result"]["steps"]
    names = [step["screenshot"] for step in steps if step.get("screenshot")]
    assert names
    picture = acme.get(f"/v1/runs/{failed}/artifacts/{names[0]}")
    assert picture.status_code == 200 and picture.headers["content-type"].startswith("image/")
    for name in ("nothing.png", "status.json", "events.log", "..%2Fresult.json", ".hidden.png"):
        assert acme.get(f"/v1/runs/{failed}/artifacts/{name}").status_code == 404


def test_the_list_of_runs_is_the_tenants_newest_first_and_paged(tenants: Tenants, acme: Caller):
    """> `GET /v1/runs?status=&limit=&cursor=` | status | the tenant's runs, newest first"""
    made = [tenants["lister"].submit() for _ in range(2)]
    for run_id in made:
        tenants["lister"].wait(run_id)
    made.append(tenants["lister"].submit())
    tenants["lister"].wait(made[-1])
    page = tenants["lister"].get("/v1/runs", limit=2).json()
    listed = [run["run_id"] for run in page["runs"]]
    rest = tenants["lister"].get("/v1/runs", limit=200, cursor=page["next_cursor"]).json()
    listed += [run["run_id"] for run in rest["runs"]]
    assert set(listed) == set(made)
    times = [
        run["created_at"] for run in tenants["lister"].get("/v1/runs", limit=200).json()["runs"]
    ]
    assert times == sorted(times, reverse=True)
    over = tenants["lister"].get("/v1/runs", status="succeeded").json()["runs"]
    assert {run["run_id"] for run in over} == set(made)
    assert tenants["lister"].get("/v1/runs", status="failed").json()["runs"] == []
    assert tenants["logs"].get("/v1/runs").status_code == 403
    assert acme.get("/v1/runs", status="sleeping").status_code == 400


def test_the_queue_counts_what_is_not_over(tenants: Tenants):
    """
    > `GET /v1/queue` | status | `{tenant_id, queued, running, recovering, eta_ms}`; terminal runs
    > excluded; paused counts as running; `eta_ms` from recent dispatches, null only without samples
    """
    queue = tenants["queue"]
    empty = {"tenant_id": "queue", "queued": 0, "running": 0, "recovering": 0, "eta_ms": None}
    assert queue.get("/v1/queue").json() == empty
    run_id = queue.submit(task_suite=[NAVIGATE, {"intent": "Wait", "type": "wait",
                                                  "params": {"seconds": 30}}])  # fmt: skip
    counts = queue.get("/v1/queue").json()
    assert counts["queued"] + counts["running"] == 1
    queue.wait_until(run_id, "running")
    counts = queue.get("/v1/queue").json()
    assert counts["running"] == 1 and counts["queued"] == 0
    assert isinstance(counts["eta_ms"], int) and counts["eta_ms"] >= 0
    queue.cancel(run_id)
    assert queue.get("/v1/queue").json()["running"] == 0
    assert tenants["logs"].get("/v1/queue").status_code == 403


def test_the_pages_of_documentation_are_open(nobody: Caller):
    """> `/docs`, `/redoc`, `/openapi.json` | open |"""
    for path in ("/docs", "/redoc"):
        answer = nobody.get(path)
        assert answer.status_code == 200 and "text/html" in answer.headers["content-type"]
    assert nobody.get("/openapi.json").json()["openapi"].startswith("3.")


def test_the_pages_go_away_and_the_document_stays(open_door: Callable[..., Door]):
    """> the two pages go away with `MANTIS_ENABLE_DOCS_UI=0`; the document stays"""
    caller = open_door(MANTIS_API_TOKEN="t", MANTIS_ENABLE_DOCS_UI="0").caller("")
    assert caller.get("/docs").status_code == 404
    assert caller.get("/redoc").status_code == 404
    assert caller.get("/openapi.json").status_code == 200


def test_the_token_names_the_tenant(tenants: Tenants):
    """> Headers: `X-Mantis-Token` names the tenant."""
    for name, tenant in (("acme-1", "acme"), ("acme-2", "acme"), ("other", "other")):
        assert tenants[name].get("/v1/queue").json()["tenant_id"] == tenant


def test_a_gateways_authorization_is_accepted_and_ignored(acme: Caller, nobody: Caller):
    """> `Authorization: Api-Key …` belongs to a gateway in front: accept and ignore it."""
    for value in ("Api-Key abc", "Bearer tok-other", "nonsense"):
        given = {"Authorization": value}
        assert acme.http.get("/v1/queue", headers=given).json()["tenant_id"] == "acme"
        assert nobody.http.get("/v1/queue", headers=given).status_code == 401


def test_no_other_tenant_has_anything_of_a_run(tenants: Tenants, succeeded: str):
    """> unknown `run_id`, also another tenant's (the two are indistinguishable)"""
    unknown = "20200101_000000_0123abcd"
    for part in ("", "/status", "/result", "/logs", "/events", "/artifacts/result.json", "/video"):
        seen: list[httpx.Response] = [
            tenants["other"].get(f"/v1/runs/{run_id}{part}") for run_id in (succeeded, unknown)
        ]
        assert [answer.status_code for answer in seen] == [404, 404]
        assert seen[0].text.replace(succeeded, "ID") == seen[1].text.replace(unknown, "ID")
    for part in ("cancel", "resume", "pause"):
        answer = tenants["other"].http.post(f"/v1/runs/{succeeded}/{part}", json={})
        assert answer.status_code == 404
    for action in ("status", "result", "logs", "cancel", "resume", "pause"):
        assert tenants["other"].act(action, succeeded).status_code == 404
