"""Find a remembered element on a page: the very same one, one that may be it, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference.memory.fingerprints import (
    AROUND,
    PART,
    frame_of,
    hint_tokens,
    records_of,
    region_of,
    says,
)
from inference.memory.locator import ANY, Fingerprint
from inference.memory.naming import Naming, fold, shape
from inference.memory.pages import link_kind
from inference.observation import Element, Observation

_NOTHING = Naming()


class Likeness(StrEnum):
    """How a remembered element was found."""

    SAME = "same"
    """Exactly one element has its name, its kind and its place."""
    CHANGED = "changed"
    """Its name or what is around it differs: one of the refs may be it."""
    SEVERAL = "several"
    """Several elements are what it was."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Match:
    """Where a remembered element may be; `refs` in page order."""

    likeness: Likeness
    refs: tuple[int, ...] = ()


def match(observation: Observation, wanted: Fingerprint) -> Match:
    """Find what a fingerprint, filled with this run's values, stands for.

    The page is that of `inference.dom.trust.trusted`, where nothing is alike that nobody means.
    """
    kin = [
        one
        for one in observation.elements
        if _kin(one, wanted) and frame_of(observation, one) == wanted.frame
    ]
    named = [one for one in kin if _named(one, wanted)]
    named = [one for one in named if _anchored(observation, one, wanted.anchor)]
    same = [one for one in named if _in_place(one, wanted)]
    same = _one_of_twins(same)
    if len(same) == 1:
        return Match(Likeness.SAME, (same[0].ref,))
    if same:
        return Match(Likeness.SEVERAL, tuple(one.ref for one in same))
    if not wanted.alone:
        return Match(Likeness.GONE)
    near = [one for one in named if region_of(one) == wanted.region]
    if named:
        found = tuple(one.ref for one in near)
        return Match(Likeness.CHANGED, found) if found else Match(Likeness.GONE)
    marked = [
        one
        for one in kin
        if wanted.hints
        and hint_tokens(one) == wanted.hints
        and region_of(one) == wanted.region
        and _anchored(observation, one, wanted.anchor)
    ]
    if len(marked) == 1:
        return Match(Likeness.CHANGED, (marked[0].ref,))
    return Match(Likeness.GONE)


def _kin(element: Element, wanted: Fingerprint) -> bool:
    """Whether it is a thing of the same kind."""
    if element.role != wanted.role or element.hidden:
        return False
    return element.interactive or not wanted.role or element.role in ("heading", "group", "generic")


def _named(element: Element, wanted: Fingerprint) -> bool:
    name = fold(element.name)
    if wanted.name or name:
        return name == wanted.name
    if wanted.label:
        return wanted.label in (fold(element.before), fold(element.after))
    return bool(wanted.hints) and hint_tokens(element) == wanted.hints


def _anchored(observation: Observation, element: Element, anchor: str) -> bool:
    """Whether the records around it say each part, and no other record of theirs does."""
    if not anchor:
        return True
    members = records_of(observation, element)
    return all(
        any(
            says(observation.groups[member.group].records[member.ordinal].text, part)
            and not any(
                says(one.text, part)
                for at, one in enumerate(observation.groups[member.group].records)
                if at != member.ordinal
            )
            for member in members
        )
        for part in anchor.split(PART)
    )


def _in_place(element: Element, wanted: Fingerprint) -> bool:
    around = dict(zip(AROUND, around_of(element), strict=True))
    expected = {
        "heading": wanted.heading,
        "group": wanted.group,
        "column": wanted.column,
        "href": wanted.href,
    }
    alike = all(expected[field] in (ANY, around[field]) for field in AROUND)
    return alike and region_of(element) == wanted.region and _type(element) == wanted.type


def around_of(element: Element) -> tuple[str, str, str, str]:
    """Heading, group, column and link of an element as fingerprints write them."""
    href = link_kind(element.href, _NOTHING) if element.role == "link" else ""
    return shape(element.heading), shape(element.group), shape(element.column), href


def _type(element: Element) -> str:
    return element.type if element.tag == "input" else ""


def _one_of_twins(found: Sequence[Element]) -> list[Element]:
    """The first alone where all lead to one and the same address."""
    first = found[0] if found else None
    if first is None or not first.href or first.href.endswith("#"):
        return list(found)
    return [first] if all(one.href == first.href for one in found) else list(found)
