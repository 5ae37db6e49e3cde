"""Whether a list page still shows the filters that a plan has set."""

import re
from collections.abc import Sequence
from itertools import islice
from urllib.parse import parse_qsl, unquote, urlsplit

from inference.content import Content, Node
from inference.extract.nodes import CONTROLS
from inference.extract.tree import Tree
from inference.extract.words import contains_phrase, is_placeholder, label_score, name_words, plain
from plans.calls import Present
from plans.filters import ListFilter

_ON = frozenset({"applied", "active", "selected", "current", "on", "checked", "chosen"})
_TAGS = frozenset({"chip", "chips", "tag", "pill", "token", "refinement", "crumb", "facet"})
_OFF = re.compile(r"^(?:×|✕|✖|x)$|\b(?:remove|clear|delete|entfernen|supprimer|quitar)\b", re.I)
_STATES = ("checked", "selected", "pressed", "current")


def filters_present(content: Content, filters: Sequence[ListFilter]) -> Present:
    """Whether all filters show as set, one shows as not set, or that can't be told.

    A filter shows in a control of its state, as a chip that takes it away again, in the
    address, or in the page's main heading.
    """
    tree = Tree(content)
    found = {_present(tree, one) for one in filters}
    if "fail" in found:
        return "fail"
    return "unknown" if "unknown" in found or not found else "pass"


def _present(tree: Tree, wanted: ListFilter) -> Present:
    states = [_state(tree, index, wanted) for index in range(len(tree.nodes))]
    if True in states or _in_address(tree.content.url, wanted) or _in_heading(tree, wanted):
        return "pass"
    return "fail" if False in states else "unknown"


def _state(tree: Tree, index: int, wanted: ListFilter) -> bool | None:
    """What an element says of a filter: set, not set, or nothing (None)."""
    node = tree.nodes[index]
    if node.tag in ("#text", "br"):
        return None
    if node.tag in CONTROLS and node.attrs.get("type") not in ("checkbox", "radio"):
        return _of_control(node, wanted)
    called = node.attrs.get("label") or node.text
    if any(state in node.attrs for state in _STATES):
        called = called or tree.text(tree.scope(index))
        if len(called) > 80 or not contains_phrase(called, wanted.value):
            return None
        on = any(node.attrs.get(state) not in (None, "false") for state in _STATES)
        return True if on else (False if plain(called) == plain(wanted.value) else None)
    return True if _is_chip(tree, index, wanted) else None


def _of_control(node: Node, wanted: ListFilter) -> bool | None:
    label, value = node.attrs.get("label") or node.text, node.attrs.get("value", "")
    if value and _same(value, wanted.value):
        return True
    named = bool(wanted.label) and label_score(wanted.label, label) >= 0.9
    return False if named and (node.tag == "select" or not value or is_placeholder(value)) else None


def _is_chip(tree: Tree, index: int, wanted: ListFilter) -> bool:
    """A chip that holds the value and is marked as set, or the button that removes it."""
    node = tree.nodes[index]
    if node.tag in ("option", "label", "select", "body", "main", "form"):
        return False
    words = set(name_words(node.cls))
    if words & _ON and words & _TAGS:
        return contains_phrase(tree.text(tree.scope(index)), wanted.value)
    if not (node.text and _OFF.search(node.text)):
        return False
    around = (tree.text(tree.scope(at), commands=False) for at in tree.ancestors(index))
    nearest = next((text for text in islice(around, 3) if text), "")
    return len(nearest) <= 60 and contains_phrase(nearest, wanted.value)


def _in_address(url: str, wanted: ListFilter) -> bool:
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query)]
    values += [unquote(part) for part in parts.path.split("/")]
    return any(_same(value, wanted.value) for value in values)


def _in_heading(tree: Tree, wanted: ListFilter) -> bool:
    tops = [heading.text for heading in tree.headings if heading.rank == 1]
    return any(contains_phrase(text, wanted.value) for text in tops)


def _same(shown: str, value: str) -> bool:
    if plain(shown) == plain(value):
        return True
    return re.sub(r"\D", "", shown) == value.strip() if value.strip().isdecimal() else False
