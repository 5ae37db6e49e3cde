"""The account of a run, the help for a failed one, and the table of classes."""

from plans.calls import Finish, Money
from plans.cost import micro, usd
from plans.failure_help import failure_help
from plans.halts import HALT_OF
from plans.plan import Plan
from plans.state import Counters
from plans.step import FailureClass, HaltClass, Step, TierName
from plans.summary import Video, summarise

PLAN = Plan(
    steps=tuple(
        Step.model_validate({"intent": "x", **fields})
        for fields in (
            {"type": "navigate", "gate": True, "verify": "boats"},
            {"type": "filter", "gate": True, "verify": "private"},
            {"type": "click"},
            {"type": "extract_data"},
            {"type": "loop", "loop_target": 2},
            {"type": "submit", "gate": True, "verify": "sent"},
        )
    )
)


def test_the_summary_says_what_was_counted() -> None:
    counters = Counters(
        steps_executed=31,
        attempted_items=10,
        completed_items=9,
        failed_items=1,
        list_seen=True,
        pages_turned=1,
        rows=9,
        rows_viable=8,
        cost=Money(gpu=1, claude=2_500_000, proxy=10),
        tiers={TierName.DOM: 30, TierName.CLAUDE: 1},
        checks={0: True, 1: True, 5: False},
    )
    summary = summarise(
        counters,
        Finish(status="succeeded"),
        PLAN,
        total_time_s=12.34567,
        leads_with_phone=7,
        result_path="r",
        csv_path="c",
        video=Video(format="mp4", error="recording-not-available"),
    )
    assert summary.model_dump(mode="json") == {
        "total_time_s": 12.346,
        "steps_executed": 31,
        "viable": 8,
        "leads_with_phone": 7,
        "cost_total": 2.500011,
        "cost_breakdown": {"gpu": 0.000001, "claude": 2.5, "proxy": 0.00001},
        "dynamic_verification_summary": {
            "verdict": "partial",
            "totals": {
                "pages_seen": 2,
                "found_items": 10,
                "attempted_items": 10,
                "completed_items": 9,
                "failed_items": 1,
            },
            "checks": {"page_1_required_filters_present": "pass", "step_5_gate": "fail"},
            "pages": [],
        },
        "result_path": "r",
        "csv_path": "c",
        "tiers": {"memory": 0, "dom": 30, "holo3": 0, "claude": 1},
        "video": {
            "path": None,
            "polished_path": None,
            "format": "mp4",
            "duration_seconds": 0.0,
            "bytes": 0,
            "actions": {"clicks": 0, "keys": 0, "types": 0, "scrolls": 0, "drags": 0},
            "clicks": 0,
            "error": "recording-not-available",
        },
    }


def verdict(counters: Counters, finish: Finish) -> str:
    summary = summarise(
        counters, finish, PLAN, total_time_s=0, leads_with_phone=0, result_path="", csv_path=""
    )
    return summary.dynamic_verification_summary.verdict


def test_verdicts() -> None:
    failed = Finish(status="failed", halt_class=HaltClass.STEP_FAILED)
    assert verdict(Counters(), Finish(status="succeeded")) == "pass"
    assert verdict(Counters(failed_steps=1), Finish(status="succeeded")) == "partial"
    assert verdict(Counters(), failed) == "fail"
    assert verdict(Counters(rows_viable=1), failed) == "partial"


def test_one_filter_that_fails_fails_the_check() -> None:
    for held in ({0: True, 1: False}, {0: False, 1: True}):
        summary = summarise(
            Counters(checks=held),
            Finish(status="failed", halt_class=HaltClass.GATE_FAILED),
            PLAN,
            total_time_s=0,
            leads_with_phone=0,
            result_path="",
            csv_path="",
        )
        checks = summary.dynamic_verification_summary.checks
        assert checks == {"page_1_required_filters_present": "fail"}


def test_every_step_class_has_its_run_class_and_every_run_class_its_help() -> None:
    assert set(HALT_OF) == set(FailureClass)
    for halt in HaltClass:
        help_ = failure_help(halt, "20250101_000000_abcdefgh", video=True)
        assert help_.halt_class is halt
        assert help_.summary.endswith(".")
        assert help_.likely_causes
        assert help_.next_steps
        assert help_.debug_surfaces.video == "/v1/runs/20250101_000000_abcdefgh/video"
        assert failure_help(halt, "r").debug_surfaces.video is None


def test_money_is_exact() -> None:
    assert micro(0.1) + micro(0.2) == micro(0.3)
    assert usd(micro(25.0)) == 25.0
    assert usd(1) == 0.000001
