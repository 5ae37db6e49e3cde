"""An observation prepared for matching: what each element says itself, and what says of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from inference.dom.words import Words, hint_words, words_of
from inference.observation import Element, Membership, Observation, RecordBlock

TEXT_ROLES: Final = frozenset({"textbox", "searchbox", "spinbutton", "slider"})
CHECK_ROLES: Final = frozenset({"checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"})
CHOICE_ROLES: Final = frozenset({"combobox", "listbox"})
BUTTON_ROLES: Final = frozenset({"button"})

_PHONE: Final = re.compile(r"^\+?[\d\s()./-]{7,20}$")
_FILE_LINK: Final = re.compile(
    r"\.(?:pdf|csv|zip|docx?|xlsx?|txt|ics|mp4|mp3)(?:$|[?#])|download", re.I
)
_FILE_NAME: Final = re.compile(r"\.(?:pdf|csv|zip|docx?|xlsx?|txt|ics|mp4|mp3|png|jpe?g)$", re.I)
_TYPE_WORDS: Final = {
    "email": "email",
    "tel": "phone telephone",
    "password": "password",
    "search": "search",
    "date": "date",
    "time": "time",
    "url": "website url",
    "number": "number",
    "range": "slider",
    "file": "upload attach file",
    "reset": "reset",
}


WIDE: Final = 800
"""A record with more text than this is a part of the layout, not a thing."""


@dataclass(frozen=True, slots=True)
class Source:
    """Words about an element, and how much they count, 0 to 1."""

    words: Words
    weight: float


class Scene:
    """What each element of an observation says, prepared once and kept."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self._own: dict[int, tuple[Source, ...]] = {}
        self._around: dict[int, tuple[Source, ...]] = {}
        self._titles: dict[tuple[int, int], int | None] = {}
        self._inside: dict[tuple[int, int], list[Element]] | None = None
        self._forms: dict[int, list[str]] | None = None
        self._openers = _openers(observation)

    @property
    def page_words(self) -> str:
        """What the page as a whole is about: its title and main headings."""
        heads = [notice.text for notice in self.observation.notices if notice.kind == "h1"]
        return " ".join([self.observation.title, *heads])

    def own(self, element: Element) -> tuple[Source, ...]:
        """What the element itself says."""
        found = self._own.get(element.ref)
        if found is None:
            found = tuple(_own(element))
            if opener := self._openers.get(element.name):
                found = (*found, Source(words_of(opener), 0.7))
            self._own[element.ref] = found
        return found

    def around(self, element: Element) -> tuple[Source, ...]:
        """What says of the element where it belongs, the closest first."""
        found = self._around.get(element.ref)
        if found is None:
            found = tuple(self._context(element))
            self._around[element.ref] = found
        return found

    def _context(self, element: Element) -> Iterator[Source]:
        observation = self.observation
        strength = 0.5 if element.expanded and element.options else 1.0
        for depth, member in enumerate(element.records):
            record = observation.groups[member.group].records[member.ordinal]
            if len(record.text) < WIDE:
                yield Source(
                    words_of(record.text), strength * 0.95 * 0.8**depth * _near(record.text)
                )
        block = element.block
        weight = 0.9
        while block >= 0 and weight > 0.3:
            text = observation.blocks[block].text
            yield Source(words_of(text), strength * weight * _near(text))
            weight *= 0.8
            block = observation.blocks[block].parent
        if element.form >= 0 and element.role == "button":
            yield Source(words_of(self.form_words(element.form)), strength * 0.7)
        for text, share in (
            (element.group, 0.9),
            (self._heading(element), 0.75),
            (element.column, 0.7),
            (element.layer, 0.7),
            (element.region, 0.5),
        ):
            if text:
                yield Source(words_of(text), share)

    def _heading(self, element: Element) -> str:
        """The heading above the element, where it is not that of the record before its own."""
        things = [
            (self.record(member), self.observation.groups[member.group].heading)
            for member in element.records
        ]
        if not element.heading or not any(record.title for record, _ in things):
            return element.heading
        start = element.heading[:40]
        held = any(start in record.text or start == above[:40] for record, above in things)
        return element.heading if held else ""

    def form_words(self, form: int) -> str:
        """What the fields of a form are called, and its buttons."""
        if self._forms is None:
            self._forms = {}
            for element in self.observation.elements:
                if element.form >= 0 and element.interactive:
                    self._forms.setdefault(element.form, []).append(label_of(element)[:60])
        return " ".join(self._forms.get(form, ()))

    def record(self, member: Membership) -> RecordBlock:
        """The record that a membership points at."""
        return self.observation.groups[member.group].records[member.ordinal]

    def inside(self, member: Membership) -> list[Element]:
        """The elements of a record, in page order."""
        if self._inside is None:
            self._inside = {}
            for element in self.observation.elements:
                for one in element.records:
                    self._inside.setdefault((one.group, one.ordinal), []).append(element)
        return self._inside.get((member.group, member.ordinal), [])

    def title_text(self, member: Membership) -> str:
        """The name of the element that opens the record, empty when it has none."""
        ref = self.title(member)
        return "" if ref is None else self.observation.elements[ref].name

    def title(self, member: Membership) -> int | None:
        """The ref of the element that opens the record: its title, None when it has none."""
        key = (member.group, member.ordinal)
        if key not in self._titles:
            self._titles[key] = _title(self.inside(member), member)
        return self._titles[key]


def _openers(observation: Observation) -> dict[str, str]:
    """The name of each choice of an open menu, and what its menu is called."""
    return {
        option: element.name
        for element in observation.elements
        if element.expanded and element.role in ("button", "generic", "menuitem")
        for option in element.options
    }


def _near(text: str) -> float:
    """How much a container of this text says of one thing in it: the wider, the less."""
    return 1.0 if len(text) < 250 else 0.8 if len(text) < 450 else 0.6


def label_of(element: Element) -> str:
    """What a person would call the element: its name, else the text beside it."""
    if element.name:
        return element.name
    if element.role in CHECK_ROLES:
        return element.after
    if element.role in TEXT_ROLES or element.role in CHOICE_ROLES:
        return element.before
    return element.text


def _own(element: Element) -> Iterator[Source]:
    field = element.role in TEXT_ROLES or element.role in CHOICE_ROLES
    check = element.role in CHECK_ROLES
    if element.name:
        yield Source(words_of(element.name), 1.0)
    if element.text and element.text != element.name and not field:
        yield Source(words_of(element.text), 0.95)
    if element.placeholder:
        yield Source(words_of(element.placeholder), 0.9)
    if field or (check and not element.name) or element.options:
        yield Source(words_of(element.before), 0.9 if not element.name or element.options else 0.55)
    if check and not element.name:
        yield Source(words_of(element.after), 0.9)
    if (element.role == "button" or check) and element.value and element.value != "on":
        yield Source(words_of(element.value), 0.85)
    if element.description:
        yield Source(words_of(element.description), 0.6)
    if element.hints:
        yield Source(hint_words(element.hints), 0.65)
    yield from _kind(element)


def _kind(element: Element) -> Iterator[Source]:
    word = _TYPE_WORDS.get(element.type)
    if word:
        yield Source(words_of(word), 0.8)
    if element.href.startswith("tel:") or _PHONE.match(element.name):
        yield Source(words_of("call phone"), 0.9)
    elif element.href.startswith("mailto:"):
        yield Source(words_of("email contact"), 0.9)
    elif _FILE_LINK.search(element.href) or _FILE_NAME.search(element.name):
        yield Source(words_of("download"), 0.85)
    if element.href:
        yield Source(_href_words(element.href), 0.5)
    yield Source(words_of(element.role), 0.5)


@lru_cache(maxsize=20_000)
def _href_words(href: str) -> Words:
    tail = re.sub(r"^\w+://[^/]*", "", href)
    return hint_words(tail[-80:])


def _title(elements: list[Element], member: Membership) -> int | None:
    """The most title-like element: in a heading, else the largest and longest link."""
    best: tuple[float, int] | None = None
    for element in elements:
        if not element.interactive or element.role not in ("link", "generic"):
            continue
        if element.records and element.records[0] != member and _is_foreign(element, member):
            continue
        if not re.search(r"[^\W\d_]{2}", element.name):
            continue
        rank = element.weight + (12 if element.level else 0) + min(len(element.name), 40) / 8
        if re.search(r"(^|[\s_-])(title|titel|tt|headline|name)", element.hints, re.I):
            rank += 5
        if element.href.startswith(("tel:", "mailto:")):
            rank -= 20
        if best is None or rank > best[0] + 0.01:
            best = (rank, element.ref)
    return best[1] if best else None


def _is_foreign(element: Element, member: Membership) -> bool:
    """Whether a record of the same kind lies between the element and the record."""
    for one in element.records:
        if one == member:
            return False
        if one.group == member.group:
            return True
    return False
