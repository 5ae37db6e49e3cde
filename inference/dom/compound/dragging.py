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
_NO_CLICK: Final = re.compile(r"^\W*(?:drag|draw|sketch|paint|resize|ziehe|zeichne)\b", re.I)
"""What a click never does."""
_PLACES: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6,
                  "top": 1, "last": -1, "bottom": -1, "end": -1}  # fmt: skip
_SPOT: Final = re.compile(
    r"(?:the\s+)?(?P<spot>(?:(?:top|upper|bottom|lower|left|right|center|centre|middle)[\s-]*){1,2})"
    r"(?:corner|side|cell|edge)?(?:\s+of .+)?",
    re.IGNORECASE,
)
_QUOTES: Final = "\"“”„'‘’«» ."
_BY: Final = re.compile(
    r"\bby (one|two|three|\d+)\b(?! ?(?:px|pixels?|%|percent))(?: (?:positions?|places?|rows?))?",
    re.IGNORECASE,
)
_COUNTS: Final = {"one": 1, "two": 2, "three": 3}


def drag(asked: Asked) -> Answer | None:
    """The drag that the step asks for; None where it asks for none."""
    if asked.intent.type is not StepType.CLICK:
        return None
    found = _DRAG.match(asked.question.intent)
    verb_only = not _NO_CLICK.match(asked.question.intent)
    if found is None:
        why = "can't tell what to drag, and where to"
        return None if verb_only else dont_know(DontKnowReason.UNREADABLE, why)
    things = named(_things(asked), found.group("what").strip(_QUOTES))
    if len(things) != 1:
        if verb_only:
            return None
        reason = DontKnowReason.AMBIGUOUS if things else DontKnowReason.ABSENT
        return dont_know(reason, f"there is no single {found.group('what')!r} to drag", things)
    if verb_only and not things[0].draggable:
        return None
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
    items = _siblings(asked, thing)
    spot = _SPOT.fullmatch(where.strip())
    if how in ("up", "down", "left", "right"):
        count = None if by is None else _COUNTS.get(by.group(1)) or int(by.group(1))
        return None if count is None else _beside(items, thing, how, count)
    if spot is not None and (found := _at(items, spot.group("spot").casefold())) is not None:
        return found if found.ref != thing.ref else None
    if place is not None:
        to = place - 1 if place > 0 else len(items) - 1
        return items[to] if 0 <= to < len(items) and items[to].ref != thing.ref else None
    target = re.sub(r"^(?:the|a|an|den|die|das)\s+", "", where.strip(), flags=re.I).strip(_QUOTES)
    target = re.sub(r"\s+(?:column|list|box|area|folder|group|lane|zone)$", "", target, flags=re.I)
    ends = named(asked.scene.observation.elements, target) or named(
        asked.scene.observation.elements, where.strip(_QUOTES)
    )
    return ends[0] if len(ends) == 1 and ends[0].ref != thing.ref else None


def _middle_of(one: Element) -> tuple[float, float]:
    return one.box.x + one.box.width / 2, one.box.y + one.box.height / 2


def _beside(items: list[Element], thing: Element, how: str, count: int) -> Element | None:
    """The item that lies so many places in a direction, in a list or a grid."""
    across = how in ("left", "right")
    sign = 1 if how in ("right", "down") else -1
    x, y = _middle_of(thing)
    ahead: list[tuple[float, Element]] = []
    for one in items:
        along, aside = (_middle_of(one)[0] - x, _middle_of(one)[1] - y)
        if not across:
            along, aside = aside, along
        room = thing.box.height if across else thing.box.width
        if along * sign > 1 and abs(aside) < room / 2:
            ahead.append((along * sign, one))
    ahead.sort(key=lambda pair: pair[0])
    return ahead[count - 1][1] if count <= len(ahead) else None


def _at(items: list[Element], spot: str) -> Element | None:
    """The item at a spot of the grid, such as "top right"; None where none lies just there."""
    if len(items) < 2:
        return None
    across = [_middle_of(one)[0] for one in items]
    down = [_middle_of(one)[1] for one in items]
    x, y = (min(across) + max(across)) / 2, (min(down) + max(down)) / 2
    x = min(across) if "left" in spot else max(across) if "right" in spot else x
    upper, lower = re.search("top|upper", spot), re.search("bottom|lower", spot)
    y = min(down) if upper else max(down) if lower else y
    found = [
        one
        for one, a, b in zip(items, across, down, strict=True)
        if abs(a - x) < one.box.width / 3 and abs(b - y) < one.box.height / 3
    ]
    return found[0] if len(found) == 1 else None


def _place(where: str) -> int | None:
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
