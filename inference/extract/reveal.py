"""Values that a page keeps behind a button: "Show phone number"."""

import re
from collections.abc import Sequence
from typing import Literal

from inference.content import Content
from inference.decisions import Record
from inference.extract.tree import Tree
from inference.extract.words import field_kind, label_score
from inference.observation import Box
from plans.step import ExtractField, Frozen

PhoneState = Literal["found", "none", "unknown"]

_REVEAL = re.compile(
    r"^(?:click (?:here )?to |tap to |press to )?(?:show|reveal|"
    r"view|see|display|get|unlock|load|call)\b(?:\W+\w+){0,3}?"
    r"\W+(?:phone|number|telephone|tel|mobile|contact|contacts)\b"
    r"|^(?:show|reveal) (?:number|contact)\b|^(?:phone|contact|"
    r"telephone)(?: number)? (?:show|anzeigen)$"
    r"|\b(?:telefon\w*|nummer|rufnummer|kontakt\w*)\W+(?:an)?zeigen\b|"
    r"^zeige\b.*\b(?:nummer|telefon\w*)\b"
    r"|\d{2,}[\s\d()-]*[x•*…]{2,}",
    re.IGNORECASE,
)
_FOLDED = re.compile(r"^(?:contact|kontakt|seller|verkäufer|phone)\b", re.IGNORECASE)
_NOT = re.compile(r"\b(?:my|your|country|order|account|card|tracking)\b", re.IGNORECASE)


class Reveal(Frozen):
    """Something to press that shows a missing value.

    `text` is its visible text, `node` its place in the content, `box` where it lies.
    """

    text: str
    node: int
    box: Box


def reveal_wanted(
    content: Content, fields: Sequence[ExtractField], record: Record
) -> Reveal | None:
    """What to press so that a phone number asked for and not found may show; None for nothing.

    Press it, capture and extract again; the button is expected to be gone or changed then.
    """
    missing = [f for f in fields if is_phone(f) and _value(record, f) is None]
    return _reveal(Tree(content)) if missing else None


def phone_state(content: Content, value: str | None) -> PhoneState:
    """What is known of a phone number.

    "none" only where the whole page was read and nothing is left that would reveal one.
    """
    if value is not None:
        return "found"
    if not content.complete or _reveal(Tree(content)) is not None:
        return "unknown"
    return "none"


def is_phone(field: ExtractField) -> bool:
    """Whether a field asks for a phone number, a fax aside."""
    kind = field_kind(field.name, field.type)
    return kind == "phone" and label_score(field.name, "fax") < 0.9


def _value(record: Record, field: ExtractField) -> str | None:
    found = record.fields.get(field.name)
    return found.value if found is not None else None


def _reveal(tree: Tree) -> Reveal | None:
    for index, node in enumerate(tree.nodes):
        if node.attrs.get("disabled") == "true" or tree.in_aside(index) or tree.is_chrome(index):
            continue
        if not (tree.is_action(index) or node.tag in ("a", "label") or node.flags & 32):
            continue
        text = tree.text(tree.scope(index)) or node.text or node.attrs.get("value", "")
        if not text or len(text) > 60 or _NOT.search(text):
            continue
        folded = node.attrs.get("expanded") == "false" and _FOLDED.search(text)
        if folded or _REVEAL.search(text):
            box = Box(x=node.x, y=node.y, width=node.width, height=node.height)
            return Reveal(text=text, node=index, box=box)
    return None
