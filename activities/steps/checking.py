"""The verify clause of a step: decided by the page, with evidence, or undecided."""

import asyncio
from dataclasses import replace

from activities.browser.content import capture_content
from activities.steps.context import StepContext
from activities.steps.report import Report
from inference.checks.verify import check
from inference.decisions import Check
from plans.calls import Verdict

_PATIENCE_S = 3.0
_PAUSE_S = 0.3


async def verify(context: StepContext, report: Report) -> tuple[Report, Verdict]:
    """Check the step's `verify` clause; a page that is still changing gets a few seconds."""
    clause = context.step.verify or ""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.time_left(_PATIENCE_S)
    found = await _look(context, clause)
    while found.verdict != "holds" and loop.time() < deadline:
        await asyncio.sleep(_PAUSE_S)
        found = await _look(context, clause)
    context.notes.append(f"verify {found.verdict}: {found.evidence}"[:300])
    message = "" if found.verdict == "holds" else f"{clause!r}: {found.evidence}"
    return replace(report, message=message or report.message), found.verdict


async def _look(context: StepContext, clause: str) -> Check:
    content = await capture_content(context.page)
    return await asyncio.to_thread(check, content, clause)
