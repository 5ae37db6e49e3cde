import asyncio
import re

import httpx
import pytest

from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Ending, NewEvent, NewRow, RunStatus, StepRecord
from plans.step import HaltClass

STEPS = [
    {"intent": "Go to https://example.com/boats", "type": "navigate"},
    {"intent": "Click the next listing", "type": "click"},
    {"intent": "Extract Year, Make and Phone", "type": "extract_data"},
    {"intent": "Go back", "type": "navigate_back"},
    {"intent": "Again", "type": "loop", "loop_target": 1, "loop_count": 999},
]
HANDLE_FIELDS = {
    "status",
    "mode",
    "model",
    "run_id",
    "created_at",
    "updated_at",
    "payload",
    "profile_id",
    "workflow_id",
    "status_path",
    "result_path",
    "csv_path",
    "events_path",
}
ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def submit(client: httpx.AsyncClient, **fields: object) -> dict[str, object]:
    answer = await client.post("/v1/predict", json={"task_suite": STEPS, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/v1/predict", "/predict"])
async def test_a_submission_is_answered_with_the_whole_handle(client: httpx.AsyncClient, path: str):
    answer = await client.post(path, json={"task_suite": STEPS, "color": "blue"})
    assert answer.status_code == 200
    handle = answer.json()
    assert set(handle) == HANDLE_FIELDS
    assert handle["status"] == "queued"
    assert handle["mode"] == "detached"
    assert handle["model"] == "holo3"
    assert re.fullmatch(r"\d{8}_\d{6}_[0-9a-f]{8}", handle["run_id"])
    assert ISO_MS.fullmatch(handle["created_at"])
    assert handle["created_at"] == handle["updated_at"]
    assert handle["profile_id"] is None
    assert re.fullmatch(r"[0-9a-f]{12}", handle["workflow_id"])
    folder = f"tenants/default/runs/{handle['run_id']}"
    assert handle["result_path"] == f"{folder}/result.json"
    assert handle["events_path"] == f"{folder}/events.log"
    payload = handle["payload"]
    assert payload["task_suite"] == STEPS
    assert payload["color"] == "blue"
    assert (payload["max_cost"], payload["max_time_minutes"]) == (25.0, 60.0)
    assert payload["perception"] == "auto"
    assert payload["dry_run"] is False


async def test_the_run_and_its_start_wait_while_temporal_is_away(
    client: httpx.AsyncClient, ledger: Ledger
):
    handle = await submit(client)
    row = await ledger.runs.get("default", str(handle["run_id"]))
    assert row is not None
    assert isinstance(row.plan, dict)
    assert row.plan["steps"][4]["loop_count"] == 50
    assert await ledger.outbox.waiting() == 1


async def test_values_are_clamped_and_identifiers_cut(client: httpx.AsyncClient):
    handle = await submit(
        client,
        max_cost=9999,
        max_time_minutes=0.5,
        video_fps=90,
        profile_id="../my profile",
        state_key="a/b",
    )
    payload = handle["payload"]
    assert isinstance(payload, dict)
    assert payload["max_cost"] == 25.0
    assert payload["max_time_minutes"] == 0.5
    assert payload["video_fps"] == 30
    assert handle["profile_id"] == "_my_profile"
    assert handle["workflow_id"] == "a_b"


async def test_a_plan_file_is_found_and_its_runtime_counts(client: httpx.AsyncClient):
    answer = await client.post("/v1/predict", json={"micro": "plans/mine/one.json"})
    assert answer.status_code == 200
    assert answer.json()["payload"]["max_cost"] == 3
    answer = await client.post("/v1/predict", json={"micro": "mine/one.json", "max_cost": 4})
    assert answer.json()["payload"]["max_cost"] == 4


async def test_the_shipped_plan_is_known_and_the_demo_site_preset(client: httpx.AsyncClient):
    answer = await client.post("/v1/predict", json={"micro": "example/extract_listings.json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["payload"]["inputs"]["demo_site"] == "http://127.0.0.1:1"


async def test_secrets_are_not_echoed(client: httpx.AsyncClient):
    answer = await client.post(
        "/v1/predict",
        json={
            "task_suite": {
                "base_url": "https://example.com",
                "auth": {"user_id": "canary-1", "password": "canary-2"},
                "tasks": [{"task_id": "a", "intent": "Log in"}],
            },
            "api_key": "canary-3",
        },
    )
    assert answer.status_code == 200
    assert "canary" not in answer.text
    run_id = answer.json()["run_id"]
    for part in ("/status", "/result", "/logs", "/events", ""):
        assert "canary" not in (await client.get(f"/v1/runs/{run_id}{part}")).text


async def test_a_dry_run_starts_nothing(client: httpx.AsyncClient, ledger: Ledger):
    answer = await client.post("/v1/predict", json={"task_suite": STEPS, "dry_run": True})
    assert answer.status_code == 200
    view = answer.json()
    assert view["dry_run"] is True
    assert view["plan"]["steps"][4]["loop_count"] == 50
    assert view["max_steps"] == 1 + 3 * 50
    assert view["hosts"] == ["example.com"]
    assert view["estimated_cost"] == 0.0
    assert await ledger.outbox.waiting() == 0
    assert (await ledger.runs.concurrent()) == {}


async def test_what_was_ignored_is_in_the_log(client: httpx.AsyncClient):
    handle = await submit(client, plan_text="whatever", proxy_city="Miami", resume_state=True)
    logs = (await client.get(f"/v1/runs/{handle['run_id']}/logs")).text
    assert "ignored: plan_text" in logs
    assert "proxy_city" in logs
    assert "resume_state" in logs


async def test_a_blocking_submission_answers_with_the_result(
    client: httpx.AsyncClient, ledger: Ledger
):
    waiting = asyncio.create_task(
        client.post("/v1/predict", json={"task_suite": STEPS, "detached": False})
    )
    run_id = await _only_run(ledger)
    await ledger.runs.begin("default", run_id, now_micros())
    await ledger.rows.record_step(
        StepRecord(
            tenant_id="default",
            run_id=run_id,
            call_key="step:2:0:1",
            step_index=2,
            events=(NewEvent(dedup_key="step:2:0:1", kind="step", step_index=2, body=STEP),),
            rows=(
                NewRow(
                    key="https://example.com/boats/1",
                    viable=True,
                    page_url="https://example.com/boats/1",
                    record={
                        "url": "https://example.com/boats/1",
                        "fields": {
                            "year": {"value": "2019", "raw": "Year: 2019", "source": "label"},
                            "make": {"value": "Sea Ray", "raw": "Sea Ray", "source": "json-ld"},
                            "phone": {"value": None},
                        },
                    },
                ),
            ),
        )
    )
    assert not waiting.done()
    await ledger.runs.finish(
        "default", run_id, Ending(status=RunStatus.SUCCEEDED, summary={"viable": 1}), now_micros()
    )
    answer = (await waiting).json()
    assert answer["status"] == "succeeded"
    assert answer["mode"] == "blocking"
    assert answer["result_ready"] is True
    assert answer["summary"] == {"viable": 1}
    assert answer["result"]["leads"] == [
        "VIABLE | Year: 2019 | Make: Sea Ray | Phone: none | URL: https://example.com/boats/1"
    ]
    assert answer["result"]["steps"] == [STEP]
    (row,) = answer["result"]["rows"]
    assert list(row) == ["year", "make", "phone", "url", "_viable", "_trace"]
    assert row["_trace"]["fields"]["year"]["source"] == "label"


STEP = {"index": 2, "intent": "Extract Year, Make and Phone", "type": "extract_data"}


async def _only_run(ledger: Ledger) -> str:
    async with asyncio.timeout(10):
        while True:
            errands = await ledger.outbox.pending(1, now_micros() + 10**9)
            if errands:
                return errands[0].run_id
            await asyncio.sleep(0.01)


async def test_a_recording_that_was_asked_for_says_why_there_is_none(
    client: httpx.AsyncClient, ledger: Ledger
):
    handle = await submit(client, record_video=True, video_format="gif")
    ending = Ending(status=RunStatus.FAILED, halt_class=HaltClass.TIMEOUT, message="too slow")
    await ledger.runs.finish("default", str(handle["run_id"]), ending, now_micros())
    result = (await client.get(f"/v1/runs/{handle['run_id']}/result")).json()
    assert result["result"]["video"]["error"] == "recording-not-available"
    assert result["video"]["format"] == "gif"
    assert result["error"] == result["halt_class"] == "timeout"
    assert result["failure_help"]["debug_surfaces"]["status"].endswith("/status")
