"""Phone numbers, mailboxes and days of a page, each found once and compared by what they mean."""

import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cached_property, lru_cache
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

    def phones(self, said: str) -> list[Place]:
        """Where a phone number stands; a part of a longer one is none."""
        key = number_key(said, self.region)
        if not key:
            return []
        found = self._numbers.get(key)
        return (
            list(found)
            if found
            else [place for place in self._sheet.places(said) if not self._is_part(place)]
        )

    def mailboxes(self, said: str) -> list[Place]:
        """Where an e-mail address stands."""
        return list(self._mailboxes.get(said.casefold(), ()))

    def days(self, said: str) -> list[Place]:
        """Where the day of a value stands, however it is written."""
        wanted = parse_date(said, self._sheet.content.lang)
        return list(self._days.get(wanted, ())) if wanted is not None else []

    def _is_part(self, place: Place) -> bool:
        """Whether a place lies within a phone number of its passage."""
        numbers = self._by_passage.get(place.passage, ())
        return any(one.start <= place.start and place.end <= one.end for one in numbers)

    @cached_property
    def _by_passage(self) -> Mapping[int, list[Place]]:
        sheet = self._sheet
        found: defaultdict[int, list[Place]] = defaultdict(list)
        for passage, start in enumerate(sheet.starts):
            line = sheet.line(passage)
            if len(_DIGITS.sub("", line)) < _FEWEST:
                continue
            for number in kinds.phones(line, self.region):
                at = start + line.index(number)
                found[passage].append(Place(at, at + len(number), sheet.nodes[passage], passage))
        return found

    @cached_property
    def _numbers(self) -> Mapping[str, list[Place]]:
        found: defaultdict[str, list[Place]] = defaultdict(list)
        for places in self._by_passage.values():
            for place in places:
                number = self._sheet.text[place.start : place.end]
                found[number_key(number, self.region)].append(place)
        return found

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
