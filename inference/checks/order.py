"""Rules for the order of a list, checked over what its records say."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from inference.checks.clause import Clause, undecided
from inference.checks.numbers import number_of
from inference.checks.page import Page
from inference.decisions import Check, FieldValue
from inference.extract.dates import parse_date
from inference.extract.rows import rows_in
from inference.extract.words import plain
from plans.step import ExtractField

Way = Literal["up", "down"]

_SORTED = re.compile(
    r"^(?:the\s+|die\s+)?(?:page|list|table|results?|search results|listings?|items?|products?"
    r"|rows?|entries|offers?|ads|liste|ergebnisse|treffer|angebote|\w+s)\s+(?:is|are|ist|sind)\s+"
    r"(?:sorted|ordered|sortiert|geordnet)\s*(?:by|nach)?\s+(.+)$",
    re.I,
)
_UP = re.compile(
    r"\b(?:(?:from\s+)?(?:low(?:est)?|cheap(?:est)?|small(?:est)?|old(?:est)?)\s*(?:to|first|-)\s*"
    r"(?:the\s+)?(?:high(?:est)?|expensive|large(?:st)?|new(?:est)?)?|ascending|aufsteigend"
    r"|increasing|oldest first|cheapest first|a\s*(?:to|-)\s*z)\b",
    re.I,
)
_DOWN = re.compile(
    r"\b(?:(?:from\s+)?(?:high(?:est)?|expensive|large(?:st)?|new(?:est)?)\s*(?:to|first|-)\s*"
    r"(?:the\s+)?(?:low(?:est)?|cheap(?:est)?|small(?:est)?|old(?:est)?)?|descending|absteigend"
    r"|decreasing|newest first|z\s*(?:to|-)\s*a)\b",
    re.I,
)
_DATES = re.compile(r"\b(?:dates?|datum|newest|oldest|age|posted|published)\b", re.I)
_LEAST = 4


def about_order(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "The results are sorted by price", "... from low to high"."""
    match = _SORTED.match(clause.text)
    if match is None:
        return None
    by = match[1]
    down, up = _DOWN.search(by), _UP.search(by)
    way: Way | None = "down" if down else "up" if up else None
    field = _UP.sub(" ", _DOWN.sub(" ", by)).strip(" ,:()-")
    field = plain(re.sub(r"\b(?:the|its|their|order|in|von|bis)\b", " ", field, flags=re.I))
    if not field and _DATES.search(by):
        field = "date"
    if not field or len(field.split()) > 2:
        return undecided(f"by what the list is sorted can't be read from {by!r}")
    return _judge(page, clause, field, way)


def _judge(page: Page, clause: Clause, field: str, way: Way | None) -> Check:
    name = field.replace(" ", "_")
    rows = rows_in(page.tree, [ExtractField(name="title"), ExtractField(name=name)], "")
    values = [row.fields[name] for row in rows]
    if len(values) < _LEAST or any(v.value is None or v.confidence < 0.6 for v in values):
        return undecided(f"not every record of a list has a {field} to compare")
    keys = _keys(values, page.content.lang, dated=bool(_DATES.search(field)))
    if keys is None or len(set(keys)) < _LEAST - 1:
        return undecided(f"the values of {field} can't be compared: {_shown(values)}")
    rising = all(a <= b for a, b in pairwise(keys))
    falling = all(a >= b for a, b in pairwise(keys))
    truth = rising if way == "up" else falling if way == "down" else rising or falling
    chosen = _chosen(page)
    if truth is not _said(chosen, field, way, truth):
        return undecided(f"the page has {chosen!r} chosen, and shows {_shown(values)}")
    return clause.answer(truth, f"{field} in page order: {_shown(values)}")


def _keys(values: Sequence[FieldValue], lang: str, *, dated: bool) -> list[float] | None:
    texts = [value.value or "" for value in values]
    days = [parse_date(text, lang) for text in texts]
    if all(day is not None for day in days):
        return [float(day.toordinal()) for day in days if day is not None]
    units = {
        " ".join(re.sub(r"[\d.,]+", " ", value.raw or value.value or "").split())
        for value in values
    }
    numbers = [number_of(text) for text in texts]
    if not dated and len(units) == 1 and all(number is not None for number in numbers):
        return [number for number in numbers if number is not None]
    return None


def _shown(values: Sequence[FieldValue]) -> str:
    return ", ".join(value.raw or value.value or "" for value in values[:6])


def _chosen(page: Page) -> str:
    """What a control for sorting has chosen; "" without one."""
    for state in page.states:
        named = f"{state.group} {state.kind}"
        if (
            state.on
            and state.kind == "option"
            and re.search(r"\b(?:sort|order|sortier)", named, re.I)
        ):
            return state.name
    return ""


def _said(chosen: str, field: str, way: Way | None, truth: bool) -> bool:
    """What the control for sorting says of the sentence; `truth` where it says nothing."""
    if not chosen:
        return truth
    dated = _DATES.search(field) and _DATES.search(chosen)
    if field.split()[0] not in plain(chosen) and not dated:
        return False
    if way is None:
        return True
    if (way == "up" and _DOWN.search(chosen)) or (way == "down" and _UP.search(chosen)):
        return False
    return True if _UP.search(chosen) or _DOWN.search(chosen) else truth
