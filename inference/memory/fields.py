"""Remember where the fields of a record were read, and read them there again."""

from collections.abc import Iterator, Sequence
from typing import Final

from inference.content import Content
from inference.decisions import FieldValue, Record
from inference.extract.candidates import Area, Candidate, Wanted, candidates, merged
from inference.extract.record import FLOOR, field_value, record_in
from inference.extract.scanners import scan
from inference.extract.tree import Tree
from inference.memory.locator import FieldPlace, Fingerprint
from inference.memory.naming import Naming, shape
from plans.step import ExtractField, Frozen

FIELDS: Final = "fields"
"""The role of a fingerprint that is of the places of a record's fields."""
READ: Final = "read"
"""The act of such a fingerprint."""
MOST_PLACES: Final = 4
"""Places of one field; pages of one kind may be laid out in several ways."""
_DEPTH: Final = 6


class Reading(Frozen):
    """A record, whether it was all read at remembered places, and where it was read.

    `places` is empty where reading there again would not give the same.
    """

    record: Record
    remembered: bool
    places: tuple[FieldPlace, ...] = ()


def read_record(
    content: Content,
    fields: Sequence[ExtractField],
    intent: str,
    places: Sequence[FieldPlace] = (),
    *,
    trusted: bool = False,
) -> Reading:
    """Read the record of a page, at the remembered places where that tells all of it.

    Args:
        content: the page.
        fields: what is asked for.
        intent: the step's words.
        places: where such fields were read before.
        trusted: whether a full reading need not say the same.
    """
    tree = Tree(content)
    again = read_again(tree, fields, places) if places else None
    if again is not None and trusted:
        return Reading(record=again, remembered=True, places=tuple(places))
    record = record_in(tree, fields, intent)
    found = places_of(tree, fields, record)
    same = again is not None and _values(again) == _values(record)
    return Reading(record=again if again and same else record, remembered=same, places=found)


def read_again(
    tree: Tree, fields: Sequence[ExtractField], places: Sequence[FieldPlace]
) -> Record | None:
    """The record as the remembered places say it; None where they do not tell all of it.

    A field is null only where the whole page, too, has nothing for it.
    """
    area = Area(tree, tree.whole, anchored=False)
    values: dict[str, FieldValue] = {}
    for field in fields:
        wanted = Wanted.of(field)
        found = _all(area, wanted)
        known = [one for one in places if one.field == field.name]
        value = _at(area, wanted, found, known)
        if value is None:
            value = _best(area, wanted, found)
            if value.value is not None:
                return None
        values[field.name] = value
    if not any(value.value for value in values.values()):
        return None
    return Record(fields=values, url=tree.content.canonical or tree.content.url)


def places_of(tree: Tree, fields: Sequence[ExtractField], record: Record) -> tuple[FieldPlace, ...]:
    """Where the record's values were read; none unless reading there gives the same again."""
    area = Area(tree, tree.whole, anchored=False)
    found: list[FieldPlace] = []
    for field in fields:
        read = record.fields.get(field.name)
        if read is None or read.value is None:
            continue
        wanted = Wanted.of(field)
        for one in _all(area, wanted):
            if one.raw == read.raw and one.source == read.source and _sure(one):
                found.append(_place(area, field.name, one))
                break
        else:
            return ()
    again = read_again(tree, fields, found) if found else None
    return tuple(found) if again is not None and _values(again) == _values(record) else ()


def fields_print(places: Sequence[FieldPlace], naming: Naming) -> Fingerprint:
    """The fingerprint of the places, with the names of values in their labels."""
    kept = tuple(one.model_copy(update={"label": naming.named(one.label)}) for one in places)
    return Fingerprint(tag="", role=FIELDS, fields=kept)


def joined(old: Sequence[FieldPlace], new: Sequence[FieldPlace]) -> tuple[FieldPlace, ...]:
    """All places of both, at most `MOST_PLACES` of a field, the older ones first."""
    found: list[FieldPlace] = []
    for one in (*old, *new):
        alike = sum(other.field == one.field for other in found)
        if one not in found and alike < MOST_PLACES:
            found.append(one)
    return tuple(found)


def _at(
    area: Area, wanted: Wanted, found: Sequence[Candidate], known: Sequence[FieldPlace]
) -> FieldValue | None:
    """What stands at the first known place that is there, once, with its label."""
    for place in known:
        there = [
            one
            for one in found
            if one.source == place.source and _place(area, place.field, one) == place
        ]
        if len({(one.value, one.node) for one in there}) == 1 and there[0].value is not None:
            return field_value(area, wanted, there[0])
    return None


def _all(area: Area, wanted: Wanted) -> list[Candidate]:
    found = candidates(area, wanted)
    found += [] if found and found[0].confidence >= 0.9 else scan(area, wanted)
    return sorted(found, key=lambda one: -one.confidence)


def _best(area: Area, wanted: Wanted, found: list[Candidate]) -> FieldValue:
    best = merged(found)
    if best is None or not _sure(best):
        return FieldValue(value=None)
    return field_value(area, wanted, best)


def _sure(one: Candidate) -> bool:
    return one.confidence >= FLOOR


def _place(area: Area, field: str, one: Candidate) -> FieldPlace:
    return FieldPlace(
        field=field,
        source=one.source,
        path=_path(area.tree, one.node),
        label=" ".join(sorted(set(_labels(area, one)))),
    )


def _labels(area: Area, one: Candidate) -> Iterator[str]:
    """What names the value where it stands: its label, or the property of machines' data."""
    if one.node >= 0:
        yield from (shape(pair.label) for pair in area.pairs if pair.node == one.node)
    if one.source in ("json-ld", "microdata", "opengraph"):
        yield from (
            fact.name
            for fact in area.facts
            if fact.origin == one.source and fact.value == one.raw and fact.node == one.node
        )


def _path(tree: Tree, node: int) -> str:
    """Tags and classes of an element and those around it; what looks made up is left out."""
    if node < 0:
        return ""
    steps: list[str] = []
    for at in (node, *tree.ancestors(node)):
        one = tree.nodes[at]
        names = [name for name in one.cls.split() if not any(sign.isdigit() for sign in name)]
        steps.append(".".join((one.tag, *names[:2])))
        if len(steps) == _DEPTH:
            break
    return " > ".join(reversed(steps))


def _values(record: Record) -> dict[str, str | None]:
    return {name: read.value for name, read in record.fields.items()}
