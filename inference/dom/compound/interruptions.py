"""What popped up over the page unasked, and the harmless way out of it."""

import re
from collections.abc import Sequence
from typing import Final

from inference.decisions import ActKind, Decision, DontKnowReason
from inference.dom.compound.asked import LEADS, Answer, Asked, act
from inference.observation import Element, Rect

_OUT: Final = re.compile(
    r"^\W*(?:cancel|close|dismiss|no|no,? thanks|not now|later|maybe later|stay(?: \w+){0,4}|skip"
    r"|keep (?:\w+ ){0,3}(?:here|editing|going)|abbrechen|schlie(?:ß|ss)en|nein(?:,? danke)?"
    r"|später|annuler|fermer|non|cancelar|cerrar|[×✕✖✗⨯╳xX])\W*$",
    re.IGNORECASE,
)
_REACH: Final = 100
"""Pixels that a thing may reach beyond the controls that it covers."""
_DIALOG: Final = re.compile(r"\b(?:dialog\w*|pop-?up|modal|overlay|banner)\b", re.I)
_ONLY: Final = re.compile(r"^\W*(?:ok(?:ay)?|got it|understood|verstanden|continue)\W*$", re.I)


def step_aside(asked: Asked, answer: Answer) -> Answer:
    """The answer, or the way out of what lies over a target that can't be used because of it.

    Only where controls are disabled under it. Cancel, close or "not now"; the only button where
    that just acknowledges. What the step itself speaks of is left alone.
    """
    if isinstance(answer, Decision) or len(asked.done) >= 2 or _spoken_of(asked):
        return answer
    elements = asked.scene.observation.elements
    held = [one for one in elements if one.interactive and one.disabled and one.covered]
    if answer.reason is not DontKnowReason.BLOCKED or not held:
        return answer
    layers = [layer.box for layer in reversed(asked.scene.observation.layers)]
    areas = [box for box in layers if any(_middle_in(one, box) for one in held)]
    areas = areas or _covering(elements)
    for area in areas:
        inside = [one for one in asked.elements if _middle_in(one, area)]
        out = _way_out(inside)
        if out is not None:
            return act(ActKind.CLICK, out, "leaves what popped up", sure=LEADS, goes_on=True)
    return answer


def _spoken_of(asked: Asked) -> bool:
    return bool(_DIALOG.search(asked.question.intent))


def _covering(elements: Sequence[Element]) -> list[Rect]:
    """The place of what lies over other controls without being marked as a dialog."""
    boxes = [one.box for one in elements if one.interactive and one.covered]
    if not boxes:
        return []
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    bottom = max(box.y + box.height for box in boxes)
    return [Rect(left - _REACH, top - _REACH, right - left + 2 * _REACH, bottom - top + 2 * _REACH)]


def _middle_in(element: Element, area: Rect) -> bool:
    x, y = element.box.x + element.box.width / 2, element.box.y + element.box.height / 2
    return area.x <= x <= area.x + area.width and area.y <= y <= area.y + area.height


def _way_out(inside: list[Element]) -> Element | None:
    buttons = [one for one in inside if one.role in ("button", "link", "generic")]
    found = [one for one in buttons if _OUT.match(one.name or one.text)]
    if found:
        return found[0]
    if len(buttons) == 1 and len(inside) == 1 and _ONLY.match(buttons[0].name):
        return buttons[0]
    return None
