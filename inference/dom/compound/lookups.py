"""One value of one thing, by label or column and name: "the email of X"."""

import re
from typing import Final

from inference.decisions import ActKind
from inference.dom.compound.asked import Answer, Asked, act, plain
from inference.dom.words import hint_words, words_of
from inference.observation import Element
from plans.step import StepType

_LOOKUP: Final = re.compile(
    r"\bthe\s+(?P<label>[\w-]+(?:\s+[\w-]+){0,2})\s+(?:of|for|from|belonging to)\s+"
    r"[\"“„](?P<name>[^\"”]+)[\"”]\W*$",
    re.IGNORECASE,
)
_GENERIC: Final = frozenset({"button", "link", "icon", "checkbox", "box", "menu", "field"})


def value_of(asked: Asked) -> Answer | None:
    """The control that holds the value of that label for that name; None where it is not clear."""
    found = _LOOKUP.search(asked.question.intent)
    if asked.intent.type is not StepType.CLICK or found is None:
        return None
    label, name = found.group("label"), found.group("name")
    if plain(label) in _GENERIC:
        return None
    cells = [one for one in asked.elements if one.name and _labelled(one, label)]
    mine = [one for one in cells if _of(asked, one, name)]
    if len(mine) != 1:
        return None
    return act(ActKind.CLICK, mine[0], f"the {label} of {name}")


def _labelled(element: Element, label: str) -> bool:
    """Whether the label stands before the value, over its column, or in the author's marks."""
    wanted = words_of(label).stems
    for text in (element.before, element.column):
        if text and len(text) < 40 and words_of(text).stems and words_of(text).stems <= wanted:
            return True
    return bool(wanted & hint_words(element.hints).stems) and len(wanted) == 1


def _of(asked: Asked, element: Element, name: str) -> bool:
    """Whether the value is about the name: by the heading over it, or in the same row."""
    if plain(element.heading) == plain(name):
        return True
    whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    return any(
        len(asked.scene.observation.groups[member.group].records) > 1
        and whole.search(asked.scene.record(member).text)
        for member in element.records
    )
