"""Records that Claude reads: asked for, held against the page, joined with what the DOM says."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from activities.asks_store import AskLost
from activities.browser.snapshot import capture
from activities.steps.context import StepContext
from activities.steps.turns.asks import EXTRACT
from inference.asking import ExtractAsk, Extracted, NoAnswer
from inference.claude.proof import proven
from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract.nodes import squash
from inference.looks import MOST_TEXT
from inference.showing import same_page
from plans.placeholders import restored_text
from plans.step import INTENT_READ, ExtractField, Perception, TierName

_MOST_ROWS: Final = 100
"""Records that one question asks for."""
_SURE: Final = 0.9


def wants_claude(context: StepContext, fields: Sequence[ExtractField], record: Record) -> bool:
    """Whether a page's record is Claude's to read.

    As planned it always is; else where a required field is missing, and where none is called
    required, most fields.
    """
    if context.perception is Perception.AS_PLANNED:
        return True
    return lacks(fields, record)


def lacks(fields: Sequence[ExtractField], record: Record) -> bool:
    """Whether what was read is too little for the step."""
    missing = [field for field in fields if not _has(record, field.name)]
    if any(field.required for field in fields):
        return any(field.required for field in missing)
    return 2 * len(missing) > len(fields) or not (fields or record.fields)


async def read_by_claude(
    context: StepContext,
    content: Content,
    fields: Sequence[ExtractField],
    *,
    known: Record | None = None,
    most: int = 0,
) -> tuple[Record, ...] | None:
    """What Claude read of the page and the page bears out; None where it can't be asked.

    Args:
        context: the step's.
        content: the page as it is now, which the values have to stand on.
        fields: what is asked for.
        known: what is read already and not asked for again.
        most: records of a list, at most; 0: the page is about one.

    Raises:
        Suspended: Claude has to be asked first.
        KeepsChanging: another page was shown each time.
    """
    asks = context.asks
    if not asks.can(TierName.CLAUDE):
        if context.perception is Perception.AS_PLANNED:
            context.notes.append("not configured and passed over: claude: dom read the page")
        return None
    if TierName.CLAUDE in asks.now.away:
        why = asks.why_away(TierName.CLAUDE)
        context.notes.append(f"claude is away and was passed over: dom read the page: {why}")
        return None
    said = asks.said(TierName.CLAUDE, EXTRACT)
    if said is None:
        await _ask(context, fields, known, most)
        return None
    if said.failure is not None:
        context.notes.append(f"claude gave no answer: {context.mask.text(said.message)}")
        return None
    try:
        ask, reply = await asks.question(said), (await asks.answer(said)).reply
    except AskLost as lost:
        asks.anew(said, str(lost))
        await _ask(context, fields, known, most)
        return None
    here = context.mask.worded(content.url)
    if isinstance(ask, ExtractAsk) and not same_page(ask.look.url, here):
        asks.anew(said, "another page is shown now")
        await _ask(context, fields, known, most)
    if not isinstance(reply, Extracted):
        why = reply.why if isinstance(reply, NoAnswer) else "it answered something else"
        context.notes.append(f"claude read nothing: {context.mask.text(why)}"[:300])
        return None
    records = [_restored(context, values) for values in reply.records]
    found = await asyncio.to_thread(proven, content, fields, records, many=most > 0)
    _note(context, records, found)
    if not found:
        context.notes.append("claude read nothing that stands on the page: dom read it")
    return found


async def _ask(
    context: StepContext, fields: Sequence[ExtractField], known: Record | None, most: int
) -> None:
    snapshot = await capture(context.page)
    try:
        look = await context.asking.look(snapshot.observation)
    finally:
        await snapshot.dispose()
    extract, worded = context.step.extract, context.asking.worded
    body = ExtractAsk(
        look=look,
        intent=worded.intent[:INTENT_READ],
        entity=(extract.entity_name or "") if extract else "",
        fields=tuple(fields),
        record_schema=extract.record_schema if extract else None,
        known=_known(context, known),
        many=most > 0,
        most=min(most, _MOST_ROWS) if most else 1,
    )
    what = "what the rows of this page hold" if most else "what this page says of its record"
    await context.asks.suspend(TierName.CLAUDE, EXTRACT, body, what)


def _known(context: StepContext, record: Record | None) -> dict[str, str]:
    if record is None:
        return {}
    return {
        name: context.mask.worded(found.value)
        for name, found in record.fields.items()
        if found.value is not None and found.confidence >= _SURE
    }


def _restored(context: StepContext, values: Mapping[str, str | None]) -> dict[str, str | None]:
    secrets = context.asks.secrets
    return {
        name: None if value is None else restored_text(value, secrets)
        for name, value in values.items()
    }


def _note(
    context: StepContext, said: Sequence[Mapping[str, str | None]], found: Sequence[Record]
) -> None:
    """Note what was refused by the names of the fields: such values are told nowhere."""
    given = [name for values in said for name, value in values.items() if value]
    taken = [name for one in found for name, read in one.fields.items() if read.value is not None]
    refused = Counter(given) - Counter(taken)
    if refused:
        names = ", ".join(refused)
        context.notes.append(f"claude's values do not stand on the page and were dropped: {names}")


def joined(record: Record, read: Sequence[Record], *, over: bool) -> Record:
    """One record of what the DOM and Claude have read.

    Args:
        record: the DOM's.
        read: Claude's, proven; the first one counts.
        over: Claude's values come before the DOM's, not only where these are missing.
    """
    if not read:
        return record
    claude = read[0].fields
    names = dict.fromkeys((*record.fields, *claude))
    fields = {name: _better(record.fields.get(name), claude.get(name), over) for name in names}
    return record.model_copy(update={"fields": fields, "url": record.url or read[0].url})


def _better(dom: FieldValue | None, claude: FieldValue | None, over: bool) -> FieldValue:
    if claude is None or dom is None:
        return dom or claude or FieldValue(value=None)
    if claude.value is not None and (over or dom.value is None):
        return claude
    return dom if dom.value is not None or not claude.note else claude


def joined_rows(
    rows: Sequence[Record], read: Sequence[Record], *, whole: bool
) -> tuple[Record, ...]:
    """Claude's rows, each with the address and the missing values of the DOM's row it is.

    `whole`: Claude was shown all of the list, so that rows of the DOM's alone are none.
    """
    if not read:
        return tuple(rows)
    left = list(rows)
    found: list[Record] = []
    for one in read:
        twin = max(left, key=lambda row: _alike(row, one), default=None)
        if twin is None or not _alike(twin, one):
            found.append(one)
            continue
        left.remove(twin)
        found.append(joined(twin, [one], over=True))
    return tuple(found) if whole else (*found, *left)


def _alike(one: Record, other: Record) -> int:
    """How many values of two rows are the same."""
    if one.url and one.url == other.url:
        return 100
    pairs = ((one.fields.get(name), value) for name, value in other.fields.items())
    return sum(
        a is not None and bool(a.value) and squash(a.value or "") == squash(b.value or "")
        for a, b in pairs
    )


def is_whole(content_text: int) -> bool:
    """Whether a page's text of so many characters was shown to Claude in full."""
    return content_text <= MOST_TEXT


def _has(record: Record, name: str) -> bool:
    found = record.fields.get(name)
    return found is not None and found.value is not None
