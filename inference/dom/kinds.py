"""Targets named by their kind alone: "the text field", "the 3rd radio button"."""

import re
from typing import Final

from inference.dom.intent import Intent
from inference.dom.scene import TEXT_ROLES, Scene
from inference.dom.units import Unit
from inference.dom.vetoes import says_generic
from inference.dom.words import stem
from inference.observation import Element
from plans.step import StepType

_FIELD: Final = TEXT_ROLES | {"combobox"}
_KINDS: Final[dict[str, frozenset[str]]] = {
    stem(word): roles
    for words, roles in (
        ("textbox text field input textarea box textfield", _FIELD),
        ("checkbox", frozenset({"checkbox"})),
        ("radio", frozenset({"radio"})),
        ("button", frozenset({"button"})),
        ("link", frozenset({"link"})),
        ("tab", frozenset({"tab"})),
        ("slider", frozenset({"slider"})),
        ("switch toggle", frozenset({"switch"})),
        ("dropdown select combobox", frozenset({"combobox", "listbox"})),
    )
    for word in words.split()
}
"""Stem of a kind's name → the roles it means; the first kind named in an intent wins but
radio, checkbox and slider before the words they stand with."""
_ANY: Final = re.compile(r"\b(?:an?|any)\b", re.IGNORECASE)
_AREA: Final = re.compile(r"text ?area", re.IGNORECASE)
_STRONGER: Final = tuple(stem(word) for word in ("radio", "checkbox", "slider", "switch", "tab"))


def by_kind(scene: Scene, intent: Intent, pool: tuple[Element, ...]) -> Element | None:
    """The only element of the kind named, or the counted one; None when more is named."""
    if intent.label or any(_names_more(unit, intent) for unit in intent.units):
        return None
    roles = _roles(intent)
    if roles is None:
        return None
    found = [element for element in pool if element.role in roles and not element.covered]
    if intent.type is StepType.CLICK and roles is _FIELD:
        area = bool(_AREA.search(intent.text))
        found = [element for element in found if (element.tag == "textarea") is area] or found
    if intent.ordinal is None:
        several = bool(_ANY.search(intent.text)) and intent.type is StepType.CLICK
        only = found[0] if len(found) == 1 or (found and several) else None
        return only if only is not None and says_generic(intent, only) else None
    at = intent.ordinal - 1 if intent.ordinal > 0 else len(found) - 1
    return found[at] if 0 <= at < len(found) else None


def _names_more(unit: Unit, intent: Intent) -> bool:
    if unit.verb or unit.weight <= 0.25 or set(unit.phrase.stems) & _KINDS.keys():
        return False
    return not (unit.quoted and len(unit.phrase.stems) == 1 and unit.phrase.stems[0] in _KINDS)


def _roles(intent: Intent) -> frozenset[str] | None:
    stems = [one for unit in (*intent.counted, *intent.units) for one in unit.phrase.stems]
    named = [one for one in stems if one in _KINDS]
    for one in _STRONGER:
        if one in named:
            return _KINDS[one]
    if named:
        return _KINDS[named[0]]
    return _FIELD if intent.type is StepType.FILL_FIELD and intent.units == () else None
