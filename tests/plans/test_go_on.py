"""A run that goes on after one that was interrupted does what that one had left, and no more."""

from collections.abc import Callable
from zlib import crc32

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.calls import Call, CallKind, Finish, Money, Outcome
from plans.caps import Caps
from plans.interpreter import Interpreter
from plans.parse import read_document
from plans.plan import Plan
from plans.resuming import due, go_on
from plans.state import RunState
from plans.step import FailureClass, HaltClass, StepType
from tests.plans.test_interpreter import DEMO, Marketplace
from tests.plans.test_interpreter_properties import CAPS, plans

LIMITS = CAPS.limits(1.0, 60).model_copy(update={"max_run_steps": 120})
KINDS = st.sampled_from(["cancelled", "halted", "in_step", "time", "money"])


class Site:
    """Answers each execution of a step in one way, whoever asks; keeps its rows by key."""

    def __init__(self, pool: list[Outcome]) -> None:
        self.pool = pool
        self.rows: set[str] = set()
        self.made: list[str] = []
        self.recorded: dict[str, Outcome] = {}

    def __call__(self, call: Call) -> Outcome:
        name = f"{call.kind}:{call.index}:{call.visit}"
        self.made.append(name)
        outcome = self._answer(call, name)
        self.recorded[call.key] = outcome
        return outcome

    def _answer(self, call: Call, name: str) -> Outcome:
        outcome = self.pool[crc32(name.encode()) % len(self.pool)]
        if call.step.type not in (StepType.EXTRACT_DATA, StepType.EXTRACT_ROWS):
            return outcome.model_copy(update={"rows_added": 0})
        found = {f"{name}:{number}" for number in range(outcome.rows_added)} - self.rows
        self.rows |= found
        return outcome.model_copy(update={"rows_added": len(found), "rows_viable": len(found)})


outcomes = st.builds(
    Outcome,
    success=st.sampled_from([True, True, True, False]),
    failure_class=st.none() | st.sampled_from([FailureClass.HTTP_5XX, FailureClass.SELECTOR_MISS]),
    exhausted=st.sampled_from([False, False, False, True]),
    has_more=st.none() | st.booleans(),
    truth=st.none() | st.booleans(),
    gate=st.none() | st.sampled_from(["holds", "holds", "fails"]),
    rows_added=st.integers(0, 3),
    rows_total=st.just(0),
)


def drive(
    plan: Plan,
    site: Callable[[Call], Outcome],
    state: RunState | None = None,
    until: int = 100_000,
) -> tuple[RunState, Finish | None]:
    """Make calls until the end, or as many as `until` says."""
    machine = Interpreter(plan, LIMITS, state)
    for now in range(until):
        call = machine.next()
        if isinstance(call, Finish):
            return machine.state, call
        machine.apply(call, site(call), now)
    return machine.state, None


def interrupt(plan: Plan, site: Site, at: int, how: str) -> RunState | None:
    """The state of a run that ended at its call number `at`; None: it ended before."""
    state, finish = drive(plan, site, until=at)
    if finish is not None:
        return None
    machine = Interpreter(plan, LIMITS, state)
    call = machine.next()
    if isinstance(call, Finish):
        return None
    lost = Outcome(success=False, failure_class=FailureClass.BROWSER_LOST)
    match how:
        case "cancelled":
            machine.cancel("enough")
        case "halted":
            machine.apply(call, lost, at)
        case "in_step":
            site(call)
            machine.cancel("in the step")
        case "time":
            state.elapsed_ms = LIMITS.max_time_ms
        case _:
            state.counters.cost = Money(claude=LIMITS.max_cost_micro)
    end = machine.next()
    assert isinstance(end, Finish) and end.status != "succeeded"
    return RunState.model_validate_json(machine.state.model_dump_json())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans(), pool=st.lists(outcomes, min_size=1, max_size=12), data=st.data())
def test_what_is_interrupted_at_any_call_ends_as_if_it_had_not_been(
    plan: Plan, pool: list[Outcome], data: st.DataObject
) -> None:
    whole = Site(pool)
    there, there_finish = drive(plan, whole)
    assume(there_finish is not None and there_finish.halt_class is not HaltClass.LIMIT_EXCEEDED)
    at = data.draw(st.integers(0, min(len(whole.made), 40)))
    how = data.draw(KINDS)
    parts = Site(pool)
    state = interrupt(plan, parts, at, how)
    if state is None:
        return
    call = due(plan, LIMITS, state)
    on = go_on(plan, LIMITS, state, parts.recorded.get(call.key) if call else None)
    assert on is not None
    assert (on.elapsed_ms, on.counters.cost, on.counters.steps_executed) == (0, Money(), 0)
    here, here_finish = drive(plan, parts, on)
    assert parts.rows == whole.rows
    assert list(dict.fromkeys(parts.made)) == list(dict.fromkeys(whole.made))
    assert here_finish == there_finish
    assert here.visits == there.visits
    same = {"rows", "rows_viable", "attempted_items", "completed_items", "failed_items", "checks"}
    assert here.counters.model_dump(include=same) == there.counters.model_dump(include=same)
    if all(one.success and one.gate != "fails" for one in pool):
        assert parts.made == whole.made


def test_a_halted_item_is_done_again_and_counted_once() -> None:
    site = Marketplace(per_page=3, pages=1)
    broken = True

    def answer(call: Call) -> Outcome:
        nonlocal broken
        if broken and call.index == 2 and call.visit == 1:
            return Outcome(success=False, failure_class=FailureClass.EXTRACT_FAILED)
        return site(call)

    required: list[JsonValue] = [
        step.model_dump(mode="json", exclude_defaults=True) | {"required": index in (0, 2)}
        for index, step in enumerate(DEMO.steps)
    ]
    plan = read_document(required, "task_suite", Caps())
    assert isinstance(plan, Plan)
    state, finish = drive(plan, answer)
    assert finish is not None and finish.halt_class is HaltClass.EXTRACT_FAILED
    assert (state.counters.failed_items, state.counters.completed_items) == (1, 1)
    broken = False
    on = state.go_on()
    assert on is not None
    call = Interpreter(plan, LIMITS, on).next()
    assert isinstance(call, Call) and (call.index, call.visit, call.attempt) == (2, 1, 1)
    state, finish = drive(plan, answer, on)
    assert finish == Finish(status="succeeded")
    assert (state.counters.failed_items, state.counters.completed_items) == (0, 3)


def test_a_list_whose_site_went_away_is_found_again() -> None:
    site = Marketplace(per_page=3, pages=1)
    away = True

    def answer(call: Call) -> Outcome:
        if away and (site.taken == 2):
            return Outcome(success=False, failure_class=FailureClass.NAV_TIMEOUT, message="away")
        return site(call)

    state, finish = drive(DEMO, answer)
    assert finish is not None and finish.halt_class is HaltClass.NAVIGATION_BLOCKED
    away = False
    on = state.go_on()
    assert on is not None
    call = Interpreter(DEMO, LIMITS, on).next()
    assert isinstance(call, Call) and call.kind is CallKind.RETURN
    state, finish = drive(DEMO, answer, on)
    assert finish == Finish(status="succeeded")
    assert site.taken == 3


def test_a_plan_that_came_to_its_end_has_nothing_left() -> None:
    plan = read_document(
        [{"intent": "go to http://x.test/", "type": "navigate"}], "task_suite", CAPS
    )
    assert isinstance(plan, Plan)
    failing = Outcome(success=False, failure_class=FailureClass.HTTP_5XX)
    state, finish = drive(plan, lambda call: failing)
    assert finish is not None and finish.status == "failed"
    assert state.go_on() is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans(), pool=st.lists(outcomes, min_size=1, max_size=12), data=st.data())
def test_a_run_that_steps_back_makes_new_calls_and_ends_alike(
    plan: Plan, pool: list[Outcome], data: st.DataObject
) -> None:
    whole = Site(pool)
    there, there_finish = drive(plan, whole)
    assume(there_finish is not None and there_finish.halt_class is not HaltClass.LIMIT_EXCEEDED)
    assume(len(whole.made) <= 60)
    anchored = data.draw(st.integers(0, min(len(whole.made), 20)))
    lost = data.draw(st.integers(0, 20))
    site = Site(pool)
    anchor, finish = drive(plan, site, until=anchored)
    if finish is not None:
        return
    now, finish = drive(plan, site, anchor.model_copy(deep=True), until=lost)
    if finish is not None:
        return
    back = now.step_back(anchor)
    assert back.round == 1 and now.round == 0
    first = Interpreter(plan, LIMITS, back).next()
    if isinstance(first, Call):
        assert first.key.endswith(":r1")
    here, here_finish = drive(plan, site, back)
    assert site.rows == whole.rows
    assert here_finish == there_finish
    assert here.counters.rows == there.counters.rows
    assert here.counters.steps_executed >= there.counters.steps_executed


def test_an_anchor_whose_run_was_halted_there_is_before_the_call_that_ended_it() -> None:
    plan = read_document(
        [{"intent": "one", "type": "wait"}, {"intent": "two", "type": "click", "required": True}],
        "task_suite",
        CAPS,
    )
    assert isinstance(plan, Plan)
    failing = Outcome(success=False, failure_class=FailureClass.OUTCOME_UNKNOWN)
    ended, _ = drive(plan, lambda call: failing if call.index else Outcome(success=True))
    on = ended.go_on()
    assert on is not None
    call = Interpreter(plan, LIMITS, on.step_back(ended)).next()
    assert isinstance(call, Call) and call.key == "step:1:0:1:r1"


@pytest.mark.parametrize("kind", [CallKind.STEP, CallKind.PAUSE])
def test_the_call_that_was_due_is_known_after_a_cancel(kind: CallKind) -> None:
    type_ = "wait" if kind is CallKind.STEP else "request_user_input"
    plan = read_document([{"intent": "one", "type": type_}], "task_suite", CAPS)
    assert isinstance(plan, Plan)
    machine = Interpreter(plan, LIMITS)
    machine.cancel("enough")
    due = machine.pending()
    assert due is not None and due.kind is kind
    machine.apply(due, Outcome(success=True), 1)
    assert machine.pending() is None
