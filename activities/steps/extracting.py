"""Steps that read: extract_url, extract_data, extract_rows."""

import asyncio
import hashlib
import json
from collections.abc import Sequence

from pydantic import JsonValue

from activities.browser.content import capture_content
from activities.browser.events import PageEvents
from activities.browser.settle import Patience, settle
from activities.steps.context import StepContext
from activities.steps.report import Report, failed
from activities.steps.shown import error_page
from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract.fields import fields_for
from inference.extract.reveal import Reveal, reveal_wanted
from inference.extract.rows import extract_rows as read_rows
from inference.extract.totals import list_proven_empty
from ledger.models import NewRow
from plans.leads import is_viable
from plans.step import ExtractField, FailureClass, Step, TierName

_MOST_REVEALS = 3
_ANSWER_S = 15.0
"""How long what a button hides is waited for, while the site has not answered."""
_MOST_ROWS = 500
_MOST_CHARACTERS = 4000
"""Of one text taken from a page; a longer one ends in an ellipsis."""


async def extract_url(context: StepContext) -> Report:
    """The address of the page, and its canonical address where it names one."""
    content = await capture_content(context.page)
    url = _clip(context.page.url)
    canonical = _clip(content.canonical) or None
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
    values = {name: read.value for name, read in record.fields.items()}
    row = await _row(context, record, fields)
    if not row.viable:
        missing = [field.name for field in fields if field.required and not values[field.name]]
        what = f"required fields are missing: {', '.join(missing)}" if missing else "no field read"
        return Report(
            success=False,
            failure_class=FailureClass.EXTRACT_FAILED,
            message=what,
            tier=TierName.DOM,
            rows=(row,),
            data=dict[str, JsonValue](values),
        )
    return Report(
        rows=(row,),
        data=dict[str, JsonValue](values),
        value=dict[str, JsonValue](values),
        tier=tier,
        confidence=_confidence(record),
    )


async def extract_rows(context: StepContext) -> Report:
    """Read the records of the page's list; a list that the page calls empty is a result too."""
    if (trouble := await error_page(context.page)) is not None:
        return trouble
    content = await capture_content(context.page)
    fields, records = await asyncio.to_thread(_read_rows, content, context.step)
    if not records:
        if await asyncio.to_thread(list_proven_empty, content):
            return Report(
                list_empty=True,
                exhausted=True,
                tier=TierName.DOM,
                message="the page says its list is empty",
            )
        return failed(FailureClass.EXTRACT_FAILED, "no rows of that kind were found on this page")
    rows = await asyncio.to_thread(_rows_of, context, records, fields)
    return Report(
        rows=rows,
        data=len(rows),
        value=[{n: v.value for n, v in record.fields.items()} for record in records],
        tier=TierName.DOM,
    )


async def _read_record(
    context: StepContext, content: Content, fields: Sequence[ExtractField]
) -> tuple[Record, TierName]:
    record, tier = await context.memory.read(content, fields, context.question())
    return _clipped(record), tier


def _read_rows(content: Content, step: Step) -> tuple[tuple[ExtractField, ...], list[Record]]:
    fields = fields_for(content, step)
    most = step.extract.max_items if step.extract and step.extract.max_items else _MOST_ROWS
    return fields, [_clipped(record) for record in read_rows(content, fields, step.intent, most)]


def _clipped(record: Record) -> Record:
    """The record with texts of a sensible length."""
    fields = {name: _clipped_value(read) for name, read in record.fields.items()}
    return record.model_copy(update={"fields": fields, "url": _clip(record.url)})


def _clipped_value(read: FieldValue) -> FieldValue:
    value = _clip(read.value) if read.value is not None else None
    return read.model_copy(update={"value": value, "raw": _clip(read.raw)})


def _clip(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


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


async def _row(context: StepContext, record: Record, fields: Sequence[ExtractField]) -> NewRow:
    """A record of its own page: its URL is the page's, its name in the ledger the item's."""
    url = _clip(context.page.url)
    item = await context.newest_item() if context.call.item_loop is not None else None
    about = item.key if item else f"{context.call.visit}"
    return _new_row(f"{context.call.index}:{about}", record, record.url or url, url, fields)


def _rows_of(
    context: StepContext, records: Sequence[Record], fields: Sequence[ExtractField]
) -> tuple[NewRow, ...]:
    """Records of a list are told apart by their URL, else by what they say."""
    page_url = _clip(context.page.url)
    seen: dict[str, int] = {}
    rows: list[NewRow] = []
    for record in records:
        name = record.url or _digest(record)
        seen[name] = seen.get(name, 0) + 1
        if record.url and seen[name] > 1:
            continue
        key = f"{context.call.index}:{name}" + (f"#{seen[name]}" if seen[name] > 1 else "")
        rows.append(_new_row(key, record, record.url, page_url, fields))
    return tuple(rows)


def _new_row(
    key: str, record: Record, url: str, page_url: str, fields: Sequence[ExtractField]
) -> NewRow:
    values = {name: read.value for name, read in record.fields.items()}
    read: dict[str, JsonValue] = {
        name: {**found.model_dump(mode="json"), "tier": TierName.DOM.value}
        for name, found in record.fields.items()
    }
    return NewRow(
        key=key,
        record={"fields": read, "url": url},
        viable=is_viable(values, fields),
        page_url=page_url,
    )


def _digest(record: Record) -> str:
    values = {name: read.value for name, read in record.fields.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:24]


def _confidence(record: Record) -> float | None:
    read = [found.confidence for found in record.fields.values() if found.value is not None]
    return round(min(read), 3) if read else None
