"""Contract, section 9: metrics."""

import re
import socket
from collections.abc import Callable

import httpx
import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, Door, Tenants
from tests.e2e.live import eventually

pytestmark = pytest.mark.stack

UNKNOWN = "20200101_000000_0123abcd"
PLAN = {"task_suite": [NAVIGATE]}


def samples(caller: Caller, name: str, **labels: str) -> float:
    """The sum of the samples of a name whose labels are as given."""
    total = 0.0
    for line in caller.get("/metrics").text.splitlines():
        match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            total += float(match[2])
    return total


def counted(caller: Caller, mode: str, outcome: str, tenant: str = "acme") -> float:
    name = "mantis_predict_requests_total"
    return samples(caller, name, tenant_id=tenant, mode=mode, outcome=outcome)


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("run", "ok"),
        ("run", "bad_request"),
        ("run", "idempotent_hit"),
        ("status", "ok"),
        ("result", "ok"),
        ("logs", "ok"),
        ("cancel", "ok"),
        ("resume", "bad_request"),
        ("pause", "bad_request"),
        ("status", "not_found"),
    ],
)
def test_each_request_is_counted_once(acme: Caller, succeeded: str, mode: str, outcome: str):
    """
    > `mantis_predict_requests_total{tenant_id,mode,outcome}` (mode run, status, result, logs,
    > cancel, resume, pause; outcome ok, bad_request, rate_limited, denied_allowlist,
    > idempotent_hit, not_found, error),
    """
    acme.post(PLAN, key="metrics")
    before = counted(acme, mode, outcome)
    match (mode, outcome):
        case ("run", "ok"):
            acme.post(PLAN)
        case ("run", "bad_request"):
            acme.post({"task_suite": []})
        case ("run", "idempotent_hit"):
            acme.post(PLAN, key="metrics")
        case (_, "not_found"):
            acme.act(mode, UNKNOWN)
        case _:
            acme.act(mode, succeeded, user_input="x")
    assert counted(acme, mode, outcome) == before + 1


def test_refusals_of_limits_are_counted_by_kind(tenants: Tenants, acme: Caller):
    """
    > `mantis_rate_limit_rejections_total{tenant_id,kind}` (rate, concurrent),
    """
    slow, listed = tenants["slow"], tenants["listed"]
    while slow.post({**PLAN, "dry_run": True}).status_code != 429:
        pass
    name = "mantis_rate_limit_rejections_total"
    before = samples(acme, name, tenant_id="slow", kind="rate")
    assert before >= 1
    if slow.post({**PLAN, "dry_run": True}).status_code == 429:
        assert samples(acme, name, tenant_id="slow", kind="rate") == before + 1
    assert counted(acme, "run", "rate_limited", "slow") >= 1
    stranger = {"intent": "Go to https://stranger.test", "type": "navigate"}
    listed.post({"task_suite": [stranger]})
    assert counted(acme, "run", "denied_allowlist", "listed") >= 1


def test_runs_are_measured_once(tenants: Tenants):
    """
    > `mantis_run_duration_seconds{tenant_id,model,status}` (buckets 10 30 60 120 300 600 1200 1800
    > 3600),

    > `mantis_run_cost_usd{tenant_id,model,status}` (0.01 .05 .1 .25 .5 1 2.5 5 10 25),

    > With several replicas nothing counts twice: a run's histograms are observed once, by the
    > process that wrote its terminal state;
    """
    poor = tenants["poor"]
    labels = {"tenant_id": "poor", "model": "holo3", "status": "succeeded"}
    names = ("mantis_run_duration_seconds_count", "mantis_run_cost_usd_count")
    before = [samples(poor, name, **labels) for name in names]
    poor.wait(poor.submit())
    eventually(
        lambda: [samples(poor, name, **labels) for name in names] == [one + 1 for one in before],
        10,
        "the run is measured",
    )
    text = poor.get("/metrics").text
    for name, bounds in (
        ("mantis_run_duration_seconds", "10 30 60 120 300 600 1200 1800 3600"),
        ("mantis_run_cost_usd", "0.01 0.05 0.1 0.25 0.5 1 2.5 5 10 25"),
    ):
        found = {float(le) for le in re.findall(rf'{name}_bucket\{{[^}}]*le="([^"+]+)"', text)}
        assert found == {float(bound) for bound in bounds.split()}


def test_running_runs_are_a_gauge_of_the_ledger(acme: Caller, running: str):
    """
    > `mantis_concurrent_runs{tenant_id}`,

    > the gauge is read from the ledger and documented as one to take the maximum of.
    """
    assert samples(acme, "mantis_concurrent_runs", tenant_id="acme") >= 1
    text = acme.get("/metrics").text
    assert re.search(r"# HELP mantis_concurrent_runs .*max", text)


def test_steps_are_measured(acme: Caller, succeeded: str):
    """> and per step `mantis_step_seconds{type,tier,outcome}`."""
    assert samples(acme, "mantis_step_seconds_count", type="navigate") >= 1
    assert samples(acme, "mantis_step_seconds_count", type="extract_data", tier="dom") >= 2


def test_chat_completions_have_their_counter(acme: Caller):
    """
    > `mantis_chat_completions_total{tenant_id,outcome}` (ok, status_4xx, status_5xx,
    > upstream_error),
    """
    name, outcome = "mantis_chat_completions_total", "upstream_error"
    before = samples(acme, name, tenant_id="acme", outcome=outcome)
    assert acme.http.post("/v1/chat/completions", json={"messages": []}).status_code == 502
    assert samples(acme, name, tenant_id="acme", outcome=outcome) == before + 1


def test_metrics_and_health_can_be_bound_to_another_port(open_door: Callable[..., Door]):
    """> `/metrics` and health can be bound to another port (`MANTIS_OPS_PORT`)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    door = open_door(MANTIS_API_TOKEN="t", MANTIS_OPS_PORT=str(port))
    assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/health").json()["model"] == "holo3"
    assert door.caller("t").get("/metrics").status_code == 404
