"""A captured page as a tree: ranges, texts, lines, headings, regions."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from inference.content import Content, Flag, Node
from inference.extract.words import LEXICON, contains_phrase, name_words, plain

_SEPARATOR = re.compile(r"\s*(?:[·•|¦‖]|\s[–—/]\s)\s*")
_SPACES = re.compile(r"\s+")
CONTROLS = frozenset({"input", "select", "textarea", "output", "meter", "progress"})
_ACTION_ROLES = frozenset({"button", "menuitem", "tab", "switch", "option"})
_CHROME_TAGS = frozenset({"nav", "footer"})
_CONTENT_TAGS = frozenset({"main", "article", "section"})
_CHROME_ROLES = frozenset({"navigation", "contentinfo", "banner", "menu", "menubar"})
_CHROME_CLASSES = frozenset({"nav", "navbar", "footer", "foot", "menu", "breadcrumb", "crumbs"})
_PAID = LEXICON.sponsored - {"promo", "promotion"}
_HEADING_CLASSES = frozenset({"title", "heading", "header", "headline", "head", "hd", "caption"})


@dataclass(frozen=True, slots=True)
class Scope:
    """A run of nodes in document order, `end` excluded."""

    start: int
    end: int

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.start <= index < self.end


@dataclass(frozen=True, slots=True)
class Piece:
    """A text between separators. `node` is the element it stands in, `line` its line, `at`
    its own node."""

    text: str
    node: int
    line: int
    at: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `rank` 1 is the highest. 7 is a title made by looks alone."""

    node: int
    text: str
    rank: int


def squash(text: str) -> str:
    """One space where there is any white space, none around."""
    return _SPACES.sub(" ", text).strip()


class Tree:
    """Read-only view of a `Content`."""

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

    def elements(self, index: int) -> list[int]:
        """Child elements, texts left out."""
        return [c for c in self.children[index] if self.nodes[c].tag not in ("#text", "br")]

    def has(self, index: int, flag: Flag) -> bool:
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
        return self._spread(self.is_action)

    def _spread(self, mark: Callable[[int], bool]) -> list[bool]:
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
        """The text of a scope on one line. `commands` False leaves buttons out; `quiet`
        takes texts for screen readers along."""
        parts: list[str] = []
        for index in range(scope.start, scope.end):
            node = self.nodes[index]
            if node.tag == "br" or (node.flags & Flag.BLOCK and node.tag != "#text"):
                parts.append(" ")
            if node.tag != "#text" or (node.flags & Flag.SR and not quiet):
                continue
            if not commands and self.acts(index):
                continue
            parts.append(node.text)
            follower = index + 1
            if follower < scope.end and self._block(follower) != self._block(index):
                parts.append(" ")
        return squash("".join(parts))

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

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """Headings in document order: h1 to h6, legends, captions, and titles by looks."""
        return tuple(self._headings())

    def _headings(self) -> Iterator[Heading]:
        for index, node in enumerate(self.nodes):
            rank = self._rank(index, node)
            if rank and not node.flags & Flag.SR:
                text = self.text(self.scope(index), commands=node.tag == "summary")
                if text and len(text) <= 120:
                    yield Heading(index, text, rank)

    def _rank(self, index: int, node: Node) -> int:
        if len(node.tag) == 2 and node.tag[0] == "h" and node.tag[1].isdigit():
            return int(node.tag[1])
        if node.attrs.get("role") == "heading":
            return 3
        if node.tag in ("legend", "caption"):
            return 5
        if node.tag in ("#text", "a", "button", "label", "td", "th", "dt", "dd", "li", "svg"):
            return 0
        return 7 if self._looks_like_title(index, node) else 0

    def _looks_like_title(self, index: int, node: Node) -> bool:
        """Bold or a title by class, short, nothing but text, at the top of its block."""
        marked = bool(set(self.class_words(index)) & _HEADING_CLASSES)
        if not (marked or node.flags & Flag.BOLD):
            return False
        parent = self.nodes[node.parent] if node.parent >= 0 else node
        if not marked and parent.flags & Flag.BOLD and parent.flags & Flag.BLOCK:
            return False
        inner = [self.nodes[i].tag for i in range(index + 1, self.end[index])]
        if inner.count("#text") != 1 or any(t in CONTROLS or t == "a" for t in inner):
            return False
        return not self.acts(index)

    def class_words(self, index: int) -> tuple[str, ...]:
        """Words of the classes and machine names of an element."""
        node = self.nodes[index]
        names = (node.cls, node.attrs.get("itemprop", ""), node.attrs.get("testid", ""))
        names += (node.attrs.get("slot", ""), node.attrs.get("data-field", ""))
        return name_words(" ".join(n for n in names if n))

    @cached_property
    def main(self) -> Scope:
        """The main region: `main` where there is one, else all."""
        for index, node in enumerate(self.nodes):
            if node.tag == "main" or node.attrs.get("role") == "main":
                return self.scope(index)
        return self.whole

    def is_chrome(self, index: int) -> bool:
        """Whether the node belongs to navigation, footer or a menu."""
        return self._chromes[index]

    @cached_property
    def _chromes(self) -> list[bool]:
        return self._spread(self._chrome)

    def _chrome(self, index: int) -> bool:
        node = self.nodes[index]
        if node.tag == "header" and not self.inside(index, _CONTENT_TAGS):
            return True
        if node.tag in _CHROME_TAGS or node.attrs.get("role", "") in _CHROME_ROLES:
            return True
        return bool(node.cls) and bool(_CHROME_CLASSES & set(name_words(node.cls)))

    @cached_property
    def asides(self) -> tuple[Scope, ...]:
        """Regions of similar, recommended, sponsored things: never the main record."""
        found: list[Scope] = []
        for heading in self.headings:
            if any(contains_phrase(heading.text, word) for word in LEXICON.aside):
                found.append(self.section(heading))
        for index, node in enumerate(self.nodes):
            if node.tag != "#text" and self.is_sponsored(index):
                found.append(self.scope(index))
        return tuple(found)

    def is_sponsored(self, index: int) -> bool:
        """Whether the element itself is marked as paid for, by class or by a short label."""
        node = self.nodes[index]
        words = set(name_words(node.cls)) | set(name_words(node.text))
        if words & LEXICON.sponsored and node.height >= 40:
            return True
        if node.height < 40 or node.tag in ("dl", "tr"):
            return False
        return any(self._own_text(child) in _PAID for child in self.children[index])

    def _own_text(self, index: int) -> str:
        """The text of a node that is nothing but text, in plain words."""
        node = self.nodes[index]
        if node.tag == "#text":
            return plain(node.text)
        inner = self.children[index]
        only = len(inner) == 1 and self.nodes[inner[0]].tag == "#text"
        named = node.tag in ("a", "button", "option", "label", "dt", "th", "h1", "h2")
        return plain(self.nodes[inner[0]].text) if only and not named else ""

    def in_aside(self, index: int) -> bool:
        """Whether the node lies in one of `asides`."""
        return self._aside_marks[index]

    @cached_property
    def _aside_marks(self) -> list[bool]:
        marks = [False] * len(self.nodes)
        for scope in self.asides:
            marks[scope.start : scope.end] = [True] * (scope.end - scope.start)
        return marks

    def section(self, heading: Heading) -> Scope:
        """What stands under a heading: to the next one of its rank in the same container."""
        node = heading.node
        rivals = [h for h in self.headings if h.node != node and h.rank <= heading.rank]
        for ancestor in self.ancestors(node):
            scope = self.scope(ancestor)
            if self.text(scope) == heading.text:
                continue
            inside = [h.node for h in rivals if h.node in scope]
            before = [n for n in inside if n < node]
            after = [n for n in inside if n >= self.end[node]]
            if before or after:
                return Scope(node, self._cut(ancestor, node, after, scope.end))
            grand = self.nodes[ancestor].parent
            if grand < 0 or self.nodes[grand].tag in ("body", "main"):
                return scope
            wider = self.scope(grand)
            if any(h.node in wider for h in rivals) or len(self.elements(grand)) > 1:
                return scope
        return self.scope(node)

    def _cut(self, ancestor: int, node: int, after: list[int], end: int) -> int:
        for child in self.children[ancestor]:
            if child > node and any(n in self.scope(child) for n in after):
                return child
        return end

    def heading_over(self, index: int) -> Heading | None:
        """The nearest heading before a node that lies in a container of it."""
        around = {index, *self.ancestors(index)}
        for heading in reversed(self.headings):
            if heading.node >= index:
                continue
            parents = set(self.ancestors(heading.node))
            if parents & around and index in self.section(heading):
                return heading
        return None

    def path(self, index: int) -> str:
        """A short, readable path of an element, for tracing a value."""
        steps: list[str] = []
        for at in (index, *self.ancestors(index)):
            node = self.nodes[at]
            mark = "#" + node.attrs["id"] if "id" in node.attrs else ""
            first = node.cls.split(" ")[0]
            steps.append(node.tag + (mark or ("." + first if first else "")))
            if mark or len(steps) == 4:
                break
        return " > ".join(reversed(steps))
