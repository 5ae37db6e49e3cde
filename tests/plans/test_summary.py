"""The account of a run, the help for a failed one, and the table of classes."""

from pydantic import JsonValue

from plans.calls import Finish, Money, Present
from plans.cost import micro, usd
from plans.failure_help import failure_help
from plans.halts import HALT_OF
from plans.plan import Plan
from plans.state import Counters, PageCount
from plans.step import FailureClass, HaltClass, Step, TierName
from plans.summary import DynamicVerification, Video, summarise, verification

PLAN = Plan(
    steps=tuple(
        Step.model_validate({"intent": "x", **fields})
        for fields in (
            {
                "type": "navigate",
                "gate": True,
                "params": {"url": "{{site}}/boats?seller=private&page=1"},
                "verify": "Page 1 shows boats of private sellers",
            },
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


def checks_of(verify: str, url: str = "https://a.test/boats?state=FL&sort=price&page=1"):
    step: dict[str, JsonValue] = {
        "type": "navigate", "intent": "x", "gate": True, "verify": verify, "params": {"url": url}
    }  # fmt: skip
    plan = PLAN.model_copy(update={"steps": (Step.model_validate(step), *PLAN.steps[1:])})
    finish = Finish(status="succeeded")
    return verification(Counters(checks={0: True}, list_seen=True), finish, plan).checks


def test_a_gate_that_names_no_filter_says_nothing_of_filters() -> None:
    for verify in ("Page shows boats", "Page 1 shows boats by price", "The user is logged in"):
        assert checks_of(verify) == {"step_0_gate": "pass"}
    assert checks_of("Page shows boats in FL") == {"page_1_required_filters_present": "pass"}
    assert checks_of("boats in FL", "https://a.test/boats") == {"step_0_gate": "pass"}


def filtered(*shown: Present, gates: dict[int, bool] | None = None) -> DynamicVerification:
    counters = Counters(list_seen=True, pages_turned=len(shown) - 1, checks=gates or {})
    for number, one in enumerate(shown, 1):
        counters.pages[number] = PageCount(filters=one)
    return verification(counters, Finish(status="succeeded"), PLAN)


def test_the_verdict_is_pass_only_where_every_check_passed() -> None:
    assert filtered("pass", "pass").verdict == "pass"
    assert filtered("pass", "fail").verdict == "partial"
    assert filtered("pass", "unknown").verdict == "partial"
    assert filtered("pass", gates={5: False}).verdict == "partial"


def test_a_look_at_the_first_page_and_a_gate_on_its_filters_tell_together() -> None:
    name = "page_1_required_filters_present"
    assert filtered("unknown", gates={1: True}).checks[name] == "pass"
    assert filtered("unknown", gates={5: True}).checks[name] == "unknown"
    assert filtered("pass", gates={1: False}).checks[name] == "fail"
    assert filtered("fail", gates={1: True}).checks[name] == "fail"


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
