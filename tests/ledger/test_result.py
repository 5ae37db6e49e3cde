import json

import pytest

from ledger.content import plan_document
from ledger.models import EventRow, ExtractedRow, Limits, Phase, RunRow, RunStatus
from ledger.records import build_csv
from ledger.result import build_handle, build_poll, build_result, build_status, log_line
from plans.plan import Plan
from plans.step import Extract, ExtractField, HaltClass, Perception, Step, StepType

NOW = 1_767_323_045_000_000
EXTRACT = Extract(fields=(ExtractField(name="price"), ExtractField(name="phone")))
PLAN = Plan(steps=(Step(intent="Read it", type=StepType.EXTRACT_DATA, extract=EXTRACT),))


def run(**changes: object) -> RunRow:
    row = RunRow(
        tenant_id="acme",
        run_id="20260102_030405_0000abcd",
        status=RunStatus.RUNNING,
        phase=Phase.RUNNING,
        plan=plan_document(PLAN),
        plan_name="",
        payload={"detached": True, "inputs": {"password": "canary"}},
        signature="",
        state_key="key",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
        created_at=NOW - 60_000_000,
        updated_at=NOW - 60_000_000,
        started_at=NOW - 50_000_000,
        finished_at=None,
        last_event_at=NOW,
        halt_class=None,
        message="",
        summary=None,
        video=None,
        cancel_requested=False,
        cancel_reason=None,
    )
    return row.model_copy(update=changes)


def found(viable: bool, **values: str | None) -> ExtractedRow:
    return ExtractedRow(
        seq=1,
        key="k",
        step_index=0,
        record={
            "url": "https://example.com/1",
            "fields": {name: {"value": value, "raw": value} for name, value in values.items()},
        },
        viable=viable,
        page_url="https://example.com/1?ref=list",
    )


@pytest.mark.parametrize(
    ("silent_s", "hint"), [(0, 500), (1.9, 500), (2, 1500), (9.9, 1500), (10, 5000), (31, 10000)]
)
def test_the_hint_follows_the_silence(silent_s: float, hint: int):
    row = run(last_event_at=NOW - int(silent_s * 1_000_000))
    assert build_poll(row, NOW).polling_backoff_ms_hint == hint
    over = row.model_copy(update={"status": RunStatus.SUCCEEDED})
    assert build_poll(over, NOW).polling_backoff_ms_hint == 30_000


def test_the_handle_is_that_of_the_submission():
    handle = build_handle(run(updated_at=NOW)).document()
    assert handle["status"] == "queued"
    assert handle["created_at"] == handle["updated_at"] == "2026-01-02T03:03:05.000Z"
    assert handle["payload"] == {"detached": True, "inputs": {"password": "***"}}


def test_only_what_applies_is_shown():
    running = build_status(run(), NOW).document()
    assert not {"summary", "error", "halt_class", "failure_help", "cancel_reason"} & set(running)
    failed = build_status(
        run(status=RunStatus.FAILED, halt_class=HaltClass.BROWSER_LOST, message="gone"), NOW
    ).document()
    assert failed["error"] == failed["halt_class"] == "browser_lost"
    assert failed["message"] == "gone"
    assert failed["summary"] is None
    done = build_status(run(status=RunStatus.SUCCEEDED, summary={"viable": 1}), NOW).document()
    assert "error" not in done
    assert done["summary"] == {"viable": 1}


def test_leads_are_the_viable_rows_in_the_plans_order():
    rows = [found(True, phone=None, price="$5"), found(False, phone=None, price=None)]
    result = build_result(run(status=RunStatus.SUCCEEDED), (), rows, NOW).document()
    assert result["result"] == {
        "leads": ["VIABLE | Price: $5 | Phone: none | URL: https://example.com/1"],
        "steps": [],
        "rows": [
            {
                "phone": None,
                "price": price,
                "url": "https://example.com/1",
                "_viable": viable,
                "_trace": {
                    "page_url": "https://example.com/1?ref=list",
                    "step_index": 0,
                    "fields": {"phone": {"raw": None}, "price": {"raw": price}},
                },
            }
            for viable, price in ((True, "$5"), (False, None))
        ],
        "video": None,
        "summary": None,
    }
    header, first, second, end = build_csv(run(), rows).split("\r\n")
    assert header == "status,price,phone,url,raw"
    assert first.startswith("VIABLE,$5,,https://example.com/1,")
    assert second.startswith("REJECTED,,,")
    assert end == ""


def test_a_log_line_says_what_a_step_did():
    def line(**body: object) -> str:
        event = EventRow.model_validate(
            {"ts": NOW, "dedup_key": "k", "kind": "step", "step_index": 2, "body": body}
        )
        shown = json.loads(log_line(event))
        assert shown["ts"] == "2026-01-02T03:04:05.000000Z"
        return shown["message"]

    assert line(message="as it is") == "as it is"
    assert line(intent="Click", success=True) == "step 2: Click: ok"
    failed = line(intent="Click", success=False, failure_class="selector_miss")
    assert failed == "step 2: Click: failed selector_miss"
    assert line() == "step 2"
