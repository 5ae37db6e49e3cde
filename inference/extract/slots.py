"""Where in alike records a field stands: slots by path and look, chosen over all records."""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from inference.content import Flag
from inference.extract.groups import Group
from inference.extract.kinds import ValueKind, kind_of
from inference.extract.nodes import Scope, squash
from inference.extract.pairs import pairs
from inference.extract.tree import Tree
from inference.extract.words import is_placeholder, name_words

_SPLIT = re.compile(r"\s*(?:[·•|¦])\s*")
_DEEPEST = 48
"""How deep in a record a value may stand."""
_STAR_NAME = re.compile(
    r"(\d(?:[.,]\d)?)\s*(?:out of|of|/|von)\s*\d+\s*(?:stars?|sternen?)?|(\d(?:[.,]\d)?)\s*stars?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A value in one record.

    `key` names the place that other records share; `labels` all
    that names it (column, label, class, accessible name).
    """

    key: str
    value: str
    kind: ValueKind
    node: int
    labels: tuple[tuple[str, float], ...]
    struck: bool = False
    heading: bool = False
    link: bool = False
    command: bool = False
    """Stands on a button, where only figures ("128 likes") are values."""


@dataclass(frozen=True, slots=True)
class Column:
    """What all records have at one key, None where a record has nothing there."""

    key: str
    cells: tuple[Slot | None, ...]

    @property
    def filled(self) -> list[Slot]:
        """The slots that are there."""
        return [cell for cell in self.cells if cell is not None]


def columns(tree: Tree, group: Group) -> tuple[Column, ...]:
    """The columns of a group, in the order of their first appearance."""
    rows: list[dict[str, Slot]] = []
    order: dict[str, None] = {}
    found = [list(_slots(tree, group, place)) for place in range(len(group.records))]
    single = _single_paths(found)
    for record_slots in found:
        slots = {_key(slot, single): slot for slot in reversed(record_slots)}
        rows.append(slots)
        for key in reversed(slots):
            order.setdefault(key)
    found_columns = (Column(key, tuple(row.get(key) for row in rows)) for key in order)
    return tuple(column for column in found_columns if _holds(column))


def _holds(column: Column) -> bool:
    """Whether a column is one: of those by place most records have to have a value."""
    by_place = column.key.startswith("place:")
    return not by_place or len(column.filled) * 5 >= len(column.cells) * 4


def _single_paths(found: list[list[Slot]]) -> frozenset[str]:
    """Paths that hold at most one text in each record: their texts are one column."""
    many: set[str] = set()
    for slots in found:
        paths = [_bare(slot) for slot in slots if slot.key.startswith("text:")]
        many.update(path for path, count in Counter(paths).items() if count > 1)
    every = {_bare(slot) for slots in found for slot in slots if slot.key.startswith("text:")}
    return frozenset(every - many)


def _bare(slot: Slot) -> str:
    return slot.key.rsplit(":", 2)[0]


def _key(slot: Slot, single: frozenset[str]) -> str:
    return _bare(slot) if slot.key.startswith("text:") and _bare(slot) in single else slot.key


def _slots(tree: Tree, group: Group, place: int) -> Iterator[Slot]:
    span = group.span(tree, place)
    if group.cells:
        yield from _cells(tree, group, group.cells[place])
        if group.headers:
            return
    yield from _labelled(tree, span)
    yield from _steppers(tree, span)
    yield from _texts(tree, span)
    yield from _names(tree, span)


def _cells(tree: Tree, group: Group, cells: tuple[int, ...]) -> Iterator[Slot]:
    for place, cell in enumerate(cells):
        text = _cell_text(tree, cell)
        header = group.headers[place] if place < len(group.headers) else ""
        labels = [(header, 1.0)] if header else []
        labels += [(tree.nodes[cell].attrs.get("data-label", ""), 1.0)]
        link = any(tree.nodes[i].tag == "a" for i in range(cell, tree.end[cell]))
        if text:
            yield Slot(f"cell:{place}", text, kind_of(text), cell, tuple(labels), link=link)


def _cell_text(tree: Tree, cell: int) -> str:
    """The text of a cell; where a linked or bold title stands over a smaller text, the title."""
    texts = [p for p in tree.pieces_in(tree.scope(cell)) if not tree.acts(p.node)]
    whole = tree.text(tree.scope(cell), commands=False)
    if not texts or len({p.line for p in texts}) < 2:
        return whole or _entered(tree, cell)
    first = [p for p in texts if p.line == texts[0].line]
    strong = tree.inside(first[0].node, frozenset({"a", "b", "strong"}))
    return tree.text(tree.scope(first[0].node)) if strong and len(first) == 1 else whole


def _entered(tree: Tree, cell: int) -> str:
    """What stands in the one control of a cell, as in a field for the quantity."""
    found = [
        tree.nodes[i].attrs.get("value", "")
        for i in range(cell, tree.end[cell])
        if tree.nodes[i].tag in ("input", "select")
        and tree.nodes[i].attrs.get("type") not in ("checkbox", "radio", "hidden")
        and not tree.is_action(i)
    ]
    return found[0] if len(found) == 1 else ""


def _steppers(tree: Tree, span: Scope) -> Iterator[Slot]:
    """The one field for a number in a record: how many of the thing there are."""
    found = [
        index
        for index in range(span.start, span.end)
        if tree.nodes[index].tag == "input" and tree.nodes[index].attrs.get("type") == "number"
    ]
    value = tree.nodes[found[0]].attrs.get("value", "") if len(found) == 1 else ""
    if value.isdigit() and len(value) <= 3:
        yield Slot("pair:control:number", value, "number", found[0], (("quantity", 0.9),))


def _labelled(tree: Tree, span: Scope) -> Iterator[Slot]:
    for pair in pairs(tree, span):
        idle = tree.acts(pair.node) and not any(c.isdigit() for c in pair.value)
        if len(pair.value) > 120 or idle or not pair.value:
            continue
        if is_placeholder(pair.value) and pair.source == "sibling":
            continue
        trust = {"term": 1.0, "cell": 1.0, "colon": 0.98, "control": 0.9, "sibling": 0.9}[
            pair.source
        ]
        key = f"pair:{pair.source}:{pair.label.casefold()}"
        labels = ((pair.label, trust),)
        acts = tree.acts(pair.node)
        yield Slot(key, pair.value, kind_of(pair.value), pair.node, labels, command=acts)


def _texts(tree: Tree, span: Scope) -> Iterator[Slot]:
    seen: dict[str, int] = defaultdict(int)
    record, commands = span.start, _has_calm_text(tree, span)
    for index in range(span.start, span.end):
        node = tree.nodes[index]
        if node.tag != "#text" or node.flags & Flag.SR:
            continue
        if tree.depths[index] > tree.depths[record] + _DEEPEST:
            continue
        for part_no, part in enumerate(_SPLIT.split(node.text)):
            text = squash(part).strip("–— ") if len(part) > 2 else squash(part)
            if not any(c.isalnum() or c in "★☆" for c in text) or (
                len(text) == 1 and text.isalpha()
            ):
                continue
            home = node.parent
            kind = kind_of(text)
            path = f"{_path(tree, home, record)}:{kind}"
            seen[path] += 1
            key = f"text:{path}:{seen[path]}"
            slot = Slot(
                key, text, kind, home, tuple(_labels_of(tree, home, record)),
                struck=tree.has(home, Flag.STRIKE), heading=_in_heading(tree, home, record),
                link=tree.inside(home, frozenset({"a"})), command=commands and tree.acts(index),
            )  # fmt: skip
            yield slot
            where = f"{_path(tree, home, record)}:{_place_path(tree, index, record)}:{part_no}"
            yield replace(slot, key=f"place:{where}")


def _has_calm_text(tree: Tree, span: Scope) -> bool:
    """Whether a record has texts that are no commands; else it is a command as a whole."""
    return any(not tree.acts(piece.at) for piece in tree.pieces_in(span))


def _place_path(tree: Tree, index: int, record: int) -> str:
    """Where a text stands by counting: the same for records of the same build."""
    steps: list[str] = []
    at = index
    while at > record:
        parent = tree.nodes[at].parent
        steps.append(str(bisect_left(tree.children[parent], at)))
        at = parent
    return ".".join(reversed(steps))


def _names(tree: Tree, span: Scope) -> Iterator[Slot]:
    """Accessible names that hold a value, such as "4 out of 5 stars"."""
    record = span.start
    for index in range(span.start, span.end):
        node = tree.nodes[index]
        if node.tag == "#text" or not node.text:
            continue
        match = _STAR_NAME.search(node.text)
        if not match and _is_portrait(tree, index):
            key = f"name:{_path(tree, index, record)}"
            labels = tuple(_labels_of(tree, index, record))
            yield Slot(key, squash(node.text), kind_of(node.text), index, labels)
        if match:
            value = match[1] or match[2]
            yield Slot(
                f"name:{_path(tree, index, record)}",
                value,
                "stars",
                index,
                (("stars", 1.0), ("rating", 1.0)),
            )


def _is_portrait(tree: Tree, index: int) -> bool:
    """Whether an element shows initials or a small picture of what its name says."""
    node = tree.nodes[index]
    small = 0 < node.width <= 64 and 0 < node.height <= 64 and len(node.text) <= 40
    return small and not tree.acts(index) and len(tree.text(tree.scope(index))) <= 3


def _path(tree: Tree, index: int, record: int) -> str:
    steps: list[str] = []
    at = index
    while at > record:
        node = tree.nodes[at]
        words = name_words(node.cls.split(" ")[0]) if node.cls else ()
        steps.append(".".join((node.tag, *words)))
        at = node.parent
    return ">".join(reversed(steps))


def _labels_of(tree: Tree, home: int, record: int) -> Iterator[tuple[str, float]]:
    at, trust = home, 0.9
    before = _lead_in(tree, home)
    if before:
        yield before, 0.97
    while (at > record or at == home) and trust > 0.7:
        node = tree.nodes[at]
        for word, share in _machine_names(tree, at):
            yield word, trust * share
        if node.text and at != record:
            yield node.text, 0.88
        at, trust = node.parent, trust - 0.05


def _lead_in(tree: Tree, home: int) -> str:
    """The word that leads into an element: "Added on 28/04 by" gives "by"."""
    node = tree.nodes[home - 1] if home > 0 else tree.nodes[home]
    if node.flags & Flag.BLOCK or node.tag != "#text" or node.parent != tree.nodes[home].parent:
        return ""
    words = node.text.split()
    return (
        words[-1].rstrip(":")
        if words and words[-1].lower().rstrip(":") in ("by", "von", "durch", "par")
        else ""
    )


def _machine_names(tree: Tree, index: int) -> Iterator[tuple[str, float]]:
    """Names in classes and the like, with their share of trust.

    A whole name (the element of block__element too) says more than a part of one.
    """
    node = tree.nodes[index]
    for name in (
        *node.cls.split(),
        node.attrs.get("itemprop", ""),
        node.attrs.get("slot", ""),
        node.attrs.get("testid", ""),
        node.attrs.get("data-label", ""),
    ):
        wholes = {" ".join(name_words(part)) for part in name.split("__")} | {
            " ".join(name_words(name))
        }
        words = [w for w in name_words(name) if len(w) > 1 or w.isdigit()]
        for start in range(min(len(words), 5)):
            for end in range(start + 1, min(len(words), start + 3) + 1):
                part = " ".join(words[start:end])
                yield part, 1.0 if part in wholes else 0.85


def _in_heading(tree: Tree, home: int, record: int) -> bool:
    at = home
    while at > record:
        tag = tree.nodes[at].tag
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            return True
        at = tree.nodes[at].parent
    return False
