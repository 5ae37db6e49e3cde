"""Which part of a page an intent speaks of: "of the shipping address", "the post about X"."""

import re
from collections.abc import Sequence
from itertools import pairwise

from inference.extract.nodes import Scope
from inference.extract.pairs import pairs
from inference.extract.tree import Heading, Tree
from inference.extract.words import (
    LEXICON,
    contains_phrase,
    label_score,
    name_words,
    plain,
    sections_in,
    stem,
)

_ABOUT = re.compile(
    r"\b(?:about|called|named|titled|über|namens)\s+(?:the\s+|"
    r"an?\s+)?(.+?)(?=\s+(?:note|extract|get|read|list)\b|[:.,;]|"
    r"$)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«']([^\"”“»']{2,80})[\"”“»']")
_OF = re.compile(
    r"\b(?:of|from|in|under|for|within|per|aus|von|im|in der|"
    r"unter)\s+(?:the|this|that|an?|dem|der|den|das|des)?\s*([\w'’-]+(?:\s+(?:of\s+the\s+|"
    r"of\s+)?[\w'’-]+){0,4})",
    re.IGNORECASE,
)


_ARTICLES = frozenset({"the", "his", "her", "your", "this"})
_VERBS = frozenset({"return", "store", "record", "list", "note", "save", "box", "top", "first"})
"""Words that are verbs at most, but nouns after an article ("the seat of the return")."""


_IN_DETAIL = re.compile(
    r"\b(?:in detail|details? (?:pane|panel|view|area)|selected|preview|opened|currently shown)\b",
    re.IGNORECASE,
)
_DETAIL = frozenset({"detail", "details", "preview", "pane", "selected"})


def anchor_words(intent: str, fields: Sequence[str]) -> tuple[str, ...]:
    """Stems of what the intent names besides its verb and its fields."""
    taken = {stem(w) for name in fields for w in name_words(name)}
    dropped = LEXICON.stop | LEXICON.generic
    words = plain(intent).split()
    named = {w for before, w in pairwise(words) if before in _ARTICLES and w in _VERBS}
    return tuple(
        stem(w) for w in words if (w not in dropped or w in named) and stem(w) not in taken
    )


def anchored_scope(tree: Tree, intent: str, fields: Sequence[str]) -> Scope | None:
    """The part of the page that the intent names, None for the page's main record."""
    anchors = anchor_words(intent, fields)
    pane = _pane(tree) if of_detail(intent) else None
    if pane is not None:
        return pane
    by_heading = _headed(tree, anchors, fields, intent) if anchors else None
    if by_heading is not None:
        return by_heading
    for phrase in _phrases(intent):
        scope = _around_phrase(tree, phrase, fields)
        if scope is not None:
            return scope
    return None


def of_detail(intent: str) -> bool:
    """Whether an intent means the one record that a list shows in detail beside it."""
    return bool(_IN_DETAIL.search(intent))


def _pane(tree: Tree) -> Scope | None:
    """The one region beside a list that shows a thing in detail."""
    found = [
        index
        for index, node in enumerate(tree.nodes)
        if node.width * node.height >= 40_000
        and _DETAIL & {*name_words(node.text), *name_words(node.attrs.get("id", "")),
                       *name_words(node.cls.split(" ")[0])}
        and not tree.is_chrome(index)
    ]  # fmt: skip
    outer = [i for i in found if not any(i != o and i in tree.scope(o) for o in found)]
    return tree.scope(outer[0]) if len(outer) == 1 else None


def _headed(
    tree: Tree, anchors: tuple[str, ...], fields: Sequence[str], intent: str
) -> Scope | None:
    best: tuple[float, Heading] | None = None
    for heading in tree.headings:
        words = [w for w in name_words(heading.text) if w not in LEXICON.stop - _VERBS]
        meant = [stem(w) for w in words]
        if not meant or heading.rank == 1 or len(meant) > 6:
            continue
        hits = sum(w in anchors for w in meant)
        cover = hits / len(meant)
        if cover < 0.99 and not (hits and hits == len(set(anchors)) and cover >= 0.5):
            continue
        if label_owner(fields, heading.text) or sections_in(heading.text) - sections_in(intent):
            continue
        score = hits + cover - heading.rank / 20
        if best is None or score > best[0]:
            best = (score, heading)
    return tree.section(best[1]) if best else None


def label_owner(fields: Sequence[str], text: str) -> bool:
    """Whether a text is rather the label of one of the fields."""
    return any(label_score(name, text) >= 0.9 for name in fields)


def named_phrases(intent: str) -> list[str]:
    """Texts by which an intent names a thing: quoted, or after "about" and "called"."""
    return [m[1] for m in (*_QUOTED.finditer(intent), *_ABOUT.finditer(intent))]


def _phrases(intent: str) -> list[str]:
    found = named_phrases(intent)
    for match in _OF.finditer(intent):
        words = match[1].split(" ")
        found += [" ".join(words[:n]) for n in range(len(words), 0, -1)]
    kept: list[str] = []
    for phrase in found:
        meant = [w for w in plain(phrase).split() if w not in LEXICON.stop | LEXICON.generic]
        if meant and phrase not in kept:
            kept.append(phrase)
    return kept


def _around_phrase(tree: Tree, phrase: str, fields: Sequence[str]) -> Scope | None:
    """The smallest block around a text that holds labels or a record of the fields."""
    homes = [node for node, line in tree.lines if contains_phrase(line, phrase)]
    homes = [n for n in homes if not tree.acts(n)]
    if not homes or len(homes) > 3:
        return None
    home = homes[0]
    if any(h.node == home and h.rank == 1 for h in tree.headings):
        return None
    best: tuple[int, int] | None = None
    for ancestor in (home, *tree.ancestors(home)):
        if tree.nodes[ancestor].tag in ("body", "main") or tree.scope(ancestor) == tree.main:
            break
        scope = tree.scope(ancestor)
        labels = [p.label for p in pairs(tree, scope)]
        labels += [
            tree.nodes[i].text
            for i in range(scope.start, scope.end)
            if tree.nodes[i].tag == "button"
        ]
        hits = sum(any(label_score(f, label) >= 0.84 for label in labels) for f in fields)
        if hits and (best is None or hits > best[0]):
            best = (hits, ancestor)
    return tree.scope(best[1]) if best and best[0] * 2 >= min(len(fields), 4) else None
