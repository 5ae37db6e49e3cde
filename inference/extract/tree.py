"""Headings and regions of a page: navigation, main part, similar and sponsored things."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from inference.content import Flag, Node
from inference.extract.nodes import CONTROLS, NodeTree, Scope
from inference.extract.words import LEXICON, contains_phrase, name_words, plain

_CHROME_TAGS = frozenset({"nav", "footer"})
_CONTENT_TAGS = frozenset({"main", "article", "section"})
_CHROME_ROLES = frozenset({"navigation", "contentinfo", "banner", "menu", "menubar"})
_CHROME_CLASSES = frozenset({"nav", "navbar", "footer", "foot", "menu", "breadcrumb", "crumbs"})
_PAID = LEXICON.sponsored - {"promo", "promotion"}
_HEADING_CLASSES = frozenset({"title", "heading", "header", "headline", "head", "hd", "caption"})


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `rank` 1 is the highest. 7 is a title made by looks alone."""

    node: int
    text: str
    rank: int


class Tree(NodeTree):
    """A page with its headings and regions."""

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
        return self.spread(self._chrome)

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
        known = self._sections.get(heading.node)
        if known is None:
            known = self._sections[heading.node] = self._section(heading)
        return known

    @cached_property
    def _sections(self) -> dict[int, Scope]:
        return {}

    @cached_property
    def _by_rank(self) -> dict[int, list[int]]:
        """For each rank the places of the headings of it or a higher one, in order."""
        ranks = {h.rank for h in self.headings}
        return {rank: [h.node for h in self.headings if h.rank <= rank] for rank in ranks}

    def _section(self, heading: Heading) -> Scope:
        node, rivals = heading.node, self._by_rank[heading.rank]
        weight = len(heading.text.replace(" ", ""))
        for ancestor in self.ancestors(node):
            scope = self.scope(ancestor)
            if self._is_bar(scope, weight, heading):
                continue
            first = bisect_left(rivals, self.end[node])
            after = rivals[first] if first < len(rivals) and rivals[first] < scope.end else None
            before = bisect_left(rivals, node) > bisect_left(rivals, scope.start)
            if before or after is not None:
                return Scope(node, self._cut(ancestor, node, after, scope.end))
            grand = self.nodes[ancestor].parent
            if grand < 0 or self.nodes[grand].tag in ("body", "main"):
                return scope
            wider = self.scope(grand)
            inside = bisect_left(rivals, wider.end) - bisect_left(rivals, wider.start)
            if inside > 1 or len(self.elements(grand)) > 1:
                return scope
        return self.scope(node)

    def _is_bar(self, scope: Scope, weight: int, heading: Heading) -> bool:
        """Whether an element is little more than the heading: with a count or a button beside."""
        if self.weight(scope) > weight + 16 or heading.node == scope.start:
            return False
        rest = self.text(Scope(self.end[heading.node], scope.end), commands=False)
        return not any(c.isalpha() for c in rest)

    def _cut(self, ancestor: int, node: int, after: int | None, end: int) -> int:
        """Where the child of `ancestor` begins that holds the next heading."""
        if after is None:
            return end
        children = self.children[ancestor]
        child = children[bisect_right(children, after) - 1]
        return child if child > node else end

    def heading_over(self, index: int) -> Heading | None:
        """The nearest heading before a node that lies in a container of it."""
        return self._headings_over[index]

    @cached_property
    def _headings_over(self) -> list[Heading | None]:
        over: list[Heading | None] = [None] * len(self.nodes)
        for heading in self.headings:
            scope = self.section(heading)
            start = max(scope.start, heading.node + 1)
            over[start : scope.end] = [heading] * (scope.end - start)
        return over

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
