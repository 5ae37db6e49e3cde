"""Counted anew from its events, a run has done what the interpreter counted while it ran."""

from zlib import crc32

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from activities.recount import recount
from ledger.models import Document, EventRow, ExtractedRow
from plans.calls import Call, CallKind, Finish, Money, Outcome
from plans.interpreter import Interpreter
from plans.judge import judge
from plans.plan import Plan
from plans.step import FailureClass, Step, StepType
from tests.plans.test_interpreter_properties import LIMITS, outcomes
from tests.plans.test_interpreter_properties import plans as drawn_plans

UNTOLD = frozenset({StepType.IF_ELSE, StepType.REQUEST_USER_INPUT})
"""What the events of a run do not tell: jumps, and steps that are not done by an activity."""


def event_of(call: Call, outcome: Outcome, ts: int) -> EventRow | None:
    """The event that a call is written down as."""
    judgement = judge(call.step, outcome, call.attempt)
    if call.kind is CallKind.LOOK or (call.kind is CallKind.RETURN and outcome.success):
        return None
    final = judgement.kind != "retry" and call.kind is CallKind.STEP
    body: Document = {
        "iteration": call.iteration,
        "failure_class": judgement.failure,
        "success": judgement.kind == "pass",
        "tier": outcome.tier.value if outcome.tier else None,
        "cost": outcome.cost.total / 1_000_000,
    }
    if outcome.exhausted:
        body["exhausted"] = True
    kind = "step" if final else "action"
    return EventRow(
        ts=ts, dedup_key=f"{call.key}:{kind}", kind=kind, step_index=call.index, body=body
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(plan=drawn_plans(), data=st.data())
def test_the_counts_are_the_interpreters(plan: Plan, data: st.DataObject):
    assume(not any(step.type in UNTOLD for step in plan.steps))
    interpreter = Interpreter(plan, LIMITS)
    events: list[EventRow] = []
    pool = data.draw(st.lists(outcomes, min_size=1, max_size=12))
    for number in range(200):
        call = interpreter.next()
        if isinstance(call, Finish):
            break
        outcome = pool[crc32(call.key.encode()) % len(pool)]
        outcome = outcome.model_copy(update={"rows_added": 0, "rows_viable": 0})
        lost = outcome.failure_class is FailureClass.BROWSER_LOST
        if lost or (not outcome.success and not outcome.exhausted):
            outcome = outcome.model_copy(update={"gate": None})
        event = event_of(call, outcome, number)
        if event is None:
            outcome = outcome.model_copy(update={"cost": Money()})
        else:
            events.append(event)
        interpreter.apply(call, outcome, 0)
    interpreter.state.close_item()
    wanted = interpreter.state.counters
    counted = recount(plan, events, ())
    assert counted.cost.total == wanted.cost.total
    assert counted.model_copy(update={"cost": wanted.cost}) == wanted


def test_rows_are_those_that_are_kept():
    rows = [
        ExtractedRow(seq=n, key=str(n), step_index=0, record={}, viable=n % 2 == 0, page_url="")
        for n in range(1, 6)
    ]
    counted = recount(Plan(steps=()), (), rows)
    assert (counted.rows, counted.rows_viable) == (5, 2)


def test_events_of_another_shape_do_no_harm():
    bodies: list[Document] = [
        {},
        {"tier": 7, "cost": "much", "iteration": "x"},
        {"tier": "oracle", "cost": True, "iteration": None, "success": 1},
    ]
    events = [
        EventRow(ts=ts, dedup_key=f"k{ts}", kind="step", step_index=index, body=body)
        for ts, (index, body) in enumerate((i, b) for i in (None, -1, 0, 99) for b in bodies)
    ]
    assert recount(Plan(steps=()), events, ()).steps_executed == 0


def test_an_item_goes_on_in_a_loop_inside_its_pass():
    """Read in the outer pass, failed in the inner loop: one item, and it failed."""
    plan = Plan(
        steps=(
            Step(intent="Read", type=StepType.EXTRACT_DATA),
            Step(intent="Open https://boats.test", type=StepType.NAVIGATE),
            Step(intent="Again", type=StepType.LOOP, loop_target=1),
            Step(intent="Again", type=StepType.LOOP, loop_target=0),
        )
    )
    events = [
        EventRow(
            ts=index,
            dedup_key=f"step:{index}",
            kind="step",
            step_index=index,
            body={"success": index == 0, "iteration": 0},
        )
        for index in (0, 1)
    ]
    counted = recount(plan, events, ())
    assert (counted.attempted_items, counted.completed_items, counted.failed_items) == (1, 0, 1)
