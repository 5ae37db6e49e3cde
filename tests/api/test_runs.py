import json
import re
from pathlib import Path

import httpx
import pytest

from api.settings import ApiSettings
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, NewEvent, RunStatus
from plans.step import HaltClass

PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]
UNKNOWN = "20200101_000000_00000000"


@pytest.fixture
async def run_id(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/predict", json={"task_suite": PLAN})
    return str(answer.json()["run_id"])


async def act(
    client: httpx.AsyncClient, action: str, run_id: str, **more: object
) -> httpx.Response:
    return await client.post("/v1/predict", json={"action": action, "run_id": run_id, **more})


async def test_action_and_route_say_the_same(client: httpx.AsyncClient, run_id: str):
    for action in ("status", "result", "logs"):
        by_action = (await act(client, action, run_id)).json()
        by_route = (await client.get(f"/v1/runs/{run_id}/{action}")).json()
        by_action.pop("polling_backoff_ms_hint", None)
        by_route.pop("polling_backoff_ms_hint", None)
        assert by_action == by_route


async def test_status_of_a_queued_run(client: httpx.AsyncClient, run_id: str):
    status = (await act(client, "status", run_id)).json()
    assert status["status"] == "queued"
    assert status["started_at"] is None and status["finished_at"] is None
    assert status["cancel_requested"] is False
    assert status["polling_backoff_ms_hint"] == 500
    assert not {"summary", "error", "halt_class", "failure_help"} & set(status)


async def test_result_before_the_end_is_null(client: httpx.AsyncClient, run_id: str):
    result = (await act(client, "result", run_id)).json()
    assert result["result"] is None
    assert result["result_ready"] is False


async def test_cheap_poll(client: httpx.AsyncClient, run_id: str, ledger: Ledger):
    poll = (await client.get(f"/v1/runs/{run_id}")).json()
    assert set(poll) == {
        "run_id",
        "status",
        "phase",
        "last_event_at",
        "polling_backoff_ms_hint",
        "started_at",
        "finished_at",
        "halt_class",
    }
    assert (poll["status"], poll["phase"], poll["halt_class"]) == ("queued", "queued", None)
    await ledger.runs.begin("default", run_id, now_micros())
    ending = Ending(status=RunStatus.FAILED, halt_class=HaltClass.GATE_FAILED)
    await ledger.runs.finish("default", run_id, ending, now_micros())
    poll = (await client.get(f"/v1/runs/{run_id}")).json()
    assert (poll["phase"], poll["halt_class"]) == ("halted", "gate_failed")
    assert poll["polling_backoff_ms_hint"] == 30000
    assert poll["failure_help"]["halt_class"] == "gate_failed"
    assert poll["started_at"] <= poll["finished_at"]


async def test_logs_are_json_texts_oldest_first(
    client: httpx.AsyncClient, run_id: str, ledger: Ledger
):
    bodies = [{"message": f"line {number}"} for number in range(5)]
    events = [NewEvent(dedup_key=str(n), kind="log", body=body) for n, body in enumerate(bodies)]
    step = {"intent": "Click it", "type": "click", "success": False, "failure_class": "no_state"}
    events.append(NewEvent(dedup_key="s", kind="step", step_index=1, body=step))
    await ledger.events.append("default", run_id, events)
    logs = (await act(client, "logs", run_id, tail=3)).json()
    assert logs["run_id"] == run_id
    lines = [json.loads(line) for line in logs["events"]]
    assert [line["message"] for line in lines] == [
        "line 3",
        "line 4",
        "step 1: Click it: failed no_state",
    ]
    assert lines[0]["ts"] < lines[1]["ts"]
    assert len((await client.get(f"/v1/runs/{run_id}/logs?tail=1")).json()["events"]) == 1


async def test_events_follow_the_cursor(client: httpx.AsyncClient, run_id: str, ledger: Ledger):
    await ledger.events.append(
        "default", run_id, [NewEvent(dedup_key=str(n), kind="step", step_index=n) for n in range(4)]
    )
    everything = (await client.get(f"/v1/runs/{run_id}/events")).json()
    assert everything["count"] == len(everything["events"]) == 5
    times = [event["ts"] for event in everything["events"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", ts) for ts in times)
    assert times == sorted(set(times))
    for since in (times[2], times[2].replace("Z", "+00:00"), times[2].removesuffix("Z")):
        rest = await client.get(f"/v1/runs/{run_id}/events", params={"since": since})
        assert [event["ts"] for event in rest.json()["events"]] == times[3:]
    raw = await client.get(f"/v1/runs/{run_id}/events?since={times[2].replace('Z', '+00:00')}")
    assert raw.json()["count"] == 2
    odd = await client.get(f"/v1/runs/{run_id}/events?since=yesterday")
    assert odd.json()["count"] == 5


async def test_cancel_keeps_the_reason_and_is_asked_for_once(
    client: httpx.AsyncClient, run_id: str, ledger: Ledger
):
    answer = await client.post(f"/v1/runs/{run_id}/cancel", json={"reason": "enough"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "queued"
    assert answer.json()["cancel_requested"] is True
    assert answer.json()["cancel_reason"] == "enough"
    assert (await client.post(f"/v1/runs/{run_id}/cancel")).status_code == 200
    assert await ledger.outbox.waiting() == 2
    assert "enough" in (await client.get(f"/v1/runs/{run_id}/logs")).text


async def test_a_terminal_run_is_unchanged_by_cancel(
    client: httpx.AsyncClient, run_id: str, ledger: Ledger
):
    await ledger.runs.finish("default", run_id, Ending(status=RunStatus.SUCCEEDED), now_micros())
    before = (await act(client, "status", run_id)).json()
    after = (await act(client, "cancel", run_id)).json()
    assert after == before
    assert after["cancel_requested"] is False


async def test_resume_and_pause_of_a_run_that_is_neither_paused_nor_running(
    client: httpx.AsyncClient, run_id: str
):
    for action in ("resume", "pause"):
        by_action = await act(client, action, run_id, user_input="x")
        by_route = await client.post(f"/v1/runs/{run_id}/{action}", json={"user_input": "x"})
        assert by_action.status_code == by_route.status_code == 400
        assert by_action.json() == by_route.json()
        assert "is queued, only a" in by_action.json()["detail"]


@pytest.mark.parametrize("part", ["", "/status", "/result", "/logs", "/events", "/artifacts/x.png"])
async def test_unknown_and_malformed_ids(client: httpx.AsyncClient, part: str):
    unknown = await client.get(f"/v1/runs/{UNKNOWN}{part}")
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"detail": f"unknown run_id: {UNKNOWN}"},
    )
    malformed = await client.get(f"/v1/runs/nope{part}")
    assert malformed.status_code == 400
    assert "malformed run_id" in malformed.json()["detail"]


async def test_artifacts_are_served_by_their_names_alone(
    client: httpx.AsyncClient, run_id: str, settings: ApiSettings
):
    folder = Path(settings.data_dir) / "tenants" / "default" / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "leads.csv").write_text("status\r\n")
    (folder / "step_0001.png").write_bytes(b"\x89PNG")
    (folder / "private.txt").write_text("no")
    (folder / "link.png").symlink_to(folder / "private.txt")
    base = f"/v1/runs/{run_id}/artifacts"
    csv = await client.get(f"{base}/leads.csv")
    assert (csv.status_code, csv.text) == (200, "status\r\n")
    assert csv.headers["content-type"].startswith("text/csv")
    assert (await client.get(f"{base}/step_0001.png")).headers["content-type"] == "image/png"
    names = [
        "private.txt",
        "link.png",
        "result.json",
        "%2e%2e%2f",
        "%2e%2e%2fledger.db",
        ".png",
        "a%00.png",
    ]
    for name in names:
        answer = await client.get(f"{base}/{name}")
        assert answer.status_code == 404, name
        assert list(answer.json()) == ["detail"]
