"""Extracted values held against the page: what does not stand there is not accepted.

A value that is accepted is given in the page's own words, so nothing passes that the page does
not say. Numbers, prices, phone numbers, dates and addresses are compared by what they mean,
texts by their letters without case, kind of quotes and spaces. Values that were worked out
(sums, conversions, translations, a yes or no) stand nowhere and are refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from inference.claude.addresses import Addresses, looks_like_address
from inference.claude.figures import Figures, mailboxes, phone_places, same_days
from inference.claude.sheet import Place, Sheet
from inference.content import Content, Flag
from inference.decisions import FieldValue, Record
from inference.extract.candidates import Wanted
from inference.extract.kinds import kind_of
from inference.extract.links import clean_url, own_url
from inference.extract.typed import PARTS
from inference.extract.words import is_former, is_placeholder, label_score
from plans.step import ExtractField

SOURCE: Final = "claude"
NOT_THERE: Final = "Claude's value does not stand on the page"
_FORMER: Final = "Claude's value is a price that is crossed out"
_PARTLY: Final = "some of Claude's values do not stand on the page"
_NUMERIC: Final = frozenset({"price", "count", "rating", "year"})
_DECLARED_NUMERIC: Final = frozenset({"int", "integer", "float", "number"})
_LOOKS_NUMERIC: Final = frozenset({"number", "price", "measure", "year"})
_SHORT: Final = 4
_LONGEST_RAW: Final = 400

_LABELLED, _SINGLE, _PLAIN, _ANYWHERE, _ASIDE = 0.95, 0.9, 0.85, 0.7, 0.6
"""Confidence: beside its label, at one place, at several, short and at several, in an aside."""


def proven(
    content: Content,
    fields: Sequence[ExtractField],
    records: Iterable[Mapping[str, str | None]],
    *,
    many: bool = False,
) -> tuple[Record, ...]:
    """Records with the values that the page bears out, and a note where one was refused.

    Every field asked for is in each record, in order. A record of which nothing is borne out
    is left out.

    Args:
        content: what the page shows.
        fields: those that were asked for; () for whatever the records hold.
        records: values by field, as `Extracted` has them.
        many: they are of a list. The `url` of such a record is the field that asks for it,
            else empty; the one record of a page has the page's.
    """
    page = _Page(content)
    asked = tuple((field.name, Wanted.of(field)) for field in fields)
    url = "" if many else content.canonical or content.url
    found = (page.record(asked, values, url) for values in records)
    return tuple(record for record in found if record is not None)


class _Page:
    """A page and the proofs made on it so far."""

    def __init__(self, content: Content) -> None:
        self.sheet = Sheet(content)
        self.figures = Figures(self.sheet)
        self.addresses = Addresses(self.sheet)

    def record(
        self, asked: Sequence[tuple[str, Wanted]], values: Mapping[str, str | None], url: str
    ) -> Record | None:
        """One record, None where nothing of it stands on the page."""
        wanted = dict(asked) or {
            name: Wanted.of(ExtractField(name=name)) for name in values if 0 < len(name) <= 128
        }
        read = {name: self.value(field, values.get(name)) for name, field in wanted.items()}
        if not any(found.value is not None for found in read.values()):
            return None
        own = (read[name].value for name, field in wanted.items() if _is_own(field))
        return Record(fields=read, url=next((address for address in own if address), url))

    def value(self, wanted: Wanted, value: str | None) -> FieldValue:
        """One field."""
        said = (value or "").strip()
        if not said or is_placeholder(said):
            return FieldValue(value=None)
        if wanted.declared == "list":
            return self._parts(wanted, said)
        if wanted.kind == "url" or looks_like_address(said):
            return self._address(wanted, said)
        place = self._place(wanted, said)
        if place is not None:
            return self._found(wanted, place)
        if wanted.kind in ("email", "phone"):
            return self._address(wanted, said)
        return _refused(NOT_THERE)

    def _parts(self, wanted: Wanted, said: str) -> FieldValue:
        """A list: the parts that stand on the page."""
        whole = self.sheet.places(said)
        if whole and ";" not in said:
            return self._found(wanted, self._best(wanted, whole))
        parts = [part for part in PARTS.split(said) if part.strip()]
        read = [self._place(wanted, part) for part in parts]
        found = [self._found(wanted, place) for place in read if place is not None]
        values = list(dict.fromkeys(one.value for one in found if one.value))
        if not values:
            return _refused(NOT_THERE)
        first = found[0]
        return first.model_copy(
            update={
                "value": "; ".join(values),
                "raw": "; ".join(values)[:_LONGEST_RAW],
                "note": "" if len(found) == len(parts) else _PARTLY,
            }
        )

    def _address(self, wanted: Wanted, said: str) -> FieldValue:
        found = self.addresses.find(said, wanted.kind)
        if found is None:
            return _refused(NOT_THERE)
        node = found.node
        return FieldValue(
            value=clean_url(found.value) if found.is_link else found.value,
            raw=found.raw[:_LONGEST_RAW],
            source=SOURCE,
            element=self.sheet.tree.path(node) if node >= 0 else "",
            confidence=_SINGLE,
        )

    def _place(self, wanted: Wanted, said: str) -> Place | None:
        """The best place of a value: its own words, else what means the same."""
        for look in self._ways(wanted, said):
            places = look(said)
            if places:
                return self._best(wanted, places)
        return None

    def _ways(self, wanted: Wanted, said: str) -> list[Callable[[str], list[Place]]]:
        """How a value of this kind is looked for, the strictest first."""
        numeric = wanted.kind in _NUMERIC or wanted.declared in _DECLARED_NUMERIC
        looks_so = kind_of(said) in _LOOKS_NUMERIC
        if wanted.kind == "phone":
            return [lambda text: phone_places(self.sheet, text)]
        if wanted.kind == "email":
            return [lambda text: mailboxes(self.sheet, text)]
        ways: list[Callable[[str], list[Place]]] = [self._worded]
        if numeric or looks_so:
            ways.append(lambda text: self.figures.places(text, apart=not numeric))
        if wanted.kind == "date" or kind_of(said) == "date":
            ways.append(lambda text: same_days(self.sheet, text))
        return ways if numeric or looks_so else [*ways, self.sheet.across]

    def _worded(self, said: str) -> list[Place]:
        """Places of a text; one without letters and figures is none, stars aside."""
        if not any(letter.isalnum() or letter in "★☆⭐" for letter in said):
            return []
        return self.sheet.places(said)

    def _best(self, wanted: Wanted, places: Sequence[Place]) -> Place:
        """The place that is the value's most likely: beside its label, in the main part."""
        return max(places, key=lambda place: (self._weight(wanted, place), -place.start))

    def _weight(self, wanted: Wanted, place: Place) -> float:
        tree, node = self.sheet.tree, place.node
        weight = 2.0 if self._is_labelled(wanted, place) else 0.0
        weight += 0.5 if self.sheet.passage(place) == self.sheet.quoted(place) else 0.0
        if node < 0:
            return weight - 0.5
        weight -= 3.0 if self._is_struck(place) else 0.0
        weight -= 1.0 if tree.in_aside(node) else 0.0
        return weight - (0.5 if tree.is_chrome(node) else 0.0)

    def _is_labelled(self, wanted: Wanted, place: Place) -> bool:
        before = self.sheet.before(place).rstrip(" :–-")
        return label_score(wanted.name, before[-80:].rpartition("·")[2]) >= 0.7

    def _is_struck(self, place: Place) -> bool:
        """Whether the piece of text that a place lies in is crossed out."""
        tree, said = self.sheet.tree, self.sheet.quoted(place)
        if tree.has(place.node, Flag.STRIKE):
            return True
        scope = tree.scope(place.node)
        pieces = [piece for piece in tree.pieces_in(scope) if said in piece.text]
        return bool(pieces) and all(tree.has(piece.node, Flag.STRIKE) for piece in pieces)

    def _found(self, wanted: Wanted, place: Place) -> FieldValue:
        asks_for_former = wanted.kind != "price" or is_former(wanted.name)
        if not asks_for_former and place.node >= 0 and self._is_struck(place):
            return _refused(_FORMER)
        value = self.sheet.quoted(place)
        return FieldValue(
            value=value,
            raw=self.sheet.passage(place)[:_LONGEST_RAW],
            source=SOURCE,
            element=self.sheet.tree.path(place.node) if place.node >= 0 else "",
            confidence=self._confidence(wanted, place, value),
        )

    def _confidence(self, wanted: Wanted, place: Place, value: str) -> float:
        if self._is_labelled(wanted, place):
            return _LABELLED
        if place.node >= 0 and self.sheet.tree.in_aside(place.node):
            return _ASIDE
        if len(self.sheet.places(value)) <= 1:
            return _SINGLE
        return _ANYWHERE if len(value) <= _SHORT else _PLAIN


def _is_own(wanted: Wanted) -> bool:
    """Whether a field is the address of the record itself."""
    return wanted.kind == "url" and own_url(wanted)


def _refused(note: str) -> FieldValue:
    """A value that was not accepted; what it was is told nowhere, the page does not say it."""
    return FieldValue(value=None, source=SOURCE, note=note, known=False)
