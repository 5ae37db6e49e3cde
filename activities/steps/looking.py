"""Steps that only look: the loop's look for items, detect_visible, if_else."""

import asyncio

from activities.browser.picture_texts import TIME_S
from activities.browser.snapshot import Snapshot
from activities.steps.checking import tell
from activities.steps.context import StepContext
from activities.steps.list_page import filters_shown
from activities.steps.pictured import UNREAD
from activities.steps.report import Report, failed
from activities.steps.turns.asks import CHECK
from inference.checks.asking import Checked, Condition
from plans.step import FailureClass, Step, StepType

_PATIENCE_S = 1.0
_PAUSE_S = 0.25


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
    keys = [context.mask.text(item.key) for item in found.items if not item.sponsored]
    unvisited = [key for key in keys if key not in visited]
    filters = await filters_shown(context)
    more = bool(unvisited) or not found.whole
    return Report(has_more=more, list_items=len(keys), filters=filters, tier=tier)


async def detect_visible(context: StepContext) -> Report:
    """Whether what the intent names is visible on the page now.

    Where that can't be decided, a step that something hangs on fails: not seen is not absent.
    """
    if context.step.params.selector:
        truth = await context.page.locator(context.step.params.selector).first.is_visible()
        return Report(truth=truth, data=truth)
    checked = await _decided(context)
    tell(context, checked, "visible")
    check = checked.result
    if check.verdict == "undecided":
        return _undecided(context.step, checked)
    truth = check.verdict == "holds"
    return Report(
        truth=truth,
        value=truth,
        data={"visible": truth, "evidence": check.evidence},
        tier=checked.tier,
    )


async def _decided(context: StepContext) -> Checked:
    """What the page says; one that is still changing is looked at for a moment more.

    Pictures are read where nothing else shows it.
    """
    loop = asyncio.get_running_loop()
    patience_s = 0.0 if context.asks.heard(CHECK) else _PATIENCE_S
    deadline = loop.time() + min(patience_s, context.time_left(_PATIENCE_S))
    condition = await _look(context)
    while (await context.checks.first(condition)).verdict == "undecided":
        if loop.time() >= deadline:
            break
        await asyncio.sleep(_PAUSE_S)
        condition = await _look(context)
    if context.pictures.equipped and (await context.checks.first(condition)).verdict != "holds":
        condition = await _look(context, pictures=True)
    return await context.checks.decide(condition)


async def _look(context: StepContext, *, pictures: bool = False) -> Condition:
    snapshot = await context.look_untouched()
    try:
        if pictures:
            await _read_pictures(context, snapshot)
        return Condition(context.step.intent, snapshot.observation)
    finally:
        await snapshot.dispose()


async def _read_pictures(context: StepContext, snapshot: Snapshot) -> None:
    try:
        time_s = context.time_left(2 * TIME_S) / 2
        await context.pictures.take_in(context.page, snapshot, time_s=time_s)
    except TimeoutError:
        context.notes.append(UNREAD)


def _undecided(step: Step, checked: Checked) -> Report:
    evidence = checked.result.evidence
    missing = f"; not configured: {', '.join(checked.missing)}" if checked.missing else ""
    message = f"it can't be told whether this is visible: {evidence}{missing}"
    if step.type is StepType.IF_ELSE or step.out_var is not None or step.required or step.gate:
        return failed(FailureClass.GATE_UNDECIDED, message)
    return Report(message=message, data={"evidence": evidence})
