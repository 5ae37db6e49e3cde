"""Which of a page's lists is meant: by the headings over it and by where it stands."""

import re

from inference.extract.groups import Group
from inference.extract.nodes import Scope, squash
from inference.extract.tree import Tree
from inference.extract.words import LEXICON, contains_phrase, name_words, plain, sections_in, stem

_QUOTED = re.compile(r"[\"“„«'‘]([^\"”“»'’]{1,60})[\"”“»'’]")
_NOT = re.compile(
    r"\b(?:not|no|without|except|excluding|ohne|keine?)\s+(?:the\s+|die\s+)?\w+", re.IGNORECASE
)


def placing(tree: Tree, group: Group, intent: str, names: frozenset[str]) -> float:
    """How well the place and size of a group suit the intent; `names` are words of the fields."""
    by_name = named(tree, group, intent, names)
    choices = _choices(tree, group)
    aside = _in_aside(tree, group)
    chrome = tree.is_chrome(group.records[0]) or tree.inside(group.records[0], frozenset({"form"}))
    size = sum(tree.nodes[r].width * tree.nodes[r].height for r in group.records)
    count = min(len(group.records), 10) / 10
    worth = by_name + 0.35 * min(1.0, 2 * size / tree.largest) + 0.15 * count
    return worth - choices if by_name >= 0.35 else worth - choices - 0.4 * aside - 0.3 * chrome


def named(tree: Tree, group: Group, intent: str, names: frozenset[str] = frozenset()) -> float:
    """How much of the heading over the group the intent names, what it rules out aside."""
    wanted = _NOT.sub(" ", intent)
    if group.title and any(plain(m[1]) == plain(group.title) for m in _QUOTED.finditer(wanted)):
        return 1.0
    meant, told = sections_in(wanted), sections_in(group.title)
    if meant or told:
        return 0.9 if meant & told else -0.5
    banned = {stem(w) for m in _NOT.finditer(intent) for w in plain(m[0]).split()[1:]}
    said = {stem(w) for w in plain(wanted).split() if w not in LEXICON.stop}
    about = {stem(w) for h in tree.headings if h.rank == 1 for w in name_words(h.text)}
    general = {stem(w) for w in LEXICON.generic}
    title = {stem(w) for w in name_words(group.title) if w not in LEXICON.stop}
    if title & banned - said:
        return -0.5
    hits = title & said
    if not hits - names:
        marked = _marked(tree, group) & (said - general - names)
        return 0.45 if marked or hits else 0.0
    if hits <= general | about:
        return 0.1
    return 0.4 + 0.5 * len(hits) / len(title)


def is_form(tree: Tree, group: Group) -> bool:
    """Whether all records are nothing but a control with its label: a form, not a list."""
    spans = (group.span(tree, place) for place in range(len(group.records)))
    return not group.headers and all(_is_field(tree, span) for span in spans)


def is_apart(tree: Tree, group: Group) -> bool:
    """Whether a list is no part of the main matter: aside, navigation, the page's footer."""
    return _in_aside(tree, group) or all(tree.is_chrome(record) for record in group.records)


def stands_elsewhere(tree: Tree, group: Group, intent: str) -> bool:
    """Whether the intent names a section of the page in full, and the list stands under another.

    A section without a list of its own has no records; another list's would be wrong.
    """
    said = [
        heading
        for heading in tree.headings
        if 1 < heading.rank < 5
        and len([w for w in name_words(heading.text) if w not in LEXICON.stop]) > 1
        and contains_phrase(intent, heading.text)
    ]
    over = tree.heading_over(group.records[0])
    if len(said) != 1 or over is None or not 1 < over.rank < 5 or group.ends:
        return False
    return not any(record in tree.section(said[0]) for record in group.records)


def _choices(tree: Tree, group: Group) -> float:
    """What speaks against boxes to tick with short names: they are filters, not records."""
    ticked = sum(
        any(
            tree.nodes[i].attrs.get("type") in ("checkbox", "radio")
            for i in range(span.start, span.end)
        )
        and tree.weight(span) <= 40
        for span in (group.span(tree, place) for place in range(len(group.records)))
    )
    return 0.8 * ticked / len(group.records)


def _is_field(tree: Tree, span: Scope) -> bool:
    inside = [i for i in range(span.start, min(span.end, span.start + 40))]
    controls = [
        tree.nodes[i]
        for i in inside
        if tree.nodes[i].tag in ("input", "select", "textarea") and not tree.is_action(i)
    ]
    if len(controls) != 1 or any(tree.nodes[i].tag == "a" for i in inside):
        return False
    label = squash(controls[0].attrs.get("label", "") or controls[0].text)
    shown = tree.text(span).removesuffix(controls[0].attrs.get("value", "\n"))
    return bool(label) and plain(label) == plain(shown)


def _in_aside(tree: Tree, group: Group) -> bool:
    """Whether the whole list stands aside; a list may well begin with an advertisement."""
    return all(tree.in_aside(record) for record in group.records)


def _marked(tree: Tree, group: Group) -> set[str]:
    """Words of the machine names around a list: "cart" of `<div id="cart">`."""
    words: set[str] = set()
    for at in [group.parent, *tree.ancestors(group.parent)][:4]:
        node = tree.nodes[at]
        if node.tag not in ("body", "main", "html"):
            words |= {*name_words(node.attrs.get("id", "")), *name_words(node.cls.split(" ")[0])}
    return {stem(word) for word in words if len(word) > 2}
