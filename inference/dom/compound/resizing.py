"""Make a text area larger or smaller by its corner."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason, Point
from inference.dom.compound.asked import Answer, Asked, act, dont_know
from plans.step import StepType

_RESIZE: Final = re.compile(
    r"^\W*(?:resize|enlarge|shrink|stretch)\b.*\btext ?(?:area|box|field)\b", re.I
)
_SIDES: Final = re.compile(
    r"\b(?P<side>height|width)\b.*?\b(?P<way>larger|taller|wider|bigger|greater|more|smaller"
    r"|shorter|narrower|less)\b"
    r"|\b(?P<alone>taller|wider|shorter|narrower)\b",
    re.IGNORECASE,
)
_BY: Final = 40
_INSET: Final = 4
"""Pixels from the corner at which it is taken hold of."""
_LESS: Final = frozenset({"smaller", "shorter", "narrower", "less"})
_WIDTH: Final = frozenset({"width", "wider", "narrower"})


def resize(asked: Asked) -> Answer | None:
    """Drag the lower right corner of the only text area; None where the step resizes nothing.

    The corner is a point of the page: some areas have a handle of their own over it.
    """
    text = asked.question.intent
    if asked.intent.type is not StepType.CLICK or not _RESIZE.search(text):
        return None
    areas = [one for one in asked.elements if one.tag == "textarea"]
    sides = _SIDES.search(text)
    if len(areas) != 1 or sides is None:
        return dont_know(DontKnowReason.UNREADABLE, "can't tell what to resize, and how", areas)
    words = {one.casefold() for one in sides.groups() if one}
    by = -_BY if words & _LESS else _BY
    way = f"{by},0" if words & _WIDTH else f"0,{by}"
    box = areas[0].box
    corner = Point(x=box.x + box.width - _INSET, y=box.y + box.height - _INSET)
    drag = act(ActKind.DRAG, None, "by its corner", text=way)
    return drag.model_copy(update={"point": corner})
