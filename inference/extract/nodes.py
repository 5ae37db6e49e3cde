"""A captured page as a tree: elements, ranges, texts, lines."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from inference.content import Content, Flag, Node

_SEPARATOR = re.compile(r"\s*(?:[·•|¦‖]|\s[–—/]\s)\s*")
_SPACES = re.compile(r"\s+")
CONTROLS = frozenset({"input", "select", "textarea", "output", "meter", "progress"})
_ACTION_ROLES = frozenset({"button", "menuitem", "tab", "switch", "option"})


@dataclass(frozen=True, slots=True)
class Scope:
    """A run of nodes in document order, `end` excluded."""

    start: int
    end: int

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.start <= index < self.end


@dataclass(frozen=True, slots=True)
class Piece:
    """A text between separators.

    `node` is the element it stands in, `line` its line, `at`
    its own node.
    """

    text: str
    node: int
    line: int
    at: int


def squash(text: str) -> str:
    """One space where there is any white space, none around."""
    return _SPACES.sub(" ", text).strip()


class NodeTree:
    """Read-only view of a `Content`: its elements, ranges and texts."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.nodes: tuple[Node, ...] = content.nodes
        count = len(self.nodes)
        self.children: list[list[int]] = [[] for _ in range(count)]
        self.end = list(range(1, count + 1))
        for index in range(count - 1, -1, -1):
            parent = self.nodes[index].parent
            if parent >= 0:
                self.children[parent].append(index)
                self.end[parent] = max(self.end[parent], self.end[index])
        for children in self.children:
            children.reverse()
        self.values: dict[int, str] = {}
        """Values of elements that were read already, kept by `pairs.value_text`."""
        self.value_parts: tuple[list[str], list[int]] | None = None
        """What each node adds to a value and the command around it, kept by `pairs.value_text`."""

    @property
    def whole(self) -> Scope:
        """All nodes."""
        return Scope(0, len(self.nodes))

    def scope(self, index: int) -> Scope:
        """An element with all that is in it."""
        return Scope(index, self.end[index])

    def ancestors(self, index: int) -> Iterator[int]:
        """Parents from the nearest up."""
        parent = self.nodes[index].parent
        while parent >= 0:
            yield parent
            parent = self.nodes[parent].parent

    @cached_property
    def depths(self) -> list[int]:
        """How many elements each node lies in."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(depths[node.parent] + 1 if node.parent >= 0 else 0)
        return depths

    def elements(self, index: int) -> list[int]:
        """Child elements, texts left out."""
        return self._elements[index]

    @cached_property
    def _elements(self) -> list[list[int]]:
        texts = ("#text", "br")
        return [[c for c in kids if self.nodes[c].tag not in texts] for kids in self.children]

    def has(self, index: int, flag: int) -> bool:
        """Whether a node or anything around it carries the flag."""
        if self.nodes[index].flags & flag:
            return True
        return any(self.nodes[a].flags & flag for a in self.ancestors(index))

    def inside(self, index: int, tags: frozenset[str]) -> bool:
        """Whether the node is or lies in an element of one of the tags."""
        return self.nodes[index].tag in tags or any(
            self.nodes[a].tag in tags for a in self.ancestors(index)
        )

    def is_action(self, index: int) -> bool:
        """Whether the element is there to be pressed: its text is a command, not a value."""
        node = self.nodes[index]
        if node.tag in ("button", "summary"):
            return True
        if node.tag == "input" and node.attrs.get("type") in ("button", "submit", "reset"):
            return True
        return node.attrs.get("role", "") in _ACTION_ROLES

    def acts(self, index: int) -> bool:
        """Whether the node lies in such an element."""
        return self._acting[index]

    @cached_property
    def _acting(self) -> list[bool]:
        return self.spread(self.is_action)

    def spread(self, mark: Callable[[int], bool]) -> list[bool]:
        """For each node whether it or anything around it is marked."""
        marks: list[bool] = []
        for index, node in enumerate(self.nodes):
            marks.append((node.parent >= 0 and marks[node.parent]) or mark(index))
        return marks

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All visible texts in order, parted at separators, with their lines."""
        return tuple(self._pieces())

    def _pieces(self) -> Iterator[Piece]:
        line, last_block = 0, -2
        for index, node in enumerate(self.nodes):
            if node.tag == "br":
                line += 1
                continue
            if node.tag != "#text":
                if node.flags & Flag.BLOCK:
                    line += 1
                continue
            block = self._block(index)
            if block != last_block:
                line += 1
            last_block = block
            if node.flags & Flag.SR:
                continue
            for part in _SEPARATOR.split(node.text):
                text = squash(part)
                if text and any(c.isalnum() or c in "★☆–—-" for c in text):
                    yield Piece(text, node.parent, line, index)

    def _block(self, index: int) -> int:
        return self._blocks[index]

    @cached_property
    def _blocks(self) -> list[int]:
        """For each node the nearest block around it."""
        blocks: list[int] = []
        for node in self.nodes:
            parent = node.parent
            inline = parent >= 0 and not self.nodes[parent].flags & Flag.BLOCK
            blocks.append(blocks[parent] if inline else parent)
        return blocks

    def pieces_in(self, scope: Scope) -> list[Piece]:
        """Pieces whose text stands in the scope."""
        first = bisect_left(self._piece_places, scope.start)
        last = bisect_left(self._piece_places, scope.end)
        return list(self.pieces[first:last])

    @cached_property
    def _piece_places(self) -> list[int]:
        return [piece.at for piece in self.pieces]

    def text(self, scope: Scope, *, commands: bool = True, quiet: bool = False) -> str:
        """The text of a scope on one line.

        `commands` False leaves buttons out; `quiet` takes texts for screen readers along.
        """
        shown = self._quiet_parts if quiet else self._parts
        if not commands:
            shown = self._calm_parts
        return squash("".join(shown[scope.start : scope.end]))

    @cached_property
    def _calm_parts(self) -> list[str]:
        return [
            "" if self.nodes[index].tag == "#text" and self._acting[index] else part
            for index, part in enumerate(self._parts)
        ]

    @cached_property
    def _parts(self) -> list[str]:
        return [
            self._part(index) if not node.flags & Flag.SR or node.tag != "#text" else ""
            for index, node in enumerate(self.nodes)
        ]

    @cached_property
    def _quiet_parts(self) -> list[str]:
        return [self._part(index) for index in range(len(self.nodes))]

    def _part(self, index: int) -> str:
        """What a node adds to the text around it: its text, or a space where a line starts."""
        node = self.nodes[index]
        if node.tag != "#text":
            return " " if node.tag == "br" or node.flags & Flag.BLOCK else ""
        follower = index + 1
        apart = follower < len(self.nodes) and self._blocks[follower] != self._blocks[index]
        return node.text + " " if apart else node.text

    def weight(self, scope: Scope) -> int:
        """How many characters the visible text of a scope has, spaces left out."""
        return self._weights[scope.end] - self._weights[scope.start]

    @cached_property
    def _weights(self) -> list[int]:
        sizes = (len("".join(part.split())) for part in self._parts)
        return [0, *accumulate(sizes)]

    def has_words(self, scope: Scope) -> bool:
        """Whether any text of a scope, seen or not, has a letter or a digit."""
        return self._worded[scope.end] > self._worded[scope.start]

    @cached_property
    def _worded(self) -> list[int]:
        marks = (node.tag == "#text" and any(c.isalnum() for c in node.text) for node in self.nodes)
        return [0, *accumulate(marks)]

    @cached_property
    def largest(self) -> int:
        """The area of the largest node, at least 1."""
        return max(1, max((n.width * n.height for n in self.nodes), default=1))

    @cached_property
    def lines(self) -> tuple[tuple[int, str], ...]:
        """Visible lines with the first element that each stands in."""
        lines: list[tuple[int, str]] = []
        current, parts, first = -1, list[str](), 0
        for index, node in enumerate(self.nodes):
            if node.tag != "#text" or node.flags & Flag.SR:
                continue
            block = self._block(index)
            broken = index > 0 and self.nodes[index - 1].tag == "br"
            if parts and (block != current or broken):
                lines.append((first, squash("".join(parts))))
                parts = []
            if not parts:
                first = node.parent
            current = block
            parts.append(node.text)
        if parts:
            lines.append((first, squash("".join(parts))))
        return tuple((node, text) for node, text in lines if text)

    @cached_property
    def visible_text(self) -> str:
        """All visible lines, one below the other."""
        return "\n".join(text for _, text in self.lines)
