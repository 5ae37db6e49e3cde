"""The interpreter by example: which calls a plan makes, and how it ends."""

from collections.abc import Callable, Iterable

from pydantic import JsonValue

from plans.calls import Call, CallKind, Finish, Money, Outcome
from plans.caps import Caps
from plans.interpreter import Interpreter
from plans.parse import read_document
from plans.plan import Plan
from plans.state import RunState
from plans.step import FailureClass, HaltClass, Section, TierName

CAPS = Caps()
OK = Outcome(success=True)
Script = Callable[[Call], Outcome]


def plan_of(*steps: dict[str, JsonValue]) -> Plan:
    filled: list[JsonValue] = [{"intent": f"do {i}", **step} for i, step in enumerate(steps)]
    plan = read_document(filled, "task_suite", CAPS)
    assert isinstance(plan, Plan)
    return plan


def drive(
    plan: Plan, script: Script, caps: Caps = CAPS, state: RunState | None = None
) -> tuple[list[str], Finish, RunState]:
    """Run the plan; each call is noted as `kind index.attempt`, STEP left out."""
    limits = caps.limits(caps.max_cost_usd, caps.max_runtime_minutes)
    machine = Interpreter(plan, limits, state)
    notes: list[str] = []
    for now in range(100_000):
        call = machine.next()
        assert machine.next() == call
        if isinstance(call, Finish):
            return notes, call, machine.state
        kind = "" if call.kind is CallKind.STEP else f"{call.kind} "
        attempt = f".{call.attempt}" if call.attempt > 1 else ""
        notes.append(f"{kind}{call.index}{attempt}")
        machine.apply(call, script(call), now)
        machine = Interpreter(
            plan, limits, RunState.model_validate_json(machine.state.model_dump_json())
        )
    raise AssertionError("the run does not end")


def failing(index: int, failure: FailureClass, times: int = 10**9) -> Script:
    left = times

    def script(call: Call) -> Outcome:
        nonlocal left
        if call.index == index and call.kind is CallKind.STEP and left > 0:
            left -= 1
            return Outcome(success=False, failure_class=failure, message="no such thing")
        return OK

    return script


def test_a_body_of_five_and_a_count_of_three_after_two_steps_executes_seventeen() -> None:
    plan = plan_of(
        {"type": "navigate"},
        {"type": "filter"},
        *[{"type": kind} for kind in ("click", "scroll", "wait", "key_press", "navigate_back")],
        {"type": "loop", "loop_target": 2, "loop_count": 3},
    )
    notes, finish, state = drive(plan, lambda call: OK)
    assert finish == Finish(status="succeeded")
    assert state.counters.steps_executed == 17
    assert [n for n in notes if n.startswith("look")] == ["look 7", "look 7"]


DEMO = plan_of(
    {"type": "navigate", "required": True, "gate": True, "verify": "Page shows boats"},
    {"type": "click"},
    {"type": "extract_data", "extract": {"fields": [{"name": "price"}], "max_items": 10}},
    {"type": "navigate_back"},
    {"type": "loop", "loop_target": 1, "loop_count": 12},
    {"type": "paginate"},
    {"type": "loop", "loop_target": 1, "loop_count": 25},
)


class Marketplace:
    """Answers like a site with `pages` pages of `per_page` items each."""

    def __init__(self, per_page: int, pages: int) -> None:
        self.per_page, self.pages = per_page, pages
        self.page = 1
        self.taken = 0
        self.rows = 0

    def __call__(self, call: Call) -> Outcome:
        if call.kind is CallKind.LOOK:
            return Outcome(success=True, has_more=self.taken < self.per_page)
        match call.index:
            case 0:
                return Outcome(success=True, gate="holds", tier=TierName.DOM)
            case 1:
                if self.taken == self.per_page:
                    return Outcome(success=True, exhausted=True)
                self.taken += 1
                return OK
            case 2:
                self.rows += 1
                return Outcome(success=True, rows_added=1, rows_viable=1, rows_total=self.rows)
            case 5:
                if self.page == self.pages:
                    return Outcome(success=True, exhausted=True)
                self.page, self.taken = self.page + 1, 0
                return OK
            case _:
                return OK


def test_the_demo_plan_stops_at_ten_items_without_turning_a_page() -> None:
    notes, finish, state = drive(DEMO, Marketplace(12, 5))
    assert finish.status == "succeeded"
    assert state.counters.steps_executed == 31
    assert "5" not in notes
    assert state.counters.completed_items == state.counters.attempted_items == 10
    assert state.counters.pages_seen == 1
    assert state.counters.tiers == {TierName.DOM: 1}


def test_a_short_page_leads_to_the_next_one() -> None:
    notes, finish, state = drive(DEMO, Marketplace(4, 5))
    assert finish.status == "succeeded"
    assert state.counters.rows == 10
    assert notes.count("5") == 2
    assert state.counters.pages_seen == 3


def test_a_list_shorter_than_asked_for_is_no_failure() -> None:
    _, finish, state = drive(DEMO, Marketplace(3, 2))
    assert finish.status == "succeeded"
    assert state.counters.rows == 6
    assert state.counters.failed_items == 0


def test_an_item_that_fails_is_counted_and_the_loop_goes_on() -> None:
    site = Marketplace(4, 1)

    def script(call: Call) -> Outcome:
        if call.kind is CallKind.STEP and call.index == 2 and call.visit == 1:
            return Outcome(success=False, failure_class=FailureClass.HTTP_5XX)
        return site(call)

    notes, finish, state = drive(DEMO, script)
    assert finish.status == "succeeded"
    assert notes[:8] == ["0", "1", "2", "3", "look 4", "1", "2", "return 2"]
    counters = state.counters
    assert (counters.attempted_items, counters.completed_items, counters.failed_items) == (4, 3, 1)


def test_a_way_back_that_fails_ends_the_list() -> None:
    def script(call: Call) -> Outcome:
        if call.kind is CallKind.RETURN or call.index == 1:
            return Outcome(success=False, failure_class=FailureClass.SELECTOR_MISS)
        if call.index == 5:
            return Outcome(success=True, exhausted=True)
        return Outcome(success=True, gate="holds" if call.step.gate else None)

    notes, finish, _ = drive(DEMO, script)
    assert notes == ["0", "1", "return 1", "5"]
    assert finish.status == "failed"
    assert finish.halt_class is HaltClass.STEP_FAILED


def test_a_site_that_goes_away_fails_the_run_and_keeps_the_rows() -> None:
    site = Marketplace(12, 9)

    def script(call: Call) -> Outcome:
        if site.rows < 3:
            return site(call)
        if call.index == 5:
            return Outcome(success=True, exhausted=True)
        return Outcome(success=False, failure_class=FailureClass.NAV_BLOCKED, message="no answer")

    notes, finish, state = drive(DEMO, script)
    assert notes[-3:] == ["3", "return 3", "5"]
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.NAVIGATION_BLOCKED)
    assert state.counters.rows == 3


def test_a_site_that_comes_back_does_not_fail_the_run() -> None:
    site = Marketplace(2, 2)

    def script(call: Call) -> Outcome:
        if (call.kind, call.index, call.visit) in (
            (CallKind.STEP, 3, 0),
            (CallKind.RETURN, 3, 0),
        ):
            return Outcome(success=False, failure_class=FailureClass.HTTP_5XX)
        return site(call)

    _, finish, state = drive(DEMO, script)
    assert finish.status == "succeeded"
    assert state.counters.rows == 3
    assert state.counters.completed_items == 3


def test_an_empty_page_does_not_excuse_items_that_failed() -> None:
    def script(call: Call) -> Outcome:
        if call.index == 2:
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        if call.kind is CallKind.LOOK:
            return Outcome(success=True, has_more=False, list_empty=True)
        return Outcome(success=True, gate="holds", exhausted=call.index == 5)

    _, finish, state = drive(DEMO, script)
    assert state.counters.failed_items == 1
    assert finish.halt_class is HaltClass.EXTRACT_FAILED


def test_a_page_that_cannot_be_turned_ends_the_list() -> None:
    """> in pagination the list ends there."""
    site = Marketplace(2, 9)

    def script(call: Call) -> Outcome:
        if call.index == 5:
            return Outcome(success=False, failure_class=FailureClass.NAV_TIMEOUT)
        return site(call)

    _, finish, state = drive(DEMO, script)
    assert finish.status == "succeeded"
    assert state.counters.rows == 2


def test_a_list_proven_empty_is_a_success_without_rows() -> None:
    def script(call: Call) -> Outcome:
        if call.index in (1, 5):
            return Outcome(success=True, exhausted=True, list_empty=call.index == 1)
        return Outcome(success=True, gate="holds" if call.step.gate else None)

    notes, finish, state = drive(DEMO, script)
    assert notes == ["0", "1", "5"]
    assert finish == Finish(status="succeeded")
    assert state.counters.attempted_items == 0


def test_an_empty_list_that_is_not_proven_so_fails() -> None:
    _, finish, _ = drive(
        DEMO, lambda call: Outcome(success=True, exhausted=call.index in (1, 5), gate="holds")
    )
    assert finish.halt_class is HaltClass.EXTRACT_FAILED


def test_inner_loops_start_anew_on_each_entry() -> None:
    plan = plan_of(
        {"type": "click"},
        {"type": "wait"},
        {"type": "loop", "loop_target": 1, "loop_count": 3},
        {"type": "loop", "loop_target": 0, "loop_count": 2},
    )
    notes, _, _ = drive(plan, lambda call: OK)
    inner = ["1", "look 2", "1", "look 2", "1"]
    assert notes == ["0", *inner, "look 3", "0", *inner]


def test_three_loops_deep_multiply() -> None:
    plan = plan_of(
        {"type": "wait"},
        {"type": "loop", "loop_target": 0, "loop_count": 2},
        {"type": "loop", "loop_target": 0, "loop_count": 3},
        {"type": "loop", "loop_target": 0, "loop_count": 4},
    )
    _, _, state = drive(plan, lambda call: OK)
    assert state.counters.steps_executed == 24


def test_a_look_that_finds_nothing_more_leaves_and_one_that_cannot_tell_goes_on() -> None:
    plan = plan_of({"type": "click"}, {"type": "loop", "loop_target": 0, "loop_count": 9})
    answers: Iterable[bool | None] = iter([None, True, False])
    notes, _, _ = drive(
        plan,
        lambda call: (
            Outcome(success=True, has_more=next(iter(answers)))
            if call.kind is CallKind.LOOK
            else OK
        ),
    )
    assert notes == ["0", "look 1", "0", "look 1", "0", "look 1"]


def test_a_stop_variable_ends_its_loop() -> None:
    plan = plan_of(
        {"type": "detect_visible", "out_var": "done"},
        {"type": "loop", "loop_target": 0, "loop_count": 9, "stop_var": "done"},
    )
    notes, _, _ = drive(plan, lambda call: Outcome(success=True, truth=call.visit == 2))
    assert notes == ["0", "look 1", "0", "look 1", "0"]


def test_a_step_that_fails_as_the_time_ends_ends_the_run_in_time_out() -> None:
    plan = plan_of({"type": "navigate"}, {"type": "wait"})
    machine = Interpreter(plan, CAPS.limits(1, 1))
    for outcome, at in ((OK, 10), (Outcome(success=False), 60_000)):
        call = machine.next()
        assert not isinstance(call, Finish)
        machine.apply(call, outcome, at)
    end = machine.next()
    assert isinstance(end, Finish) and end.halt_class is HaltClass.TIMEOUT


def test_a_required_step_gets_three_tries_then_halts() -> None:
    """> `required` (three tries in all, then the run halts),"""
    plan = plan_of({"type": "click", "required": True}, {"type": "wait"})
    notes, finish, state = drive(plan, failing(0, FailureClass.SELECTOR_MISS))
    assert notes == ["0", "0.2", "0.3"]
    assert (finish.status, finish.halt_class, finish.step_index) == (
        "failed",
        HaltClass.STEP_FAILED,
        0,
    )
    assert state.counters.steps_executed == 1
    notes, finish, _ = drive(plan, failing(0, FailureClass.SELECTOR_MISS, times=2))
    assert notes == ["0", "0.2", "0.3", "1"]
    assert finish.status == "succeeded"


def test_what_a_second_try_could_make_worse_is_not_tried_again() -> None:
    plan = plan_of({"type": "submit", "required": True}, {"type": "wait"})
    for failure, halt in (
        (FailureClass.OUTCOME_UNKNOWN, HaltClass.OUTCOME_UNKNOWN),
        (FailureClass.MODEL_UNAVAILABLE, HaltClass.MODEL_UNAVAILABLE),
        (FailureClass.BUDGET_EXHAUSTED, HaltClass.STEP_FAILED),
        (FailureClass.LIMIT_EXCEEDED, HaltClass.LIMIT_EXCEEDED),
    ):
        notes, finish, _ = drive(plan, failing(0, failure))
        assert notes == ["0"]
        assert finish.halt_class is halt


def test_a_lost_browser_halts_whatever_it_was_lost_at() -> None:
    lost = Outcome(success=False, failure_class=FailureClass.BROWSER_LOST)
    plan = plan_of({"type": "click"}, {"type": "loop", "loop_target": 0, "loop_count": 9})
    for kind in (CallKind.STEP, CallKind.LOOK):
        _, finish, _ = drive(plan, lambda call, kind=kind: lost if call.kind is kind else OK)
        assert finish.halt_class is HaltClass.BROWSER_LOST


def test_a_gate_halts_when_it_fails_or_cannot_be_decided() -> None:
    plan = plan_of({"type": "filter", "gate": True, "verify": "Private"}, {"type": "wait"})
    notes, finish, state = drive(plan, lambda call: Outcome(success=True, gate="fails"))
    assert notes == ["0", "0.2", "0.3"]
    assert finish.halt_class is HaltClass.GATE_FAILED
    assert state.counters.checks == {0: False}
    notes, finish, _ = drive(plan, lambda call: Outcome(success=True, gate="undecided"))
    assert notes == ["0"]
    assert finish.halt_class is HaltClass.GATE_UNDECIDED
    _, finish, state = drive(plan, lambda call: Outcome(success=True, gate="holds"))
    assert finish.status == "succeeded"
    assert state.counters.checks == {0: True}


def test_a_branch_that_cannot_be_decided_halts() -> None:
    plan = plan_of({"type": "if_else", "then_target": 1, "else_target": 2}, {"type": "click"})
    _, finish, _ = drive(plan, failing(0, FailureClass.GATE_UNDECIDED))
    assert finish.halt_class is HaltClass.GATE_UNDECIDED


def test_a_verify_clause_without_gate_fails_its_step_only_when_it_fails() -> None:
    plan = plan_of({"type": "click", "verify": "Cart has 1 item"}, {"type": "wait"})
    _, finish, state = drive(
        plan, lambda call: Outcome(success=True, gate="fails" if call.index == 0 else None)
    )
    assert finish.status == "succeeded"
    assert state.first_failure is not None
    assert state.first_failure.failure_class is FailureClass.VERIFY_FAILED
    _, _, state = drive(plan, lambda call: Outcome(success=True, gate="undecided"))
    assert state.first_failure is None


def test_guards_and_branches_follow_variables() -> None:
    plan = plan_of(
        {"type": "detect_visible", "out_var": "banner"},
        {"type": "click", "guard": "banner"},
        {"type": "if_else", "condition_var": "banner", "then_target": 5, "else_target": 3},
        {"type": "wait", "guard": "!banner"},
        {"type": "wait", "guard": "not nobody_knows"},
        {"type": "wait"},
    )
    notes, _, state = drive(plan, lambda call: Outcome(success=True, truth=True))
    assert notes == ["0", "1", "5"]
    assert state.counters.steps_executed == 4
    notes, _, _ = drive(plan, lambda call: Outcome(success=True, truth=False))
    assert notes == ["0", "3", "4", "5"]


def test_a_branch_without_variable_asks_the_page() -> None:
    plan = plan_of({"type": "if_else", "then_target": 2}, {"type": "wait"}, {"type": "wait"})
    assert drive(plan, lambda call: Outcome(success=True, truth=True))[0] == ["0", "2"]
    assert drive(plan, lambda call: Outcome(success=True, truth=False))[0] == ["0", "1", "2"]


def test_a_branch_may_lead_to_the_end() -> None:
    plan = plan_of({"type": "if_else", "then_target": 2}, {"type": "wait"})
    notes, finish, _ = drive(plan, lambda call: Outcome(success=True, truth=True))
    assert (notes, finish.status) == (["0"], "succeeded")


def test_a_circle_of_branches_ends() -> None:
    plan = plan_of(
        {"type": "if_else", "condition_var": "x", "else_target": 1},
        {"type": "if_else", "condition_var": "x", "else_target": 0},
    )
    notes, finish, _ = drive(plan, lambda call: OK)
    assert notes == []
    assert finish.halt_class is HaltClass.LIMIT_EXCEEDED


def test_a_pause_waits_for_the_answer_and_stores_its_truth() -> None:
    plan = plan_of(
        {"type": "request_user_input", "params": {"prompt": "Code?"}},
        {"type": "wait", "guard": "user_input"},
    )
    notes, _, state = drive(plan, lambda call: OK)
    assert notes == ["pause 0", "1"]
    assert state.counters.steps_executed == 2
    _, finish, _ = drive(plan, lambda call: Outcome(success=False))
    assert finish.halt_class is HaltClass.TIMEOUT


def test_money_and_time_are_checked_before_each_call() -> None:
    plan = plan_of({"type": "click"}, {"type": "click"}, {"type": "click"})
    dear = Outcome(success=True, cost=Money(claude=600_000))
    notes, finish, state = drive(plan, lambda call: dear, Caps(max_cost_usd=1.0))
    assert (notes, finish.halt_class) == (["0", "1"], HaltClass.MAX_COST_EXCEEDED)
    assert state.counters.cost.total == 1_200_000
    plan = plan_of({"type": "click"}, {"type": "loop", "loop_target": 0})
    notes, finish, _ = drive(plan, lambda call: OK, Caps(max_runtime_minutes=10 / 60_000))
    assert finish.halt_class is HaltClass.TIMEOUT
    assert len(notes) == 11


def test_a_run_that_is_done_is_not_failed_for_its_last_cent() -> None:
    plan = plan_of({"type": "click"})
    dear = Outcome(success=True, cost=Money(gpu=2_000_000))
    _, finish, _ = drive(plan, lambda call: dear, Caps(max_cost_usd=1.0))
    assert finish.status == "succeeded"


def test_executed_steps_are_capped() -> None:
    plan = plan_of({"type": "click"}, {"type": "loop", "loop_target": 0, "loop_count": 40})
    _, finish, state = drive(plan, lambda call: OK, Caps(max_run_steps=25))
    assert finish.halt_class is HaltClass.LIMIT_EXCEEDED
    assert state.counters.steps_executed == 25
    _, finish, _ = drive(plan, lambda call: OK, Caps(max_run_steps=40))
    assert finish.status == "succeeded"


def test_a_loop_count_is_clamped_silently() -> None:
    for count in (None, 10_000_000):
        plan = plan_of({"type": "wait"}, {"type": "loop", "loop_target": 0, "loop_count": count})
        _, finish, state = drive(plan, lambda call: OK, Caps(max_loop_iterations=7))
        assert (finish.status, state.counters.steps_executed) == ("succeeded", 7)


def test_cancel_ends_the_run_and_a_finished_run_stays() -> None:
    plan = plan_of({"type": "click", "required": True})
    limits = CAPS.limits(25, 60)
    machine = Interpreter(plan, limits)
    machine.cancel("not needed any more")
    finish = machine.next()
    assert isinstance(finish, Finish)
    assert (finish.status, finish.message) == ("cancelled", "not needed any more")
    machine = Interpreter(plan, limits)
    call = machine.next()
    assert isinstance(call, Call)
    machine.apply(call, Outcome(success=False, failure_class=FailureClass.BROWSER_LOST), 1)
    machine.cancel("too late")
    finish = machine.next()
    assert isinstance(finish, Finish)
    assert finish.status == "failed"


def test_sections_default_by_place_and_type() -> None:
    sections: dict[int, Section] = {}

    def script(call: Call) -> Outcome:
        sections[call.index] = call.section
        return OK

    plan = plan_of(
        {"type": "navigate"},
        {"type": "click"},
        {"type": "paginate"},
        {"type": "loop", "loop_target": 1, "loop_count": 2},
        {"type": "click"},
        {"type": "click", "section": "pagination"},
    )
    drive(plan, script)
    assert sections == {
        0: Section.SETUP,
        1: Section.EXTRACTION,
        2: Section.PAGINATION,
        3: Section.SETUP,
        4: Section.SETUP,
        5: Section.PAGINATION,
    }


def test_a_plan_of_which_nothing_worked_fails() -> None:
    plan = plan_of({"type": "navigate"}, {"type": "click"})
    _, finish, _ = drive(
        plan,
        lambda call: Outcome(
            success=False,
            failure_class=FailureClass.NAV_BLOCKED
            if call.index == 0
            else FailureClass.SELECTOR_MISS,
        ),
    )
    assert (finish.status, finish.halt_class) == ("failed", HaltClass.NAVIGATION_BLOCKED)


def test_rows_that_are_not_viable_are_no_success() -> None:
    plan = plan_of({"type": "navigate"}, {"type": "extract_rows"})
    _, finish, state = drive(plan, lambda call: Outcome(success=True, rows_added=call.index))
    assert finish.halt_class is HaltClass.EXTRACT_FAILED
    assert state.counters.rows == 1
    assert state.counters.attempted_items == state.counters.completed_items == 1


def test_calls_name_pass_visit_attempt_and_list() -> None:
    seen: list[tuple[str, int, int | None]] = []
    site = Marketplace(2, 2)

    def script(call: Call) -> Outcome:
        seen.append((call.key, call.iteration, call.item_loop))
        return site(call)

    drive(DEMO, script)
    assert seen[0] == ("step:0:0:1", 0, None)
    assert ("step:1:1:1", 1, 4) in seen
    assert ("look:4:0:1", 1, 4) in seen
    assert ("look:6:0:1", 1, 4) in seen
    assert ("step:1:2:1", 0, 4) in seen
    assert ("step:5:0:1", 0, 6) in seen
    assert len({key for key, _, _ in seen}) == len(seen)


def test_a_step_that_fails_and_is_not_required_is_counted() -> None:
    plan = plan_of({"type": "navigate"}, {"type": "click"}, {"type": "submit"})
    _, finish, state = drive(plan, failing(1, FailureClass.SELECTOR_MISS))
    assert finish.status == "succeeded"
    assert state.counters.failed_steps == 1
    _, _, state = drive(plan, lambda call: OK)
    assert state.counters.failed_steps == 0
