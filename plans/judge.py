"""What an outcome means for its step: passed, failed, to be tried again, or the run's end."""

from typing import Literal

from plans.calls import Outcome
from plans.halts import HALT_OF, MAX_TRIES, NEVER_RETRIED
from plans.step import FailureClass, Frozen, HaltClass, Step, StepType


class Judgement(Frozen):
    """`failure` is None exactly when `kind` is pass, `halt` is set exactly when it is halt."""

    kind: Literal["pass", "fail", "retry", "halt"]
    failure: FailureClass | None = None
    halt: HaltClass | None = None


def judge(step: Step, outcome: Outcome, attempt: int) -> Judgement:
    """Judge the outcome of an attempt, which is counted from 1.

    A gate must hold and a required step must succeed: they get `MAX_TRIES` tries, then the
    run halts. It halts, too, where a step can't tell which branch to take. A list at its end
    (`exhausted`) is no failure. A lost browser always halts.
    """
    failure = _failure(step, outcome)
    if failure is None:
        return Judgement(kind="pass")
    if failure is FailureClass.BROWSER_LOST:
        return Judgement(kind="halt", failure=failure, halt=HALT_OF[failure])
    astray = step.type is StepType.IF_ELSE and failure is FailureClass.GATE_UNDECIDED
    if not (step.required or astray or (step.gate and outcome.gate != "holds")):
        return Judgement(kind="fail", failure=failure)
    if failure not in NEVER_RETRIED and attempt < MAX_TRIES:
        return Judgement(kind="retry", failure=failure)
    return Judgement(kind="halt", failure=failure, halt=_halt(step, outcome, failure))


def _failure(step: Step, outcome: Outcome) -> FailureClass | None:
    if outcome.failure_class is FailureClass.BROWSER_LOST:
        return FailureClass.BROWSER_LOST
    if not outcome.success and not outcome.exhausted:
        return outcome.failure_class or FailureClass.UNKNOWN
    if outcome.gate == "fails":
        return FailureClass.VERIFY_FAILED
    if outcome.gate == "undecided" and step.gate:
        return FailureClass.GATE_UNDECIDED
    return None


def _halt(step: Step, outcome: Outcome, failure: FailureClass) -> HaltClass:
    if step.gate and (outcome.gate == "fails" or failure is FailureClass.VERIFY_FAILED):
        return HaltClass.GATE_FAILED
    return HALT_OF[failure]
