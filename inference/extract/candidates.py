"""Where a field's value may stand in a scope: labels, facts, phrases, classes, looks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from inference.extract import kinds
from inference.extract.nodes import Scope
from inference.extract.pairs import Pair, pairs
from inference.extract.structured import Fact, facts
from inference.extract.tree import Tree
from inference.extract.words import (
    FieldKind,
    field_kind,
    is_placeholder,
    label_score,
    name_words,
    stems,
)
from plans.step import ExtractField


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that may be the field's. `value` None: the page says that there is none."""

    value: str | None
    raw: str
    source: str
    node: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field asked for, with what its name tells."""

    name: str
    kind: FieldKind
    declared: str = ""

    @classmethod
    def of(cls, field: ExtractField) -> "Wanted":
        """From a plan's field."""
        return cls(field.name, field_kind(field.name, field.type), field.type)


_PAIR_TRUST = {"term": 0.97, "cell": 0.96, "colon": 0.94, "control": 0.9, "sibling": 0.88}
_PAIR_FLOOR = {"term": 0.7, "cell": 0.7, "colon": 0.75, "control": 0.75, "sibling": 0.84}
_SENTENCE = re.compile(r"(?<=[a-z0-9)])[.;]\s+(?=[A-Z])|\s*[·•|]\s*|\s+[–—]\s+")
_COUNT = re.compile(
    r"(?<![\w.,$€£-])\(?(\d[\d.,]*)\+?\s+([a-zäöü][\w-]*(?:\s+[a-zäöü][\w-]*){0,5})", re.IGNORECASE
)
_PAGE_OF = re.compile(
    r"\b(?:page|seite)\s+\d+\s+(?:of|von|/)\s+(\d+)|^\d+\s+(?:of|von)\s+(\d+)$", re.IGNORECASE
)
_VALUE_START = re.compile(r"[A-Z0-9ÄÖÜÀ-Þ#@$€£+(\"“„]")
_OF_THE_SITE = frozenset({"phone", "email", "place"})
"""Kinds whose values in a page's header and footer are the site's, not the record's."""
_BY = frozenset({"by", "von", "par", "por", "da", "door", "av"})
_TAIL = frozenset({"name", "value", "url", "text", "title"})


class Area:
    """A scope of a page with what was found in it, each kind looked up once."""

    def __init__(
        self, tree: Tree, scope: Scope, *, anchored: bool, whole_record: bool = False
    ) -> None:
        """`whole_record`: an anchored scope that holds a record with its title, as a pane does."""
        self.tree = tree
        self.scope = scope
        self.anchored = anchored
        self.whole_record = whole_record

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Label and value pairs of the scope."""
        return tuple(p for p in pairs(self.tree, self.scope) if self.counts(p.node))

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Facts of the page's main entity; none in a part of the page."""
        return () if self.anchored else facts(self.tree)

    @cached_property
    def segments(self) -> tuple[tuple[str, int], ...]:
        """Parts of lines, as a reader would part them, with their element."""
        found: list[tuple[str, int]] = []
        for node, line in self.tree.lines:
            if node in self.scope and self.counts(node):
                found.extend((part.strip(), node) for part in _SENTENCE.split(line) if part.strip())
        return tuple(found)

    def counts(self, node: int) -> bool:
        """Whether what stands there may be taken: not from similar or sponsored things."""
        return self.anchored or not self.tree.in_aside(node)


def candidates(area: Area, wanted: Wanted) -> list[Candidate]:
    """All candidates for a field, best first; those whose look can't be right are left out."""
    found = [*_from_pairs(area, wanted), *_from_facts(area, wanted)]
    found += [
        *_from_phrases(area, wanted),
        *_from_counts(area, wanted),
        *_from_classes(area, wanted),
    ]
    if wanted.kind in _OF_THE_SITE and len(name_words(wanted.name)) == 1 and not area.anchored:
        found = [c for c in found if c.node < 0 or not area.tree.is_chrome(c.node)]
    kept = [c for c in map(_nothing_said, found) if c.value is None or _acceptable(wanted, c)]
    return sorted(kept, key=lambda c: -c.confidence)


def _nothing_said(candidate: Candidate) -> Candidate:
    """A placeholder says that the page has no value."""
    empty = candidate.value is not None and is_placeholder(candidate.value)
    return replace(candidate, value=None) if empty else candidate


def _acceptable(wanted: Wanted, candidate: Candidate) -> bool:
    value = candidate.value or ""
    if wanted.kind == "title" and kinds.ALL_OF_IT.match(value):
        return False
    labelled = candidate.source == "label" and candidate.confidence >= 0.84
    figures = wanted.kind == "date" and kinds.kind_of(value) == "number"
    if wanted.kind in kinds.SOFT and labelled and not figures and 0 < len(value) <= 40:
        return True
    if wanted.kind == "price" and candidate.source in ("json-ld", "microdata", "opengraph"):
        return any(c.isdigit() for c in value)
    percent = (
        wanted.kind == "price" and wanted.declared != "price" and kinds.PERCENT.fullmatch(value)
    )
    if percent and candidate.source == "label" and candidate.confidence >= 0.9:
        return True
    return kinds.fits(wanted.kind, value) and len(value) <= 2000


def _from_pairs(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    for pair in area.pairs:
        score = label_score(wanted.name, pair.label)
        if score < _PAIR_FLOOR[pair.source]:
            continue
        trust = _PAIR_TRUST[pair.source] * score
        if area.tree.is_chrome(pair.node) and not area.anchored:
            trust *= 0.8
        if is_placeholder(pair.value):
            if (pair.source == "sibling" and not pair.value) or pair.source == "control":
                trust *= 0.7
            yield Candidate(None, pair.value, "label", pair.node, trust)
        else:
            yield Candidate(pair.value, pair.value, "label", pair.node, trust)


def _from_facts(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    trust = {"json-ld": 0.94, "microdata": 0.92, "opengraph": 0.7}
    for fact in area.facts:
        score = _fact_score(wanted.name, fact.name)
        if score >= 0.8:
            yield Candidate(
                fact.value, fact.value, fact.origin, fact.node, trust[fact.origin] * score
            )


def _fact_score(field: str, name: str) -> float:
    path = name.split(" ")
    if len(path) == 1:
        return label_score(field, name)
    best = label_score(field, " ".join(path))
    while len(path) > 1 and path[-1] in _TAIL:
        path.pop()
    return max(best, 0.98 * label_score(field, path[-1]))


def _from_phrases(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    """Phrases: "By Inês Falcão", "Office phone (555) 555-0161", a label and then its value."""
    if wanted.kind == "title":
        return
    for place, (text, node) in enumerate(area.segments):
        if len(text) > 160 or area.tree.acts(node) or area.tree.nodes[node].tag in ("th", "dt"):
            continue
        words = text.split(" ")
        for count in range(min(4, len(words) - 1), 0, -1):
            score = label_score(wanted.name, " ".join(words[:count]))
            rest = " ".join(words[count:])
            leads = wanted.kind != "person" or words[count - 1].casefold() in _BY
            if score >= 0.9 and leads and _VALUE_START.match(rest) and len(rest) <= 80:
                yield Candidate(rest, text, "label", node, 0.8 * score)
                break
        if label_score(wanted.name, text) >= 0.93 and place + 1 < len(area.segments):
            after, where = area.segments[place + 1]
            near = area.tree.nodes[where].parent in (node, area.tree.nodes[node].parent)
            if near and len(after) <= 60:
                yield Candidate(after, after, "label", where, 0.74)


def _from_counts(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    if wanted.kind not in ("count", "str"):
        return
    for text, node in area.segments:
        if area.tree.acts(node):
            continue
        pages = _PAGE_OF.search(text)
        if pages and label_score(wanted.name, "pages") >= 0.9:
            yield Candidate(pages[1] or pages[2], text, "label", node, 0.86)
        for match in _COUNT.finditer(text):
            nouns = match[2].split(" ")
            score = max(
                label_score(wanted.name, " ".join(nouns[:n])) * (1 if n == len(nouns) else 0.97)
                for n in range(1, len(nouns) + 1)
            )
            if score >= 0.85:
                yield Candidate(match[1].rstrip(".,"), text, "label", node, 0.85 * score)


def _from_classes(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    mine = stems(wanted.name)
    for index in range(area.scope.start, area.scope.end):
        node = area.tree.nodes[index]
        if node.tag == "#text" or not area.counts(index) or area.tree.acts(index):
            continue
        if not set(mine) <= set(stems(" ".join(area.tree.class_words(index)))):
            continue
        lines = {piece.line for piece in area.tree.pieces_in(area.tree.scope(index))}
        text = area.tree.text(area.tree.scope(index), commands=False) if len(lines) == 1 else ""
        if text and len(text) <= 80 and not kinds.is_decoy(text):
            yield Candidate(text, text, "dom", index, 0.62)


def merged(found: list[Candidate]) -> Candidate | None:
    """The best candidate, surer where an independent source says the same."""
    if not found:
        return None
    best = found[0]
    for other in found[1:]:
        if other.source != best.source and other.value == best.value:
            return replace(best, confidence=min(0.99, best.confidence + 0.04))
    return best
