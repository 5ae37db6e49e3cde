"""What a step's own code hands back to the runner."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import JsonValue, TypeAdapter

from inference.cascade import NOT_CONFIGURED, PASSED_OVER, Answer, Asked
from inference.decisions import Candidate, Decision, DontKnow, DontKnowReason
from ledger.models import NewRow
from plans.calls import Present
from plans.step import FailureClass, TierName


@dataclass(frozen=True)
class Report:
    """What became of a step, before it is written down.

    `data` is shown with the step. `rows` are records to store. `value` goes into the step's
    `out_var`. `may_go_back` as in `Outcome`. `unproven`: a model says that there is nothing to
    do, and nothing was done: that counts only where the step's own hints or clause say so.
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
    unproven: bool = False


REPORT: Final = TypeAdapter(Report)
"""Reads and writes reports as they are kept between two turns of a step."""


_MODELS: Final = frozenset({TierName.HOLO3, TierName.CLAUDE})


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

    An unsure tier, or none at all, means that a model is missing: `model_unavailable`. Where
    all of them were asked, nobody knows it.
    """
    passed_over = [one for one in answer.trail if one.outcome in PASSED_OVER]
    hint = _hint(passed_over)
    if answer.result is None or isinstance(answer.result, Decision):
        return failed(FailureClass.MODEL_UNAVAILABLE, f"no tier could be asked{hint}")
    report = unsure(answer.result, hint)
    missing = any(one.tier in _MODELS for one in passed_over)
    asked = any(one.tier in _MODELS for one in answer.trail)
    if missing or not asked or report.failure_class is not FailureClass.MODEL_UNAVAILABLE:
        return report
    return replace(report, failure_class=FailureClass.SELECTOR_MISS)


def _hint(passed_over: Sequence[Asked]) -> str:
    names = ", ".join(one.tier for one in passed_over if one.outcome == NOT_CONFIGURED)
    away = "; ".join(f"{one.tier} is away: {one.why}" for one in passed_over if one.why)
    return "".join((f"; not configured: {names}" if names else "", f"; {away}" if away else ""))


def unsure(answer: DontKnow, hint: str = "") -> Report:
    """The report of a don't-know that nobody else can be asked about."""
    return Report(
        success=False,
        failure_class=_CLASS_OF[answer.reason],
        message=f"{answer.why}{hint}",
        tier=answer.tier,
        candidates=answer.candidates,
    )
