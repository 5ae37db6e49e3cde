"""What holds for every plan and every way the world may answer."""

from collections.abc import Callable
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.calls import Call, CallKind, Finish, Money, Outcome
from plans.caps import Caps
from plans.interpreter import Interpreter
from plans.parse import read_document
from plans.plan import Plan
from plans.state import RunState
from plans.step import FailureClass, TierName
from plans.submission import most_steps

NAMES = ("a", "b", "user_input")
CAPS = Caps(max_loop_iterations=5, max_run_steps=60)
LIMITS = CAPS.limits(1.0, 60)
KINDS = (
    "navigate",
    "click",
    "extract_data",
    "extract_rows",
    "navigate_back",
    "paginate",
    "if_else",
    "detect_visible",
    "submit",
    "wait",
    "request_user_input",
    "loop",
)


@st.composite
def steps(draw: st.DrawFn, index: int, length: int) -> dict[str, JsonValue]:
    kinds = KINDS if index > 0 else KINDS[:-1]
    step: dict[str, JsonValue] = {"intent": f"step {index}", "type": draw(st.sampled_from(kinds))}
    if step["type"] == "loop":
        step["loop_target"] = draw(st.integers(0, index - 1))
        step["loop_count"] = draw(st.none() | st.integers(1, 9))
        step["stop_var"] = draw(st.none() | st.sampled_from(NAMES))
    if step["type"] == "if_else":
        step["condition_var"] = draw(st.none() | st.sampled_from(NAMES))
        step["then_target"] = draw(st.none() | st.integers(0, length))
        step["else_target"] = draw(st.none() | st.integers(0, length))
    if step["type"] in ("extract_data", "extract_rows"):
        step["extract"] = {"max_items": draw(st.integers(1, 4))} if draw(st.booleans()) else None
    step["required"] = draw(st.booleans())
    step["out_var"] = draw(st.none() | st.sampled_from(NAMES))
    step["guard"] = draw(st.none() | st.sampled_from(["a", "!a", "not b"]))
    step["section"] = draw(st.none() | st.sampled_from(["setup", "extraction", "pagination"]))
    if draw(st.booleans()):
        step["verify"] = "it shows"
        step["gate"] = draw(st.booleans())
    return step


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    length = draw(st.integers(1, 9))
    items: list[JsonValue] = [draw(steps(index, length)) for index in range(length)]
    plan = read_document(items, "task_suite", CAPS)
    assert isinstance(plan, Plan)
    return plan


outcomes = st.builds(
    Outcome,
    success=st.sampled_from([True, True, True, False]),
    failure_class=st.none() | st.sampled_from(FailureClass),
    tier=st.none() | st.sampled_from(TierName),
    cost=st.builds(Money, gpu=st.integers(0, 3000), claude=st.integers(0, 3000)),
    exhausted=st.sampled_from([False, False, False, True]),
    list_empty=st.booleans(),
    has_more=st.none() | st.booleans(),
    truth=st.none() | st.booleans(),
    gate=st.none() | st.sampled_from(["holds", "holds", "fails", "undecided"]),
    rows_added=st.integers(0, 3),
    rows_total=st.integers(0, 6),
)


def run(plan: Plan, answer: Callable[[Call], Outcome]) -> tuple[list[Call], Finish, RunState]:
    machine = Interpreter(plan, LIMITS)
    calls: list[Call] = []
    for _ in range(11 * CAPS.max_run_steps * 4):
        call = machine.next()
        restored = Interpreter(
            plan, LIMITS, RunState.model_validate_json(machine.state.model_dump_json())
        )
        assert machine.next() == call == restored.next()
        assert restored.state == machine.state
        if isinstance(call, Finish):
            return calls, call, machine.state
        calls.append(call)
        machine.apply(call, answer(call), len(calls))
    raise AssertionError("the run does not end")


def check_account(plan: Plan, calls: list[Call], finish: Finish, state: RunState) -> None:
    counters = state.counters
    assert len({call.key for call in calls}) == len(calls)
    assert all(1 <= call.attempt <= 3 for call in calls)
    assert counters.steps_executed <= CAPS.max_run_steps
    executions = {
        (call.index, call.visit) for call in calls if call.kind in (CallKind.STEP, CallKind.PAUSE)
    }
    assert len(executions) <= CAPS.max_run_steps
    assert counters.attempted_items == counters.completed_items + counters.failed_items
    assert (finish.halt_class is None) == (finish.status == "succeeded")
    for call in calls:
        assert call.step == plan.steps[call.index]
        assert 0 <= call.iteration < CAPS.max_loop_iterations
        if call.item_loop is not None:
            assert plan.steps[call.item_loop].type == "loop"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans(), data=st.data())
def test_any_run_ends_within_its_caps_and_survives_a_checkpoint_at_every_call(
    plan: Plan, data: st.DataObject
) -> None:
    pool = data.draw(st.lists(outcomes, min_size=1, max_size=12))
    calls, finish, state = run(plan, lambda call: pool[crc32(call.key.encode()) % len(pool)])
    check_account(plan, calls, finish, state)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans(), truth=st.booleans())
def test_a_world_that_always_agrees_ends_too(plan: Plan, truth: bool) -> None:
    def agree(call: Call) -> Outcome:
        return Outcome(
            success=True,
            truth=truth,
            gate="holds" if call.step.verify else None,
            rows_added=1,
            rows_viable=1,
        )

    calls, finish, state = run(plan, agree)
    check_account(plan, calls, finish, state)
    assert state.counters.failed_items == 0
    assert state.first_failure is None


@settings(max_examples=100, deadline=None)
@given(plan=plans(), after=st.integers(0, 20))
def test_a_cancelled_run_makes_no_further_call(plan: Plan, after: int) -> None:
    machine = Interpreter(plan, LIMITS)
    for now in range(after):
        call = machine.next()
        if isinstance(call, Finish):
            return
        machine.apply(call, Outcome(success=True, gate="holds"), now)
    done = machine.next()
    machine.cancel("enough")
    end = machine.next()
    assert isinstance(end, Finish)
    assert end.status == "cancelled" or machine.state.finish == done


@settings(max_examples=100, deadline=None)
@given(plan=plans(), cost=st.integers(0, 400_000))
def test_no_call_is_made_once_the_money_is_spent(plan: Plan, cost: int) -> None:
    machine = Interpreter(plan, LIMITS)
    for now in range(5_000):
        call = machine.next()
        if isinstance(call, Finish):
            break
        assert machine.state.counters.cost.total < LIMITS.max_cost_micro
        machine.apply(call, Outcome(success=True, gate="holds", cost=Money(gpu=cost)), now)


@st.composite
def nested_loops(draw: st.DrawFn) -> Plan:
    items: list[JsonValue] = [{"intent": "first", "type": "wait"}]
    closed: list[tuple[int, int]] = []
    for index in range(1, draw(st.integers(2, 8))):
        target = draw(st.integers(0, index - 1))
        crosses = any(inner < target <= outer for inner, outer in closed)
        if draw(st.booleans()) and not crosses:
            closed.append((target, index))
            count = draw(st.integers(1, 4))
            loop: JsonValue = {"intent": "again", "type": "loop", "loop_target": target}
            items.append({**loop, "loop_count": count})
        else:
            items.append({"intent": "one", "type": "wait"})
    plan = read_document(items, "task_suite", CAPS)
    assert isinstance(plan, Plan)
    return plan


@settings(max_examples=80, deadline=None)
@given(plan=nested_loops())
def test_nested_loops_execute_exactly_the_product_of_their_counts(plan: Plan) -> None:
    limits = Caps(max_run_steps=500).limits(1.0, 60)
    machine = Interpreter(plan, limits)
    while isinstance(call := machine.next(), Call):
        machine.apply(call, Outcome(success=True), 0)
    executed = machine.state.counters.steps_executed
    assert executed == most_steps(plan, limits)
    assert call.status == "succeeded" or executed == limits.max_run_steps
