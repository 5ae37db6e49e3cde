"""Tell alike targets apart by the things they belong to: "the Remove of the blue mug"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inference.dom.scene import Scene, label_of
from inference.dom.scoring import Scored
from inference.dom.units import Unit
from inference.dom.words import STOP, Phrase, likeness, phrases, words_of
from inference.observation import Element

SAID: Final = 0.7
"""How well a text must say a word to count as naming it."""

SPARE: Final = 0.34
"""A title that says more than this beside what was asked for does not decide."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A container around an element; `key` tells containers apart."""

    key: tuple[str, int, int]
    text: str
    title: str


class Anchors:
    """Tells which of several alike elements lies in the thing that the intent names."""

    def __init__(self, scene: Scene, units: Sequence[Unit]) -> None:
        self._scene = scene
        self._all = tuple(units)
        self._units: list[Unit] = []
        self._places: dict[int, tuple[_Place, ...]] = {}

    def choose(self, ranked: Sequence[Scored]) -> Scored | None:
        """The one whose own thing says more of the intent than that of each other; else None.

        `ranked` are elements that fit about as well themselves, the best first.
        """
        own = ranked[0].own_said
        self._units = [
            unit
            for unit, at in zip(self._all, own, strict=True)
            if at < SAID and not unit.verb and not unit.strong and unit.weight >= 0.9
        ]
        for one in ranked:
            if all(other is one or self._beats(one, other) for other in ranked):
                return one if self._complete(one) else None
        return None

    def _complete(self, one: Scored) -> bool:
        """Whether what the element belongs to says enough: all names, and most of the rest."""
        if one.missing_names:
            return False
        around = self._named(" ".join(place.text for place in self._around(one.element)))
        own = self._named(label_of(one.element))
        wanted = len(self._units)
        return wanted > 0 and len(around | own) >= 0.7 * wanted

    def _beats(self, one: Scored, other: Scored) -> bool:
        mine, yours = self._sides(one.element, other.element)
        said, theirs = self._named(mine.text), self._named(yours.text)
        if said == theirs:
            spare = self._spare(mine, said)
            return bool(said) and spare <= SPARE and spare < self._spare(yours, said)
        return said > theirs

    def _named(self, text: str) -> frozenset[int]:
        """The places of the units that a text says."""
        words = words_of(text)
        return frozenset(
            at for at, unit in enumerate(self._units) if likeness(unit.phrase, words) >= SAID
        )

    def _spare(self, place: _Place, said: frozenset[int]) -> float:
        """The share of a thing's title that the intent does not say; 1 without a title."""
        parts = [part for part in phrases(place.title) if not set(part.words) <= STOP]
        if not parts:
            return 1.0
        units = [self._units[at].phrase for at in said]
        return sum(not _met(part, units) for part in parts) / len(parts)

    def _sides(self, one: Element, other: Element) -> tuple[_Place, _Place]:
        """What belongs to the one and not to the other, and the other way round."""
        mine, yours = self._around(one), self._around(other)
        left = _outermost(mine, yours)
        right = _outermost(yours, mine)
        common = next((place for place in mine if place in yours), None)
        if common is not None:
            if _bare(left, one) and not _bare(right, other):
                left = _Place(common.key, _less(common.text, right.text), common.title)
            elif _bare(right, other) and not _bare(left, one):
                right = _Place(common.key, _less(common.text, left.text), common.title)
        return left, right

    def _around(self, element: Element) -> tuple[_Place, ...]:
        """The containers around an element, the closest first."""
        found = self._places.get(element.ref)
        if found is None:
            found = tuple(sorted(self._containers(element), key=lambda place: len(place.text)))
            self._places[element.ref] = found
        return found

    def _containers(self, element: Element) -> list[_Place]:
        places: list[_Place] = []
        for member in element.records:
            record = self._scene.record(member)
            title = record.title or self._scene.title_text(member)
            places.append(_Place(("record", member.group, member.ordinal), record.text, title))
        block = element.block
        while block >= 0:
            held = self._scene.observation.blocks[block]
            places.append(_Place(("block", block, 0), held.text, ""))
            block = held.parent
        return places


_NOWHERE: Final = _Place(("", 0, 0), "", "")


def _outermost(places: Sequence[_Place], others: Sequence[_Place]) -> _Place:
    """The widest container that is not one of the others; a record where one is as wide."""
    keys = {place.key for place in others}
    own = [place for place in places if place.key not in keys]
    if not own:
        return _NOWHERE
    return max(own, key=lambda place: (len(place.text), bool(place.title)))


def _bare(place: _Place, element: Element) -> bool:
    """Whether a container is no thing of its own: a bar of buttons, or nothing."""
    spoken = words_of(place.text)
    return spoken.count <= words_of(element.name).count + 6


def _less(text: str, part: str) -> str:
    return text.replace(part, " ", 1) if part else text


def _met(part: Phrase, units: Sequence[Phrase]) -> bool:
    words = words_of(" ".join(part.words))
    return any(likeness(unit, words) >= SAID for unit in units)
