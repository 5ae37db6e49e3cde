"""Extracted values held against the page: what does not stand there is not accepted.

A value that is accepted is given in the page's own words, so nothing passes that the page does
not say. Numbers, prices, phone numbers, dates and addresses are compared by what they mean,
texts by their letters without case, kind of quotes and spaces. Values that were worked out
(sums, conversions, translations, a yes or no) stand nowhere and are refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inference.claude.addresses import Addresses, looks_like_address
from inference.claude.finding import Finder
from inference.claude.regions import Regions
from inference.claude.sheet import Place, Sheet
from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract.candidates import Wanted
from inference.extract.links import clean_url, own_url
from inference.extract.typed import PARTS
from inference.extract.words import is_former, is_placeholder
from plans.step import ExtractField

SOURCE: Final = "claude"
NOT_THERE: Final = "Claude's value does not stand on the page"
_FORMER: Final = "Claude's value is a price that is crossed out"
_PARTLY: Final = "some of Claude's values do not stand on the page"
_ELSEWHERE: Final = "Claude's value stands in another record of the page"
_LINKED: Final = frozenset({"email", "phone"})
"""Kinds whose values may be shown by nothing but where a link leads."""
_LONGEST_RAW: Final = 400
_SINGLE: Final = 0.9


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
    url = "" if many else content.canonical or content.url
    found = [_Read(_asked(fields, values), values) for values in records]
    regions = Regions(page.sheet.tree, page.anchors(found) if many else {})
    read = (page.record(one, url, number, regions) for number, one in enumerate(found))
    return tuple(record for record in read if record is not None)


@dataclass(frozen=True, slots=True)
class _Read:
    """What one record is asked for and said to hold."""

    asked: dict[str, Wanted]
    values: Mapping[str, str | None]

    def said(self, name: str) -> str:
        """The value of a field; "" for none."""
        said = (self.values.get(name) or "").strip()
        return "" if is_placeholder(said) else said


def _asked(fields: Sequence[ExtractField], values: Mapping[str, str | None]) -> dict[str, Wanted]:
    if fields:
        return {field.name: Wanted.of(field) for field in fields}
    return {name: Wanted.of(ExtractField(name=name)) for name in values if 0 < len(name) <= 128}


class _Page:
    """A page, and one proof after the other on it."""

    def __init__(self, content: Content) -> None:
        self.sheet = Sheet(content)
        self._finder = Finder(self.sheet)
        self._addresses = Addresses(self.sheet)

    def anchors(self, found: Sequence[_Read]) -> dict[int, int]:
        """For records that have one, the node of a value which stands only once."""
        anchors: dict[int, int] = {}
        for number, one in enumerate(found):
            for name, wanted in one.asked.items():
                said = one.said(name)
                if not said or wanted.kind == "url" or wanted.declared == "list":
                    continue
                places = self._finder.places(wanted, said)
                if len(places) == 1 and places[0].node >= 0:
                    anchors[number] = places[0].node
                    break
        return anchors

    def record(self, one: _Read, url: str, number: int, regions: Regions) -> Record | None:
        """One record, None where nothing of it stands on the page."""
        read = {
            name: self._value(wanted, one.said(name), number, regions)
            for name, wanted in one.asked.items()
        }
        if not any(found.value is not None for found in read.values()):
            return None
        own = (read[name].value for name, wanted in one.asked.items() if _is_own(wanted))
        return Record(fields=read, url=next((address for address in own if address), url))

    def _value(self, wanted: Wanted, said: str, number: int, regions: Regions) -> FieldValue:
        """One field."""
        if not said:
            return FieldValue(value=None)
        if wanted.declared == "list":
            return self._parts(wanted, said)
        if wanted.kind == "url" or looks_like_address(said):
            return self._address(wanted, said)
        places = self._finder.places(wanted, said)
        if not places:
            return self._address(wanted, said) if wanted.kind in _LINKED else _refused(NOT_THERE)
        fitting = [place for place in places if not regions.is_foreign(number, place.node)]
        if not fitting:
            return _refused(_ELSEWHERE)
        own = [place for place in fitting if regions.is_own(number, place.node)]
        return self._found(wanted, self._finder.best(wanted, own or fitting))

    def _parts(self, wanted: Wanted, said: str) -> FieldValue:
        """A list: the parts that stand on the page."""
        whole = self.sheet.places(said)
        if whole and ";" not in said:
            return self._found(wanted, self._finder.best(wanted, whole))
        parts = [part for part in PARTS.split(said) if part.strip()]
        places = [self._finder.places(wanted, part) for part in parts]
        found = [self._found(wanted, self._finder.best(wanted, one)) for one in places if one]
        values = list(dict.fromkeys(one.value for one in found if one.value))
        if not values:
            return _refused(NOT_THERE)
        return found[0].model_copy(
            update={
                "value": "; ".join(values),
                "raw": "; ".join(values)[:_LONGEST_RAW],
                "note": "" if len(found) == len(parts) else _PARTLY,
            }
        )

    def _address(self, wanted: Wanted, said: str) -> FieldValue:
        found = self._addresses.find(said, wanted.kind)
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

    def _found(self, wanted: Wanted, place: Place) -> FieldValue:
        if wanted.kind == "price" and not is_former(wanted.name) and self._finder.is_struck(place):
            return _refused(_FORMER)
        return FieldValue(
            value=self.sheet.quoted(place),
            raw=self.sheet.passage(place)[:_LONGEST_RAW],
            source=SOURCE,
            element=self.sheet.tree.path(place.node) if place.node >= 0 else "",
            confidence=self._finder.confidence(wanted, place),
        )


def _is_own(wanted: Wanted) -> bool:
    """Whether a field is the address of the record itself."""
    return wanted.kind == "url" and own_url(wanted)


def _refused(note: str) -> FieldValue:
    """A value that was not accepted; what it was is told nowhere, the page does not say it."""
    return FieldValue(value=None, source=SOURCE, note=note, known=False)
