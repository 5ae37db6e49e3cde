"""Contract, section 5: the cheap poll."""

import os
import signal
import time

import pytest

from tests.contract.live.conftest import NAVIGATE, Caller, waiting
from tests.e2e.live import LiveStack, eventually

pytestmark = pytest.mark.stack

FIELDS = {
    "run_id", "status", "phase", "last_event_at", "polling_backoff_ms_hint", "started_at",
    "finished_at", "halt_class",
}  # fmt: skip


def test_the_poll_has_its_fields_and_times_are_epoch_seconds(acme: Caller, succeeded: str):
    """
    > `GET /v1/runs/{id}` → `{run_id, status, phase, last_event_at, polling_backoff_ms_hint,
    > started_at, finished_at, halt_class}` (times are epoch seconds, float, or null;
    """
    body = acme.get(f"/v1/runs/{succeeded}").json()
    assert set(body) == FIELDS
    now = time.time()
    for name in ("last_event_at", "started_at", "finished_at"):
        assert isinstance(body[name], float) and now - 3600 < body[name] <= now
    assert body["halt_class"] is None


def test_a_halted_poll_has_help(acme: Caller, failed: str):
    """> `failure_help` on halted)."""
    body = acme.get(f"/v1/runs/{failed}").json()
    assert set(body) == FIELDS | {"failure_help"}
    assert body["phase"] == "halted" and body["halt_class"] == "gate_failed"
    assert body["failure_help"]["halt_class"] == "gate_failed"


def test_phases_follow_the_status(acme: Caller, succeeded: str, failed: str, cancelled: str):
    """
    > Phases: `queued, running, recovering, complete, halted, cancelled`. paused shows as running;
    > succeeded → complete; failed → halted; recovering while a lost browser or worker is being
    > replaced.
    """
    seen = {run_id: acme.get(f"/v1/runs/{run_id}").json() for run_id in
            (succeeded, failed, cancelled)}  # fmt: skip
    assert seen[succeeded]["phase"] == "complete"
    assert seen[failed]["phase"] == "halted"
    assert seen[cancelled]["phase"] == "cancelled"
    run_id = acme.submit(task_suite=waiting(30))
    assert acme.get(f"/v1/runs/{run_id}").json()["phase"] in ("queued", "running")
    acme.wait_until(run_id, "running")
    body = acme.get(f"/v1/runs/{run_id}").json()
    assert body["phase"] == "running" and body["finished_at"] is None
    acme.cancel(run_id)


def test_a_lost_browser_shows_while_it_is_replaced(acme: Caller, stack: LiveStack):
    """
    > paused shows as running; succeeded → complete; failed → halted; recovering while a lost
    > browser or worker is being replaced.
    """
    run_id = acme.submit(task_suite=[*waiting(6), NAVIGATE])
    acme.wait_until(run_id, "running")
    session = next(one for one in stack.sessions() if one.run_id == run_id)
    os.kill(session.chrome_pid, signal.SIGKILL)
    seen: list[str] = []

    def is_back() -> bool:
        body = acme.get(f"/v1/runs/{run_id}").json()
        assert body["status"] == "running"
        if body["phase"] not in seen[-1:]:
            seen.append(body["phase"])
        return seen[-2:] == ["recovering", "running"]

    eventually(is_back, 60, f"recovering and back: {seen}")
    events = acme.get(f"/v1/runs/{run_id}/events").json()["events"]
    assert "recovering" in {event["kind"] for event in events}
    assert acme.wait(run_id)["status"] == "succeeded"


def test_the_hint_grows_with_the_silence(acme: Caller, succeeded: str):
    """
    > Hint: terminal 30000; else by seconds since the last event: under 2 → 500, under 10 → 1500,
    > under 30 → 5000, else 10000.
    """
    run_id = acme.submit(task_suite=waiting(60))
    acme.wait_until(run_id, "running")
    seen: dict[int, list[float]] = {}
    deadline = time.time() + 40
    while time.time() < deadline and 10_000 not in seen:
        body = acme.get(f"/v1/runs/{run_id}").json()
        silence = time.time() - body["last_event_at"]
        seen.setdefault(body["polling_backoff_ms_hint"], []).append(silence)
        time.sleep(0.25)
    acme.cancel(run_id)
    assert list(seen) == [500, 1_500, 5_000, 10_000]
    for hint, (low, high) in {500: (0, 2), 1500: (2, 10), 5000: (10, 30)}.items():
        assert low - 0.1 <= min(seen[hint]) and max(seen[hint]) < high + 1
    assert min(seen[10_000]) >= 29.9
    assert acme.get(f"/v1/runs/{succeeded}").json()["polling_backoff_ms_hint"] == 30_000
