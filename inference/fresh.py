"""Fresh acts: a model's answer about an earlier look, found again on the page as it is now.

Nothing is acted on that is not what the model was shown: the same element by frame, role,
name, place in the markup and record, about where it was, and not covered since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inference.asking import Grounded, Look, Seen
from inference.decisions import ActKind, Decision, Point
from inference.observation import Box, Element, Observation, Rect
from inference.showing import (
    LONGEST,
    Wording,
    box_of,
    can_be_seen,
    pictures_of,
    record_of,
    same_page,
)
from plans.step import TierName

_NEAR_PX: Final = 120.0
"""How far an element may have moved, or its own diagonal where that is more."""
_STILL_PX: Final = 6.0
"""How far a picture, or what lies around a bare place, may have moved."""
_AROUND_PX: Final = 150.0
_DROP_PX: Final = 60_000.0
"""A larger element is no target of a drag as a whole: the place in it is."""
_PAGE_WIDE: Final = 0.6
"""An element that takes more of the view than this is a backdrop: what is meant is a place."""
_WHOLE: Final = frozenset(
    {
        "button",
        "link",
        "checkbox",
        "radio",
        "switch",
        "textbox",
        "searchbox",
        "combobox",
        "listbox",
        "option",
        "tab",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "spinbutton",
        "treeitem",
    }
)
"""Roles whose elements are meant as a whole, wherever in them a model points."""
_FIELDS: Final = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "listbox"})
_WRITING: Final = frozenset({ActKind.FILL, ActKind.TYPE, ActKind.SELECT})
_AIMLESS: Final = frozenset({ActKind.WAIT, ActKind.DONE, ActKind.INPUT})

_Called = tuple[str, str, int]
"""Role, name and frame of an element."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The page is not what the model was asked about: `why`, a clause for people."""

    why: str


def at_place(seen: Sequence[Seen], x: float, y: float, act: ActKind = ActKind.CLICK) -> Seen | None:
    """What a place means: the smallest box with it that can be acted on, else of any kind.

    What is written goes into a field, where one is there.
    """
    around = [one for one in seen if _holds(one.box, x, y)]
    writing = act in _WRITING

    def rank(one: Seen) -> tuple[bool, bool, float]:
        no_field = writing and one.role not in _FIELDS
        return no_field, not one.interactive, one.box.width * one.box.height

    return min(around, key=rank, default=None)


def is_backdrop(look: Look, shown: Seen) -> bool:
    """Whether an element lies behind most of the view: of a place in it, the place is meant."""
    view = look.width * look.height
    return shown.ref >= 0 and shown.box.width * shown.box.height > _PAGE_WIDE * view


def resolve(
    look: Look,
    answer: Grounded,
    observation: Observation,
    tier: TierName,
    word: Wording = str,
) -> Decision | Stale:
    """Where what a model has decided on a look is on the page as it is now.

    Args:
        look: what the model was asked about.
        answer: what it said; its refs and places are those of the look.
        observation: the page now.
        tier: the model's.
        word: as the look was written.

    Returns:
        The same decision about the observation; stale where its target is not the same any
        more, or the answer names nothing that was shown.
    """
    if answer.act in _AIMLESS:
        return _decision(answer, tier)
    if not same_page(look.url, word(observation.url)):
        return Stale("another page is shown now")
    if answer.ref is None and (answer.x is None or answer.y is None):
        return _decision(answer, tier)
    if (look.width, look.height) != (observation.width, observation.height):
        return Stale("the view has another size now")
    return _Finding(look, answer, observation, tier, word).found()


@dataclass(frozen=True)
class _Finding:
    look: Look
    answer: Grounded
    observation: Observation
    tier: TierName
    word: Wording

    def found(self) -> Decision | Stale:
        target = self._target(self.answer.ref, self.answer.x, self.answer.y)
        if isinstance(target, Stale):
            return target
        text = self.answer.text
        onto: int | None = None
        if self.answer.act is ActKind.DRAG and self.answer.to_x is not None:
            end = self._end(target)
            if isinstance(end, Stale):
                return end
            onto, text = end
        return _decision(
            self.answer, self.tier, ref=target.ref, point=target.point, onto=onto, text=text
        )

    def _target(self, ref: int | None, x: float | None, y: float | None) -> "_Target | Stale":
        if ref is not None:
            shown = next((one for one in self.look.elements if one.ref == ref), None)
            if shown is None:
                return Stale("it names an element that it was not shown")
            if ref < 0:
                return self._in_picture(shown, _middle(shown.box))
            return self._again(shown, None)
        assert x is not None and y is not None
        if not (0 <= x < self.look.width and 0 <= y < self.look.height):
            return Stale("it names a place outside of the view")
        point = Point(x=x, y=y)
        shown = at_place(self.look.elements, x, y, self.answer.act)
        if shown is None or is_backdrop(self.look, shown):
            return self._bare(point)
        if shown.ref < 0:
            return self._in_picture(shown, point)
        return self._again(shown, None if shown.role in _WHOLE else point)

    def _again(self, shown: Seen, point: Point | None) -> "_Target | Stale":
        """The element that was shown, among those of now."""
        name = f"{shown.role} {shown.name!r}"
        alike = [
            one
            for one in self.observation.elements
            if (one.frame, one.role) == (shown.frame, shown.role)
            and self.word(one.name)[:LONGEST] == shown.name
        ]
        alike = [one for one in alike if self._is_same(shown, one, alone=len(alike) == 1)]
        if not alike:
            return Stale(f"{name} is not there any more, or is another one")
        nearest = min(alike, key=lambda one: _apart(shown.box, one.box))
        if _apart(shown.box, nearest.box) > max(_NEAR_PX, _diagonal(shown.box)):
            return Stale(f"{name} has moved")
        if nearest.covered:
            return Stale(f"something covers {name}")
        if nearest.disabled and not shown.disabled:
            return Stale(f"{name} can't be used now")
        if nearest.checked != shown.checked:
            return Stale(f"{name} was switched")
        if point is not None:
            moved = _corner_moved(shown.box, nearest.box)
            point = Point(x=point.x + moved[0], y=point.y + moved[1])
        return _Target(nearest.ref, point)

    def _is_same(self, shown: Seen, now: Element, *, alone: bool) -> bool:
        """Whether it says and leads to the same; of several alike, in the same place, too."""
        word = self.word
        if word(now.text)[:LONGEST] != shown.text or word(now.href)[: 2 * LONGEST] != shown.href:
            return False
        if word(record_of(self.observation, now))[:LONGEST] != shown.record:
            return False
        return (alone and shown.name != "") or word(now.path) == shown.path

    def _in_picture(self, shown: Seen, point: Point) -> "_Target | Stale":
        """A place in a picture or canvas that is the same and has not moved."""
        what = "the canvas" if shown.role == "canvas" else "the picture"
        for one in pictures_of(self.observation, self.word):
            if (one.frame, one.path, one.name) != (shown.frame, shown.path, shown.name):
                continue
            if _differs(one.box, shown.box):
                return Stale(f"{what} has moved, or changed its size")
            if (cover := self._new_at(point)) is not None:
                return Stale(f"{cover} covers {what}")
            return _Target(None, point)
        return Stale(f"{what} is not there any more")

    def _bare(self, point: Point) -> "_Target | Stale":
        """A place that is no element's: what lies around it must lie as it did."""
        if (cover := self._new_at(point)) is not None:
            return Stale(f"{cover} is there now")
        now: dict[_Called, list[Rect]] = {}
        for one in self.observation.elements:
            now.setdefault(self._called(one), []).append(one.box)
        for one in self.look.elements:
            if one.ref < 0 or _distance(one.box, point) > _AROUND_PX:
                continue
            boxes = now.get((one.role, one.name, one.frame), ())
            if all(_differs(box, one.box) for box in boxes):
                return Stale("what lies around the place has changed")
        return _Target(None, point)

    def _called(self, element: Element) -> "_Called":
        return element.role, self.word(element.name)[:LONGEST], element.frame

    def _new_at(self, point: Point) -> str | None:
        """What was not there at the look and lies over a place now."""
        shown = (one for one in self.look.elements if _holds(one.box, point.x, point.y))
        before = {(one.role, one.name, one.frame) for one in shown}
        for one in self.observation.elements:
            box = box_of(one.box)
            backdrop = box.width * box.height > _PAGE_WIDE * self.look.width * self.look.height
            if backdrop or not _holds(box, point.x, point.y) or not can_be_seen(one):
                continue
            if self._called(one) not in before:
                return f"{one.role} {self.word(one.name)[:60]!r}"
        return None

    def _end(self, target: "_Target") -> tuple[int | None, str] | Stale:
        """Where a drag ends: an element, or the way there as text."""
        x, y = self.answer.to_x, self.answer.to_y
        assert x is not None
        if y is None or not (0 <= x < self.look.width and 0 <= y < self.look.height):
            return Stale("it drags to a place outside of the view")
        shown = at_place(self.look.elements, x, y)
        small = shown is not None and shown.box.width * shown.box.height <= _DROP_PX
        if shown is not None and small and shown.ref >= 0 and shown.ref != self.answer.ref:
            end = self._again(shown, None)
            if isinstance(end, Stale):
                return end
            if end.ref is not None and end.ref != target.ref:
                return end.ref, ""
        return None, self._way(target, x, y)

    def _way(self, target: "_Target", x: float, y: float) -> str:
        start = target.point
        if start is None:
            assert target.ref is not None
            start = _middle(box_of(self.observation.element(target.ref).box))
        return f"{x - start.x:.0f},{y - start.y:.0f}"


@dataclass(frozen=True, slots=True)
class _Target:
    ref: int | None
    point: Point | None


def _decision(
    answer: Grounded,
    tier: TierName,
    *,
    ref: int | None = None,
    point: Point | None = None,
    onto: int | None = None,
    text: str | None = None,
) -> Decision:
    return Decision(
        act=answer.act,
        ref=ref,
        confidence=answer.confidence,
        tier=tier,
        text=answer.text if text is None else text,
        why=answer.why,
        onto=onto,
        point=point,
        goes_on=answer.goes_on,
    )


def _holds(box: Box, x: float, y: float) -> bool:
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height


def _middle(box: Box) -> Point:
    return Point(x=box.x + box.width / 2, y=box.y + box.height / 2)


def _apart(one: Box, other: Rect) -> float:
    first, second = _middle(one), _middle(box_of(other))
    return ((first.x - second.x) ** 2 + (first.y - second.y) ** 2) ** 0.5


def _diagonal(box: Box) -> float:
    return (box.width**2 + box.height**2) ** 0.5


def _corner_moved(one: Box, other: Rect) -> tuple[float, float]:
    return other.x - one.x, other.y - one.y


def _differs(one: Box | Rect, other: Box) -> bool:
    parts = ((one.x, other.x), (one.y, other.y), (one.width, other.width))
    return any(abs(a - b) > _STILL_PX for a, b in (*parts, (one.height, other.height)))


def _distance(box: Box, point: Point) -> float:
    across = max(box.x - point.x, 0.0, point.x - box.x - box.width)
    down = max(box.y - point.y, 0.0, point.y - box.y - box.height)
    return (across**2 + down**2) ** 0.5
