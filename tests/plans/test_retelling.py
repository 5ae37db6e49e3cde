"""Told from its recorded outcomes, a run stands where its workflow had it."""

from collections.abc import Callable
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plans.calls import Ask, AskKind, Call, Finish, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.retelling import Told, retell
from plans.standing import Standing
from plans.state import RunState
from plans.step import FailureClass, Step, StepType, TierName
from tests.plans.test_interpreter_properties import LIMITS, outcomes
from tests.plans.test_interpreter_properties import plans as drawn_plans

STEPS = tuple(
    Step(intent=f"Open https://boats.test/{n}", type=StepType.NAVIGATE, required=True)
    for n in range(4)
)
PLAN = Plan(steps=STEPS)
START = Standing(state=RunState.start())


def run(plan: Plan, answer: Callable[[Call], Outcome], most: int) -> tuple[list[Told], RunState]:
    machine = Interpreter(plan, LIMITS)
    told: list[Told] = []
    elapsed_ms = 0
    for _ in range(most):
        call = machine.next()
        if isinstance(call, Finish):
            break
        outcome = answer(call)
        elapsed_ms += outcome.duration_ms
        told.append(Told(call.key, outcome))
        machine.apply(call, outcome, elapsed_ms)
    return told, machine.state


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=drawn_plans(), data=st.data())
def test_the_state_is_the_interpreters(plan: Plan, data: st.DataObject):
    pool = data.draw(st.lists(outcomes, min_size=1, max_size=12))
    told, state = run(plan, lambda call: pool[crc32(call.key.encode()) % len(pool)], 150)
    first = Standing(state=RunState.start())
    assert retell(plan, LIMITS, first, told).state == state
    assert first.state == RunState.start()


def test_a_try_that_left_nothing_behind_had_failed():
    lost = Outcome(success=False, failure_class=FailureClass.NAV_TIMEOUT)
    good = Outcome(success=True)
    told, state = run(PLAN, lambda call: lost if call.attempt < 3 else good, 9)
    kept = [one for one in told if one.outcome.success]
    assert len(kept) == 3
    assert retell(PLAN, LIMITS, START, kept).state == state


def test_what_the_run_can_not_have_come_to_ends_the_tale():
    good = Outcome(success=True)
    told = [Told("step:0:0:1", good), Told("step:3:7:1", good), Told("step:1:0:1", good)]
    assert retell(PLAN, LIMITS, START, told).state.pc == 1
    assert retell(PLAN, LIMITS, START, told[::2]).state.pc == 2
    assert retell(PLAN, LIMITS, START, [Told("nonsense", good)]).state.pc == 0


def test_a_run_that_went_back_is_followed():
    good = Outcome(success=True, duration_ms=10)
    machine = Interpreter(PLAN, LIMITS)
    told: list[Told] = []

    def go(calls: int) -> None:
        for _ in range(calls):
            call = machine.next()
            assert isinstance(call, Call)
            told.append(Told(call.key, good))
            machine.apply(call, good, 10 * len(told))

    go(1)
    anchor = machine.state.model_copy(deep=True)
    go(2)
    machine = Interpreter(PLAN, LIMITS, machine.state.step_back(anchor))
    go(1)
    anchor = machine.state.model_copy(deep=True)
    go(1)
    machine = Interpreter(PLAN, LIMITS, machine.state.step_back(anchor))
    go(1)
    assert [one.key for one in told] == [
        "step:0:0:1",
        "step:1:0:1",
        "step:2:0:1",
        "step:1:0:1:r1",
        "step:2:0:1:r1",
        "step:2:0:1:r2",
    ]
    assert retell(PLAN, LIMITS, START, told).state == machine.state


def test_the_page_to_come_back_to_is_known():
    here, posted = Outcome(success=True, anchor=True), Outcome(success=True, anchor=False)
    acted = Outcome(success=True, acted=True)
    told = [Told(f"step:{n}:0:1", one) for n, one in enumerate((here, posted, acted))]
    stood = retell(PLAN, LIMITS, START, told)
    assert stood.anchor is not None and stood.anchor.pc == 1
    assert (stood.state.pc, stood.acted) == (3, True)
    stood = retell(PLAN, LIMITS, START, [*told, Told("step:3:0:1", here)])
    assert stood.anchor == stood.state and not stood.acted


def test_a_call_that_was_left_with_a_question_is_still_due_and_what_it_did_counts():
    good = Outcome(success=True, anchor=True)
    ask = Ask(kind=AskKind.GROUND, tier=TierName.HOLO3, body="asks/1")
    turn = Outcome(success=False, ask=ask, progress={"turns": 1}, anchor=False)
    told = [Told("step:0:0:1", good), Told("step:1:0:1:t0", turn)]
    stood = retell(PLAN, LIMITS, START, told)
    assert (stood.state.pc, stood.state.attempt, stood.acted) == (1, 1, False)
    acted = turn.model_copy(update={"acted": True, "anchor": True})
    stood = retell(PLAN, LIMITS, START, [*told, Told("step:1:0:1:t1", acted)])
    assert (stood.state.pc, stood.acted) == (1, True)
    assert stood.anchor is not None and stood.anchor.pc == 1
    over = [*told, Told("step:1:0:1:t1", acted), Told("step:1:0:1", good)]
    stood = retell(PLAN, LIMITS, START, over)
    assert (stood.state.pc, stood.acted) == (2, False)
    assert retell(PLAN, LIMITS, START, over) == retell(PLAN, LIMITS, START, [over[0], over[3]])
