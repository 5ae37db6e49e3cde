"""Label and value pairs of a page: lists of terms, tables, form fields, "Label: value"."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from inference.content import Flag
from inference.extract.nodes import CONTROLS, Scope, squash
from inference.extract.tree import Tree
from inference.extract.words import concepts, is_placeholder, name_words

PairSource = Literal["term", "cell", "control", "colon", "sibling"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A label with its value; `value` may be a placeholder or empty. `node` holds the value."""

    label: str
    value: str
    node: int
    source: PairSource


_COLON = re.compile(r"^([^:.!?]{2,40}?)\s*:\s*(.*)$")
_UI_LINK = re.compile(
    r"^(?:change|edit|copy|view|map|show|see|more|details|remove|"
    r"help|\?|ändern|bearbeiten|karte)\b",
    re.IGNORECASE,
)
_LABEL_CLASSES = frozenset(
    {"lbl", "label", "key", "term", "caption", "title", "name", "prop", "attr"}
)
_LONGEST_LABEL = 48
_MOST_PARTS = 4
_LONGEST_KEPT = 400


def pairs(tree: Tree, scope: Scope) -> tuple[Pair, ...]:
    """All pairs in a scope, the most reliable kinds first."""
    return (
        *_terms(tree, scope),
        *_cells(tree, scope),
        *_controls(tree, scope),
        *_colons(tree, scope),
        *_alternating(tree, scope),
        *_siblings(tree, scope),
    )


def value_text(tree: Tree, index: int) -> str:
    """The value an element holds: a control's, else its text without commands ("Change")."""
    known = tree.values.get(index)
    if known is None:
        known = _values(tree, tree.scope(index))
        if len(known) <= _LONGEST_KEPT:
            tree.values[index] = known
    return known


def _values(tree: Tree, scope: Scope) -> str:
    if tree.value_parts is None:
        tree.value_parts = _value_parts(tree)
    texts, commands = tree.value_parts
    inner = slice(scope.start, scope.end)
    shown = zip(texts[inner], commands[inner], strict=True)
    text = squash("".join(part for part, command in shown if command < scope.start))
    return text or tree.text(scope, commands=True)


def _value_parts(tree: Tree) -> tuple[list[str], list[int]]:
    """What each node adds to a value, and for a text the nearest command around it, else -1."""
    texts: list[str] = []
    commands: list[int] = []
    within: list[int] = []
    for index, node in enumerate(tree.nodes):
        around = within[node.parent] if node.parent >= 0 else -1
        text = node.tag == "#text"
        within.append(index if not text and _is_command(tree, index) else around)
        commands.append(around if text else -1)
        texts.append(_value_part(tree, index))
    return texts, commands


def _value_part(tree: Tree, index: int) -> str:
    node = tree.nodes[index]
    if node.tag == "#text":
        shown = not node.flags & Flag.SR and tree.nodes[node.parent].tag not in CONTROLS
        return node.text if shown else ""
    part = ""
    ticked = node.attrs.get("type", "") in ("checkbox", "radio", "hidden")
    if node.tag in CONTROLS and not ticked and not tree.is_action(index):
        part = " " + node.attrs.get("value", "")
    return part + (" " if node.tag == "br" or node.flags & Flag.BLOCK else "")


def _is_command(tree: Tree, index: int) -> bool:
    """Whether the text in an element says what to do, as "Change" does."""
    node = tree.nodes[index]
    if tree.is_action(index) and node.attrs.get("haspopup") != "listbox":
        return True
    scope = tree.scope(index)
    short = node.tag == "a" and tree.weight(scope) <= 80
    return short and bool(_UI_LINK.match(tree.text(scope)))


def _is_label(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_LABEL and any(c.isalpha() for c in text)


def _trim(label: str) -> str:
    return squash(label).rstrip(":* ").strip()


def _terms(tree: Tree, scope: Scope) -> Iterator[Pair]:
    for index in range(scope.start, scope.end):
        if tree.nodes[index].tag != "dt":
            continue
        siblings = tree.elements(tree.nodes[index].parent)
        values: list[int] = []
        for sibling in islice(siblings, bisect_right(siblings, index), None):
            if tree.nodes[sibling].tag != "dd":
                break
            values.append(sibling)
        if values:
            label = _trim(tree.text(tree.scope(index)))
            value = ", ".join(value_text(tree, v) for v in values)
            if _is_label(label):
                yield Pair(label, value, values[0], "term")


def _cells(tree: Tree, scope: Scope) -> Iterator[Pair]:
    for index in range(scope.start, scope.end):
        if tree.nodes[index].tag != "tr":
            continue
        cells = tree.elements(index)
        if len(cells) > 1 and all(tree.nodes[c].tag == "th" for c in cells):
            yield from _single_row(tree, index, cells)
        if len(cells) < 2 or len(cells) % 2 or len(cells) > 6:
            continue
        labels = cells[::2]
        if any(tree.nodes[c].tag == "th" for c in cells[1::2]):
            continue
        marked = all(_label_cell(tree, c) for c in labels)
        if not marked and not _in_columns(tree, index):
            continue
        for label_cell, value_cell in zip(labels, cells[1::2], strict=True):
            label = _trim(tree.text(tree.scope(label_cell)))
            if _is_label(label) and not any(
                tree.nodes[i].tag == "tr" for i in range(value_cell, tree.end[value_cell])
            ):
                yield Pair(label, value_text(tree, value_cell), value_cell, "cell")


def _single_row(tree: Tree, head: int, cells: list[int]) -> Iterator[Pair]:
    """A table of one record: column headers over its one row."""
    table = next((a for a in tree.ancestors(head) if tree.nodes[a].tag == "table"), None)
    if table is None:
        return
    rows = [i for i in range(table, tree.end[table]) if tree.nodes[i].tag == "tr" and i != head]
    if len(rows) != 1 or len(tree.elements(rows[0])) != len(cells):
        return
    for header, cell in zip(cells, tree.elements(rows[0]), strict=True):
        label = _trim(tree.text(tree.scope(header)))
        if _is_label(label):
            yield Pair(label, value_text(tree, cell), cell, "cell")


def _label_cell(tree: Tree, cell: int) -> bool:
    node = tree.nodes[cell]
    text = tree.text(tree.scope(cell))
    if not text:
        return True
    if node.tag == "th" or _LABEL_CLASSES & set(name_words(node.cls)) or text.endswith(":"):
        return len(text) <= _LONGEST_LABEL
    inner = [tree.nodes[i].tag for i in range(cell + 1, tree.end[cell])]
    return "label" in inner and not CONTROLS & set(inner)


def _in_columns(tree: Tree, row: int) -> bool:
    """Whether in all rows of the table every other cell reads like a label.

    With more than one pair a row, most values have to be figures, or it may be a list.
    """
    rows = [r for r in tree.elements(tree.nodes[row].parent) if tree.nodes[r].tag == "tr"]
    width = len(tree.elements(row))
    labels: list[str] = []
    values: list[str] = []
    for other in rows:
        cells = tree.elements(other)
        if len(cells) != width or any(tree.nodes[c].tag == "th" for c in cells[1::2]):
            return False
        texts = [tree.text(tree.scope(cell)) for cell in cells]
        labels += texts[::2]
        values += texts[1::2]
    short = [t for t in labels if _is_label(t) and not any(c.isdigit() for c in t)]
    if len(short) != len(labels) or len(set(labels)) != len(labels):
        return False
    figures = sum(any(c.isdigit() for c in v) or is_placeholder(v) for v in values)
    return width == 2 or (len(rows) > 1 and figures * 3 >= len(values) * 2)


def _controls(tree: Tree, scope: Scope) -> Iterator[Pair]:
    for index in range(scope.start, scope.end):
        node = tree.nodes[index]
        if node.attrs.get("haspopup") == "listbox" or node.attrs.get("role") == "combobox":
            yield from _custom_select(tree, index)
            continue
        if node.tag not in CONTROLS or tree.is_action(index):
            continue
        if node.attrs.get("type") in ("checkbox", "radio", "hidden", "search"):
            continue
        label = node.attrs.get("label") or node.text or node.attrs.get("placeholder", "")
        if _is_label(_trim(label)):
            yield Pair(_trim(label), node.attrs.get("value", ""), index, "control")


def _custom_select(tree: Tree, index: int) -> Iterator[Pair]:
    """A select made of other elements: its own name without its value is the label."""
    node = tree.nodes[index]
    value = node.attrs.get("value") or tree.text(tree.scope(index)).strip("▾▼⌄ ")
    label = node.attrs.get("label") or node.text.strip("▾▼⌄ ").removesuffix(value)
    if not label:
        before = [text for at, text in tree.lines if at < index]
        label = before[-1] if before else ""
    if _is_label(_trim(label)) and value:
        yield Pair(_trim(label), value, index, "control")


def _colons(tree: Tree, scope: Scope) -> Iterator[Pair]:
    found = tree.pieces_in(scope)
    for place, piece in enumerate(found):
        if tree.acts(piece.node):
            continue
        match = _COLON.match(piece.text)
        if not match or not _is_label(match[1]) or match[2].startswith("//"):
            continue
        value, node = match[2], piece.node
        if not value:
            after = found[place + 1] if place + 1 < len(found) else None
            if after is not None and after.line - piece.line <= 3 and not after.text.endswith(":"):
                value, node = after.text, after.node
            control = _next_control(tree, piece.node, scope, after.node if after else scope.end)
            if control is not None:
                value, node = tree.nodes[control].attrs.get("value", ""), control
        yield Pair(_trim(match[1]), value, node, "colon")


def _next_control(tree: Tree, start: int, scope: Scope, stop: int) -> int | None:
    for index in range(start, min(scope.end, max(stop, start))):
        node = tree.nodes[index]
        if node.tag in CONTROLS and node.attrs.get("type") not in ("checkbox", "radio", "hidden"):
            return index
    return None


def _siblings(tree: Tree, scope: Scope) -> Iterator[Pair]:
    """Two texts alone in a container: one is the label of the other, both ways offered."""
    for index in range(scope.start, scope.end):
        node = tree.nodes[index]
        if node.tag in ("#text", "tr", "dl", "select", "p") or tree.is_action(index):
            continue
        parts = _parts(tree, index)
        if not 2 <= len(parts) <= _MOST_PARTS or (len(parts) != 2 and not _figure(tree, parts)):
            continue
        (first, first_node), (second, second_node) = parts[0], parts[1]
        if first and second and len(first) <= 120 and len(second) <= 120:
            if _is_label(first):
                yield Pair(_trim(first), second, second_node, "sibling")
            if len(parts) == 2 and _is_label(second):
                yield Pair(_trim(second), first, first_node, "sibling")


def _alternating(tree: Tree, scope: Scope) -> Iterator[Pair]:
    """Labels and values in turn in one container, as in a grid of two columns."""
    for index in range(scope.start, scope.end):
        node = tree.nodes[index]
        children = tree.elements(index) if node.tag in ("div", "section", "ul", "ol") else []
        if not 4 <= len(children) <= 80 or len(children) % 2:
            continue
        texts = [value_text(tree, child) for child in children]
        if _in_turn(texts[::2], texts[1::2]):
            for place, label in enumerate(texts[::2]):
                yield Pair(_trim(label), texts[2 * place + 1], children[2 * place + 1], "cell")


def _in_turn(labels: list[str], values: list[str]) -> bool:
    """Whether the one are labels and the other are not, going by words and figures."""
    if not all(_is_label(text) and not any(c.isdigit() for c in text) for text in labels):
        return False
    if len(set(labels)) != len(labels) or any(not 0 < len(value) <= 120 for value in values):
        return False
    known = sum(bool(concepts(text)) for text in labels)
    figures = sum(any(c.isdigit() for c in v) or is_placeholder(v) for v in values)
    return known * 4 >= len(labels) > 1 and (figures + known) * 2 >= len(labels)


def _figure(tree: Tree, parts: list[tuple[str, int]]) -> bool:
    """Whether the second of several parts stands out by its size, as in a tile of figures."""
    sizes = [_size(tree, node) for _, node in parts]
    return sizes[1] > max(sizes[0], *sizes[2:])


def _size(tree: Tree, node: int) -> int:
    inner = [tree.nodes[i].size for i in range(node, tree.end[node])]
    return max(inner, default=0)


def _parts(tree: Tree, index: int) -> list[tuple[str, int]]:
    parts: list[tuple[str, int]] = []
    for child in tree.children[index]:
        if len(parts) > _MOST_PARTS:
            break
        node = tree.nodes[child]
        if node.tag == "br" or node.flags & Flag.SR or tree.is_action(child):
            popup = node.attrs.get("haspopup")
            if popup != "listbox" or not parts:
                continue
        text = node.text.strip() if node.tag == "#text" else value_text(tree, child)
        text = text or _icon_name(tree, child)
        if text and (any(c.isalnum() for c in text) or is_placeholder(text) or "★" in text):
            parts.append((text, index if node.tag == "#text" else child))
        elif node.tag in CONTROLS and not tree.is_action(child):
            parts.append(("", child))
    return parts


def _icon_name(tree: Tree, index: int) -> str:
    """What a small picture without a text is called: "Phone" before the number."""
    node = tree.nodes[index]
    small = 0 <= node.width <= 64 and 0 <= node.height <= 64
    return node.text if small and node.tag not in CONTROLS and len(node.text) <= 30 else ""
