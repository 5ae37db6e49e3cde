"""What a step's own code hands back to the runner."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from inference.cascade import NOT_CONFIGURED, Answer
from inference.decisions import Candidate, Decision, DontKnow, DontKnowReason
from ledger.models import NewRow
from plans.calls import Present
from plans.step import FailureClass, TierName


@dataclass(frozen=True)
class Report:
    """What became of a step, before it is written down.

    `data` is shown with the step. `rows` are records to store. `value` goes into the step's
    `out_var`. `may_go_back` as in `Outcome`.
    """

    success: bool = True
    failure_class: FailureClass | None = None
    message: str = ""
    tier: TierName | None = None
    confidence: float | None = None
    exhausted: bool = False
    list_empty: bool = False
    has_more: bool | None = None
    list_items: int | None = None
    filters: Present | None = None
    truth: bool | None = None
    data: JsonValue = None
    value: JsonValue = None
    rows: tuple[NewRow, ...] = ()
    candidates: tuple[Candidate, ...] = field(default=())
    may_go_back: bool = False


def failed(failure_class: FailureClass, message: str) -> Report:
    """A report of failure; the message says what was seen."""
    return Report(success=False, failure_class=failure_class, message=message)


_CLASS_OF: dict[DontKnowReason, FailureClass] = {
    DontKnowReason.ABSENT: FailureClass.SELECTOR_MISS,
    DontKnowReason.BLOCKED: FailureClass.SELECTOR_MISS,
    DontKnowReason.AMBIGUOUS: FailureClass.AMBIGUOUS_TARGET,
    DontKnowReason.UNSURE: FailureClass.MODEL_UNAVAILABLE,
    DontKnowReason.UNREADABLE: FailureClass.MODEL_UNAVAILABLE,
}


def not_known(answer: Answer) -> Report:
    """No configured tier could tell: the step fails by the reason of the last one asked.

    An unsure tier, or none at all, means that a model is missing: `model_unavailable`.
    """
    passed_over = ", ".join(one.tier for one in answer.trail if one.outcome == NOT_CONFIGURED)
    hint = f"; not configured: {passed_over}" if passed_over else ""
    if answer.result is None or isinstance(answer.result, Decision):
        return failed(FailureClass.MODEL_UNAVAILABLE, f"no tier could be asked{hint}")
    return unsure(answer.result, hint)


def unsure(answer: DontKnow, hint: str = "") -> Report:
    """The report of a don't-know that nobody else can be asked about."""
    return Report(
        success=False,
        failure_class=_CLASS_OF[answer.reason],
        message=f"{answer.why}{hint}",
        tier=answer.tier,
        candidates=answer.candidates,
    )
