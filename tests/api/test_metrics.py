"""What `/metrics` and health show: each request once, whatever became of it."""

import asyncio
import json
import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from activities import metrics as worker_metrics
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from api.app import create_app
from api.health import Health
from api.metrics import Accounting, Metrics, Mode, Outcome, note, outcome_of
from api.ops_port import OpsPort
from api.probes import Probe
from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.database import Database
from ledger.ledger import Ledger
from ledger.model_health import Looked
from ledger.models import RunStatus
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.calls import Call, CallKind, Finish
from plans.calls import Outcome as StepOutcome
from plans.cost import CostBreakdown
from plans.state import RunState
from plans.step import FailureClass, Section, Step, StepType, TierName
from plans.summary import DynamicVerification, Summary, Tiers, Totals
from temporal.settings import TemporalSettings
from workflows.interfaces import FinishRequest, RunKey

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]
TENANT = "default"
UNKNOWN = "20260101_000000_abcdefab"

SUMMARY = Summary(
    total_time_s=12,
    steps_executed=1,
    viable=0,
    leads_with_phone=0,
    cost_total=0.3,
    cost_breakdown=CostBreakdown(),
    dynamic_verification_summary=DynamicVerification(verdict="fail", totals=Totals()),
    result_path="",
    csv_path="",
    tiers=Tiers(),
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


async def scrape(client: httpx.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(answer.text)


def requests(samples: Samples, mode: str, outcome: str, tenant: str = TENANT) -> float:
    return value(
        samples, "mantis_predict_requests_total", tenant_id=tenant, mode=mode, outcome=outcome
    )


def all_requests(samples: Samples) -> float:
    return sum(
        count for (name, _), count in samples.items() if name == "mantis_predict_requests_total"
    )


async def test_each_request_to_predict_counts_once_by_mode_and_outcome(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
):
    run_id = (await client.post("/v1/predict", json={"task_suite": PLAN})).json()["run_id"]
    for action in ("status", "result", "logs", "cancel", "resume", "pause"):
        await client.post("/predict", json={"action": action, "run_id": run_id})
        await client.post("/v1/predict", json={"action": action, "run_id": UNKNOWN})
    await client.post("/v1/predict", content=b"{")
    await client.post("/v1/predict", json={"action": "dance"})
    await client.post("/v1/predict", json={"task_suite": []})
    await stranger.post("/v1/predict", json={"task_suite": PLAN})
    samples = await scrape(client)
    assert requests(samples, "run", "ok") == 1
    for action in ("status", "result", "logs", "cancel"):
        assert requests(samples, action, "ok") == 1
    for action in ("resume", "pause"):
        assert requests(samples, action, "bad_request") == 1
    for action in ("status", "result", "logs", "cancel", "resume", "pause"):
        assert requests(samples, action, "not_found") == 1
    assert requests(samples, "run", "bad_request") == 3
    assert requests(samples, "run", "bad_request", tenant="") == 1
    assert all_requests(samples) == 17


async def test_get_routes_other_posts_and_other_methods_are_no_predict_requests(
    client: httpx.AsyncClient,
):
    await client.get("/v1/predict")
    await client.get(f"/v1/runs/{UNKNOWN}")
    await client.post(f"/v1/runs/{UNKNOWN}/cancel", json={})
    await client.get("/health")
    assert all_requests(await scrape(client)) == 0


async def test_a_stranger_makes_no_label_of_his_own(app: FastAPI):
    transport = httpx.ASGITransport(app=app)
    for token in ("a", "b", "c"):
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://mantis",
            headers={"X-Mantis-Token": token},
        ) as caller:
            await caller.post("/v1/predict", json={"action": f"mine-{token}", "tenant_id": token})
    async with httpx.AsyncClient(transport=transport, base_url="http://mantis") as caller:
        text = (await caller.get("/metrics")).text
    predict = [line for line in text.splitlines() if line.startswith("mantis_predict_requests_t")]
    assert len(predict) == 1
    assert 'tenant_id=""' in predict[0] and predict[0].endswith(" 3.0")


async def test_a_host_outside_the_allowlist_and_a_fault_of_ours_are_told_apart():
    metrics = Metrics()
    inner = FastAPI()

    @inner.post("/v1/predict")
    async def handler(what: str) -> None:
        note(tenant_id="t", mode="run")
        if what == "fault":
            raise ZeroDivisionError
        if what == "allowlist":
            note(outcome=Outcome.DENIED_ALLOWLIST)
        if what == "replay":
            note(outcome=Outcome.IDEMPOTENT_HIT)
        if what == "rate":
            note(outcome=Outcome.RATE_LIMITED, rejected="rate")

    transport = httpx.ASGITransport(app=Accounting(inner, metrics), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mantis") as client:
        for what in ("fault", "allowlist", "replay", "rate", "fine"):
            await client.post(f"/v1/predict?what={what}")
    samples = read((await metrics.text({})).decode())
    for outcome in ("error", "denied_allowlist", "idempotent_hit", "rate_limited", "ok"):
        assert requests(samples, "run", outcome, tenant="t") == 1
    rejected = "mantis_rate_limit_rejections_total"
    assert value(samples, rejected, tenant_id="t", kind="rate") == 1


async def test_replays_refusals_by_limits_and_by_the_allowlist_of_several_tenants(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str, tmp_path: Path
):
    keys = tmp_path / "keys.json"
    entries = {
        "token-slow": {"tenant_id": "slow", "rate_limit_per_minute": 1},
        "token-small": {"tenant_id": "small", "max_concurrent_runs": 1},
        "token-shut": {"tenant_id": "shut", "allowed_domains": ["only.test"]},
        "token-read": {"tenant_id": "shut", "scopes": ["status"]},
    }
    keys.write_text(json.dumps({"tenant_keys": entries}))
    known = settings.model_copy(update={"tenant_keys_path": str(keys)})
    app = create_app(known, ledger_settings, TemporalSettings(address=nowhere))
    plan = {"task_suite": PLAN}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://mantis"
        ) as client,
    ):

        async def post(token: str, **headers: str) -> int:
            answer = await client.post(
                "/v1/predict", json=plan, headers={"X-Mantis-Token": token, **headers}
            )
            return answer.status_code

        assert [await post("token-slow", **{"Idempotency-Key": "k"}) for _ in range(3)] == [200] * 3
        assert await post("token-slow") == 429
        assert [await post("token-small") for _ in range(3)] == [200, 429, 429]
        assert (await post("token-shut"), await post("token-read")) == (403, 403)
        samples = await scrape(client)
    assert requests(samples, "run", "ok", "slow") == 1
    assert requests(samples, "run", "idempotent_hit", "slow") == 2
    assert requests(samples, "run", "rate_limited", "slow") == 1
    assert requests(samples, "run", "rate_limited", "small") == 2
    assert requests(samples, "run", "denied_allowlist", "shut") == 1
    assert requests(samples, "run", "bad_request", "shut") == 1
    assert all_requests(samples) == 9
    rejected = "mantis_rate_limit_rejections_total"
    assert value(samples, rejected, tenant_id="slow", kind="rate") == 1
    assert value(samples, rejected, tenant_id="small", kind="concurrent") == 2
    assert value(samples, "mantis_concurrent_runs", tenant_id="small") == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (400, "bad_request"),
        (401, "bad_request"),
        (403, "bad_request"),
        (404, "not_found"),
        (409, "bad_request"),
        (413, "bad_request"),
        (429, "rate_limited"),
        (500, "error"),
        (502, "error"),
        (503, "error"),
    ],
)
def test_what_a_status_code_counts_as(status: int, outcome: str):
    assert outcome_of(status) == outcome


async def test_names_types_and_labels_are_those_of_the_contract(client: httpx.AsyncClient):
    text = (await client.get("/metrics")).text
    assert "# TYPE mantis_predict_requests_total counter" in text
    assert "# TYPE mantis_chat_completions_total counter" in text
    assert "# TYPE mantis_rate_limit_rejections_total counter" in text
    assert "# TYPE mantis_concurrent_runs gauge" in text
    assert "_created" not in text
    assert set(Mode) == {"run", "status", "result", "logs", "cancel", "resume", "pause"}


async def test_open_runs_are_read_from_the_ledger_and_a_tenant_without_any_shows_zero(
    client: httpx.AsyncClient, ledger: Ledger, app: FastAPI, tmp_path: Path
):
    run_id = (await client.post("/v1/predict", json={"task_suite": PLAN})).json()["run_id"]
    assert value(await scrape(client), "mantis_concurrent_runs", tenant_id=TENANT) == 1
    await finish(ledger, tmp_path, run_id)
    app.state.service.health._open_runs._known_at = float("-inf")
    samples = await scrape(client)
    assert ("mantis_concurrent_runs", frozenset({("tenant_id", TENANT)})) in samples
    assert value(samples, "mantis_concurrent_runs", tenant_id=TENANT) == 0


@pytest.fixture
async def hung(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The application with a ledger whose database takes connections and never answers."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    url = f"postgresql+asyncpg://nobody@127.0.0.1:{port}/none"
    service = app.state.service
    ledger = Ledger(Database(url), now_micros, Keyring([Fernet.generate_key()]))
    health = Health(ledger, service.temporal, service.tenants, service.settings.data_dir)
    app.state.service = replace(service, health=health, ledger=ledger)
    yield app
    silent.close()
    for writer in held:
        writer.close()
    await health.close()
    await ledger.close()


async def test_a_ledger_that_is_away_leaves_the_gauge_out(client: httpx.AsyncClient, hung: FastAPI):
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "mantis_concurrent_runs" not in answer.text
    assert "mantis_predict_requests_total" in answer.text


async def test_health_answers_in_time_whatever_hangs(client: httpx.AsyncClient, hung: FastAPI):
    loop = asyncio.get_running_loop()
    before = loop.time()
    answers = await asyncio.gather(*(client.get("/health") for _ in range(50)))
    assert loop.time() - before < 10
    assert {answer.status_code for answer in answers} == {503}
    body = answers[0].json()
    assert body["ok"] is False
    assert body["checks"]["ledger"] == "does not answer"
    assert body["checks"]["temporal"] == "can't be reached"
    assert set(body["checks"]) == {"ledger", "temporal", "auth", "workers", "disk"}
    before = loop.time()
    assert (await client.get("/v1/health")).status_code == 503
    assert loop.time() - before < 5


async def test_a_probe_is_under_way_once_and_its_answer_is_kept_for_a_while():
    asked = 0
    go = asyncio.Event()

    async def ask() -> str:
        nonlocal asked
        asked += 1
        await go.wait()
        return "ok"

    probe = Probe(ask, late="late", keep_s=0.05, patience_s=0.05)
    assert set(await asyncio.gather(*(probe.answer() for _ in range(20)))) == {"late"}
    assert asked == 1
    go.set()
    assert await probe.answer() == "ok"
    assert asked == 1
    await asyncio.sleep(0.06)
    assert await probe.answer() == "ok"
    assert asked == 2


async def test_auth_and_disk_only_inform(app: FastAPI, client: httpx.AsyncClient):
    checks = (await client.get("/health")).json()["checks"]
    assert checks["auth"] == "ok"
    assert checks["disk"] == "ok" or "GiB" in checks["disk"]
    assert checks["workers"] == "unknown"


async def test_health_and_metrics_tell_how_the_models_were_at_the_last_look(
    app: FastAPI, client: httpx.AsyncClient, ledger: Ledger
):
    def anew() -> None:
        app.state.service.health._looked_at._known_at = float("-inf")

    assert "holo3" not in (await client.get("/health")).json()["checks"]
    assert "mantis_model_up" not in (await client.get("/metrics")).text
    for ok, detail, told in (
        (True, "in 0.4 s", "ok"),
        (False, "it answered 500", "it answered 500"),
    ):
        await ledger.model_health.note(Looked(tier=TierName.HOLO3, ok=ok, detail=detail))
        anew()
        body = (await client.get("/health")).json()
        assert body["checks"]["holo3"] == told
        assert value(await scrape(client), "mantis_model_up", tier="holo3") == ok


async def test_a_look_of_long_ago_says_nothing(
    app: FastAPI, client: httpx.AsyncClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    await ledger.model_health.note(Looked(tier=TierName.HOLO3, ok=True, detail=""))
    monkeypatch.setattr("api.health.now_micros", lambda: now_micros() + 600_000_000)
    checks = (await client.get("/health")).json()["checks"]
    assert "nobody has looked for 10 minutes" in checks["holo3"]
    assert value(await scrape(client), "mantis_model_up", tier="holo3") == 0


async def finish(ledger: Ledger, tmp_path: Path, run_id: str) -> None:
    ending = RunActivities(ledger, ActivitySettings(data_dir=tmp_path / "data"))
    await ending.finish_run(
        FinishRequest(
            run=RunKey(tenant_id=TENANT, run_id=run_id),
            finish=Finish(status="succeeded"),
            state=RunState(),
            elapsed_ms=12_000,
        )
    )


def ended_runs() -> tuple[float, float]:
    """How many runs this process has seen end well, and their seconds."""
    labels = {"tenant_id": TENANT, "model": "holo3", "status": "succeeded"}
    found = worker_metrics.WORKER_METRICS.get_sample_value
    return (
        found("mantis_run_duration_seconds_count", labels) or 0,
        found("mantis_run_duration_seconds_sum", labels) or 0,
    )


async def test_a_run_is_observed_once_however_often_its_end_is_written(
    client: httpx.AsyncClient, ledger: Ledger, tmp_path: Path
):
    count, seconds = ended_runs()
    run_id = (await client.post("/v1/predict", json={"task_suite": PLAN})).json()["run_id"]
    for _ in range(3):
        await finish(ledger, tmp_path, run_id)
    assert ended_runs() == (count + 1, seconds + 12)


def test_a_step_is_observed_by_type_tier_and_outcome():
    call = Call(
        kind=CallKind.STEP,
        index=0,
        step=Step(intent="Click it", type=StepType.CLICK),
        section=Section.SETUP,
    )
    found = worker_metrics.WORKER_METRICS.get_sample_value
    name = "mantis_step_seconds_count"
    good = {"type": "click", "tier": "dom", "outcome": "ok"}
    bad = {"type": "return_to_list", "tier": "none", "outcome": "nav_timeout"}
    before = found(name, good) or 0, found(name, bad) or 0
    worker_metrics.observe_step(call, StepOutcome(success=True, tier=TierName.DOM))
    failed = StepOutcome(success=False, failure_class=FailureClass.NAV_TIMEOUT)
    worker_metrics.observe_step(call.model_copy(update={"kind": CallKind.RETURN}), failed)
    assert (found(name, good), found(name, bad)) == (before[0] + 1, before[1] + 1)


def test_the_buckets_are_those_of_the_contract():
    worker_metrics.observe_run("buckets", RunStatus.FAILED, SUMMARY)
    text = generate_latest(worker_metrics.WORKER_METRICS).decode()
    for name, bounds in (
        ("mantis_run_duration_seconds", "10 30 60 120 300 600 1200 1800 3600 +Inf"),
        ("mantis_run_cost_usd", "0.01 0.05 0.1 0.25 0.5 1 2.5 5 10 25 +Inf"),
    ):
        line = rf'^{name}_bucket{{le="([^"]+)",model="holo3",status="failed",tenant_id="buckets"}}'
        shown = re.findall(line, text, re.MULTILINE)
        assert [float(one) for one in shown] == [float(one) for one in bounds.split()]


WORKER = """
import os, signal, sys
from ledger.models import RunStatus
from activities.metrics import observe_run
from temporal.metrics_share import share
from temporal.settings import OpsSettings
from plans.summary import Summary
share(OpsSettings())
observe_run("t", RunStatus.SUCCEEDED, Summary.model_validate_json(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def work_and_be_killed(folder: Path, name: str) -> None:
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "MANTIS_PROCESS_NAME": name,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", WORKER, SUMMARY.model_dump_json()]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


async def test_the_api_shows_what_the_workers_measured_and_a_killed_one_loses_nothing(
    tmp_path: Path,
):
    for name in ("worker-runs", "worker-runs", "worker-more"):
        work_and_be_killed(tmp_path, name)
    files = sorted(name for name in os.listdir(tmp_path) if name.startswith("histogram_"))
    assert files == ["histogram_worker-more.db", "histogram_worker-runs.db"]
    samples = read((await Metrics(tmp_path).text(None)).decode())
    labels = {"tenant_id": "t", "model": "holo3", "status": "succeeded"}
    assert value(samples, "mantis_run_duration_seconds_count", **labels) == 3
    assert value(samples, "mantis_run_duration_seconds_sum", **labels) == 36
    assert value(samples, "mantis_run_cost_usd_bucket", **labels, le="0.5") == 3


def test_a_file_of_samples_has_its_room_on_the_disk_before_it_is_mapped(tmp_path: Path):
    work_and_be_killed(tmp_path, "worker-runs")
    for path in tmp_path.iterdir():
        assert path.stat().st_blocks * 512 >= 1024 * 1024


async def test_damaged_samples_fail_no_scrape(tmp_path: Path):
    (tmp_path / "histogram_worker.db").write_bytes(struct.pack("i", 4096) + b"\xff" * 4092)
    assert "mantis_predict_requests_total" in (await Metrics(tmp_path).text(None)).decode()
    gone = Metrics(tmp_path / "gone")
    assert "mantis_predict_requests_total" in (await gone.text(None)).decode()


async def test_with_an_ops_port_metrics_are_only_there_and_health_is_on_both(app: FastAPI):
    layered = OpsPort(app, port=9)
    found: dict[tuple[int, str], int] = {}
    for port in (8, 9):
        transport = httpx.ASGITransport(app=layered)
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://mantis:{port}"
        ) as caller:
            for path in ("/metrics", "/health", "/v1/health", "/v1/models", "/nowhere"):
                found[port, path] = (await caller.get(path)).status_code
    assert found == {
        (8, "/metrics"): 404,
        (8, "/health"): 503,
        (8, "/v1/health"): 503,
        (8, "/v1/models"): 200,
        (8, "/nowhere"): 404,
        (9, "/metrics"): 200,
        (9, "/health"): 503,
        (9, "/v1/health"): 503,
        (9, "/v1/models"): 404,
        (9, "/nowhere"): 404,
    }
