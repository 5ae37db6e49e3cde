"""Tables as grids: rows with a cell for each column, spans spread out, headers, totals."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from inference.content import Flag, Node
from inference.extract.tree import Tree

_TABLE_ROLES = frozenset({"table", "grid", "treegrid"})
_CELL_ROLES = frozenset({"cell", "gridcell", "columnheader", "rowheader"})
_TOTAL = re.compile(
    r"^(?:grand |sub ?)?(?:total|totals|totaal|totale|sum|summe|gesamt\w*"
    r"|zwischensumme|average)\b:?$",
    re.IGNORECASE,
)
_MOST_SPAN = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its node, and the cell that covers each column."""

    node: int
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of records: column labels ("" for none), and the rows under them."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]


def is_table(node: Node) -> bool:
    """Whether an element is a table, by tag or role."""
    return node.tag == "table" or node.attrs.get("role", "") in _TABLE_ROLES


def is_row(node: Node) -> bool:
    """Whether an element is a row of a table, by tag or role."""
    return node.tag == "tr" or node.attrs.get("role") == "row"


def is_header(node: Node) -> bool:
    """Whether an element heads a column, by tag or role."""
    return node.attrs.get("role") == "columnheader" or (
        node.tag == "th" and node.attrs.get("scope", "col") != "row"
    )


def cells_of(tree: Tree, row: int) -> list[int]:
    """The cells of a row: by role where it has some, else all its children."""
    children = tree.elements(row)
    if tree.nodes[row].tag == "tr":
        return children
    return [c for c in children if tree.nodes[c].attrs.get("role") in _CELL_ROLES] or children


def read_grid(tree: Tree, table: int) -> Grid | None:
    """The records of a table; None where it has fewer than two columns or no rows for them.

    Rows that are a heading of others, repeat the headers or add up the column are left out.
    """
    rows = _rows(tree, table)
    if not rows:
        return None
    while len(rows) > 1 and len(set(rows[0].cells)) == 1 and len(rows[0].cells) > 1:
        rows = rows[1:]
    head = _head_rows(tree, rows)
    body = [row for row in rows[len(head) :] if not _all_headers(tree, row.node)]
    widths = Counter(len(row.cells) for row in body if len(set(row.cells)) > 1)
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w], w))
    kept = [row for row in body if len(row.cells) == width and len(set(row.cells)) * 2 > width]
    kept = [r for r in kept if tree.has_words(tree.scope(r.node)) and not _is_total(tree, r, width)]
    return Grid(_headers(tree, head, width), tuple(kept)) if width > 1 and kept else None


def _rows(tree: Tree, table: int) -> list[Row]:
    """All rows that are the table's own, spans over columns and rows spread out."""
    rows: list[Row] = []
    hanging: dict[int, tuple[int, int]] = {}
    for node in _own_rows(tree, table):
        cells: list[int] = []
        waiting = iter(cells_of(tree, node))
        while True:
            column = len(cells)
            cell, left = hanging.pop(column, (-1, 0))
            if left:
                cells.append(cell)
                if left > 1:
                    hanging[column] = (cell, left - 1)
                continue
            cell = next(waiting, -1)
            if cell < 0:
                break
            tall = _span(tree.nodes[cell], "rowspan")
            for _ in range(_span(tree.nodes[cell], "colspan")):
                if tall > 1:
                    hanging[len(cells)] = (cell, tall - 1)
                cells.append(cell)
        rows.append(Row(node, tuple(cells)))
    return rows


def _own_rows(tree: Tree, table: int) -> Iterator[int]:
    index = table + 1
    while index < tree.end[table]:
        node = tree.nodes[index]
        if is_row(node):
            yield index
            index = tree.end[index]
        else:
            index = tree.end[index] if is_table(node) else index + 1


def _span(node: Node, name: str) -> int:
    given = node.attrs.get(name, "1")
    return max(1, min(_MOST_SPAN, int(given))) if given.isdecimal() and len(given) <= 4 else 1


def _head_rows(tree: Tree, rows: list[Row]) -> list[Row]:
    head: list[Row] = []
    for row in rows:
        in_head = tree.nodes[tree.nodes[row.node].parent].tag == "thead"
        titles_others = len(set(row.cells)) == 1 and len(row.cells) > 1
        if titles_others and not in_head:
            break
        if not (in_head or _all_headers(tree, row.node)):
            break
        head.append(row)
    if head or len(rows) < 2:
        return head
    return rows[:1] if _reads_like_head(tree, rows) else []


def _all_headers(tree: Tree, row: int) -> bool:
    cells = cells_of(tree, row)
    return bool(cells) and all(is_header(tree.nodes[c]) for c in cells)


def _reads_like_head(tree: Tree, rows: list[Row]) -> bool:
    row = rows[0]
    texts = [tree.text(tree.scope(cell)) for cell in row.cells]
    bold = all(not t or _bold(tree, c) for c, t in zip(row.cells, texts, strict=True))
    short = all(len(t) <= 30 and not any(ch.isdigit() for ch in t) for t in texts)
    several = len({t for t in texts if t}) >= 2
    return short and several and (bold or _figures_below(tree, rows, texts))


def _figures_below(tree: Tree, rows: list[Row], texts: list[str]) -> bool:
    """Whether a column has figures in nearly all rows but the first, which has a text in each."""
    below = [row for row in rows[1:] if len(row.cells) == len(texts)]
    if len(below) < 2 or not all(texts):
        return False
    columns = zip(*(row.cells for row in below), strict=True)
    return any(
        sum(any(ch.isdigit() for ch in tree.text(tree.scope(cell))) for cell in column) * 10
        >= len(below) * 8
        for column in columns
    )


def _bold(tree: Tree, cell: int) -> bool:
    homes = {
        tree.nodes[i].parent for i in range(cell, tree.end[cell]) if tree.nodes[i].tag == "#text"
    }
    return all(tree.nodes[h].flags & Flag.BOLD for h in homes)


def _headers(tree: Tree, head: list[Row], width: int) -> tuple[str, ...]:
    """The lowest label over each column."""
    labels = [""] * width
    for row in head:
        if len(row.cells) == width and len(set(row.cells)) > 1:
            for column, cell in enumerate(row.cells):
                labels[column] = tree.text(tree.scope(cell)) or labels[column]
    return tuple(labels) if any(labels) else ()


def _is_total(tree: Tree, row: Row, width: int) -> bool:
    in_foot = tree.nodes[tree.nodes[row.node].parent].tag == "tfoot"
    return in_foot or (width > 1 and bool(_TOTAL.match(tree.text(tree.scope(row.cells[0])))))
