"""Read the fields of one record from a page."""

import re
from collections.abc import Sequence
from datetime import date

from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract import kinds
from inference.extract.candidates import Area, Candidate, Wanted, candidates, merged
from inference.extract.dates import parse_date, parse_period, period_words
from inference.extract.rows import row_about
from inference.extract.scanners import scan, visible_price
from inference.extract.scope import anchored_scope, of_detail
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
    pane = scope is not None and of_detail(intent)
    area = Area(tree, scope or tree.whole, anchored=scope is not None, whole_record=pane)
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
    if value is not None and best.source in ("json-ld", "microdata", "opengraph"):
        value = _as_shown(area, wanted, value)
    return FieldValue(
        value=_noted(wanted, value) if value is not None else None,
        raw=best.raw,
        source=best.source,
        element=area.tree.path(best.node) if best.node >= 0 else "",
        confidence=round(best.confidence, 2),
    )


def _as_shown(area: Area, wanted: Wanted, value: str) -> str:
    """What machines are told, in the words of the page where it shows the same."""
    if wanted.kind == "price":
        currencies = [f.value for f in area.facts if f.name.casefold().endswith("currency")]
        fact = Fact(wanted.name, value, "json-ld")
        return visible_price(area.tree, fact, currencies[0] if currencies else "")
    if (minutes := parse_period(value)) is not None:
        return period_words(minutes)
    day = parse_date(value) if value[:4].isdigit() and len(value) >= 10 else None
    return value if day is None else _shown_date(area.tree, day) or value


def _shown_date(tree: Tree, day: date) -> str | None:
    for node, line in tree.lines:
        for match in kinds.DATE.finditer(line) if not tree.in_aside(node) else ():
            if parse_date(match[0], tree.content.lang) == day:
                return match[0]
    return None


def _noted(wanted: Wanted, value: str) -> str:
    """As a careful person would note it: no footnote marks around it."""
    text = value.strip().strip("*").strip()
    date = kinds.DATE.search(text) if wanted.kind == "date" else None
    if date is not None and re.match(r"\s+(?:by|von|at|um|in|-|–)\s", text[date.end() :]):
        text = text[: date.end()]
    if own_concept(wanted.name) == "author" and text.casefold().startswith("by "):
        text = text[3:]
    return text
