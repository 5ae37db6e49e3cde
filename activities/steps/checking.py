"""The verify clause of a step: decided by the page, with evidence, or undecided."""

import asyncio
from dataclasses import replace

from activities.browser.content import capture_content
from activities.steps.context import StepContext
from activities.steps.report import Report
from activities.steps.turns.asks import CHECK
from inference.cascade import AWAY, PASSED_OVER
from inference.checks.asking import Checked, Condition
from plans.calls import Verdict

_PATIENCE_S = 3.0
_PAUSE_S = 0.3
_STILL_S = 0.7


async def verify(context: StepContext, report: Report) -> tuple[Report, Verdict]:
    """Check the step's `verify` clause; a page that is still changing gets a few seconds.

    What holds because something is not there must hold for a moment. What the rules can't
    decide goes to the next tier that is configured, once the page had its time.
    """
    clause = context.step.verify or ""
    loop = asyncio.get_running_loop()
    patience_s = 0.0 if context.asks.heard(CHECK) else _PATIENCE_S
    deadline = loop.time() + min(patience_s, context.time_left(_PATIENCE_S))
    condition = await _look(context, clause)
    found = await context.checks.first(condition)
    since = loop.time()
    while found.verdict != "holds" or (found.absence and loop.time() < since + _STILL_S):
        if loop.time() >= deadline:
            break
        await asyncio.sleep(_PAUSE_S)
        condition = await _look(context, clause)
        if (found := await context.checks.first(condition)).verdict != "holds":
            since = loop.time()
    checked = await context.checks.decide(condition)
    tell(context, checked, "verify")
    verdict, evidence = checked.result.verdict, checked.result.evidence
    message = "" if verdict == "holds" else _message(clause, evidence, checked)
    return replace(report, message=message or report.message), verdict


def _message(clause: str, evidence: str, checked: Checked) -> str:
    if checked.result.verdict != "undecided":
        return f"{clause!r}: {evidence}"
    missing = f"; not configured: {', '.join(checked.missing)}" if checked.missing else ""
    away = [
        f"; {one.tier} can't be asked: {one.why}" for one in checked.trail if one.outcome == AWAY
    ]
    return f"{clause!r}: {evidence}{missing}{''.join(away)}"


async def _look(context: StepContext, clause: str) -> Condition:
    return Condition(clause, await capture_content(context.page))


def tell(context: StepContext, checked: Checked, what: str) -> None:
    """Note with the step who said what about its condition, and what it costs."""
    context.pay(checked.trail)
    result = checked.result
    where = f" (in {result.element})" if result.element else ""
    context.notes.append(f"{what} {result.verdict}: {result.evidence}"[:300] + where[:100])
    asked = [one for one in checked.trail if one.outcome not in PASSED_OVER]
    if len(asked) > 1:
        said = ", ".join(f"{one.tier} {one.outcome}" for one in asked)
        context.notes.append(f"{what} asked: {said}")
    if checked.missing:
        context.notes.append(f"not configured and passed over: {', '.join(checked.missing)}")
    for one in checked.trail:
        if one.outcome == AWAY:
            context.notes.append(f"{one.tier} is away and was passed over: {one.why}")
