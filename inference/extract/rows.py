"""Read the records of a list or table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference.content import Content
from inference.decisions import Record
from inference.extract.candidates import Wanted
from inference.extract.cells import from_texts, record_at
from inference.extract.fit import clocks, score
from inference.extract.groups import Group, all_groups
from inference.extract.nodes import Scope
from inference.extract.placing import is_apart, is_form, named, placing, stands_elsewhere
from inference.extract.scope import named_phrases
from inference.extract.slots import Column, Slot, columns
from inference.extract.tree import Tree
from inference.extract.words import (
    LEXICON,
    concepts,
    contains_phrase,
    label_score,
    name_words,
    plain,
    stem,
)
from plans.step import ExtractField

_FLOOR = 0.5
_ALL = re.compile(
    r"\b(?:all|every|each|alle|jede\w*|tous|toutes|todos|todas)\b\s+(?:the\s+|les\s+|los\s+|las\s+)?"
    r"([^:]*?)(?:\s+(?:on|in|of|from|under|with|auf|im|aus|de|del|sur|en)\b|:|$)",
    re.IGNORECASE,
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
    lists = [g for g in all_groups(tree) if not is_form(tree, g)]
    lists = [g for g in lists if not is_apart(tree, g) or named(tree, g, intent) >= 0.35]
    reads = [r for g in lists if (r := _read(tree, g, wanted, intent)) is not None]
    reads = [r for r in reads if r.chosen and r.read * 3 >= len(wanted)]
    if not reads:
        return []
    best = _finest(tree, max(reads, key=lambda r: r.worth), reads)
    best = _widest(best, reads, intent)
    if stands_elsewhere(tree, best.group, intent):
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
    worth = (total + extra + 0.4 * read) / len(wanted) + placing(tree, group, intent, names)
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
    return 0.8 * sum(from_texts(tree, wanted, span) is not None for span in spans) / len(spans)


def _record(tree: Tree, read: _Read, wanted: Sequence[Wanted], place: int) -> Record:
    return record_at(tree, read.group.span(tree, place), wanted, read.chosen, place)
