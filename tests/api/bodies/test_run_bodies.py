"""Contract, section 4: what a caller sees of a run, sentence by sentence."""

import csv
import io
import json
import re
from pathlib import Path

import httpx
import pytest

ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HANDLE = {
    "status", "mode", "model", "run_id", "created_at", "updated_at", "payload", "profile_id",
    "workflow_id", "status_path", "result_path", "csv_path", "events_path",
}  # fmt: skip
SUMMARY = {
    "total_time_s", "steps_executed", "viable", "leads_with_phone", "cost_total",
    "cost_breakdown", "dynamic_verification_summary", "result_path", "csv_path", "tiers",
}  # fmt: skip


async def test_a_terminal_status_has_the_handle_the_times_and_the_summary(
    client: httpx.AsyncClient, succeeded: str
):
    status = (await client.get(f"/v1/runs/{succeeded}/status")).json()
    assert set(status) >= HANDLE | {"started_at", "finished_at", "summary"}
    for name in ("created_at", "updated_at", "started_at", "finished_at"):
        assert ISO_MS.fullmatch(status[name]), name
    assert status["polling_backoff_ms_hint"] == 30_000
    assert not {"error", "halt_class", "failure_help"} & set(status)


async def test_the_summary_has_each_field_and_its_cost_is_the_sum_of_its_parts(
    client: httpx.AsyncClient, succeeded: str
):
    summary = (await client.get(f"/v1/runs/{succeeded}/status")).json()["summary"]
    assert set(summary) == SUMMARY
    assert set(summary["cost_breakdown"]) == {"gpu", "claude", "proxy"}
    assert summary["cost_total"] == sum(summary["cost_breakdown"].values())
    assert set(summary["tiers"]) == {"memory", "dom", "holo3", "claude"}
    assert summary["viable"] == 1 and summary["leads_with_phone"] == 0


async def test_items_that_failed_leave_it_succeeded_and_partial(
    client: httpx.AsyncClient, succeeded: str
):
    status = (await client.get(f"/v1/runs/{succeeded}/status")).json()
    found = status["summary"]["dynamic_verification_summary"]
    assert status["status"] == "succeeded"
    assert found["verdict"] == "partial"
    assert found["totals"]["failed_items"] == 1
    assert set(found["totals"]) == {
        "pages_seen", "found_items", "attempted_items", "completed_items", "failed_items",
    }  # fmt: skip


async def test_a_failed_status_says_why_and_what_next(client: httpx.AsyncClient, failed: str):
    status = (await client.get(f"/v1/runs/{failed}/status")).json()
    assert status["status"] == "failed"
    assert status["error"] == status["halt_class"] == "gate_failed"
    assert set(status["failure_help"]) == {
        "halt_class", "summary", "likely_causes", "next_steps", "debug_surfaces",
    }  # fmt: skip
    assert set(status["failure_help"]["debug_surfaces"]) == {
        "status", "result", "logs", "events", "video",
    }  # fmt: skip


async def test_the_poll_of_a_halted_run_has_its_phase_and_help(
    client: httpx.AsyncClient, failed: str
):
    poll = (await client.get(f"/v1/runs/{failed}")).json()
    assert poll["phase"] == "halted" and poll["halt_class"] == "gate_failed"
    assert poll["failure_help"]["halt_class"] == "gate_failed"
    assert poll["polling_backoff_ms_hint"] == 30_000
    assert isinstance(poll["finished_at"], float)


async def test_the_result_is_the_status_and_the_five_parts(
    client: httpx.AsyncClient, succeeded: str
):
    status = (await client.get(f"/v1/runs/{succeeded}/status")).json()
    answer = (await client.get(f"/v1/runs/{succeeded}/result")).json()
    result = answer.pop("result")
    assert answer.pop("result_ready") is True
    assert answer == status
    assert set(result) == {"leads", "steps", "rows", "video", "summary"}
    assert result["summary"] == status["summary"]


async def test_a_lead_reads_in_the_order_of_the_plans_fields(
    client: httpx.AsyncClient, succeeded: str
):
    leads = (await client.get(f"/v1/runs/{succeeded}/result")).json()["result"]["leads"]
    assert leads == [
        "VIABLE | Year: 2019 | Make: Sea, Ray | Price: $15,000 | Phone: none"
        " | URL: https://example.com/boats/a"
    ]


async def test_rows_that_are_not_viable_are_kept_with_their_sources(
    client: httpx.AsyncClient, succeeded: str
):
    rows = (await client.get(f"/v1/runs/{succeeded}/result")).json()["result"]["rows"]
    assert [row["year"] for row in rows] == ["2019", "2020"]
    assert rows[0]["_trace"]["page_url"] == "https://example.com/boats/a"


async def test_the_csv_has_status_the_plans_fields_url_and_raw(
    client: httpx.AsyncClient, succeeded: str
):
    answer = await client.get(f"/v1/runs/{succeeded}/artifacts/leads.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert table[0] == ["status", "year", "make", "price", "phone", "url", "raw"]
    assert [line[0] for line in table[1:]] == ["VIABLE", "REJECTED"]
    assert table[1][2] == "Sea, Ray"


async def test_the_artifacts_say_what_the_result_says(client: httpx.AsyncClient, succeeded: str):
    base = f"/v1/runs/{succeeded}"
    result = (await client.get(f"{base}/result")).json()
    kept = (await client.get(f"{base}/artifacts/result.json")).json()
    rows = (await client.get(f"{base}/artifacts/extracted_rows.json")).json()
    assert kept["result"] == result["result"]
    assert kept["status"] == result["status"] == "succeeded"
    assert rows == result["result"]["rows"]


async def test_each_path_of_the_handle_is_there_when_the_run_is_over(
    client: httpx.AsyncClient, succeeded: str, data_dir: Path
):
    status = (await client.get(f"/v1/runs/{succeeded}/status")).json()
    for name in ("status_path", "result_path", "csv_path", "events_path"):
        assert status[name].startswith(f"tenants/default/runs/{succeeded}/")
        assert (data_dir / status[name]).is_file()


@pytest.mark.parametrize(
    "name",
    [
        "status.json", "events.log", "nothing.png", "..%2fstatus.json", "%2e%2e%2fapi_token",
        "result.json%00", "result.json%2f", "RESULT.JSON", ".png", "..png",
    ],
)  # fmt: skip
async def test_any_other_artifact_is_404(client: httpx.AsyncClient, succeeded: str, name: str):
    answer = await client.get(f"/v1/runs/{succeeded}/artifacts/{name}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


async def test_a_linked_screenshot_is_404(
    client: httpx.AsyncClient, succeeded: str, data_dir: Path
):
    secret = data_dir / "secret"
    secret.write_text("secret")
    (data_dir / "tenants/default/runs" / succeeded / "step.png").symlink_to(secret)
    answer = await client.get(f"/v1/runs/{succeeded}/artifacts/step.png")
    assert answer.status_code == 404


async def test_logs_are_texts_with_time_and_message(client: httpx.AsyncClient, succeeded: str):
    logs = (
        await client.post("/predict", json={"action": "logs", "run_id": succeeded, "tail": 2})
    ).json()
    assert set(logs) == {"run_id", "events"}
    lines = [json.loads(line) for line in logs["events"]]
    assert len(lines) == 2
    assert all(set(line) == {"ts", "message"} for line in lines)
    assert lines == sorted(lines, key=lambda line: line["ts"])


async def test_cancel_leaves_a_terminal_run_unchanged(client: httpx.AsyncClient, failed: str):
    before = (await client.get(f"/v1/runs/{failed}/status")).json()
    after = (await client.post(f"/v1/runs/{failed}/cancel", json={"reason": "late"})).json()
    assert after == before
