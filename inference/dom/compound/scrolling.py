"""Scroll one thing of the page: a text area, a list, a box with its own scroll bar."""

import re
from typing import Final

from inference.decisions import ActKind
from inference.dom.compound.asked import Answer, Asked, act
from inference.dom.scene import label_of
from inference.dom.words import STOP, words_of
from inference.observation import Element
from plans.step import StepType

_WAY: Final = re.compile(
    r"\b(?:to (?:the )?(?:very )?)?(?P<way>bottom|end|top|start|beginning|down|up)\b", re.I
)
_WAYS: Final = {"end": "bottom", "start": "top", "beginning": "top"}
_AREA: Final = re.compile(r"\btext ?area\b|\btext ?box\b", re.IGNORECASE)


def scroll_inside(asked: Asked) -> Answer | None:
    """Scroll the text area that the step names; None where it means the page."""
    if asked.intent.type is not StepType.SCROLL:
        return None
    way = _WAY.search(asked.question.intent)
    if way is None or not _AREA.search(asked.question.intent):
        return None
    areas = [one for one in asked.scene.observation.elements if one.tag == "textarea"]
    meant = _meant(asked, areas)
    if meant is None:
        return None
    text = _WAYS.get(way.group("way").casefold(), way.group("way").casefold())
    return act(ActKind.SCROLL, meant, f"scrolls it to its {text}", text=text)


def _meant(asked: Asked, areas: list[Element]) -> Element | None:
    if len(areas) == 1:
        return areas[0]
    said = {unit for unit in words_of(asked.question.intent).stems if unit not in STOP}
    rated = [one for one in areas if words_of(label_of(one)).stems & said]
    return rated[0] if len(rated) == 1 else None
