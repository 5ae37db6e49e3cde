"""Contract, section 12: the client, against the running service."""

import inspect
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mantis_agent.aio import AsyncMantisClient
from mantis_agent.client import TERMINAL_STATUSES, MantisClient
from mantis_agent.errors import (
    MantisAPIError,
    MantisAuthError,
    MantisError,
    MantisRateLimitError,
    MantisRunFailed,
    MantisTimeoutError,
)
from tests.contract.live.conftest import NAVIGATE, Caller, Tenants, waiting
from tests.e2e.live import ROOT, LiveStack

pytestmark = pytest.mark.stack

PLAN = {"task_suite": [NAVIGATE]}
NAMES = {
    "predict", "status", "result", "logs", "cancel", "pause", "resume", "wait_for_completion",
    "run_to_completion", "stream_events", "fetch_video", "queue", "runs", "health",
}  # fmt: skip


@pytest.fixture
def client(stack: LiveStack) -> Iterator[MantisClient]:
    with MantisClient(stack.api, mantis_token="tok-acme-1") as made:
        yield made


def test_the_client_needs_httpx_alone():
    """
    > `pip install mantis-agent` (httpx alone): `from mantis_agent.client import MantisClient`.
    """
    project = tomllib.loads((ROOT / "sdk" / "pyproject.toml").read_text())["project"]
    assert project["name"] == "mantis-agent"
    assert [need.split(">")[0].strip() for need in project["dependencies"]] == ["httpx"]


def test_its_calls_are_there_and_work(client: MantisClient, tmp_path: Path):
    """
    > `.predict(dict) → handle (run_id, …)`, `.status`, `.result`, `.logs(run_id, tail=200)`,
    > `.cancel`, `.pause`, `.resume(run_id, user_input=…)`,

    > `.queue()`, `.runs()`, `.health()`, `.close()`, context manager.
    """
    handle = client.predict(PLAN)
    run_id = handle["run_id"]
    assert client.wait_for_completion(run_id)["status"] == "succeeded"
    assert client.status(run_id)["run_id"] == run_id
    assert client.result(run_id)["result_ready"] is True
    assert client.logs(run_id, tail=1)["events"]
    assert client.cancel(run_id)["status"] == "succeeded"
    for call in (lambda: client.pause(run_id), lambda: client.resume(run_id, user_input="1")):
        with pytest.raises(MantisAPIError) as refused:
            call()
        assert refused.value.status_code == 400
    assert client.queue()["tenant_id"] == "acme"
    assert client.runs()["runs"][0]["run_id"]
    assert client.health()["ok"] is True
    with pytest.raises(MantisAPIError):
        client.fetch_video(run_id, tmp_path / "run.mp4", polished=True)
    assert not (tmp_path / "run.mp4").exists()


def test_its_signatures_are_the_contracts():
    """
    > `MantisClient(endpoint, *, api_key=None, mantis_token=None, timeout_s=60.0,
    > idempotency_key=None)`, `.from_env()` (`MANTIS_ENDPOINT`, `MANTIS_API_TOKEN`,
    > `BASETEN_API_KEY`),
    """
    made = inspect.signature(MantisClient.__init__).parameters
    assert list(made)[1:6] == [
        "endpoint", "api_key", "mantis_token", "timeout_s", "idempotency_key",
    ]  # fmt: skip
    assert all(made[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(made)[2:])
    assert made["timeout_s"].default == 60.0
    wait = inspect.signature(MantisClient.wait_for_completion).parameters
    assert list(wait)[1:] == ["run_id", "on_status", "poll_interval_s", "timeout_s"]
    assert inspect.signature(MantisClient.logs).parameters["tail"].default == 200
    assert inspect.signature(MantisClient.stream_events).parameters["since"].default == ""
    assert inspect.signature(MantisClient.fetch_video).parameters["polished"].default is True


def test_it_is_made_from_the_environment(stack: LiveStack, monkeypatch: pytest.MonkeyPatch):
    """> `.from_env()` (`MANTIS_ENDPOINT`, `MANTIS_API_TOKEN`, `BASETEN_API_KEY`),"""
    monkeypatch.setenv("MANTIS_ENDPOINT", stack.api)
    monkeypatch.setenv("MANTIS_API_TOKEN", "tok-acme-1")
    monkeypatch.setenv("BASETEN_API_KEY", "for-the-gateway")
    with MantisClient.from_env() as client:
        assert client.queue()["tenant_id"] == "acme"


def test_waiting_tells_each_status_and_honours_its_time(client: MantisClient):
    """
    > `.wait_for_completion(run_id, *, on_status=None, poll_interval_s=None, timeout_s=None)`
    > (follows the server's hint; goes on past `paused`; honours `Retry-After`),
    > `.run_to_completion(request)`,
    """
    seen: list[str] = []
    run_id = client.predict({"task_suite": waiting(1)})["run_id"]
    client.wait_for_completion(
        run_id, on_status=lambda status: seen.append(status["status"]), poll_interval_s=0.1
    )
    assert seen[-1] == "succeeded" and "running" in seen
    slow = client.predict({"task_suite": waiting(60)})["run_id"]
    with pytest.raises(MantisTimeoutError):
        client.wait_for_completion(slow, timeout_s=1)
    client.cancel(slow)
    assert client.run_to_completion(PLAN)["result"] is not None
    missing = {**NAVIGATE, "intent": "Go to {{demo_site}}/no/such/page"}
    with pytest.raises(MantisRunFailed) as failed:
        client.run_to_completion({"task_suite": [missing]})
    assert failed.value.status


def test_events_are_streamed_as_dicts_to_the_terminal_one(client: MantisClient):
    """
    > `.stream_events(run_id, since="")` (dicts with always `event`, `id` ("" if none), `data`;
    > reconnects by itself and ends after `terminal`), `.fetch_video(run_id, path, polished=True)`,
    """
    run_id = client.predict(PLAN)["run_id"]
    events = list(client.stream_events(run_id))
    assert all(set(event) >= {"event", "id", "data"} for event in events)
    assert events[0]["event"] == "phase" and events[0]["id"] == ""
    assert events[-1]["event"] == "terminal"
    ids = [event["id"] for event in events if event["id"]]
    assert ids == sorted(set(ids))
    rest = list(client.stream_events(run_id, since=ids[1]))
    assert [event["id"] for event in rest if event["id"]] == ids[2:]


def test_the_terminal_statuses_are_named():
    """> `TERMINAL_STATUSES = {"succeeded","failed","cancelled"}`."""
    assert set(TERMINAL_STATUSES) == {"succeeded", "failed", "cancelled"}


def test_errors_are_a_tree(client: MantisClient, tenants: Tenants, stack: LiveStack):
    """
    > Errors: `MantisError` > `MantisAPIError(status_code, detail)` > `MantisAuthError`,
    > `MantisRateLimitError(retry_after_seconds)`;

    > `MantisTimeoutError`, `MantisRunFailed(status)`.
    """
    assert issubclass(MantisAPIError, MantisError)
    assert issubclass(MantisAuthError, MantisAPIError)
    assert issubclass(MantisRateLimitError, MantisAPIError)
    assert issubclass(MantisTimeoutError, MantisError) and issubclass(MantisRunFailed, MantisError)
    with pytest.raises(MantisAPIError) as refused:
        client.predict({"task_suite": []})
    assert refused.value.status_code == 400 and "empty" in refused.value.detail
    stranger = MantisClient(stack.api, mantis_token="wrong")
    with stranger, pytest.raises(MantisAuthError):
        stranger.queue()


async def test_the_async_client_has_the_same_names(stack: LiveStack):
    """> An async twin with the same names."""
    for name in NAMES | {"from_env", "close"}:
        assert hasattr(MantisClient, name) and hasattr(AsyncMantisClient, name), name
    async with AsyncMantisClient(stack.api, mantis_token="tok-acme-1") as client:
        done = await client.run_to_completion(PLAN)
        assert done["status"] == "succeeded"
        seen = [event async for event in client.stream_events(done["run_id"])]
        assert seen[-1]["event"] == "terminal"


def mantis(stack: LiveStack, *words: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("mantis")
    return subprocess.run(
        [str(command), *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "PATH": str(command.parent),
            "MANTIS_ENDPOINT": stack.api,
            "MANTIS_API_TOKEN": "tok-acme-1",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'sdk'}",
        },
    )


def test_the_command_line_does_what_the_client_does(
    stack: LiveStack, acme: Caller, succeeded: str, plans_folder: Path
):
    """
    > CLI `mantis`, from the client: `run PLAN [--watch]`, `status`, `result`, `logs`, `events`,
    > `cancel`, `pause`, `resume`, `video`, `queue`, `runs`.

    > The service adds its own through entry points: `serve`, `plan check FILE`, `doctor` and what
    > the issues name.
    """
    plan = plans_folder / "mine" / "bare.json"
    watched = mantis(stack, "run", str(plan), "--watch")
    assert watched.returncode == 0, watched.stderr
    for command in ("status", "result", "logs", "events", "cancel"):
        told = mantis(stack, command, succeeded)
        assert told.returncode == 0 and told.stdout, command
    for command in ("pause", "resume", "video"):
        told = mantis(stack, command, succeeded)
        assert told.returncode != 0 and "Traceback" not in told.stderr, command
    newest = acme.submit()
    assert newest in mantis(stack, "runs").stdout
    assert mantis(stack, "queue").returncode == 0
    assert mantis(stack, "plan", "check", str(plan)).returncode == 0
    words = mantis(stack, "--help").stdout
    for command in ("serve", "plan", "doctor", "webhooks", "run"):
        assert command in words
