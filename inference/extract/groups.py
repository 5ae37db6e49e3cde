"""Groups of alike records on a page: rows of a table, repeated siblings."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from inference.content import Flag
from inference.extract.nodes import Scope
from inference.extract.tree import Tree
from inference.extract.words import name_words

_CELLS = frozenset({"td", "th"})
_SKIP = frozenset({"select", "head", "svg", "#text", "br", "option", "dl", "p", "ol.steps"})
_HASHED = re.compile(r"\d")
MIN_RECORDS = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Records that look alike. `headers` are a table's column labels, () elsewhere.

    `title` is the text of the heading over the group, "" without one.
    """

    parent: int
    records: tuple[int, ...]
    headers: tuple[str, ...]
    title: str

    def scope(self, tree: Tree) -> Scope:
        """From the first record to the end of the last."""
        return Scope(self.records[0], tree.end[self.records[-1]])


def groups(tree: Tree) -> tuple[Group, ...]:
    """All groups on a page, in document order; those inside records too."""
    found: list[Group] = []
    for index, node in enumerate(tree.nodes):
        if node.tag in _SKIP or node.flags & Flag.SR:
            continue
        if node.tag in ("tbody", "table", "thead"):
            table = _table(tree, index)
            if table is not None:
                found.append(table)
            continue
        if node.tag in ("tr", "td") and len(tree.elements(index)) < MIN_RECORDS:
            continue
        found.extend(_siblings(tree, index))
    return tuple(found)


def _table(tree: Tree, index: int) -> Group | None:
    rows = [r for r in tree.elements(index) if tree.nodes[r].tag == "tr"]
    if not rows:
        return None
    head = _head_row(tree, index, rows)
    body = [r for r in rows if r != head and not _all_header(tree, r)]
    widths = Counter(len(tree.elements(r)) for r in body)
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w], w))
    body = [r for r in body if len(tree.elements(r)) == width and _has_text(tree, r)]
    if width < 2 or len(body) < MIN_RECORDS:
        return None
    headers = _headers(tree, head, width) if head is not None else ()
    if not headers and _two_column_terms(tree, body, width):
        return None
    return Group(index, tuple(body), headers, _title(tree, body[0], index))


def _two_column_terms(tree: Tree, body: list[int], width: int) -> bool:
    """A table of labels and values is one record, not a list."""
    firsts = [tree.text(tree.scope(tree.elements(r)[0])) for r in body]
    return (
        width == 2
        and all(0 < len(t) <= 40 and not any(c.isdigit() for c in t) for t in firsts)
        and not any(
            tree.nodes[i].tag == "a" for r in body for i in range(r, tree.end[tree.elements(r)[0]])
        )
    )


def _all_header(tree: Tree, row: int) -> bool:
    cells = tree.elements(row)
    return bool(cells) and all(tree.nodes[c].tag == "th" for c in cells)


def _head_row(tree: Tree, index: int, rows: list[int]) -> int | None:
    if _all_header(tree, rows[0]):
        return rows[0]
    parent = tree.nodes[index].parent
    if tree.nodes[index].tag == "tbody" and parent >= 0:
        for sibling in tree.elements(parent):
            if tree.nodes[sibling].tag == "thead":
                heads = [r for r in tree.elements(sibling) if tree.nodes[r].tag == "tr"]
                return heads[-1] if heads else None
    first = tree.elements(rows[0])
    texts = [tree.text(tree.scope(c)) for c in first]
    bold = all(not t or _all_bold(tree, c) for c, t in zip(first, texts, strict=True))
    short = all(len(t) <= 30 and not any(ch.isdigit() for ch in t) for t in texts)
    return rows[0] if bold and short and sum(bool(t) for t in texts) >= 2 else None


def _all_bold(tree: Tree, cell: int) -> bool:
    homes = {
        tree.nodes[i].parent for i in range(cell, tree.end[cell]) if tree.nodes[i].tag == "#text"
    }
    return all(tree.nodes[h].flags & Flag.BOLD for h in homes)


def _headers(tree: Tree, head: int, width: int) -> tuple[str, ...]:
    headers: list[str] = []
    for cell in tree.elements(head):
        span = tree.nodes[cell].attrs.get("colspan", "1")
        many = int(span) if span.isdecimal() and len(span) <= 3 else 1
        headers += [tree.text(tree.scope(cell))] * many
    return tuple(headers) if len(headers) == width else ()


def _siblings(tree: Tree, index: int) -> list[Group]:
    by_mark: dict[str, list[int]] = {}
    for child in tree.elements(index):
        node = tree.nodes[child]
        if node.flags & Flag.SR or node.tag in ("option", "br", "input", "hr"):
            continue
        for mark in _marks(node.tag, node.cls):
            by_mark.setdefault(mark, []).append(child)
    found: list[Group] = []
    seen: set[tuple[int, ...]] = set()
    for members in by_mark.values():
        records = tuple(m for m in members if _has_text(tree, m))
        if len(records) < MIN_RECORDS or records in seen or not _alike(tree, records):
            continue
        seen.add(records)
        found.append(Group(index, records, (), _title(tree, records[0], index)))
    wider: dict[int, list[frozenset[int]]] = {}
    for group in found:
        members = frozenset(group.records)
        for member in members:
            wider.setdefault(member, []).append(members)
    return [g for g in found if not any(set(g.records) < o for o in wider[g.records[0]])]


@lru_cache(maxsize=4096)
def _marks(tag: str, cls: str) -> tuple[str, ...]:
    names = cls.split()
    if not names:
        return (tag,)
    return (
        f"{tag}.{names[0]}",
        *((f"{tag}*",) if len(names) > 1 and _HASHED.search(names[0]) else ()),
    )


def _alike(tree: Tree, records: tuple[int, ...]) -> bool:
    """Whether the records share most of their inner shape."""
    shapes = [_shape(tree, r) for r in records[:12]]
    common = Counter(mark for shape in shapes for mark in shape)
    typical = {mark for mark, count in common.items() if count * 2 >= len(shapes)}
    if not typical:
        return False
    return all(len(shape & typical) * 2 >= len(typical) for shape in shapes) or len(records) > 12


def _shape(tree: Tree, record: int) -> frozenset[str]:
    marks: set[str] = set()
    for index in range(record, min(tree.end[record], record + 80)):
        node = tree.nodes[index]
        if node.tag not in ("br", "#text"):
            first = name_words(node.cls.split(" ")[0])[:2] if node.cls else ()
            marks.add(".".join((node.tag, *first)))
    return frozenset(marks)


def _has_text(tree: Tree, index: int) -> bool:
    return tree.has_words(tree.scope(index))


def _title(tree: Tree, first: int, parent: int) -> str:
    """The heading over a group: of its section, or its table's first full-width row."""
    for at in (parent, *tree.ancestors(parent)):
        node = tree.nodes[at]
        if node.tag in ("table", "tbody"):
            row = next((r for r in tree.elements(at) if tree.nodes[r].tag == "tr"), first)
            if row < first and len(tree.elements(row)) == 1:
                return tree.text(tree.scope(row))
        if node.text and node.tag not in ("a", "svg"):
            return node.text
        if node.tag in ("body", "main"):
            break
    heading = tree.heading_over(first)
    return heading.text if heading else ""
