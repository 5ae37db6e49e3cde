"""Records that lie flat beside each other: each begins with the same kind of element."""

from collections import Counter
from itertools import pairwise

from inference.content import Flag
from inference.extract.tree import Tree
from inference.extract.words import name_words

_HOMES = frozenset({"div", "section", "main", "article", "body", "dl", "tbody", "td", "table"})
_FEWEST, _MOST_PARTS = 2, 6


def flat_records(tree: Tree, index: int) -> tuple[tuple[int, int], ...]:
    """Start and end of the records among the children of an element; () for none.

    The children repeat in turn: a heading and two paragraphs, a row of titles and one of
    figures, a term and its definition. Records of one element each are not flat.
    """
    if tree.nodes[index].tag not in _HOMES:
        return ()
    children = [c for c in tree.elements(index) if not tree.nodes[c].flags & Flag.SR]
    if len(children) < 4 or len(children) > 2000:
        return ()
    marks = [_mark(tree, child) for child in children]
    leader = _leader(marks)
    if leader is None:
        return ()
    starts = [place for place, mark in enumerate(marks) if mark == leader]
    ends = [*starts[1:], min(len(children), starts[-1] + _typical(starts))]
    chunks = [tuple(marks[a:b]) for a, b in zip(starts, ends, strict=True)]
    shape, count = Counter(chunks).most_common(1)[0]
    if not 2 <= len(shape) <= _MOST_PARTS or count * 10 < len(chunks) * 6:
        return ()
    return tuple(
        (children[a], tree.end[children[b - 1]])
        for (a, b), chunk in zip(zip(starts, ends, strict=True), chunks, strict=True)
        if len(chunk) <= _MOST_PARTS
    )


def _typical(starts: list[int]) -> int:
    steps = Counter(b - a for a, b in pairwise(starts))
    return steps.most_common(1)[0][0] if steps else 1


def _leader(marks: list[str]) -> str | None:
    """The first mark that comes again, with others in between."""
    counts = Counter(marks)
    for place, mark in enumerate(marks):
        if counts[mark] >= _FEWEST and marks[place + 1 : place + 2] != [mark]:
            return mark
        if counts[mark] >= _FEWEST:
            return None
    return None


def _mark(tree: Tree, index: int) -> str:
    node = tree.nodes[index]
    words = name_words(node.cls.split(" ")[0])[:2] if node.cls else ()
    wide = str(len(tree.elements(index))) if node.tag == "tr" else ""
    first = ""
    if node.tag == "tr" and tree.elements(index):
        cell = tree.elements(index)[0]
        first = "text" if tree.text(tree.scope(cell)) else "empty"
    return ".".join((node.tag, wide, first, *words))
