"""Where a field's value stands on a page, and which of several places is the one."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from inference.claude.contacts import Contacts
from inference.claude.figures import Figures, price_around
from inference.claude.sheet import Place, Sheet
from inference.content import Flag
from inference.extract.candidates import Wanted
from inference.extract.kinds import kind_of
from inference.extract.words import label_score

_NUMERIC: Final = frozenset({"price", "count", "rating", "year"})
_DECLARED_NUMERIC: Final = frozenset({"int", "integer", "float", "number"})
_LOOKS_NUMERIC: Final = frozenset({"number", "price", "measure", "year"})
_SHORT: Final = 4
_LABELLED, _SINGLE, _PLAIN, _ANYWHERE, _ASIDE = 0.95, 0.9, 0.85, 0.7, 0.6
"""Confidence: beside its label, at one place, at several, short and at several, in an aside."""


class Finder:
    """Finds values on one page; each is looked for once."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._figures, self._contacts = Figures(sheet), Contacts(sheet)
        self.places: Callable[[Wanted, str], tuple[Place, ...]] = lru_cache(4096)(self._places)
        """Where a value of this kind stands: its own words, else what means the same."""

    def _places(self, wanted: Wanted, said: str) -> tuple[Place, ...]:
        for look in self._ways(wanted, said):
            places = look(said)
            if places and wanted.kind == "price":
                return tuple(dict.fromkeys(self._priced(place) for place in places))
            if places:
                return tuple(places)
        return ()

    def _ways(self, wanted: Wanted, said: str) -> list[Callable[[str], list[Place]]]:
        """How a value of this kind is looked for, the strictest first."""
        numeric = wanted.kind in _NUMERIC or wanted.declared in _DECLARED_NUMERIC
        looks_so = kind_of(said) in _LOOKS_NUMERIC
        if wanted.kind == "phone":
            return [self._contacts.phones]
        if wanted.kind == "email":
            return [self._contacts.mailboxes]
        ways: list[Callable[[str], list[Place]]] = [self._worded]
        if numeric or looks_so:
            ways.append(lambda text: self._figures.places(text, apart=not numeric))
        if wanted.kind == "date" or kind_of(said) == "date":
            ways.append(self._contacts.days)
        return ways if numeric or looks_so else [*ways, self.sheet.across]

    def _worded(self, said: str) -> list[Place]:
        """Places of a text; one without letters and figures is none, stars aside."""
        if not any(letter.isalnum() or letter in "★☆⭐" for letter in said):
            return []
        return self.sheet.places(said)

    def _priced(self, place: Place) -> Place:
        """The whole price of which a place may be the bare figure."""
        start, end = price_around(self.sheet.text, place.start, place.end)
        return self.sheet.place(start, end) if start < end else place

    def best(self, wanted: Wanted, places: Sequence[Place]) -> Place:
        """The place that is the value's most likely: beside its label, in the main part."""
        return max(places, key=lambda place: (self._weight(wanted, place), -place.start))

    def _weight(self, wanted: Wanted, place: Place) -> float:
        tree, node = self.sheet.tree, place.node
        weight = 2.0 if self._is_labelled(wanted, place) else 0.0
        weight += 0.5 if self.sheet.passage(place) == self.sheet.quoted(place) else 0.0
        if node < 0:
            return weight - 0.5
        weight -= 3.0 if self.is_struck(place) else 0.0
        weight -= 1.0 if tree.in_aside(node) else 0.0
        return weight - (0.5 if tree.is_chrome(node) else 0.0)

    def _is_labelled(self, wanted: Wanted, place: Place) -> bool:
        before = self.sheet.before(place).rstrip(" :–-")
        return label_score(wanted.name, before[-80:].rpartition("·")[2]) >= 0.7

    def is_struck(self, place: Place) -> bool:
        """Whether the piece of text that a place lies in is crossed out."""
        tree, said = self.sheet.tree, self.sheet.quoted(place)
        if place.node < 0:
            return False
        if tree.has(place.node, Flag.STRIKE):
            return True
        scope = tree.scope(place.node)
        pieces = [piece for piece in tree.pieces_in(scope) if said in piece.text]
        return bool(pieces) and all(tree.has(piece.node, Flag.STRIKE) for piece in pieces)

    def confidence(self, wanted: Wanted, place: Place) -> float:
        """The chance that what stands there is the field's value."""
        if self._is_labelled(wanted, place):
            return _LABELLED
        if place.node >= 0 and self.sheet.tree.in_aside(place.node):
            return _ASIDE
        value = self.sheet.quoted(place)
        if len(self.sheet.places(value)) <= 1:
            return _SINGLE
        return _ANYWHERE if len(value) <= _SHORT else _PLAIN
