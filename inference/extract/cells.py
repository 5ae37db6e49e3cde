"""The fields of one record of a list, each from its cell or else from the record's texts."""

import re
from collections.abc import Mapping, Sequence

from inference.decisions import FieldValue, Record
from inference.extract import kinds
from inference.extract.candidates import Wanted
from inference.extract.fit import said_so
from inference.extract.nodes import Scope, squash
from inference.extract.slots import Column, Slot
from inference.extract.title import title_parts
from inference.extract.tree import Tree
from inference.extract.values import bare, counted, prefixed
from inference.extract.words import is_former, is_placeholder, label_score, looks_like

_OTHER_UNIT = re.compile(r"^\d[\d.,]*\s+[a-z]+$", re.IGNORECASE)


def record_at(
    tree: Tree, span: Scope, wanted: Sequence[Wanted], chosen: Mapping[str, Column], place: int
) -> Record:
    """The record in `span`, the `place`-th of its list; `chosen` are the columns by field."""
    values: dict[str, FieldValue] = {}
    for want in wanted:
        column = chosen.get(want.name)
        slot = column.cells[place] if column is not None else None
        if slot is not None and column is not None and _stray(want, slot, column):
            slot = None
        values[want.name] = _value(tree, want, slot, span)
    return Record(fields=values, url=_url(tree, span))


def from_texts(tree: Tree, wanted: Wanted, record: Scope) -> str | None:
    """What any text of the record says of the field by its own words or look."""
    for piece in tree.pieces_in(record):
        found = prefixed(wanted, piece.text) or _part_of_title(wanted, piece.text)
        if found is None and looks_like(wanted.name, piece.text):
            found = piece.text
        if found is None and wanted.kind in ("count", "str"):
            found = counted(wanted, piece.text)
        if found is not None and kinds.fits(wanted.kind, found):
            return found
    return _from_names(tree, wanted, record)


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
    value = slot.value if slot is not None else from_texts(tree, wanted, record)
    if wanted.kind == "count" and slot is not None and not slot.value.isdigit():
        value = from_texts(tree, wanted, record) or (
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
