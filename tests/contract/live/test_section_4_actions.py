"""Contract, section 4: what can be asked of a run, and what it brought."""

import csv
import io
import json
import time

import pytest

from tests.contract.live.conftest import NAVIGATE, TITLE, Caller, waiting
from tests.e2e.live import LiveStack, Site

pytestmark = pytest.mark.stack

HANDLE = {
    "status", "mode", "model", "run_id", "created_at", "updated_at", "payload", "profile_id",
    "workflow_id", "status_path", "result_path", "csv_path", "events_path",
}  # fmt: skip
SUMMARY = {
    "total_time_s", "steps_executed", "viable", "leads_with_phone", "cost_total",
    "cost_breakdown", "dynamic_verification_summary", "result_path", "csv_path", "tiers",
}  # fmt: skip
STEP = {
    "index", "intent", "type", "section", "iteration", "success", "duration", "attempts", "tier",
    "confidence", "url", "data", "cost",
}  # fmt: skip
STEP_CLASSES = {
    "http_4xx", "http_5xx", "nav_timeout", "nav_blocked", "page_blocked", "selector_miss",
    "ambiguous_target", "no_state_change", "wrong_target", "verify_failed", "extract_failed",
    "budget_exhausted", "model_unavailable", "gate_undecided", "browser_lost", "outcome_unknown",
    "limit_exceeded", "unknown",
}  # fmt: skip


def test_a_status_has_the_handles_fields_and_the_times(acme: Caller, succeeded: str, running: str):
    """
    > **status** → the handle's fields plus `started_at`, `finished_at`; when terminal `summary`;
    """
    over = acme.act("status", succeeded).json()
    assert set(over) >= HANDLE | {"started_at", "finished_at", "summary"}
    now = acme.act("status", running).json()
    assert set(now) >= HANDLE | {"started_at", "finished_at"}
    assert now["started_at"] and now["finished_at"] is None and "summary" not in now


def test_a_run_that_did_not_succeed_says_why(acme: Caller, failed: str, cancelled: str):
    """> when failed or cancelled `error` (a short class), `halt_class`, `failure_help`;"""
    for run_id, name in ((failed, "gate_failed"), (cancelled, "cancelled")):
        status = acme.status(run_id)
        assert status["error"] == status["halt_class"] == name
        assert status["failure_help"]["summary"]


def test_the_hint_of_a_status_is_that_of_the_poll(acme: Caller, succeeded: str):
    """> `polling_backoff_ms_hint` as in section 5."""
    hint = acme.get(f"/v1/runs/{succeeded}").json()["polling_backoff_ms_hint"]
    assert acme.status(succeeded)["polling_backoff_ms_hint"] == hint == 30_000


def test_a_result_is_the_status_and_what_it_brought(acme: Caller, succeeded: str, running: str):
    """
    > **result** → status plus `"result": {leads, steps, rows, video, summary}`; before the end
    > `"result": null, "result_ready": false`.
    """
    over = acme.act("result", succeeded).json()
    assert set(over["result"]) == {"leads", "steps", "rows", "video", "summary"}
    assert over["result_ready"] is True
    assert over.items() >= acme.status(succeeded).items()
    before = acme.act("result", running).json()
    assert before["result"] is None and before["result_ready"] is False


def test_logs_are_json_texts_oldest_first(acme: Caller, succeeded: str):
    """
    > **logs** `tail` 200 (1..10000) → `{"run_id","events":["{\\"ts\\":…,\\"message\\":…}", …]}`,
    > oldest first.
    """
    body = acme.act("logs", succeeded).json()
    assert set(body) == {"run_id", "events"}
    lines = [json.loads(line) for line in body["events"]]
    assert all(set(line) == {"ts", "message"} for line in lines)
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    assert acme.act("logs", succeeded, tail=1).json()["events"] == body["events"][-1:]
    assert acme.act("logs", succeeded, tail=10_000).json() == body


def test_cancel_answers_the_status_after_it(acme: Caller, succeeded: str, failed: str):
    """
    > **cancel** → the status after it (`running` with `cancel_requested: true` while it is
    > stopping); on a terminal run unchanged.
    """
    run_id = acme.submit(task_suite=waiting(60))
    acme.wait_until(run_id, "running")
    answer = acme.act("cancel", run_id).json()
    assert answer["status"] in ("running", "cancelled") and answer["cancel_requested"] is True
    assert acme.wait(run_id)["status"] == "cancelled"
    for over in (succeeded, failed):
        before = acme.status(over)
        assert acme.act("cancel", over).json() == before == acme.status(over)


def test_nothing_reaches_the_site_after_a_cancel(acme: Caller, stack: LiveStack):
    """
    > The run stops at the next checkpoint boundary and nothing reaches the site after that: the
    > network is cut first.

    > Target: terminal within 2 s where no page load is in flight, 10 s always.
    """
    step = {**NAVIGATE, "intent": "Go to {{demo_site}}/boats?visitor=cancelled-one"}
    wait = {"intent": "Wait", "type": "wait", "params": {"seconds": 60}}
    run_id = acme.submit(task_suite=[step, wait, step])
    acme.wait_until(run_id, "running")
    acme.act("cancel", run_id)
    asked = time.monotonic()
    acme.wait(run_id, 10)
    assert time.monotonic() - asked < 10
    site = Site(stack.demo_site)
    seen = len(site.requests("cancelled-one"))
    time.sleep(1)
    assert len(site.requests("cancelled-one")) == seen


def test_statuses_are_exactly_these(acme: Caller, succeeded: str, failed: str, cancelled: str):
    """
    > Statuses on the wire are exactly `queued`, `running`, `paused`, `succeeded`, `failed`,
    > `cancelled`; the last three are terminal and the first of them to be written stays.
    """
    known = {"queued", "running", "paused", "succeeded", "failed", "cancelled"}
    listed = acme.get("/v1/runs", limit=200).json()["runs"]
    assert {run["status"] for run in listed} <= known
    schema = acme.get("/openapi.json").json()["components"]["schemas"]["RunStatus"]
    assert set(schema["enum"]) == known
    for run_id, status in ((succeeded, "succeeded"), (failed, "failed"), (cancelled, "cancelled")):
        acme.act("cancel", run_id)
        assert acme.status(run_id)["status"] == status


def test_success_is_honest(acme: Caller, succeeded: str):
    """
    > `succeeded` is honest: every required step and every gate passed, and what was to be extracted
    > gave at least one viable row or a list proven empty.

    > Otherwise `failed`, with what was done kept.
    """
    good = acme.result(succeeded)
    assert good["summary"]["viable"] >= 1
    assert all(step["success"] for step in good["result"]["steps"])
    click = {"intent": 'Click "No such thing at all"', "type": "click", "required": True}
    required = acme.wait(acme.submit(task_suite=[NAVIGATE, TITLE, click]))
    assert required["status"] == "failed" and required["error"] == "step_failed"
    assert len(required["result"]["steps"]) == 3 and required["result"]["rows"]
    fields = [{"name": "hull_number", "required": True}]
    nothing = {"intent": "Extract the hull number", "type": "extract_data",
               "extract": {"fields": fields}}  # fmt: skip
    barren = acme.wait(acme.submit(task_suite=[NAVIGATE, nothing]))
    assert barren["status"] == "failed" and barren["error"] == "extract_failed"


def test_fewer_items_than_the_loop_count_is_no_failure(acme: Caller):
    """> fewer items than `loop_count` is no failure."""
    steps = [
        {**NAVIGATE, "intent": "Go to {{demo_site}}/boats?seller=private"},
        {"intent": "Click the title of the next boat listing", "type": "click",
         "section": "extraction"},
        {"intent": "Extract Year, Make and Price", "type": "extract_data", "section": "extraction"},
        {"intent": "Go back", "type": "navigate_back", "section": "extraction"},
        {"intent": "Again", "type": "loop", "loop_target": 1, "loop_count": 45},
    ]  # fmt: skip
    result = acme.wait(acme.submit(task_suite=steps))
    assert result["status"] == "succeeded"
    assert 1 <= result["summary"]["viable"] < 45


def test_the_summary_has_each_field(acme: Caller, succeeded: str):
    """
    > `summary`: `total_time_s, steps_executed, viable, leads_with_phone, cost_total,
    > cost_breakdown{gpu,claude,proxy}, dynamic_verification_summary, result_path, csv_path,
    > tiers{memory,dom,holo3,claude}` (steps answered by each), `video` where one was asked for.
    """
    summary = acme.status(succeeded)["summary"]
    assert set(summary) == SUMMARY
    assert set(summary["cost_breakdown"]) == {"gpu", "claude", "proxy"}
    assert set(summary["tiers"]) == {"memory", "dom", "holo3", "claude"}
    assert summary["tiers"]["dom"] >= 1
    assert summary["steps_executed"] == len(acme.result(succeeded)["result"]["steps"])
    filmed = acme.wait(acme.submit(record_video=True))
    assert "video" in filmed["summary"] or filmed["result"]["video"] is not None


def test_the_cost_is_the_sum_of_its_parts(acme: Caller, succeeded: str):
    """> `cost_total` is the sum of its parts, and each part is metered, not guessed."""
    summary = acme.status(succeeded)["summary"]
    assert summary["cost_total"] == sum(summary["cost_breakdown"].values()) == 0


def test_the_dynamic_verification_has_totals_and_checks(acme: Caller, succeeded: str):
    """
    > `dynamic_verification_summary`: `{verdict, totals{pages_seen, found_items, attempted_items,
    > completed_items, failed_items}, checks:{"page_1_required_filters_present":"pass", …}}`.
    """
    found = acme.status(succeeded)["summary"]["dynamic_verification_summary"]
    assert set(found) == {"verdict", "totals", "checks", "pages"}
    assert set(found["totals"]) == {
        "pages_seen", "found_items", "attempted_items", "completed_items", "failed_items",
    }  # fmt: skip
    assert set(found["checks"].values()) <= {"pass", "fail", "undecided", "unknown"}


def test_a_lead_is_one_line_in_the_order_of_the_plans_fields(acme: Caller, succeeded: str):
    """
    > `leads`: one string a viable record, `VIABLE | Year: 2019 | Make: … | Model: … | Price: $… |
    > Phone: …|none | URL: …`, in the order of the plan's fields (the marketplace's year, make,
    > model come from its plan, not from us).
    """
    body = acme.result(succeeded)
    leads = body["result"]["leads"]
    assert len(leads) == body["summary"]["viable"] == 2
    for lead in leads:
        parts = lead.split(" | ")
        names = [part.partition(":")[0] for part in parts]
        assert names == ["VIABLE", "Year", "Make", "Model", "Price", "Phone", "URL"]


def test_a_step_of_the_result_has_each_field(acme: Caller, succeeded: str, failed: str):
    """
    > `steps`: per executed step `{index, intent, type, section, iteration, success, duration,
    > attempts, tier, confidence, url, data, cost, error?, failure_class?, screenshot?}`.
    """
    for run_id in (succeeded, failed):
        for step in acme.result(run_id)["result"]["steps"]:
            assert set(step) >= STEP
            assert set(step) - STEP <= {
                "error", "failure_class", "screenshot", "notes", "candidates", "verdict",
                "explained",
            }  # fmt: skip


def test_a_failed_step_has_one_of_the_known_classes(acme: Caller, failed: str):
    """
    > `failure_class` of a step: `http_4xx, http_5xx, nav_timeout, nav_blocked, page_blocked,
    > selector_miss, ambiguous_target, no_state_change, wrong_target, verify_failed, extract_failed,
    > budget_exhausted, model_unavailable, gate_undecided, browser_lost, outcome_unknown,
    > limit_exceeded, unknown`.
    """
    step = acme.result(failed)["result"]["steps"][-1]
    assert step["success"] is False and step["failure_class"] in STEP_CLASSES
    gone = {**NAVIGATE, "intent": "Go to {{demo_site}}/no/such/page"}
    missing = acme.wait(acme.submit(task_suite=[gone]))
    assert missing["result"]["steps"][0]["failure_class"] == "http_4xx"


def test_rows_are_objects_whose_fields_can_be_traced(acme: Caller, succeeded: str):
    """> `rows`: the records as objects; each field can be traced to its page, element and tier."""
    rows = acme.result(succeeded)["result"]["rows"]
    assert len(rows) == 2
    text = json.dumps(rows[0])
    assert "source" in text and "dom" in text and "url" in text


def test_the_csv_has_status_the_plans_fields_url_and_raw(acme: Caller, succeeded: str):
    """> `leads.csv`: status, the plan's fields in order, url, raw."""
    text = acme.get(f"/v1/runs/{succeeded}/artifacts/leads.csv").text
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["status", "year", "make", "model", "price", "phone", "url", "raw"]
    assert len(rows) == 2 and {row[0] for row in rows} == {"VIABLE"}


def test_which_fields_are_read(acme: Caller):
    """
    > Which fields: `extraction_schema`, else the step's `extract`, else the names in the intent
    > ("Extract Year, Make and Price"), else the labelled pairs of the page.
    """
    first = {"intent": "Click the title of the first boat listing", "type": "click"}
    intent = {"intent": "Extract Make and Price", "type": "extract_data"}
    fields = {"extract": {"fields": [{"name": "year"}]}}
    schema = {"type": "object", "properties": {"model": {"type": "string"}}}

    def names(step: dict, **options: object) -> set[str]:
        result = acme.wait(acme.submit(task_suite=[NAVIGATE, first, step], **options))
        (row,) = result["result"]["rows"]
        return set(row.get("fields", row)) & {
            "make", "price", "year", "model", "length",
        }  # fmt: skip

    assert names({**intent, **fields}, extraction_schema=schema) == {"model"}
    assert names({**intent, **fields}) == {"year"}
    assert names(intent) == {"make", "price"}


def test_a_record_is_viable_with_every_required_field(acme: Caller):
    """
    > Viable: every required field has a value; where none is called required, at least one field
    > was read on that page.
    """
    first = {"intent": "Click the title of the first boat listing", "type": "click"}

    def read(*fields: dict) -> dict:
        extract = {
            "intent": "Extract the boat", "type": "extract_data", "extract": {"fields": fields},
        }  # fmt: skip
        return acme.wait(acme.submit(task_suite=[NAVIGATE, first, extract]))

    make, missing = {"name": "make"}, {"name": "wingspan"}
    assert read(make, missing)["summary"]["viable"] == 1
    assert read({**make, "required": True}, missing)["summary"]["viable"] == 1
    assert read(make, {**missing, "required": True})["summary"]["viable"] == 0
    assert read(missing)["summary"]["viable"] == 0


def test_help_with_a_failure_has_each_field(acme: Caller, failed: str):
    """
    > `failure_help`: `{halt_class, summary, likely_causes[], next_steps[],
    > debug_surfaces{status,result,logs,events,video}}`.
    """
    given = acme.status(failed)["failure_help"]
    assert set(given) == {
        "halt_class", "summary", "likely_causes", "next_steps", "debug_surfaces",
    }  # fmt: skip
    assert given["likely_causes"] and given["next_steps"]
    assert set(given["debug_surfaces"]) >= {"status", "result", "logs", "events"}
    for name in ("status", "result", "logs", "events"):
        assert acme.get(given["debug_surfaces"][name]).status_code == 200


def test_the_class_of_a_run_is_one_of_these(acme: Caller, failed: str):
    """
    > `error`/`halt_class` of a run: `page_blocked, max_cost_exceeded, timeout, gate_failed,
    > extract_failed, navigation_blocked, step_failed, model_unavailable, gate_undecided,
    > browser_lost, outcome_unknown, limit_exceeded, plan_rejected, cancelled, internal_error`; one
    > table in the docs maps the classes of steps to those of runs.
    """
    schema = acme.get("/openapi.json").json()["components"]["schemas"]["HaltClass"]
    assert set(schema["enum"]) == {
        "page_blocked", "max_cost_exceeded", "timeout", "gate_failed", "extract_failed",
        "navigation_blocked", "step_failed", "model_unavailable", "gate_undecided", "browser_lost",
        "outcome_unknown", "limit_exceeded", "plan_rejected", "cancelled", "internal_error",
    }  # fmt: skip
    blocked = {**NAVIGATE, "intent": "Go to http://10.1.2.3/"}
    assert acme.wait(acme.submit(task_suite=[blocked]))["error"] == "navigation_blocked"
    late = acme.wait(acme.submit(task_suite=waiting(60), max_time_minutes=0.05))
    assert late["error"] == "timeout" and acme.status(failed)["error"] == "gate_failed"
