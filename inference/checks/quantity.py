"""Rules for several things, and for one named record among them: how their columns say it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.checks.clause import Clause, undecided
from inference.checks.listing import SHOWN, is_list
from inference.checks.page import Page
from inference.checks.paging import is_whole
from inference.decisions import Check
from inference.extract.groups import Group, groups
from inference.extract.words import is_placeholder, name_words, plain, stem

_ALL = r"(?:every|each|all(?: of)?(?: the)?|alle|jede[rs]?)"
_NONE = r"(?:no|none of(?: the)?|not one|kein(?:e[rs]?)?)"
_SOME = r"(?:at least one|some|any|one of the|mindestens ein(?:e[rs]?)?)"
_WHERE = r"(?:\s+(?:on|in)\s+(?:the|this)\s+(?:page|list|table|results))?"
_STATE = re.compile(
    rf"^({_ALL}|{_NONE}|{_SOME})\s+(?:(?:listed|shown)\s+)?((?:\w+\s+){{0,2}}?\w+){_WHERE}\s+"
    r"(?:is|are|was|were|ist|sind|has been|have been|had been|wurde)\s+"
    r"(?:now\s+|already\s+|currently\s+|bereits\s+)?(?:marked\s+(?:as\s+)?)?"
    rf"(\w[\w-]*(?:\s+\w[\w-]*){{0,2}}?){_WHERE}$",
    re.I,
)
_ENTITY = re.compile(
    r"#?\b(?:[\w-]*\d[\w-]*)\b|\b[A-ZÀ-Þ][\w'’.-]*(?:\s+(?:of|de|van|von|and|&)?\s*[A-ZÀ-Þ][\w'’.-]*)+"
)
_ABOUT = re.compile(
    r"^(.+?)\s+(?:is|was|has been|have been|has|ist|wurde)\s+"
    r"(?:now\s+|already\s+|currently\s+|bereits\s+|been\s+)?(?:marked\s+(?:as\s+)?)?"
    r"(\w[\w-]*(?:\s+\w[\w-]*)?)$"
)
_THINGS = frozenset(map(stem, (
    "user", "customer", "person", "member", "row", "entry", "record", "item", "result", "invoice",
    "order", "ticket", "account", "transaction", "payment", "product", "listing", "number", "mr",
    "mrs", "ms", "dr", "status", "task", "job", "file", "booking", "team", "project",
)))  # fmt: skip


_GENERAL = frozenset(map(stem, (
    "product", "item", "result", "entry", "record", "row", "listing", "ad", "offer", "article",
    "eintrag", "objekt", "artikel", "produkt", "angebot", "treffer",
)))  # fmt: skip
"""Words for what any list may hold."""


@dataclass(frozen=True, slots=True)
class _Column:
    """What the records of a list say in one and the same place; None where one says nothing."""

    said: tuple[str | None, ...]
    nodes: tuple[int, ...]


def about_several(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "All orders are shipped", "No transaction is pending"."""
    match = _STATE.match(clause.raw.strip().rstrip("."))
    if match is None or clause.negated:
        return None
    how, noun, state = match[1].lower(), match[2], plain(match[3])
    lists = [g for g in groups(page.tree) if is_list(page, g)]
    general = stem(plain(noun).split()[-1]) in _GENERAL or len(lists) == 1
    fitting = [g for g in lists if general or _named(page, g, noun)]
    columns = [c for g in fitting if (c := _column(page, g, state)) is not None]
    if re.fullmatch(_SOME, how):
        return _some(page, columns, state)
    if len(columns) != 1:
        return undecided(f"no single list has a column that says {state!r} or another state")
    column = columns[0]
    differing = [place for place, text in enumerate(column.said) if not _same(text, state)]
    if re.fullmatch(_NONE, how):
        return _none(page, column, differing, state)
    if any(column.said[place] is None for place in differing):
        return undecided("not every record says what it is")
    if differing:
        text = column.said[differing[0]]
        return _answer(page, column, "fails", f"record {differing[0] + 1} says {text!r}")
    return _whole(page, column, f"all {len(column.said)} records say {state!r}")


def _some(page: Page, columns: Sequence[_Column], state: str) -> Check | None:
    for column in columns:
        for place, text in enumerate(column.said):
            if _same(text, state):
                evidence = f"record {place + 1} says {text!r}"
                return _answer(page, column, "holds", evidence, place)
    return None


def _none(page: Page, column: _Column, differing: Sequence[int], state: str) -> Check:
    marked = [place for place in range(len(column.said)) if place not in differing]
    if marked:
        evidence = f"record {marked[0] + 1} says {column.said[marked[0]]!r}"
        return _answer(page, column, "fails", evidence, marked[0])
    if None in column.said:
        return undecided("not every record says what it is")
    return _whole(page, column, f"none of {len(column.said)} records says {state!r}")


def _whole(page: Page, column: _Column, evidence: str) -> Check:
    """An answer about all records, where the list has no further ones on other pages."""
    if not is_whole(page, len(column.said)):
        return undecided(f"{evidence}, but the list may go on")
    return Check(verdict="holds", evidence=evidence, element=_at(page, column, 0), absence=True)


def _answer(page: Page, column: _Column, verdict: str, evidence: str, place: int = 0) -> Check:
    element = _at(page, column, place)
    return Check(
        verdict="holds" if verdict == "holds" else "fails", evidence=evidence, element=element
    )


def _at(page: Page, column: _Column, place: int) -> str:
    return page.tree.path(column.nodes[place])


def _named(page: Page, group: Group, noun: str) -> bool:
    """Whether the list is one of the things that a noun names, by its words and marks."""
    wanted = stem(plain(noun).split()[-1])
    home = [group.parent, *page.tree.ancestors(group.parent)][:2]
    said = [group.title, *group.headers, *(page.tree.nodes[h].text for h in home)]
    marks = " ".join(
        f"{page.tree.nodes[h].cls} {page.tree.nodes[h].attrs.get('id', '')}" for h in home
    )
    marks += " " + page.tree.nodes[group.records[0]].cls
    return wanted in {stem(w) for w in (*plain(" ".join(said)).split(), *name_words(marks))}


def _same(text: str | None, state: str) -> bool:
    return text is not None and [stem(w) for w in plain(text).split()] == [
        stem(w) for w in state.split()
    ]


def _column(page: Page, group: Group, state: str) -> _Column | None:
    """The column of a list in which at least one record says the state, or that is named so."""
    if group.cells and group.headers:
        return _table_column(page, group, state)
    marks = [_mark(page, group, place, state) for place in range(len(group.records))]
    found = [mark for mark in marks if mark is not None]
    if not found:
        return None
    sign = _sign(page, found[0])
    places = [place for place in range(len(group.records)) if not _paid(page, group, place)]
    nodes = [marks[place] or _signed(page, group, place, sign) for place in places]
    said = tuple(None if n is None else page.tree.text(page.tree.scope(n)) for n in nodes)
    homes = tuple(group.records[p] if n is None else n for p, n in zip(places, nodes, strict=True))
    return _Column(said, homes)


def _table_column(page: Page, group: Group, state: str) -> _Column | None:
    width = len(group.headers)
    rows = [row for row in group.cells if len(row) == width]
    if len(rows) != len(group.cells):
        return None
    columns = [
        _Column(tuple(_cell(page, row[at]) for row in rows), tuple(row[at] for row in rows))
        for at in range(width)
    ]
    saying = [c for c in columns if any(_same(text, state) for text in c.said)]
    named = [c for c, h in zip(columns, group.headers, strict=True) if plain(h) in _STATUS]
    found = saying or named
    return found[0] if len(found) == 1 else None


_STATUS = frozenset({"status", "state", "zustand", "estado", "statut", "état", "etat", "stato"})


def _cell(page: Page, cell: int) -> str | None:
    text = page.tree.text(page.tree.scope(cell), commands=False)
    return text if text and not is_placeholder(text) else None


def _mark(page: Page, group: Group, place: int, state: str) -> int | None:
    """The element of a record that says nothing but the state."""
    span = group.span(page.tree, place)
    for piece in page.tree.pieces_in(span):
        if _same(piece.text, state) and not page.tree.acts(piece.node):
            whole = page.tree.text(page.tree.scope(piece.node))
            if _same(whole, state):
                return piece.node
    return None


def _sign(page: Page, index: int) -> tuple[str, str]:
    node = page.tree.nodes[index]
    return node.tag, node.cls.split(" ")[0] if node.cls else ""


def _signed(page: Page, group: Group, place: int, sign: tuple[str, str]) -> int | None:
    """The one element of a record that is marked up alike, None where there is none."""
    if not sign[1]:
        return None
    span = group.span(page.tree, place)
    found = [i for i in range(span.start, span.end) if _sign(page, i) == sign]
    return found[0] if len(found) == 1 else None


def _paid(page: Page, group: Group, place: int) -> bool:
    record = group.records[place]
    return page.tree.is_sponsored(record) or page.tree.in_aside(record)


def about_record(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "Order 1042 is shipped": the one record of that name says its state."""
    match = _ABOUT.match(clause.text)
    entity = _entity(clause, match[1]) if match else None
    if match is None or entity is None:
        return None
    state = plain(match[2])
    if state in SHOWN:
        return None
    found = [
        (group, place)
        for group in groups(page.tree)
        for place in range(len(group.records))
        if f" {plain(entity)} " in f" {plain(page.tree.text(group.span(page.tree, place)))} "
    ]
    inner = [f for f in found if not any(_inside(page, other, f) for other in found if other != f)]
    if len(inner) != 1:
        return undecided(f"{len(inner)} records of a list are about {entity!r}")
    group, place = inner[0]
    said = plain(page.tree.text(group.span(page.tree, place)) + " " + group.title)
    headers = plain(" ".join(group.headers))
    known = {stem(w) for w in f"{said} {headers}".split()} | _THINGS
    left = [w for w in clause.rest(entity, state) if stem(w) not in known]
    if left:
        return undecided(f"what {left[0]!r} means of {entity!r} can't be told")
    column = _column(page, group, state)
    if column is None or _paid(page, group, place) or len(column.said) != len(group.records):
        return undecided(f"the record of {entity!r} has no column for its state")
    text = column.said[place]
    if text is None:
        return undecided(f"the record of {entity!r} does not say its state")
    return clause.answer(
        _same(text, state), f"the record of {entity!r} says {text!r}", _at(page, column, place)
    )


def _entity(clause: Clause, subject: str) -> str | None:
    if clause.quoted:
        return clause.quoted[0] if clause.quoted[0] in subject else None
    begun = re.sub(r"^(?:The|A|An|Der|Die|Das|Ein|Eine)\s+", "", subject)
    found = _ENTITY.findall(begun)
    if len(found) != 1:
        return None
    words = found[0].split()
    while len(words) > 1 and stem(plain(words[0])) in _THINGS:
        words.pop(0)
    return " ".join(words)


def _inside(page: Page, one: tuple[Group, int], other: tuple[Group, int]) -> bool:
    """Whether a record lies in another one."""
    inner, outer = one[0].span(page.tree, one[1]), other[0].span(page.tree, other[1])
    return outer.start <= inner.start and inner.end <= outer.end and inner != outer
