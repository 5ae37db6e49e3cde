import json

import pytest

from ledger.content import plan_document
from ledger.models import Document, EventRow, ExtractedRow, Limits, Phase, RunRow, RunStatus
from ledger.records import build_csv
from ledger.result import build_handle, build_poll, build_result, build_status, log_line
from plans.caps import Caps
from plans.parse import parse_submission
from plans.plan import Plan
from plans.step import Extract, ExtractField, HaltClass, Perception, Step, StepType
from plans.suite import Task, TaskSuite, Verify, VerifyType

NOW = 1_767_323_045_000_000
EXTRACT = Extract(fields=(ExtractField(name="price"), ExtractField(name="phone")))
PLAN = Plan(steps=(Step(intent="Read it", type=StepType.EXTRACT_DATA, extract=EXTRACT),))


class NoFiles:
    """There are no plan files."""

    def read_plan_file(self, path: str) -> str:
        raise AssertionError(path)


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


def step(index: int, **body: object) -> EventRow:
    return EventRow.model_validate(
        {"ts": index + 2, "dedup_key": f"s{index}", "kind": "step", "step_index": index}
        | {"body": {"index": index, "success": True, **body}}
    )


DECOMPOSED = step(-1, type="decompose", cost=0.012)


def over(**changes: object) -> RunRow:
    return run(status=RunStatus.SUCCEEDED, summary={"cost_total": 0.5}, **changes)


def test_the_steps_of_a_plan_in_words_are_shown_and_can_be_submitted_again():
    secret = Step(intent="Type {{secret.1}} there", type=StepType.FILL_FIELD)
    row = over(plan=plan_document(Plan(steps=(*PLAN.steps, secret))))
    result = build_result(row, [DECOMPOSED], [], NOW).document()["result"]
    assert isinstance(result, dict) and isinstance(result["plan"], dict)
    again = parse_submission({"task_suite": result["plan"]}, NoFiles(), Caps())
    assert isinstance(again.content, Plan)
    assert [one.intent for one in again.content.steps] == ["Read it", "Type *** there"]


def test_a_run_that_went_on_from_one_in_words_shows_its_steps():
    row = over(resumed_from="20260101_000000_0000abcd", payload={"plan_text": "Read it"})
    assert "plan" in _result(row)
    assert "plan" not in _result(row.model_copy(update={"resumed_from": None}))
    assert "plan" not in _result(row.model_copy(update={"plan": {"text": "Read it"}}))
    assert "plan" not in _result(over())


def _result(row: RunRow, *steps: EventRow) -> Document:
    result = build_result(row, steps, [], NOW).document()["result"]
    assert isinstance(result, dict)
    return result


SUITE = TaskSuite(
    tasks=(
        Task(task_id="login", intent="Log in"),
        Task(
            task_id="buy",
            intent="Buy",
            verify=Verify(type=VerifyType.URL_CONTAINS, value="/thanks"),
        ),
        Task(
            task_id="leave",
            intent="Leave",
            verify=Verify(type=VerifyType.PAGE_CONTAINS_TEXT, value="Bye {{secret.2}}"),
        ),
    )
)


def test_a_suites_tasks_are_told_in_its_order():
    told = {
        "task_id": "login",
        "success": True,
        "steps": 4,
        "verify": None,
        "final_url": "http://a",
    }
    failed = {
        "task_id": "buy",
        "success": False,
        "steps": 9,
        "verify": {"type": "url_contains", "value": "/thanks", "passed": False},
        "final_url": "http://b",
    }
    result = _result(
        over(plan=plan_document(SUITE)),
        step(0, type="task", data=told, duration=2.5, cost=0.25),
        step(1, type="task", data=failed, duration=3.0, cost=0.125, success=False),
    )
    assert (result["passed"], result["total"]) == (1, 3)
    assert result["tasks"] == [
        {**told, "duration": 2.5, "cost": 0.25},
        {**failed, "duration": 3.0, "cost": 0.125},
        {
            "task_id": "leave",
            "success": False,
            "steps": 0,
            "verify": {"type": "page_contains_text", "value": "Bye ***", "passed": False},
            "duration": 0.0,
            "cost": 0.0,
            "final_url": None,
        },
    ]


def test_a_task_whose_record_tells_nothing_has_failed():
    result = _result(over(plan=plan_document(SUITE)), step(0, type="task", data=None, cost=True))
    tasks = result["tasks"]
    assert isinstance(tasks, list) and isinstance(tasks[0], dict)
    assert (tasks[0]["task_id"], tasks[0]["success"], tasks[0]["cost"]) == ("login", False, 0.0)


def test_plans_have_no_tasks():
    assert not {"tasks", "passed", "total"} & set(_result(over(), step(0, type="click")))
