"""Records as rows of the ledger: what tells them apart, and what is stored of each."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from inference.claude.proof import SOURCE
from inference.decisions import FieldValue, Record
from inference.dom.records import canonical_url
from inference.extract.held import Held
from ledger.models import NewRow
from plans.leads import is_viable
from plans.step import ExtractField, TierName

_MOST_CHARACTERS = 4000
"""Of one text taken from a page; a longer one ends in an ellipsis."""


def keyed(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Records of a list with what tells each apart in the whole run, those told apart alone.

    That is its address without what only counts visits, so that a record that comes again on
    another page, or as an advertisement, counts once. Where most records of the list share
    one address, or have none, it is what they say; the same text twice in one list is two.
    """
    urls = Counter(canonical_url(record.url) for record in records if record.url)
    shared = {url for url, count in urls.items() if count > 2 and count * 2 > len(records)}
    seen: Counter[str] = Counter()
    for record in records:
        url = canonical_url(record.url) if record.url else ""
        name = url if url and url not in shared else _digest(record)
        seen[name] += 1
        if name == url and seen[name] > 1:
            continue
        yield (f"{name}#{seen[name]}" if seen[name] > 1 else name), record


def new_row(
    key: str,
    held: Held,
    fields: Sequence[ExtractField],
    *,
    url: str,
    page_url: str,
    tier: TierName = TierName.DOM,
) -> NewRow:
    """A record as the ledger keeps it: values with their evidence.

    Args:
        key: what tells it apart in the run.
        held: the record, held to its schema.
        fields: the fields that were asked for.
        url: the page that it is about.
        page_url: the page that it was read on.
        tier: who read what Claude did not.
    """
    read: dict[str, JsonValue] = {
        name: {**_evidence(found), "value": held.values.get(name), "tier": _tier(found, tier).value}
        for name, found in held.fields.items()
    }
    record: dict[str, JsonValue] = {"fields": read, "url": url}
    if held.broken:
        record["broken"] = held.broken
    viable = not held.broken and is_viable(held.values, fields)
    return NewRow(key=key, record=record, viable=viable, page_url=page_url)


def by_claude(record: Record) -> bool:
    """Whether Claude read any of a record's values."""
    read = record.fields.values()
    return any(found.source == SOURCE and found.value is not None for found in read)


def _tier(found: FieldValue, tier: TierName) -> TierName:
    if found.source == SOURCE:
        return TierName.CLAUDE
    return TierName.DOM if tier is TierName.CLAUDE else tier


def _evidence(found: FieldValue) -> dict[str, JsonValue]:
    """Where a value was read; a note and a doubt only where there is one."""
    evidence: dict[str, JsonValue] = found.model_dump(mode="json", exclude={"note", "known"})
    if found.note:
        evidence["note"] = found.note
    if not found.known:
        evidence["known"] = False
    return evidence


def clipped(record: Record) -> Record:
    """The record with texts of a sensible length."""
    fields = {name: _clipped_value(read) for name, read in record.fields.items()}
    return record.model_copy(update={"fields": fields, "url": clip(record.url)})


def _clipped_value(read: FieldValue) -> FieldValue:
    value = clip(read.value) if read.value is not None else None
    return read.model_copy(update={"value": value, "raw": clip(read.raw)})


def clip(text: str) -> str:
    """A text of at most 4,000 characters."""
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _digest(record: Record) -> str:
    values = {name: read.value for name, read in record.fields.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:24]
