"""Steps that read: extract_url, extract_data, extract_rows."""

import asyncio
from collections.abc import Sequence

from activities.browser.content import capture_content
from activities.browser.events import PageEvents
from activities.browser.settle import Patience, settle
from activities.steps.context import StepContext
from activities.steps.gathering import gather
from activities.steps.list_page import filters_shown
from activities.steps.reading import (
    is_whole,
    joined,
    joined_rows,
    lacks,
    read_by_claude,
    wants_claude,
)
from activities.steps.records import by_claude, clip, clipped, keyed, new_row
from activities.steps.report import Report, failed
from activities.steps.shown import error_page
from inference.content import Content
from inference.decisions import Record
from inference.extract.fields import fields_for
from inference.extract.held import Held, hold, with_doubts
from inference.extract.reveal import Reveal, reveal_wanted
from inference.extract.rows import extract_rows as read_rows
from inference.extract.totals import list_proven_empty
from inference.looks import visible_text
from ledger.models import NewRow
from plans.record_schema import Schema
from plans.step import ExtractField, FailureClass, Perception, TierName

_MOST_REVEALS = 3
_ANSWER_S = 15.0
"""How long what a button hides is waited for, while the site has not answered."""
_MOST_ROWS = 500


async def extract_url(context: StepContext) -> Report:
    """The address of the page, and its canonical address where it names one."""
    content = await capture_content(context.page)
    url = clip(context.page.url)
    canonical = clip(content.canonical) or None
    return Report(data={"url": url, "canonical": canonical}, value=url, tier=TierName.DOM)


async def extract_data(context: StepContext) -> Report:
    """Read the one record that the page is about; what a button hides is revealed first."""
    if (trouble := await error_page(context.page)) is not None:
        return trouble
    content = await capture_content(context.page)
    fields = await asyncio.to_thread(fields_for, content, context.step)
    record, tier = await _read_record(context, content, fields)
    for _ in range(_MOST_REVEALS):
        wanted = await asyncio.to_thread(reveal_wanted, content, fields, record)
        if wanted is None or not await _reveal(context, wanted):
            break
        content = await capture_content(context.page)
        record, tier = await _read_record(context, content, fields)
    if wants_claude(context, fields, record):
        over = context.perception is Perception.AS_PLANNED
        known = None if over else record
        read = await read_by_claude(context, content, fields, known=known)
        record = clipped(joined(record, read or (), over=over))
        tier = TierName.CLAUDE if by_claude(record) else tier
    record = await asyncio.to_thread(with_doubts, content, record, fields)
    held = hold(record, _schema(context), content.lang)
    row = await _row(context, held, fields, tier)
    if not row.viable:
        return Report(
            success=False,
            failure_class=FailureClass.EXTRACT_FAILED,
            message=_what_lacks(held, fields),
            tier=TierName.CLAUDE if by_claude(record) else TierName.DOM,
            rows=(row,),
            data=held.values,
        )
    return Report(
        rows=(row,),
        data=held.values,
        value=held.values,
        tier=tier,
        confidence=_confidence(record),
    )


async def extract_rows(context: StepContext) -> Report:
    """Read the records of the page's list; a list that the page calls empty is a result too.

    A list that shows more as it is scrolled, or has a button for more, is read to its end.
    """
    if (trouble := await error_page(context.page)) is not None:
        return trouble
    content = await capture_content(context.page)
    step, extract = context.step, context.step.extract
    fields = await asyncio.to_thread(fields_for, content, step)
    most = min((extract.max_items if extract else None) or _MOST_ROWS, _MOST_ROWS)

    def read(seen: Content) -> list[Record]:
        return [clipped(record) for record in read_rows(seen, fields, step.intent, _MOST_ROWS)]

    page_url = clip(context.page.url)
    records = await gather(context, content, read, most)
    records, tier = await _rows_by_claude(context, fields, records, most)
    if not records:
        if await asyncio.to_thread(list_proven_empty, content):
            return Report(
                list_empty=True,
                exhausted=True,
                tier=TierName.DOM,
                message="the page says its list is empty",
            )
        return failed(FailureClass.EXTRACT_FAILED, "no rows of that kind were found on this page")
    held = [hold(record, _schema(context), content.lang) for record in records]
    rows = tuple(
        new_row(f"{context.call.index}:{key}", one, fields, url=one.url, page_url=page_url)
        for (key, _), one in zip(keyed(records), held, strict=True)
    )
    return Report(
        rows=rows,
        data=len(rows),
        value=[one.values for one in held],
        tier=tier,
        list_items=len(rows),
        filters=await filters_shown(context, content),
    )


async def _rows_by_claude(
    context: StepContext, fields: Sequence[ExtractField], records: list[Record], most: int
) -> tuple[list[Record], TierName]:
    """The rows with those that Claude read, where the DOM's are too few or the plan says so."""
    planned = context.perception is Perception.AS_PLANNED
    poor = sum(lacks(fields, record) for record in records)
    if not planned and records and 2 * poor <= len(records):
        return records, TierName.DOM
    content = await capture_content(context.page)
    if not records and await asyncio.to_thread(list_proven_empty, content):
        return records, TierName.DOM
    read = await read_by_claude(context, content, fields, most=most)
    if not read:
        return records, TierName.DOM
    whole = is_whole(len(visible_text(content).text))
    found = joined_rows(records, [clipped(one) for one in read], whole=whole)
    return list(found)[:most], TierName.CLAUDE


def _schema(context: StepContext) -> Schema | None:
    """The schema that the run's records are held to."""
    return context.step.extract.record_schema if context.step.extract else None


def _what_lacks(held: Held, fields: Sequence[ExtractField]) -> str:
    if held.broken:
        return f"the record breaks a rule of its schema: {held.broken}"
    missing = [field.name for field in fields if field.required and not held.values[field.name]]
    return f"required fields are missing: {', '.join(missing)}" if missing else "no field read"


async def _read_record(
    context: StepContext, content: Content, fields: Sequence[ExtractField]
) -> tuple[Record, TierName]:
    record, tier = await context.memory.read(content, fields, context.question())
    return clipped(record), tier


async def _reveal(context: StepContext, wanted: Reveal) -> bool:
    """Press what hides a value; whether that had an effect."""
    snapshot = await context.look()
    try:
        named = [
            element.ref
            for element in snapshot.observation.elements
            if element.interactive and wanted.text in (element.name.strip(), element.text.strip())
        ]
        if not named:
            return False
        with PageEvents(context.page) as events:
            report = await context.press(await snapshot.element(named[0]))
            if events.pending:
                most = context.time_left(_ANSWER_S)
                late = Patience(data=most)
                await settle(context.page, timeout_s=most, events=events, patience=late)
    finally:
        await snapshot.dispose()
    if report.success:
        context.notes.append(f"{wanted.text!r} was pressed to show what it hides")
    return report.success


async def _row(
    context: StepContext, held: Held, fields: Sequence[ExtractField], tier: TierName
) -> NewRow:
    """A record of its own page: its URL is the page's, its name in the ledger the item's."""
    url = clip(context.page.url)
    item = await context.newest_item() if context.call.item_loop is not None else None
    about = item.key if item else f"{context.call.visit}"
    key = f"{context.call.index}:{about}"
    return new_row(key, held, fields, url=held.url or url, page_url=url, tier=tier)


def _confidence(record: Record) -> float | None:
    read = [found.confidence for found in record.fields.values() if found.value is not None]
    return round(min(read), 3) if read else None
