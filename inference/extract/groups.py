"""Groups of alike records on a page: rows of a table, repeated siblings."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from inference.content import Flag
from inference.extract.grid import cells_of, is_row, is_table, read_grid
from inference.extract.nodes import Scope
from inference.extract.spans import flat_records
from inference.extract.tree import Tree
from inference.extract.words import name_words

_SKIP = frozenset({"select", "head", "svg", "#text", "br", "option", "dl", "p", "ol.steps"})
_HASHED = re.compile(r"\d")
MIN_RECORDS = 2
_MOST_AROUND = 24
"""Records of other groups that one may lie in."""


@dataclass(frozen=True, slots=True)
class Group:
    """Records that look alike. `headers` are a table's column labels, () elsewhere.

    `title` is the text of the heading over the group, "" without one. `cells` are the cells of
    each row of a table by column. `ends` is where each record ends, where it is not an
    element but a run of them.
    """

    parent: int
    records: tuple[int, ...]
    headers: tuple[str, ...]
    title: str
    cells: tuple[tuple[int, ...], ...] = ()
    ends: tuple[int, ...] = ()

    def scope(self, tree: Tree) -> Scope:
        """From the first record to the end of the last."""
        return Scope(self.records[0], self.span(tree, len(self.records) - 1).end)

    def span(self, tree: Tree, place: int) -> Scope:
        """The nodes of a record."""
        if self.ends:
            return Scope(self.records[place], self.ends[place])
        return tree.scope(self.records[place])


def groups(tree: Tree) -> tuple[Group, ...]:
    """All groups of two and more on a page, in document order; those inside records too."""
    return tuple(group for group in _plain_groups(tree) if len(group.records) >= MIN_RECORDS)


def all_groups(tree: Tree) -> tuple[Group, ...]:
    """`groups`, tables of one row, records that lie flat, and lists of one kind taken together."""
    found = _plain_groups(tree)
    flat = [
        group
        for index, node in enumerate(tree.nodes)
        if not node.flags & Flag.SR
        for group in _flat(tree, index)
    ]
    return tuple(_near(tree, [*found, *flat, *_merged(tree, found)]))


def _near(tree: Tree, found: list[Group]) -> list[Group]:
    """The groups but those that lie too deep within the records of others to be anyone's list."""
    edges = [0] * (len(tree.nodes) + 1)
    for group in found:
        for place in range(len(group.records)):
            span = group.span(tree, place)
            edges[span.start] += 1
            edges[span.end] -= 1
    around = list(accumulate(edges))
    return [group for group in found if around[group.parent] <= _MOST_AROUND]


def _plain_groups(tree: Tree) -> list[Group]:
    found: list[Group] = []
    for index, node in enumerate(tree.nodes):
        if node.tag in _SKIP or node.flags & Flag.SR:
            continue
        if is_table(node):
            table = _table(tree, index)
            found += [table] if table is not None else []
        elif node.tag in ("tbody", "thead", "tfoot") or is_row(node):
            continue
        elif node.tag != "td" or len(tree.elements(index)) >= MIN_RECORDS:
            found.extend(_siblings(tree, index))
    return found


def _table(tree: Tree, index: int) -> Group | None:
    grid = read_grid(tree, index)
    if grid is None or len(grid.rows) < (1 if grid.headers else MIN_RECORDS):
        return None
    body = tuple(row.node for row in grid.rows)
    if not grid.headers and _two_column_terms(tree, list(body), len(grid.rows[0].cells)):
        return None
    cells = tuple(row.cells for row in grid.rows)
    return Group(index, body, grid.headers, _title(tree, body[0], index), cells=cells)


def _flat(tree: Tree, index: int) -> list[Group]:
    """Records that are not elements of their own: a heading and what follows it."""
    spans = flat_records(tree, index)
    if len(spans) < MIN_RECORDS or not all(tree.has_words(Scope(*span)) for span in spans):
        return []
    starts = tuple(start for start, _ in spans)
    ends = tuple(end for _, end in spans)
    return [Group(index, starts, (), _title(tree, starts[0], index), ends=ends)]


def _merged(tree: Tree, found: list[Group]) -> list[Group]:
    """Lists of one kind that a page has several of, taken together: the parts of a menu."""
    alike: dict[tuple[str, ...], list[Group]] = {}
    for group in found:
        if group.headers or group.ends or group.cells:
            continue
        chain = [group.parent, *tree.ancestors(group.parent)][:3]
        key = tuple(_marks(tree.nodes[a].tag, tree.nodes[a].cls)[0] for a in chain)
        alike.setdefault((str(len(chain)), *key), []).append(group)
    merged: list[Group] = []
    for parts in alike.values():
        records = tuple(record for group in parts for record in group.records)
        apart = len(set(records)) == len(records)
        if 2 <= len(parts) <= 40 and apart and _alike(tree, records):
            merged.append(Group(parts[0].parent, records, (), ""))
    return merged


def _two_column_terms(tree: Tree, body: list[int], width: int) -> bool:
    """A table of labels and values is one record, not a list."""
    firsts = [tree.text(tree.scope(cells_of(tree, r)[0])) for r in body]
    return (
        width == 2
        and all(0 < len(t) <= 40 and not any(c.isdigit() for c in t) for t in firsts)
        and not any(
            tree.nodes[i].tag == "a" for r in body for i in range(r, tree.end[tree.elements(r)[0]])
        )
    )


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
    heading = tree.heading_over(first)
    for at in (parent, *tree.ancestors(parent)):
        node = tree.nodes[at]
        if node.tag in ("table", "tbody"):
            row = next((r for r in tree.elements(at) if tree.nodes[r].tag == "tr"), first)
            if row < first and len(tree.elements(row)) == 1:
                return tree.text(tree.scope(row))
        if node.text and node.tag not in ("a", "svg"):
            nearer = heading is not None and heading.node > at
            return heading.text if heading is not None and nearer else node.text
        if node.tag in ("body", "main"):
            break
    return heading.text if heading else ""
