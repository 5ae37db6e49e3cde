"""The keys of a call: of the whole, of its turns, and of the questions that these leave."""

import pytest

from plans.calls import Ask, AskKind, Call, CallKind, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.step import Section, Step, StepType, TierName
from tests.plans.test_interpreter_properties import LIMITS

STEP = Step(intent="Save", type=StepType.CLICK)
CALL = Call(kind=CallKind.STEP, index=3, step=STEP, section=Section.SETUP, visit=2)


def test_each_turn_has_a_key_and_the_whole_has_that_of_the_first() -> None:
    later = CALL.model_copy(update={"turn": 2})
    assert (CALL.key, CALL.whole_key, CALL.asked_key) == (
        "step:3:2:1",
        "step:3:2:1",
        "step:3:2:1:t0",
    )
    assert (later.key, later.whole_key) == ("step:3:2:1:t2", "step:3:2:1")
    assert later.asked_key == later.key
    back = later.model_copy(update={"round": 4})
    assert (back.key, back.whole_key) == ("step:3:2:1:r4:t2", "step:3:2:1:r4")


@pytest.mark.parametrize(
    ("key", "turn"),
    [
        ("step:3:2:1", 0),
        ("step:3:2:1:t0", 0),
        ("step:3:2:1:t12", 12),
        ("step:3:2:1:tx", None),
        ("step:3:2:1:t", None),
        ("step:3:2:1:t1:rest", None),
        ("step:3:2:1:r1", None),
        ("step:3:2:1:r1:t1", None),
        ("step:3:2:11", None),
        ("step:3:2:2:t1", None),
    ],
)
def test_a_key_tells_which_turn_of_the_call_it_names(key: str, turn: int | None) -> None:
    assert CALL.turn_of(key) == turn
    assert CALL.model_copy(update={"turn": 5}).turn_of(key) == turn


def test_a_call_that_waits_for_an_answer_is_not_over() -> None:
    machine = Interpreter(Plan(steps=(STEP,)), LIMITS)
    call, before = machine.next(), machine.state.model_copy(deep=True)
    assert isinstance(call, Call)
    ask = Ask(kind=AskKind.GROUND, tier=TierName.HOLO3)
    with pytest.raises(ValueError, match="waits for an answer"):
        machine.apply(call, Outcome(success=False, ask=ask), 1)
    assert machine.state == before
    with pytest.raises(ValueError, match="is not the pending call"):
        machine.apply(call.model_copy(update={"turn": 1}), Outcome(success=True), 1)
