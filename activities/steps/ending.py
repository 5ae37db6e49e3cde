"""What has to be true after a step's own code has succeeded: its hints and its clause."""

from dataclasses import replace
from typing import Final

from activities.browser.hints import unmet_hint
from activities.steps.checking import verify
from activities.steps.context import StepContext
from activities.steps.report import Report, failed
from activities.steps.turns.between import keep_report
from plans.calls import CallKind, Verdict
from plans.step import FailureClass, Step

_HINT_TIME_S: Final = 3.0


async def check(context: StepContext, report: Report) -> tuple[Report, Verdict | None]:
    """Hints and the verify clause, looked at after the step's own code has succeeded."""
    if context.call.kind is not CallKind.STEP:
        return report, None
    if context.step.verify and context.asks.models:
        await keep_report(context, report)
    missed = await unmet_hint(
        context.page, context.step.hints, timeout_s=context.time_left(_HINT_TIME_S)
    )
    if missed is not None:
        return failed(FailureClass.VERIFY_FAILED, missed), "fails" if context.step.gate else None
    if not context.step.verify:
        if report.unproven and not _hinted(context.step):
            return _nothing_done(report), "fails" if context.step.gate else None
        return report, "holds" if context.step.gate else None
    report, gate = await verify(context, report)
    return (_nothing_done(report) if report.unproven and gate != "holds" else report), gate


def _hinted(step: Step) -> bool:
    hints = step.hints
    return bool(hints.expect_url_contains or hints.expect_url_excludes or hints.expect_text_present)


def _nothing_done(report: Report) -> Report:
    """A model's word alone does not make a step a success."""
    return replace(
        report,
        success=False,
        failure_class=FailureClass.NO_STATE_CHANGE,
        message=f"nothing was done, though {report.tier} says that it is",
    )
