"""Drag one thing onto another, or to another place in its list."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, dont_know, named
from inference.dom.scene import label_of
from inference.observation import Element
from plans.step import StepType

_DRAG: Final = re.compile(
    r"^\W*(?:drag(?: and drop)?|move|ziehe|verschiebe)\s+(?:the\s+|den\s+|die\s+|das\s+)?"
    r"(?P<what>.+?)\s+(?P<how>up|down|left|right|onto|into|in|to|on|over|between|before|after"
    r"|above|below|auf|nach)\b\s*(?P<where>.*?)\W*$",
    re.IGNORECASE,
)
_PLACES: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6,
                  "top": 1, "last": -1, "bottom": -1, "end": -1}  # fmt: skip
_QUOTES: Final = "\"“”„'‘’«» ."
_BY: Final = re.compile(r"\bby (one|two|three|\d+) (?:positions?|places?|steps?|rows?)", re.I)
_COUNTS: Final = {"one": 1, "two": 2, "three": 3}


def drag(asked: Asked) -> Answer | None:
    """The drag that the step asks for; None where it asks for none."""
    found = _DRAG.match(asked.question.intent)
    if asked.intent.type is not StepType.CLICK or found is None:
        return None
    verb_only = not re.match(r"^\W*(?:drag|ziehe)", asked.question.intent, re.IGNORECASE)
    things = named(_things(asked), found.group("what").strip(_QUOTES))
    if len(things) != 1:
        if verb_only:
            return None
        reason = DontKnowReason.AMBIGUOUS if things else DontKnowReason.ABSENT
        return dont_know(reason, f"there is no single {found.group('what')!r} to drag", things)
    onto = _end(asked, things[0], found.group("how").casefold(), found.group("where"))
    if onto is None:
        return dont_know(DontKnowReason.ABSENT, "can't tell where the drag ends", things)
    return act(ActKind.DRAG, things[0], f"onto {label_of(onto)[:40]!r}", onto=onto)


def _things(asked: Asked) -> list[Element]:
    return [one for one in asked.scene.observation.elements if not one.disabled]


def _end(asked: Asked, thing: Element, how: str, where: str) -> Element | None:
    """What the drag ends on: the thing named, or the item at the place meant."""
    by = _BY.search(where)
    place = _place(where)
    if how in ("up", "down", "left", "right") or place is not None:
        items = _siblings(asked, thing)
        at = next((i for i, one in enumerate(items) if one.ref == thing.ref), -1)
        if at < 0:
            return None
        if place == 0:
            return _middle(items)
        if place is not None:
            to = place - 1 if place > 0 else len(items) - 1
        else:
            count = 1 if by is None else _COUNTS.get(by.group(1)) or int(by.group(1))
            if by is None:
                return None
            to = at + (count if how in ("down", "right") else -count)
        return items[to] if 0 <= to < len(items) and to != at else None
    target = re.sub(r"^(?:the|a|an|den|die|das)\s+", "", where.strip(), flags=re.I).strip(_QUOTES)
    target = re.sub(r"\s+(?:column|list|box|area|folder|group|lane|zone)$", "", target, flags=re.I)
    ends = named(asked.scene.observation.elements, target) or named(
        asked.scene.observation.elements, where.strip(_QUOTES)
    )
    return ends[0] if len(ends) == 1 and ends[0].ref != thing.ref else None


def _middle(items: list[Element]) -> Element | None:
    """The item in the middle of a list or grid, None where there is no single one."""
    x = sum(one.box.x + one.box.width / 2 for one in items) / len(items)
    y = sum(one.box.y + one.box.height / 2 for one in items) / len(items)
    found = [
        one
        for one in items
        if abs(one.box.x + one.box.width / 2 - x) < one.box.width / 3
        and abs(one.box.y + one.box.height / 2 - y) < one.box.height / 3
    ]
    return found[0] if len(found) == 1 else None


def _place(where: str) -> int | None:
    if re.fullmatch(r"(?:the\s+)?(?:center|centre|middle|mitte)(?: of .+)?", where.strip(), re.I):
        return 0
    found = re.search(r"\b(\d+)(?:st|nd|rd|th)\b|\b(" + "|".join(_PLACES) + r")\b", where, re.I)
    if found is None or not re.search(r"position|place|top|bottom|end|spot|slot", where, re.I):
        return None
    return int(found.group(1)) if found.group(1) else _PLACES[found.group(2).casefold()]


def _siblings(asked: Asked, thing: Element) -> list[Element]:
    """The items that the thing is one of, in page order."""
    if not thing.records:
        return []
    group = thing.records[0].group
    found: dict[int, Element] = {}
    for one in asked.scene.observation.elements:
        for member in one.records[:1]:
            if member.group == group and (member.ordinal not in found or one.ref == thing.ref):
                found[member.ordinal] = one
    return [found[at] for at in sorted(found)]
