"""Steps that act on the page: click, fill, select, submit, filter, type, press, scroll."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from playwright.async_api import ElementHandle

from activities.browser.act import ActResult
from activities.browser.content import capture_content
from activities.browser.history import go_back
from activities.browser.navigate import same_document
from activities.browser.snapshot import Snapshot
from activities.steps.context import StepContext, report_of
from activities.steps.grounding import ground_and_act, note_missing
from activities.steps.navigation import list_url_of
from activities.steps.report import Report, failed
from activities.steps.turns.asks import ACT
from activities.steps.turns.suspending import KeepsChanging
from inference.decisions import ActKind, Candidate, Decision, ListItem
from inference.dom.records import takes_next_item
from inference.extract.totals import list_proven_empty
from inference.observation import Observation
from ledger.models import ItemKey
from plans.placeholders import as_text
from plans.step import FailureClass, Perception, TierName

_BACK_TIME_S = 20.0
_SURE = 0.97
_SHOWN = 5


async def act(context: StepContext) -> Report:
    """Ground the step and act; what it types or chooses is in its params or its intent."""
    return await ground_and_act(context)


async def click(context: StepContext) -> Report:
    """Click what the intent names; in a loop, "the next listing" is the next not visited."""
    if context.call.item_loop is not None and takes_next_item(context.step):
        return await _open_next_item(context)
    return await ground_and_act(context)


async def type_text(context: StepContext) -> Report:
    """Type into the field that the step names, or where the focus is when it names none."""
    named = context.step.params.label or context.step.params.selector
    if named or not await _has_focus(context):
        return await ground_and_act(context)
    text = context.value_text()
    if not text:
        return await ground_and_act(context)
    return report_of(await context.perform(None, ActKind.TYPE, text), None)


async def scroll(context: StepContext) -> Report:
    """Scroll to what the intent names, or by a direction; a page at its end is no failure."""
    report = await ground_and_act(context)
    if report.failure_class is FailureClass.NO_STATE_CHANGE:
        return Report(message="nothing moved: the page is there already", tier=report.tier)
    return report


async def _open_next_item(context: StepContext) -> Report:
    """Claim the first item of the list that this run has not visited, and open it."""
    if context.request.again and (shown := await _shown_already(context)) is not None:
        return shown
    snapshot = await context.look()
    try:
        found, tier = await context.memory.items(context.question(), snapshot.observation)
        items = [item for item in found.items if not item.sponsored]
        if not items or context.call.iteration == 0:
            empty = found.empty_proven or list_proven_empty(await capture_content(context.page))
            if empty or not items:
                return _no_items(empty)
        masked = context.mask.text
        claimed = await context.ledger.items.claim(
            context.run.tenant_id,
            context.run.run_id,
            context.scope,
            context.owner,
            [
                ItemKey(key=masked(item.key), url=masked(item.url), title=masked(item.title))
                for item in items
            ],
            await _list_url(context),
        )
        if claimed is None and not found.whole:
            return failed(FailureClass.SELECTOR_MISS, "the list is too large to be taken in full")
        if claimed is None:
            return Report(exhausted=True, message="every item of this list was visited")
        item = next((item for item in items if masked(item.key) == claimed.key), None)
        if item is None:
            return failed(FailureClass.SELECTOR_MISS, f"{claimed.title!r} is not on this list")
        pointed = await _pointed_at(context, snapshot, item)
        if pointed is not None:
            list_url = context.page.url
            result = await context.carry_out(snapshot, pointed, plain=context.step.once is None)
            if result.success or result.evidence or context.acts.claim is not None:
                report = _opened(context, result, item, items, list_url)
                return replace(report, tier=pointed.tier, confidence=pointed.confidence)
            context.notes.append(f"{pointed.tier} pointed at nothing that opens it: dom opened it")
        await context.saw(snapshot, _taken(item, items, tier))
        report = await _open(context, await snapshot.element(item.ref), item, items)
        return replace(report, tier=tier)
    finally:
        await snapshot.dispose()


async def _pointed_at(context: StepContext, snapshot: Snapshot, item: ListItem) -> Decision | None:
    """Where on the claimed item a model points that the plan wants asked; None: where it links.

    A place that is not the item's is asked about anew, and then no more.
    """
    if context.perception is not Perception.AS_PLANNED or not item.title.strip():
        return None
    intent = f'the title "{item.title}" of the list'
    try:
        while True:
            answer = await context.decide_as_planned(snapshot, intent)
            note_missing(context, answer)
            decision = answer.result
            if not isinstance(decision, Decision):
                break
            if on_item(snapshot.observation, decision, item):
                return decision
            said = context.asks.said(decision.tier, ACT)
            if said is None:
                break
            context.asks.anew(said, "it pointed at something else than the item")
    except KeepsChanging as changing:
        context.notes.append(f"{changing}: the item's own link was taken")
    return None


def on_item(observation: Observation, decision: Decision, item: ListItem) -> bool:
    """Whether an act is a click on a list's item: on its element, or within its record."""
    if decision.act is not ActKind.CLICK:
        return False
    own = observation.element(item.ref)
    if decision.ref is not None:
        other = observation.element(decision.ref)
        within = bool(own.records) and own.records[0] in other.records
        leads_there = not other.href or other.href == own.href
        return decision.ref == item.ref or (within and leads_there)
    box = own.box
    if own.records:
        group = observation.groups[own.records[0].group]
        box = group.records[own.records[0].ordinal].box
    point = decision.point
    return (
        point is not None
        and box.x <= point.x < box.x + box.width
        and box.y <= point.y < box.y + box.height
    )


async def _shown_already(context: StepContext) -> Report | None:
    """After a lost try: whether the item that it claimed is shown; its list is gone back to."""
    run, masked = context.run, context.mask.text
    claimed = await context.ledger.items.claim(
        run.tenant_id, run.run_id, context.scope, context.owner, [], ""
    )
    if claimed is None:
        return None
    if claimed.url and same_document(masked(context.page.url), claimed.url):
        return Report(
            message="the item is shown already", data={"title": claimed.title, "url": claimed.url}
        )
    list_url = await list_url_of(context)
    if list_url is not None:
        await context.acts.mark()
        await go_back(context.page, list_url, timeout_s=context.time_left(_BACK_TIME_S))
    return None


async def _list_url(context: StepContext) -> str:
    """The address of the list as the ledger may hold it."""
    call = context.call
    return as_text(await context.kept(context.page.url, f"list.{call.index}.{call.visit}"))


async def _open(
    context: StepContext,
    element: ElementHandle,
    item: ListItem,
    items: Sequence[ListItem],
) -> Report:
    list_url = context.page.url
    result = await context.perform(element, ActKind.CLICK, plain=context.step.once is None)
    return _opened(context, result, item, items, list_url)


def _opened(
    context: StepContext,
    result: ActResult,
    item: ListItem,
    items: Sequence[ListItem],
    list_url: str,
) -> Report:
    others = [other.url for other in items if other.key != item.key]
    context.sights.came_of(result.told)
    if result.success and result.load is not None:
        astray = led_astray(item.url, result.load.url, list_url, others)
        if astray is not None:
            return failed(FailureClass.WRONG_TARGET, f"{item.title!r} {astray}")
    return Report(
        success=result.success,
        failure_class=result.failure_class,
        message=result.message,
        tier=TierName.DOM,
        confidence=_SURE,
        data={"title": item.title, "url": item.url},
    )


def _taken(item: ListItem, items: Sequence[ListItem], tier: TierName) -> Decision:
    """The item taken as a decision, with those that come after it on the list."""
    after = items[items.index(item) : items.index(item) + _SHOWN]
    return Decision(
        act=ActKind.CLICK,
        ref=item.ref,
        confidence=_SURE,
        tier=tier,
        why="the first item of the list that this run has not visited",
        candidates=tuple(
            Candidate(ref=one.ref, name=one.title, role="list item", score=_SURE) for one in after
        ),
    )


def led_astray(link: str, landed: str, list_url: str, others: Iterable[str]) -> str | None:
    """What a link of the list led to instead of its item; None where it may be the item.

    A link that stays on the list's document, or runs a script, can show its item there.
    """
    if not link.startswith(("http:", "https:")) or same_document(link, list_url):
        return None
    if same_document(landed, list_url):
        return "leads back to its list"
    if same_document(landed, link):
        return None
    if any(same_document(landed, other) for other in others if other):
        return "leads to another item of its list"
    return None


def _no_items(empty_proven: bool) -> Report:
    if empty_proven:
        return Report(exhausted=True, list_empty=True, message="the page says its list is empty")
    return failed(FailureClass.SELECTOR_MISS, "no list of items was found on this page")


async def _has_focus(context: StepContext) -> bool:
    return await context.page.evaluate(
        "() => { const e = document.activeElement; return !!e && e !== document.body"
        " && (e.isContentEditable || 'value' in e || e.tagName === 'IFRAME'); }"
    )
