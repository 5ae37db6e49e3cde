"""Read the fields of one record from a page."""

import re
from collections.abc import Sequence

from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract import kinds
from inference.extract.candidates import Area, Candidate, Wanted, candidates, merged
from inference.extract.rows import row_about
from inference.extract.scanners import scan, visible_price
from inference.extract.scope import anchored_scope
from inference.extract.structured import Fact
from inference.extract.tree import Tree
from inference.extract.words import own_concept
from plans.step import ExtractField

FLOOR = 0.55
"""Below this confidence a value is not taken."""


def extract_record(content: Content, fields: Sequence[ExtractField], intent: str) -> Record:
    """The fields of the record that the page (or the part that the intent names) is about.

    Every field asked for is in the answer, in order; `value` None where the page does not
    say. Former prices, monthly rates and similar or sponsored things are never taken.
    """
    return record_in(Tree(content), fields, intent)


def record_in(tree: Tree, fields: Sequence[ExtractField], intent: str) -> Record:
    """`extract_record` over a tree that is there already."""
    row = row_about(tree, fields, intent)
    if row is not None:
        return row
    names = [field.name for field in fields]
    scope = anchored_scope(tree, intent, names)
    area = Area(tree, scope or tree.whole, anchored=scope is not None)
    values = {field.name: _read(area, Wanted.of(field)) for field in fields}
    return Record(fields=values, url=tree.content.canonical or tree.content.url)


def _read(area: Area, wanted: Wanted) -> FieldValue:
    found = candidates(area, wanted)
    found += [] if found and found[0].confidence >= 0.9 else scan(area, wanted)
    found.sort(key=lambda c: -c.confidence)
    best = merged(found)
    if best is None or best.confidence < FLOOR:
        return FieldValue(value=None)
    return field_value(area, wanted, best)


def field_value(area: Area, wanted: Wanted, best: Candidate) -> FieldValue:
    """A candidate as a field's value, in the words of the page."""
    value = best.value
    if (
        value is not None
        and wanted.kind == "price"
        and best.source in ("json-ld", "microdata", "opengraph")
    ):
        currencies = [f.value for f in area.facts if f.name.casefold().endswith("currency")]
        fact = Fact(wanted.name, value, "json-ld")
        value = visible_price(area.tree, fact, currencies[0] if currencies else "")
    return FieldValue(
        value=_noted(wanted, value) if value is not None else None,
        raw=best.raw,
        source=best.source,
        element=area.tree.path(best.node) if best.node >= 0 else "",
        confidence=round(best.confidence, 2),
    )


def _noted(wanted: Wanted, value: str) -> str:
    """As a careful person would note it: no footnote marks around it."""
    text = value.strip().strip("*").strip()
    date = kinds.DATE.search(text) if wanted.kind == "date" else None
    if date is not None and re.match(r"\s+(?:by|von|at|um|in|-|–)\s", text[date.end() :]):
        text = text[: date.end()]
    if own_concept(wanted.name) == "author" and text.casefold().startswith("by "):
        text = text[3:]
    return text
