"""What else fits: whether two elements are the same thing, alike, or rivals."""

import re
from collections.abc import Sequence
from typing import Final

from inference.dom.scene import Scene, label_of
from inference.dom.scoring import Scored
from inference.dom.units import Unit
from inference.observation import Element

WRAPPERS: Final = frozenset({"generic", "gridcell", "cell", "listitem", "row"})
"""Roles of what may be wrapped around a control and bear its name."""
NAMED: Final = 0.28
"""The least margin of a target that was told apart by what it belongs to, all of it said there."""
ANCHORED: Final = 0.2
"""The least margin of a target that was told apart from others by what it belongs to."""


def margin_of(units: tuple[Unit, ...], best: Scored, rivals: Sequence[Scored]) -> float:
    """The distance to the nearest rival; one that lacks what the best has is further off."""
    return min((_distance(units, best, one) for one in rivals), default=1.0)


def _distance(units: tuple[Unit, ...], best: Scored, rival: Scored) -> float:
    distance = best.score - rival.score
    if rival.missing_strong and not best.missing_strong:
        distance += 0.1
    pairs = list(zip(units, best.own_said, rival.own_said, strict=True))
    if all(mine >= theirs - 0.16 for _, mine, theirs in pairs) and any(
        (unit.name and mine >= 0.9 and theirs < 0.5)
        or (len(unit.phrase.stems) > 1 and mine >= 0.95 and theirs < 0.8)
        for unit, mine, theirs in pairs
    ):
        distance = max(distance, ANCHORED)
    return distance


def alike(best: Scored, other: Scored) -> bool:
    """Whether two elements offer the same act, on different things."""
    if best.element.role != other.element.role:
        return False
    return _act_name(best.element) == _act_name(other.element)


def _act_name(element: Element) -> str:
    return re.sub(r"[\W\d]+", " ", label_of(element)).strip().casefold()


def same_thing(scene: Scene, best: Scored, other: Scored) -> bool:
    """Whether acting on either does the same: twins of one control, or parts of one link."""
    one, two = best.element, other.element
    if one.href and one.href == two.href and one.role == two.role and one.href[-1] != "#":
        return True
    if one.name == two.name and (_holds(one, two) or _holds(two, one)):
        return True
    if one.name != two.name or one.role != two.role or one.role not in ("button", "link"):
        return False
    if one.group != two.group or _apart(scene, one, two):
        return False
    return one.block == two.block or one.form == two.form >= 0


def innermost(element: Element, ranked: Sequence[Scored]) -> Element:
    """The control itself where the best one is a wrapper of the same name around it."""
    if element.role not in WRAPPERS:
        return element
    inner = [
        one.element
        for one in ranked[:20]
        if one.element.role not in WRAPPERS
        and one.element.interactive
        and one.element.name == element.name
        and _holds(element, one.element)
    ]
    return inner[0] if inner else element


def _holds(outer: Element, inner: Element) -> bool:
    """Whether one box lies in the other: a wrapper and its control, a section and its title."""
    a, b = outer.box, inner.box
    return (
        a.x <= b.x + 1
        and a.y <= b.y + 1
        and a.x + a.width >= b.x + b.width - 1
        and a.y + a.height >= b.y + b.height - 1
    )


def _apart(scene: Scene, one: Element, two: Element) -> bool:
    """Whether the two lie in different records of one list that has items of its own."""
    groups = {
        member.group: member.ordinal
        for member in one.records
        if scene.record(member).text not in (one.text, one.name)
    }
    return any(
        member.group in groups and groups[member.group] != member.ordinal for member in two.records
    )
