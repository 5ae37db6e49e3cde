"""The service as its callers meet it: a real stack, several tenants, real runs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.live import ROOT, TERMINAL, LiveStack, eventually, start_stack, stop_stack

Document = dict[str, Any]
Tenants = dict[str, "Caller"]

NAVIGATE = {"intent": "Go to {{demo_site}}/boats", "type": "navigate", "required": True}
TITLE = {"intent": "Extract the title", "type": "extract_data"}
SECRET = "hook-secret"
MAX_BODY = 1024 * 1024

_ACME_CAPS = {"rate_limit_per_minute": 0, "max_concurrent_runs": 500}
KEYS: dict[str, Document] = {
    "tok-acme-1": {"tenant_id": "acme", **_ACME_CAPS},
    "tok-acme-2": {"tenant_id": "acme", **_ACME_CAPS},
    "tok-other": {"tenant_id": "other", "rate_limit_per_minute": 0},
    "tok-plain": {"tenant_id": "plain"},
    "tok-run": {"tenant_id": "acme", "scopes": ["run"], **_ACME_CAPS},
    "tok-status": {"tenant_id": "acme", "scopes": ["status"], **_ACME_CAPS},
    "tok-result": {"tenant_id": "acme", "scopes": ["result"], **_ACME_CAPS},
    "tok-logs": {"tenant_id": "acme", "scopes": ["logs"], **_ACME_CAPS},
    "tok-slow": {"tenant_id": "slow", "rate_limit_per_minute": 2},
    "tok-reads": {"tenant_id": "reads", "rate_limit_per_minute": 3},
    "tok-two": {"tenant_id": "two", "rate_limit_per_minute": 0, "max_concurrent_runs": 2},
    "tok-lister": {"tenant_id": "lister", "rate_limit_per_minute": 0},
    "tok-poor": {
        "tenant_id": "poor",
        "rate_limit_per_minute": 0,
        "max_cost_per_run": 1.5,
        "max_time_minutes_per_run": 7,
    },
    "tok-listed": {
        "tenant_id": "listed",
        "rate_limit_per_minute": 0,
        "allowed_domains": ["example.com", "*.shop.example", "127.0.0.1"],
    },
    "tok-smart": {
        "tenant_id": "smart",
        "rate_limit_per_minute": 0,
        "anthropic_secret_name": "smart_key",
    },
    "tok-queue": {"tenant_id": "queue", "rate_limit_per_minute": 0},
    "tok-hook": {"tenant_id": "hook", "rate_limit_per_minute": 0, "webhook_secret_name": "hook"},
}


class Caller:
    """One token's view of the service."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.http = httpx.Client(
            base_url=url, headers={"X-Mantis-Token": token} if token else {}, timeout=60
        )

    def post(self, body: object, *, key: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post("/v1/predict", json=body, headers=headers)

    def raw(self, body: bytes) -> httpx.Response:
        return self.http.post("/v1/predict", content=body)

    def handle(self, **body: object) -> Document:
        """The handle of a submission; without a plan of its own it opens a page."""
        shapes = {"task_suite", "task_file_contents", "task_file", "micro", "plan_text"}
        plan = {} if shapes & body.keys() else {"task_suite": [NAVIGATE]}
        answer = self.post({**plan, **body})
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        return document

    def submit(self, **body: object) -> str:
        return str(self.handle(**body)["run_id"])

    def act(self, action: str, run_id: str, **more: object) -> httpx.Response:
        return self.post({"action": action, "run_id": run_id, **more})

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.http.get(path, params={name: str(value) for name, value in query.items()})

    def status(self, run_id: str) -> Document:
        answer = self.get(f"/v1/runs/{run_id}/status")
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        return document

    def result(self, run_id: str) -> Document:
        document: Document = self.get(f"/v1/runs/{run_id}/result").json()
        return document

    def wait(self, run_id: str, within_s: float = 120) -> Document:
        """The result of a run once it is over."""
        eventually(
            lambda: self.get(f"/v1/runs/{run_id}").json()["status"] in TERMINAL,
            within_s,
            f"the end of {run_id}",
        )
        return self.result(run_id)

    def wait_until(self, run_id: str, status: str, within_s: float = 60) -> None:
        eventually(lambda: self.status(run_id)["status"] == status, within_s, f"{run_id} {status}")

    def cancel(self, run_id: str) -> Document:
        """Cancel a run and wait for its end."""
        self.http.post(f"/v1/runs/{run_id}/cancel")
        return self.wait(run_id)


def waiting(seconds: float) -> list[Document]:
    """A plan that opens a page and then waits."""
    wait = {"intent": "Wait", "type": "wait", "params": {"seconds": seconds}}
    return [NAVIGATE, wait]


@pytest.fixture(scope="session")
def keys_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    path.write_text(json.dumps({"tenant_keys": KEYS}))
    return path


@pytest.fixture(scope="session")
def plans_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans")
    mine = folder / "mine"
    mine.mkdir()
    (mine / "bare.json").write_text(json.dumps([NAVIGATE]))
    (mine / "full.json").write_text(
        json.dumps(
            {
                "runtime": {"max_cost": 3, "perception": "as_planned"},
                "owner": "us",
                "steps": [NAVIGATE],
            }
        )
    )
    (mine / "suite.json").write_text(
        json.dumps({"session_name": "s", "tasks": [{"task_id": "a", "intent": "Open the list"}]})
    )
    (mine / "words.txt").write_text("Open example.com and read its title.")
    (folder / "top.json").write_text(json.dumps([NAVIGATE]))
    (mine / "link.json").symlink_to(folder / "top.json")
    outside = tmp_path_factory.mktemp("outside") / "plan.json"
    outside.write_text(json.dumps([NAVIGATE]))
    (mine / "out.json").symlink_to(outside)
    return folder


@pytest.fixture(scope="session")
def secrets_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "hook").write_text(SECRET)
    return folder


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    keys_path: Path,
    plans_folder: Path,
    secrets_dir: Path,
) -> Iterator[LiveStack]:
    started = start_stack(
        tmp_path_factory.mktemp("contract") / "data",
        {
            "MANTIS_TENANT_KEYS_PATH": str(keys_path),
            "MANTIS_SECRETS_DIR": str(secrets_dir),
            "MANTIS_PLANS_PATH": os.pathsep.join((str(plans_folder), str(ROOT / "plans"))),
            "MANTIS_ALLOW_PRIVATE_HOSTS": "127.0.0.1:*",
            "MANTIS_WEBHOOK_ALLOW_PRIVATE": "1",
        },
    )
    try:
        yield started
    finally:
        stop_stack(started)


@pytest.fixture(scope="session")
def tenants(stack: LiveStack) -> Iterator[Tenants]:
    """A caller for each token, by the token without `tok-`."""
    callers = {token.removeprefix("tok-"): Caller(stack.api, token) for token in KEYS}
    yield callers
    for caller in callers.values():
        caller.http.close()


@pytest.fixture(scope="session")
def acme(tenants: Tenants) -> Caller:
    """A tenant without limits in the way."""
    return tenants["acme-1"]


@pytest.fixture(scope="session")
def nobody(stack: LiveStack) -> Iterator[Caller]:
    """A caller without a token."""
    caller = Caller(stack.api, "")
    yield caller
    caller.http.close()


@pytest.fixture(scope="session")
def succeeded(acme: Caller) -> str:
    """The demo extraction of a few listings, over and well."""
    plan = json.loads((ROOT / "plans/example/extract_listings.json").read_text())
    steps = plan["steps"][:5]
    steps[4]["loop_count"] = 2
    run_id = acme.submit(task_suite=steps)
    assert acme.wait(run_id)["status"] == "succeeded"
    return run_id


@pytest.fixture(scope="session")
def failed(acme: Caller) -> str:
    """A run that halted at its gate, with a picture of the page."""
    gate = {**NAVIGATE, "gate": True, "verify": 'the page shows the text "No such words here"'}
    run_id = acme.submit(task_suite=[gate, TITLE])
    assert acme.wait(run_id)["status"] == "failed"
    return run_id


@pytest.fixture(scope="session")
def cancelled(acme: Caller) -> str:
    """A run that was cancelled while it waited, with a reason."""
    run_id = acme.submit(task_suite=waiting(60))
    acme.wait_until(run_id, "running")
    acme.http.post(f"/v1/runs/{run_id}/cancel", json={"reason": "changed my mind"})
    assert acme.wait(run_id)["status"] == "cancelled"
    return run_id


@pytest.fixture
def running(acme: Caller) -> Iterator[str]:
    """A run that waits until the test is over."""
    run_id = acme.submit(task_suite=waiting(60))
    acme.wait_until(run_id, "running")
    yield run_id
    acme.cancel(run_id)


class Door:
    """An API process alone, with settings of its own; Temporal is away."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            nowhere = probe.getsockname()[1]
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS")}
        self._callers: list[Caller] = []
        self.log = data_dir.with_suffix(".log")
        descriptor = self._socket.fileno()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api", "--fd", str(descriptor)],
                cwd=ROOT,
                env={
                    **kept,
                    "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
                    "MANTIS_DATA_DIR": str(data_dir),
                    "TEMPORAL_ADDRESS": f"127.0.0.1:{nowhere}",
                    **environment,
                },
                pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def caller(self, token: str) -> Caller:
        caller = Caller(self.url, token)
        self._callers.append(caller)
        return caller

    def wait_until_up(self) -> None:
        eventually(self._answers, 60, f"the API answers: {self.log.read_text()}")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/v1/models", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        for caller in self._callers:
            caller.http.close()
        self.process.terminate()
        self.process.wait(30)
        self._socket.close()


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Any]:
    """Starts an API alone with the environment given."""
    doors: list[Door] = []

    def start(**environment: str) -> Door:
        door = Door(tmp_path / f"data{len(doors)}", environment)
        doors.append(door)
        door.wait_until_up()
        return door

    yield start
    for door in doors:
        door.stop()
