"""Numbers of a page, compared by their amount, prices with their currency."""

import re
from collections import defaultdict
from contextlib import suppress
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Final

from price_parser import Price

from inference.claude.sheet import Place, Sheet, plain_form
from inference.extract import kinds
from inference.extract.typed import SYMBOLS, Unreadable, number_in

_GROUP = r"\d{1,3}(?:[.,'’ \u00a0\u202f\u2009]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d+)*"
_FIGURE = re.compile(
    rf"(?<![\w.,])(?:(?<![\w-])[-−+]\s?)?(?:{_GROUP})(?:\s?(?:[kKM]|bn)\b)?(?!\d|[.,/:]\d)"
)
_WORDS = re.compile(r"[^\W\d_]+")
_LONGEST: Final = 24
"""Characters of a figure; longer ones are compared as texts alone."""
_REACH: Final = 16
"""Characters around a figure in which its currency and its unit stand."""


class Figures:
    """The numbers of a page by their amount."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._lang = sheet.content.lang

    def places(self, said: str, *, apart: bool = False) -> list[Place]:
        """Where the one number of a value stands, with its currency and its unit beside it.

        `apart`: not as a part of something like "12km" or "3D".
        """
        figures = list(_FIGURE.finditer(said))
        if len(figures) != 1:
            return []
        start, end = figures[0].span()
        price = _price_around(said, start, end)
        amount = _amount(figures[0][0], price, self._lang)
        if amount is None:
            return []
        words = {plain_form(word) for word in _WORDS.findall(said[:start] + " " + said[end:])}
        currency = _currency(price)
        words -= {plain_form(word) for word in _WORDS.findall(price)} if currency else set()
        places = self._by_amount.get(amount, ())
        found = (self._whole(place, words, currency) for place in places)
        text = self._sheet.text
        return [
            place
            for place in found
            if place is not None and not (apart and text[place.end : place.end + 1].isalpha())
        ]

    @cached_property
    def _by_amount(self) -> dict[Decimal, list[Place]]:
        found: defaultdict[Decimal, list[Place]] = defaultdict(list)
        for match in _FIGURE.finditer(self._sheet.text):
            if "\n" in match[0]:
                continue
            price = _price_around(self._sheet.text, *match.span())
            amount = _amount(match[0], price, self._lang)
            if amount is not None:
                found[amount].append(self._sheet.place(match.start(), match.end()))
        return found

    def _whole(self, place: Place, words: set[str], currency: str) -> Place | None:
        """The figure with its currency; None where the page's has another one, or other words."""
        text = self._sheet.text
        price = _price_around(text, place.start, place.end)
        if currency and _currency(price) != currency:
            return None
        left = text[max(0, place.start - _REACH) : place.start].rpartition("\n")[2]
        right = text[place.end : place.end + _REACH].partition("\n")[0]
        if not words <= {plain_form(word) for word in _WORDS.findall(f"{left} {right}")}:
            return None
        if not currency:
            return place
        return self._sheet.place(*price_around(text, place.start, place.end))


def _amount(figure: str, price: str, lang: str) -> Decimal | None:
    """The amount of a figure; as a price a point before three digits parts the thousands."""
    if len(figure) > _LONGEST:
        return None
    if figure.isascii() and figure.isdigit():
        return Decimal(figure).normalize()
    sign = _currency(price)
    with suppress(Unreadable):
        return number_in(f"{sign} {figure}" if sign in _SIGNS else figure, lang).normalize()
    return None


_SIGNS: Final = frozenset({"USD", "EUR", "GBP"})


def price_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the price that a figure belongs to; both 0 where it is none."""
    first = max(text.rfind("\n", 0, start) + 1, start - _REACH)
    for last in (end, min(len(text), end + _REACH)):
        for match in kinds.PRICE.finditer(text, first, last):
            added = text[match.start() : start] + text[end : match.end()]
            inside = match.start() <= start and end <= match.end()
            if inside and not any(letter.isdigit() or letter == "\n" for letter in added):
                return match.span()
    return 0, 0


def _price_around(text: str, start: int, end: int) -> str:
    first, last = price_around(text, start, end)
    return text[first:last]


@lru_cache(maxsize=8192)
def _currency(price: str) -> str:
    """The currency of a price, as its three letters where they are known."""
    shown = Price.fromstring(price).currency if price else None
    return SYMBOLS.get(shown, shown) if shown else ""
