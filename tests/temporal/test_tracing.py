"""Traces over real processes, sent to a collector that reads what OTLP sends."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from temporal import tracing
from temporal.otlp import Careful
from temporal.settings import TracingSettings

TOKEN = "canary-token-7d1"
CANARY = "canary-secret-3f9"
HOOK = "canary-hook-51c"


@dataclass(frozen=True)
class Seen:
    service: str
    span: Span

    @property
    def attributes(self) -> dict[str, str | int]:
        return {
            pair.key: pair.value.string_value or pair.value.int_value
            for pair in self.span.attributes
        }


@dataclass
class Collector:
    """A tiny OTLP/HTTP collector, and a receiver of webhooks."""

    bodies: list[bytes] = field(default_factory=list[bytes])
    webhooks: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    port: int = 0

    def spans(self) -> list[Seen]:
        found: list[Seen] = []
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                found += [
                    Seen(names["service.name"], span)
                    for scope in resource.scope_spans
                    for span in scope.spans
                ]
        return found


def handler_of(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/v1/traces":
                collector.bodies.append(body)
            else:
                collector.webhooks.append((self.path, self.headers.get("traceparent", "")))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    return Handler


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(made))
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], what: str, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Processes:
    """An API and a worker for workflows and webhooks, on one folder."""

    def __init__(self, folder: Path, temporal_address: str, endpoint: str) -> None:
        self.folder = folder
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")
        } | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TEMPORAL_ADDRESS": temporal_address,
            "MANTIS_DATA_DIR": str(folder),
            "MANTIS_API_TOKEN": TOKEN,
            "MANTIS_WEBHOOK_ALLOW_PRIVATE": "1",
            "MANTIS_ACCESS_LOG": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        }
        self.ops_port, self.worker_port = free_port(), free_port()
        self._environment["MANTIS_OPS_PORT"] = str(self.ops_port)
        self._environment["MANTIS_WORKER_OPS_PORT"] = str(self.worker_port)
        if endpoint:
            self._environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        self.port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", self.log(name)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"X-Mantis-Token": TOKEN},
            timeout=20,
        )

    def stop(self) -> float:
        """End them all; how many seconds the slowest took."""
        begun = time.monotonic()
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(40)
            if process.stdout is not None:
                process.stdout.close()
        self._running.clear()
        return time.monotonic() - begun


@pytest.fixture
def processes(tmp_path: Path, temporal_address: str) -> Iterator[Callable[[str], Processes]]:
    started: list[Processes] = []

    def start(endpoint: str) -> Processes:
        made = Processes(tmp_path, temporal_address, endpoint)
        started.append(made)
        made.start("api", "api", "--port", str(made.port))
        made.start("worker", "temporal.worker", "--pool", "runs", "--pool", "delivery")
        return made

    yield start
    for one in started:
        one.stop()


STEPS = [{"type": "navigate", "intent": "Open https://example.com"}]


def submit(client: httpx.Client, **options: object) -> str:
    """A run that ends at once: it is cancelled while it waits for a browser."""
    answer = client.post("/v1/predict", json={"task_suite": STEPS, **options})
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["run_id"]
    assert client.post(f"/v1/runs/{run_id}/cancel", json={}).status_code == 200
    over = "cancelled"
    until(lambda: client.get(f"/v1/runs/{run_id}").json()["status"] == over, f"end of {run_id}")
    return run_id


@pytest.mark.timeout(180)
def test_a_run_is_one_trace_from_the_request_to_its_webhook(
    processes: Callable[[str], Processes], collector: Collector
):
    running = processes(f"http://127.0.0.1:{collector.port}")
    caller = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    with running.client() as client:
        client.headers["traceparent"] = caller
        client.headers["baggage"] = f"user={CANARY}"
        run_id = submit(
            client,
            callback_url=f"http://127.0.0.1:{collector.port}/hook/{HOOK}?key={HOOK}",
            user_input=CANARY,
        )
        client.get(f"/v1/runs/{run_id}/logs?tail=5&why={CANARY}")
        client.get(f"/nowhere/{CANARY}")
        assert client.get("/health").json()["checks"]["temporal"] == "ok"
        client.get("/metrics")
    until(lambda: collector.webhooks, "the webhook")
    assert running.stop() < 30
    spans = collector.spans()
    assert [seen.span.name for seen in spans].count("POST /v1/predict") == 1
    of_run = {seen.span.name: seen for seen in spans if seen.attributes.get("mantis.run_id")}
    expected = {
        "POST /v1/predict": "mantis-api",
        "StartWorkflow:PlanRun": "mantis-api",
        "RunWorkflow:PlanRun": "mantis-worker-runs-delivery",
        "RunActivity:load_run": "mantis-worker-runs-delivery",
        "RunActivity:finish_run": "mantis-worker-runs-delivery",
    }
    assert {name: seen.service for name, seen in of_run.items() if name in expected} == expected
    webhook = [seen for seen in spans if seen.span.name == "POST"]
    assert len(webhook) == 1
    assert webhook[0].attributes["http.status_code"] == 200
    assert webhook[0].attributes["mantis.tenant"] == "default"
    in_one_trace = [of_run[name].span.trace_id.hex() for name in expected]
    in_one_trace.append(webhook[0].span.trace_id.hex())
    assert set(in_one_trace) == {"ab" * 16}
    assert collector.webhooks[0][1] == f"00-{'ab' * 16}-{webhook[0].span.span_id.hex()}-01"
    assert {of_run[name].attributes["mantis.run_id"] for name in expected} == {run_id}
    assert {of_run[name].attributes["mantis.tenant"] for name in expected} == {"default"}
    names = {seen.span.name for seen in spans}
    assert not any("health" in name or "metrics" in name for name in names)
    assert not any("http send" in name or "http receive" in name for name in names)
    sent = b"".join(collector.bodies)
    for secret in (CANARY, HOOK, TOKEN, "why=", "/hook"):
        assert secret.encode() not in sent
    logged = running.log("api") + running.log("worker")
    assert TOKEN not in logged and f"why={CANARY}" not in logged
    lines = [json.loads(line) for line in running.log("api").splitlines()]
    accessed = [line for line in lines if line["message"] == f"GET /v1/runs/{run_id}/logs 200"]
    assert accessed[0]["run_id"] == run_id and accessed[0]["tenant_id"] == "default"


@pytest.mark.timeout(180)
def test_a_collector_that_is_away_fails_nothing_and_is_mentioned_once(
    processes: Callable[[str], Processes],
):
    running = processes(f"http://127.0.0.1:{free_port()}")
    with running.client() as client:
        for _ in range(3):
            submit(client)
        assert client.get("/metrics").status_code == 404
        assert "runs" not in client.get("/health").json()["checks"]["workers"]
    assert_ports_of_metrics(running)
    assert running.stop() < 15
    for name in ("api", "worker"):
        lines = [json.loads(line) for line in running.log(name).splitlines()]
        about = [line for line in lines if "collector" in line["message"]]
        assert len(about) <= 1
        assert not [line for line in lines if line["logger"].startswith("opentelemetry")]


def assert_ports_of_metrics(running: Processes) -> None:
    """In a cluster the API and each worker show what they measured themselves."""
    of_api = httpx.get(f"http://127.0.0.1:{running.ops_port}/metrics").text
    of_worker = httpx.get(f"http://127.0.0.1:{running.worker_port}/metrics").text
    labels = '{mode="run",outcome="ok",tenant_id="default"}'
    assert f"mantis_predict_requests_total{labels} 3.0" in of_api
    assert "mantis_run_duration" not in of_api
    labels = '{model="holo3",status="cancelled",tenant_id="default"}'
    assert f"mantis_run_duration_seconds_count{labels} 3.0" in of_worker
    assert httpx.get(f"http://127.0.0.1:{running.ops_port}/health").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{running.ops_port}/v1/models").status_code == 404


SILENT = """
import sys
import api.__main__
import temporal.worker
from temporal import tracing
from temporal.settings import TracingSettings
tracing.start(TracingSettings(), "mantis-test")
assert not tracing.on()
assert tracing.current_trace_parent() == "" and not tracing.interceptors()
parts = ("sdk", "exporter", "instrumentation")
costly = ("requests", *(f"opentelemetry.{part}" for part in parts))
loaded = [name for name in sys.modules if name.startswith(costly)]
assert not loaded, loaded
"""


@pytest.mark.parametrize(
    "environment", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}]
)
def test_without_a_collector_nothing_of_opentelemetry_is_loaded(environment: dict[str, str]):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ended = subprocess.run(
        [sys.executable, "-c", SILENT],
        env=clean | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr


def test_what_turns_tracing_on():
    assert not TracingSettings(exporter_otlp_endpoint="").on
    assert TracingSettings(exporter_otlp_endpoint="http://c:4318").on
    assert TracingSettings(exporter_otlp_traces_endpoint="http://c:4318/v1/traces").on


class Deaf(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.FAILURE


def test_a_deaf_collector_is_mentioned_once(caplog: pytest.LogCaptureFixture):
    careful = Careful(Deaf())
    with caplog.at_level(logging.WARNING, "mantis.tracing"):
        for _ in range(5):
            assert careful.export([]) is SpanExportResult.FAILURE
    assert len(caplog.records) == 1
    assert Careful(InMemorySpanExporter()).export([]) is SpanExportResult.SUCCESS


def test_untraced_work_costs_nothing_and_changes_nothing():
    with tracing.continuing("00-zz"), tracing.request("POST", "example.com", 443) as request:
        request.answered(200)
        assert tuple(request.headers) == ()
