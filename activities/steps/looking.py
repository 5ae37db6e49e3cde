"""Steps that only look: the loop's look for items, detect_visible, if_else."""

from activities.steps.context import StepContext
from activities.steps.report import Report
from inference.dom.detect import detect
from plans.step import TierName


async def loop(context: StepContext) -> Report:
    """Whether the list holds an item that was not visited; None where no item was ever taken.

    A sponsored item does not count. A loop whose body takes no items from a list is told
    None and goes on by its count.
    """
    run = context.run
    visited = await context.ledger.items.visited(run.tenant_id, run.run_id, context.scope)
    if not visited:
        return Report()
    snapshot = await context.look()
    try:
        found, tier = await context.memory.items(context.question(), snapshot.observation)
    finally:
        await snapshot.dispose()
    keys = (context.mask.text(item.key) for item in found.items if not item.sponsored)
    unvisited = [key for key in keys if key not in visited]
    return Report(has_more=bool(unvisited), tier=tier)


async def detect_visible(context: StepContext) -> Report:
    """Whether what the intent names is visible on the page now."""
    if context.step.params.selector:
        truth = await context.page.locator(context.step.params.selector).first.is_visible()
        return Report(truth=truth, data=truth)
    snapshot = await context.look_untouched()
    try:
        check = detect(snapshot.observation, context.step.intent)
    finally:
        await snapshot.dispose()
    truth = check.verdict == "holds"
    return Report(
        truth=truth,
        value=truth,
        data={"visible": truth, "evidence": check.evidence},
        message="" if check.verdict != "undecided" else f"not seen for sure: {check.evidence}",
        tier=TierName.DOM,
    )
