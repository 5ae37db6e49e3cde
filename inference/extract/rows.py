"""Read the records of a list or table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract import kinds
from inference.extract.candidates import Wanted
from inference.extract.fit import clocks, said_so, score
from inference.extract.groups import Group, all_groups
from inference.extract.nodes import Scope, squash
from inference.extract.scope import named_phrases
from inference.extract.slots import Column, Slot, columns
from inference.extract.title import title_parts
from inference.extract.tree import Tree
from inference.extract.values import bare, counted, prefixed
from inference.extract.words import (
    LEXICON,
    concepts,
    contains_phrase,
    is_former,
    is_placeholder,
    label_score,
    looks_like,
    name_words,
    plain,
    sections_in,
    stem,
)
from plans.step import ExtractField

_FLOOR = 0.5
_QUOTED = re.compile(r"[\"“„«'‘]([^\"”“»'’]{1,60})[\"”“»'’]")
_ALL = re.compile(
    r"\b(?:all|every|each|alle|jede\w*|tous|toutes|todos|todas)\b\s+(?:the\s+|les\s+|los\s+|las\s+)?"
    r"([^:]*?)(?:\s+(?:on|in|of|from|under|with|auf|im|aus|de|del|sur|en)\b|:|$)",
    re.IGNORECASE,
)
_OTHER_UNIT = re.compile(r"^\d[\d.,]*\s+[a-z]+$", re.IGNORECASE)
_NOT = re.compile(
    r"\b(?:not|no|without|except|excluding|ohne|keine?)\s+(?:the\s+|die\s+)?\w+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Read:
    group: Group
    chosen: dict[str, Column]
    worth: float
    read: int
    """How many of the fields asked for it has."""


def extract_rows(
    content: Content, fields: Sequence[ExtractField], intent: str, max_items: int
) -> list[Record]:
    """The records of the list that the intent names, else of the page's main list.

    At most `max_items`, in the page's order; sponsored ones are passed over unless asked
    for. Empty where no list fits.
    """
    return rows_in(Tree(content), fields, intent)[:max_items]


def rows_in(tree: Tree, fields: Sequence[ExtractField], intent: str) -> list[Record]:
    """`extract_rows` over a tree that is there already."""
    wanted = [Wanted.of(field) for field in fields]
    lists = [g for g in all_groups(tree) if not _is_form(tree, g)]
    lists = [g for g in lists if not _apart(tree, g) or _named(tree, g, intent) >= 0.35]
    reads = [r for g in lists if (r := _read(tree, g, wanted, intent)) is not None]
    reads = [r for r in reads if r.chosen and r.read * 3 >= len(wanted)]
    if not reads:
        return []
    best = _finest(tree, max(reads, key=lambda r: r.worth), reads)
    best = _widest(best, reads, intent)
    if _elsewhere(tree, best.group, intent):
        return []
    ads = any(
        word in LEXICON.sponsored for word in plain(intent).split()
    ) and "no ads" not in plain(intent)
    records: list[Record] = []
    for place, record in enumerate(best.group.records):
        span = best.group.span(tree, place)
        if not ads and (tree.is_sponsored(record) or _is_ad_row(tree, span)):
            continue
        row = _record(tree, best, wanted, place)
        if any(value.value is not None for value in row.fields.values()):
            records.append(row)
    return records


def row_about(tree: Tree, fields: Sequence[ExtractField], intent: str) -> Record | None:
    """The one record of a list that the intent names by a text in it ("the post about X").

    None where no list has the fields, or not exactly one record has the text.
    """
    wanted = [Wanted.of(field) for field in fields]
    for phrase in named_phrases(intent):
        homes = [node for node, line in tree.lines if contains_phrase(line, phrase)]
        if not homes:
            continue
        reads: list[tuple[_Read, int]] = []
        for group in all_groups(tree):
            hits = [
                p for p in range(len(group.records)) if any(h in group.span(tree, p) for h in homes)
            ]
            read = _read(tree, group, wanted, intent) if len(hits) == 1 else None
            if read is not None and len(read.chosen) * 2 >= len(wanted):
                reads.append((read, hits[0]))
        if reads:
            best, place = max(reads, key=lambda item: (len(item[0].chosen), item[0].worth))
            return _record(tree, best, wanted, place)
    return None


def _is_ad_row(tree: Tree, span: Scope) -> bool:
    return any(plain(piece.text) in LEXICON.sponsored for piece in tree.pieces_in(span)[:8])


def _read(tree: Tree, group: Group, wanted: Sequence[Wanted], intent: str) -> _Read | None:
    cols = columns(tree, group)
    size = len(group.records)
    times = [c.key for c in cols if clocks(c) and c.key.startswith(("text:", "cell:"))]
    ranked = sorted(
        (
            (score(w, c, size, times.index(c.key) if c.key in times else 9), -place, w.name, c)
            for w in wanted
            for place, c in enumerate(cols)
        ),
        key=lambda item: (item[0], item[1]),
        reverse=True,
    )
    chosen: dict[str, Column] = {}
    used: set[str] = set()
    total = 0.0
    for value, _, name, column in ranked:
        if value < _FLOOR or name in chosen or column.key in used:
            continue
        if _same_place(chosen, column):
            continue
        chosen[name] = column
        used.add(column.key)
        total += value * len(column.filled) / size
    _by_elimination(wanted, chosen, cols, size)
    if len(wanted) == 1 and not chosen and label_score(wanted[0].name, group.title) >= 0.85:
        chosen[wanted[0].name] = _whole(tree, group)
        total = 1.0
    extras = {w.name: _extra(tree, group, w) for w in wanted if w.name not in chosen}
    extra = sum(extras.values())
    extras |= dict.fromkeys(chosen, 1.0)
    if total + extra <= 0:
        return None
    read = sum(extras[w.name] > 0 for w in wanted)
    names = frozenset(stem(word) for w in wanted for word in name_words(w.name))
    worth = (total + extra + 0.4 * read) / len(wanted) + _placing(tree, group, intent, names)
    return _Read(group, chosen, worth, read)


def _finest(tree: Tree, best: _Read, reads: Sequence[_Read]) -> _Read:
    """The list inside a list's records, where that holds the records meant: a menu's dishes."""
    scopes = [best.group.span(tree, place) for place in range(len(best.group.records))]
    inner = [
        other
        for other in reads
        if len(other.group.records) > len(scopes)
        and other.read >= best.read
        and other.worth >= best.worth - 0.15
        and all(any(r in s and r != s.start for s in scopes) for r in other.group.records)
    ]
    return max(inner, key=lambda r: r.worth, default=best)


def _widest(best: _Read, reads: Sequence[_Read], intent: str) -> _Read:
    """All lists of the kind where the intent asks for more than the one it names in passing."""
    asked = _ALL.search(intent)
    if asked is None:
        return best
    said = {stem(w) for w in name_words(asked[1]) if w not in LEXICON.stop | LEXICON.generic}
    if not said - {stem(w) for w in name_words(best.group.title)}:
        return best
    mine = set(best.group.records)
    wider = [r for r in reads if mine < set(r.group.records) and r.read >= best.read]
    return max(wider, key=lambda r: len(r.group.records), default=best)


def _elsewhere(tree: Tree, group: Group, intent: str) -> bool:
    """Whether the intent names a section of the page in full, and the list stands under another.

    A section without a list of its own has no records; another list's would be wrong.
    """
    said = [
        heading
        for heading in tree.headings
        if 1 < heading.rank < 5
        and len([w for w in name_words(heading.text) if w not in LEXICON.stop]) > 1
        and contains_phrase(intent, heading.text)
    ]
    over = tree.heading_over(group.records[0])
    if len(said) != 1 or over is None or not 1 < over.rank < 5 or group.ends:
        return False
    return not any(record in tree.section(said[0]) for record in group.records)


def _whole(tree: Tree, group: Group) -> Column:
    """The records themselves, where one field is asked for and their heading names it."""
    spans = [group.span(tree, place) for place in range(len(group.records))]
    texts = [tree.text(span, commands=False) for span in spans]
    slots = (
        Slot("whole", text, "text", span.start, ((group.title, 1.0),)) if text else None
        for text, span in zip(texts, spans, strict=True)
    )
    return Column("whole", tuple(slots))


def _by_elimination(
    wanted: Sequence[Wanted], chosen: dict[str, Column], cols: Sequence[Column], size: int
) -> None:
    """The one column that is left is the one field that is left, where all else is taken."""
    left = [w for w in wanted if w.name not in chosen]
    if len(left) != 1 or left[0].kind != "str" or len(wanted) < 2:
        return
    taken = {slot.node for column in chosen.values() for slot in column.filled}
    free = [
        c
        for c in cols
        if c.key.startswith(("text:", "cell:")) and not any(s.node in taken for s in c.filled)
    ]
    free = list({tuple((s.node, s.value) for s in c.filled): c for c in reversed(free)}.values())
    if len(free) == 1 and len(free[0].filled) * 5 >= size * 4:
        labels = [label for slot in free[0].filled for label, trust in slot.labels if trust > 0.9]
        named = any(concepts(label) for label in labels)
        if not named and not any(slot.command or slot.struck for slot in free[0].filled):
            chosen[left[0].name] = free[0]


def _same_place(chosen: dict[str, Column], column: Column) -> bool:
    """Whether another field already reads these very values at these very nodes."""
    mine = [(s.node, s.value) for s in column.filled]
    return any([(s.node, s.value) for s in other.filled] == mine for other in chosen.values())


def _extra(tree: Tree, group: Group, wanted: Wanted) -> float:
    spans = [group.span(tree, place) for place in range(len(group.records))]
    return 0.8 * sum(_from_texts(tree, wanted, span) is not None for span in spans) / len(spans)


def _placing(tree: Tree, group: Group, intent: str, names: frozenset[str]) -> float:
    """How well the place and size of a group suit the intent; `names` are words of the fields."""
    named = _named(tree, group, intent, names)
    choices = _choices(tree, group)
    aside = _in_aside(tree, group)
    chrome = tree.is_chrome(group.records[0]) or tree.inside(group.records[0], frozenset({"form"}))
    size = sum(tree.nodes[r].width * tree.nodes[r].height for r in group.records)
    count = min(len(group.records), 10) / 10
    worth = named + 0.35 * min(1.0, 2 * size / tree.largest) + 0.15 * count
    return worth - choices if named >= 0.35 else worth - choices - 0.4 * aside - 0.3 * chrome


def _choices(tree: Tree, group: Group) -> float:
    """What speaks against boxes to tick with short names: they are filters, not records."""
    ticked = sum(
        any(
            tree.nodes[i].attrs.get("type") in ("checkbox", "radio")
            for i in range(span.start, span.end)
        )
        and tree.weight(span) <= 40
        for span in (group.span(tree, place) for place in range(len(group.records)))
    )
    return 0.8 * ticked / len(group.records)


def _is_form(tree: Tree, group: Group) -> bool:
    """Whether all records are nothing but a control with its label: a form, not a list."""
    spans = (group.span(tree, place) for place in range(len(group.records)))
    return not group.headers and all(_is_field(tree, span) for span in spans)


def _is_field(tree: Tree, span: Scope) -> bool:
    inside = [i for i in range(span.start, min(span.end, span.start + 40))]
    controls = [
        tree.nodes[i]
        for i in inside
        if tree.nodes[i].tag in ("input", "select", "textarea") and not tree.is_action(i)
    ]
    if len(controls) != 1 or any(tree.nodes[i].tag == "a" for i in inside):
        return False
    label = squash(controls[0].attrs.get("label", "") or controls[0].text)
    shown = tree.text(span).removesuffix(controls[0].attrs.get("value", "\n"))
    return bool(label) and plain(label) == plain(shown)


def _in_aside(tree: Tree, group: Group) -> bool:
    """Whether the whole list stands aside; a list may well begin with an advertisement."""
    return all(tree.in_aside(record) for record in group.records)


def _apart(tree: Tree, group: Group) -> bool:
    """Whether a list is no part of the main matter: aside, navigation, the page's footer."""
    return _in_aside(tree, group) or all(tree.is_chrome(record) for record in group.records)


def _named(tree: Tree, group: Group, intent: str, names: frozenset[str] = frozenset()) -> float:
    """How much of the heading over the group the intent names, what it rules out aside."""
    wanted = _NOT.sub(" ", intent)
    if group.title and any(plain(m[1]) == plain(group.title) for m in _QUOTED.finditer(wanted)):
        return 1.0
    meant, told = sections_in(wanted), sections_in(group.title)
    if meant or told:
        return 0.9 if meant & told else -0.5
    banned = {stem(w) for m in _NOT.finditer(intent) for w in plain(m[0]).split()[1:]}
    said = {stem(w) for w in plain(wanted).split() if w not in LEXICON.stop}
    about = {stem(w) for h in tree.headings if h.rank == 1 for w in name_words(h.text)}
    general = {stem(w) for w in LEXICON.generic}
    title = {stem(w) for w in name_words(group.title) if w not in LEXICON.stop}
    if title & banned - said:
        return -0.5
    hits = title & said
    if not hits - names:
        marked = _marked(tree, group) & (said - general - names)
        return 0.45 if marked or hits else 0.0
    if hits <= general | about:
        return 0.1
    return 0.4 + 0.5 * len(hits) / len(title)


def _marked(tree: Tree, group: Group) -> set[str]:
    """Words of the machine names around a list: "cart" of `<div id="cart">`."""
    words: set[str] = set()
    for at in [group.parent, *tree.ancestors(group.parent)][:4]:
        node = tree.nodes[at]
        if node.tag not in ("body", "main", "html"):
            words |= {*name_words(node.attrs.get("id", "")), *name_words(node.cls.split(" ")[0])}
    return {stem(word) for word in words if len(word) > 2}


def _record(tree: Tree, read: _Read, wanted: Sequence[Wanted], place: int) -> Record:
    span = read.group.span(tree, place)
    values: dict[str, FieldValue] = {}
    for want in wanted:
        column = read.chosen.get(want.name)
        slot = column.cells[place] if column is not None else None
        if slot is not None and column is not None and _stray(want, slot, column):
            slot = None
        values[want.name] = _value(tree, want, slot, span)
    return Record(fields=values, url=_url(tree, span))


def _stray(wanted: Wanted, slot: Slot, column: Column) -> bool:
    """Whether a figure does not look like the others of its column, which are of one look."""
    if not slot.value[:1].isdigit() or slot.key.startswith("cell:"):
        return False
    typical = [looks_like(wanted.name, other.value) for other in column.filled]
    return sum(typical) * 2 > len(typical) and not looks_like(wanted.name, slot.value)


def _value(tree: Tree, wanted: Wanted, slot: Slot | None, record: Scope) -> FieldValue:
    if wanted.kind == "url" and label_score(wanted.name, "url") >= 0.9:
        url = _url(tree, record)
        return FieldValue(value=url or None, raw=url, source="dom", confidence=0.95 if url else 0.0)
    gone = slot is not None and slot.struck and not is_former(wanted.name)
    if slot is not None and (is_placeholder(slot.value) or gone):
        return FieldValue(value=None, raw=slot.value, source="label", element=tree.path(slot.node))
    value = slot.value if slot is not None else _from_texts(tree, wanted, record)
    if wanted.kind == "count" and slot is not None and not slot.value.isdigit():
        value = _from_texts(tree, wanted, record) or (
            None if _OTHER_UNIT.match(value or "") else value
        )
    if value is None:
        return FieldValue(value=None)
    text = (
        prefixed(wanted, value)
        or (counted(wanted, value) if wanted.kind == "count" else None)
        or value
    )
    text = bare(wanted, text)
    unfit = not kinds.fits(wanted.kind, text) and wanted.kind not in kinds.SOFT
    unfit = unfit and not (slot is not None and said_so(wanted, slot))
    unfit = unfit or (wanted.kind == "title" and bool(kinds.ALL_OF_IT.match(text)))
    if unfit or is_placeholder(text):
        return FieldValue(value=None, raw=value)
    node = slot.node if slot is not None else record.start
    return FieldValue(
        value=text, raw=value, source="label" if slot and slot.labels else "dom",
        element=tree.path(node), confidence=0.85 if slot is not None else 0.7,
    )  # fmt: skip


def _from_texts(tree: Tree, wanted: Wanted, record: Scope) -> str | None:
    for piece in tree.pieces_in(record):
        found = prefixed(wanted, piece.text) or _part_of_title(wanted, piece.text)
        if found is None and looks_like(wanted.name, piece.text):
            found = piece.text
        if found is None and wanted.kind in ("count", "str"):
            found = counted(wanted, piece.text)
        if found is not None and kinds.fits(wanted.kind, found):
            return found
    return _from_names(tree, wanted, record)


def _from_names(tree: Tree, wanted: Wanted, record: Scope) -> str | None:
    """What the name of a picture says after the field's label: "Priority: High"."""
    for index in range(record.start, record.end):
        node = tree.nodes[index]
        if node.tag != "#text" and node.text and not tree.acts(index):
            found = prefixed(wanted, squash(node.text))
            if found is not None and kinds.fits(wanted.kind, found):
                return found
    return None


def _part_of_title(wanted: Wanted, text: str) -> str | None:
    for name, value in title_parts(text).items():
        if label_score(wanted.name, name) >= 0.9:
            return value
    return None


def _url(tree: Tree, record: Scope) -> str:
    """The link of a record: its title's, else the first that leads somewhere."""
    links = [i for i in range(record.start, record.end) if "href" in tree.nodes[i].attrs]
    links = [
        i
        for i in links
        if not tree.nodes[i].attrs["href"].startswith(("tel:", "mailto:", "javascript:"))
    ]
    if not links:
        return ""
    titled = [
        i
        for i in links
        if any(
            tree.nodes[a].tag in ("h1", "h2", "h3", "h4", "h5")
            for a in (i, *tree.ancestors(i))
            if a >= record.start
        )
    ]
    texts = [i for i in links if tree.text(tree.scope(i))]
    best = (titled or texts or links)[0]
    return tree.nodes[best].attrs["href"]
