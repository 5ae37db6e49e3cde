"""Phone numbers, mailboxes and days of a page, each found once and compared by what they mean."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import cache, cached_property, lru_cache
from typing import Final

import phonenumbers

from inference.claude.sheet import Place, Sheet
from inference.extract import kinds
from inference.extract.dates import parse_date
from inference.extract.scanners import region_of

_FEWEST: Final = 6
"""Digits of a phone number."""
_DIGITS: Final = re.compile(r"\D+")


@lru_cache(maxsize=8192)
def number_key(text: str, region: str) -> str:
    """A phone number as it is compared, however it is grouped; "" for what is none."""
    digits = _DIGITS.sub("", text)
    if len(digits) < _FEWEST:
        return ""
    with suppress(phonenumbers.NumberParseException):
        parsed = phonenumbers.parse(text, region)
        if phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return digits


class Contacts:
    """What of a page can be called or written to, and its days."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.region = region_of(sheet.tree)
        self._within: Callable[[int], tuple[Place, ...]] = cache(self._numbers)

    def phones(self, said: str) -> list[Place]:
        """Where a phone number stands; a part of a longer one is none."""
        key, tail = number_key(said, self.region), _DIGITS.sub("", said)[-_FEWEST:]
        if not key:
            return []
        passages = [number for number, digits in enumerate(self._digits) if tail in digits]
        found = [
            place for one in passages for place in self._within(one) if self._key(place) == key
        ]
        return found or [place for place in self._sheet.places(said) if not self._is_part(place)]

    def mailboxes(self, said: str) -> list[Place]:
        """Where an e-mail address stands."""
        return list(self._mailboxes.get(said.casefold(), ()))

    def days(self, said: str) -> list[Place]:
        """Where the day of a value stands, however it is written."""
        wanted = parse_date(said, self._sheet.content.lang)
        return list(self._days.get(wanted, ())) if wanted is not None else []

    def _key(self, place: Place) -> str:
        return number_key(self._sheet.text[place.start : place.end], self.region)

    def _is_part(self, place: Place) -> bool:
        """Whether a place lies within a phone number of its passage."""
        return any(
            one.start <= place.start and place.end <= one.end for one in self._within(place.passage)
        )

    @cached_property
    def _digits(self) -> list[str]:
        """The digits of each passage: what is searched before anything is parsed."""
        return [_DIGITS.sub("", line) for line in self._sheet.text.split("\n")]

    def _numbers(self, passage: int) -> tuple[Place, ...]:
        start, node = self._sheet.starts[passage], self._sheet.nodes[passage]
        line = self._sheet.line(passage)
        numbers = [(line.index(number), number) for number in kinds.phones(line, self.region)]
        return tuple(
            Place(start + at, start + at + len(number), node, passage) for at, number in numbers
        )

    @cached_property
    def _mailboxes(self) -> Mapping[str, list[Place]]:
        found: defaultdict[str, list[Place]] = defaultdict(list)
        for match in kinds.EMAIL.finditer(self._sheet.text):
            found[match[0].casefold()].append(self._sheet.place(*match.span()))
        return found

    @cached_property
    def _days(self) -> Mapping[date, list[Place]]:
        found: defaultdict[date, list[Place]] = defaultdict(list)
        for match in kinds.DATE.finditer(self._sheet.text):
            day = None if "\n" in match[0] else parse_date(match[0], self._sheet.content.lang)
            if day is not None:
                found[day].append(self._sheet.place(*match.span()))
        return found
