"""Find the record that is the most or least of something: "the cheapest", "the newest"."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from inference.dom.intent import Intent
from inference.dom.ordinals import LIST_WORDS
from inference.dom.records import main_group
from inference.dom.scene import Scene
from inference.dom.units import Unit
from inference.dom.words import words_of
from inference.observation import Membership, RecordGroup
from plans.step import StepType

_MONEY: Final = re.compile(
    r"(?:[€$£¥₹]|\b(?:USD|EUR|GBP|CHF)\b)\s?(?P<one>\d[\d.,'\u00a0\u202f ]*)"
    r"|(?P<two>\d[\d.,'\u00a0\u202f ]*)\s?(?:[€£¥₹]|\b(?:USD|EUR|GBP|CHF|kr|zł)\b)"
)
_RATING: Final = re.compile(
    r"(?P<one>\d(?:[.,]\d{1,2})?)\s*(?:/\s*5|/\s*10|out of|stars?|sterne?|étoiles?|★|von 5)", re.I
)
_COUNTED: Final = re.compile(
    r"\(?(?P<one>\d[\d.,]*)\s*(?:reviews?|ratings?|bewertungen|avis|opiniones)", re.I
)
_LASTS: Final = re.compile(
    r"\b(?=\d)(?:(?P<hours>\d{1,3})\s*(?:h|hrs?|hours?|std\.?|stunden?|heures?|horas?|ore)\b\.?)?"
    r"\s*(?:(?P<minutes>\d{1,3})\s*(?:m|min|mins|minutes?|minuten|minutos|minuti)\b)?(?<=\w)",
    re.IGNORECASE,
)
_ISO: Final = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY: Final = re.compile(r"\b(\d{1,2})\.?\s+([A-Za-zéûä]{3,9})\.?,?\s+(\d{4})\b")
_MONTH_FIRST: Final = re.compile(r"\b([A-Z][a-z]{2,8})\.?\s+(\d{1,2}),\s+(\d{4})\b")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan janv ene gen", "feb fév févr", "mar mär mrz mars", "apr avr abr", "may mai mag mayo",
         "jun juin giu", "jul juil lug", "aug août ago", "sep sept set", "oct okt ott", "nov",
         "dec dez déc dic"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip


RICH: Final = 30
"""Letters that at least one record of a list of things has."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is compared, and whether the least or the most is wanted."""

    pattern: re.Pattern[str]
    read: Callable[[str], float | None]
    least: bool


@dataclass(frozen=True, slots=True)
class Extreme:
    """The record meant, and the words of the intent that said so."""

    member: Membership
    words: str


def _number(text: str) -> float | None:
    """The number as written in any of the usual ways: 1,299.00, 1.299,00, 1 299."""
    digits = re.sub(r"[\s'\u00a0\u202f]", "", text).strip(".,")
    tail = re.search(r"[.,](\d{1,2})$", digits)
    whole = digits[: tail.start()] if tail else digits
    plain = re.sub(r"[.,]", "", whole)
    if not plain.isdigit():
        return None
    return float(f"{plain}.{tail.group(1)}") if tail else float(plain)


def _by(pattern: re.Pattern[str]) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        found = pattern.search(text)
        if found is None:
            return None
        return _number(next(one for one in found.groupdict().values() if one))

    return read


def _days(text: str) -> float | None:
    """The day that the text names first, as a number; None when it names none."""
    for year, month, day in _written_days(text):
        try:
            return float(date(year, month, day).toordinal())
        except ValueError:
            continue
    return None


def _written_days(text: str) -> Iterator[tuple[int, int, int]]:
    for found in _ISO.finditer(text):
        yield int(found.group(1)), int(found.group(2)), int(found.group(3))
    for found in _DAY.finditer(text):
        if month := _month(found.group(2)):
            yield int(found.group(3)), month, int(found.group(1))
    for found in _MONTH_FIRST.finditer(text):
        if month := _month(found.group(1)):
            yield int(found.group(3)), month, int(found.group(2))


def _month(word: str) -> int:
    low = word.casefold()
    return _MONTHS.get(low[:4], 0) or _MONTHS.get(low[:3], 0)


def _minutes(text: str) -> float | None:
    """The length of time that the text names first, in minutes; None when it names none."""
    found = _LASTS.search(text)
    if found is None:
        return None
    return 60.0 * float(found.group("hours") or 0) + float(found.group("minutes") or 0)


def _wish(words: str, read: Callable[[str], float | None], *, least: bool) -> _Wish:
    return _Wish(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), read, least)


_PRICE, _STARS = _by(_MONEY), _by(_RATING)
_WISHES: Final = (
    _wish(r"cheapest|least expensive|lowest[- ]priced?|lowest[- ]cost|billigste\w*|günstigste\w*"
          r"|(?:the )?lowest price|moins ch[eè]re?s?|más barat[oa]s?|meno car[oa]",
          _PRICE, least=True),
    _wish(r"most expensive|dearest|priciest|highest[- ]priced?|costliest|teuerste\w*"
          r"|(?:the )?highest price|plus ch[eè]re?s?|más car[oa]s?|più car[oa]",
          _PRICE, least=False),
    _wish(r"(?:best|highest|top)[- ]rated|(?:the )?(?:best|highest) rating|best[- ]reviewed"
          r"|bestbewertete\w*|mieux notée?s?|mejor valorad[oa]s?", _STARS, least=False),
    _wish(r"(?:worst|lowest)[- ]rated|(?:the )?(?:worst|lowest) rating", _STARS, least=True),
    _wish(r"most[- ]reviewed|most reviews", _by(_COUNTED), least=False),
    _wish(r"shortest|fastest|quickest|kürzeste\w*|schnellste\w*|plus rapides?|plus courte?s?"
          r"|más rápid[oa]s?|più veloc[ei]", _minutes, least=True),
    _wish(r"longest(?: lasting)?|slowest|längste\w*", _minutes, least=False),
    _wish(r"newest|latest|most recent|neueste\w*|plus récente?s?|más reciente", _days, least=False),
    _wish(r"oldest|earliest|älteste\w*|plus anciene?s?|más antigu[oa]", _days, least=True),
)  # fmt: skip
_SORTING: Final = re.compile(
    r"\b(?:sort|order(?:ed)? by|arrange|rank|first|sortier\w*|zuerst|trier|ordenar)\b", re.I
)


def extreme_of(scene: Scene, intent: Intent) -> Extreme | None:
    """The record that the intent's superlative means; None without one, or where it is not clear.

    Clear means: the page's main list, or the only list whose every record says such a number,
    has exactly one record with the least or the most.
    """
    if intent.type is not StepType.CLICK or _SORTING.search(intent.text):
        return None
    for wish in _WISHES:
        found = wish.pattern.search(intent.text)
        if found is not None:
            member = _extreme(scene, wish)
            return None if member is None else Extreme(member, found.group())
    return None


def spoken(intent: Intent, extreme: Extreme) -> tuple[Unit, ...]:
    """The units that said which record is meant: the superlative and what the list holds."""
    said = words_of(extreme.words).stems
    return tuple(
        unit
        for unit in intent.units
        if set(unit.phrase.stems) <= said or set(unit.phrase.stems) & LIST_WORDS
    )


def _extreme(scene: Scene, wish: _Wish) -> Membership | None:
    groups = scene.observation.groups
    fitting = [
        (index, values)
        for index, group in enumerate(groups)
        if _rich(scene, index) and (values := _values(group, wish))
    ]
    main = main_group(scene.observation)
    chosen = [one for one in fitting if one[0] == main] or fitting
    if len(chosen) != 1:
        return None
    index, values = chosen[0]
    wanted = min(values.values()) if wish.least else max(values.values())
    at = [ordinal for ordinal, value in values.items() if value == wanted]
    return Membership(index, at[0]) if len(at) == 1 else None


def _rich(scene: Scene, index: int) -> bool:
    """Whether the records are things with a text of their own, not buttons or days in a row."""
    records = scene.observation.groups[index].records
    return any(
        len(record.text) >= RICH and scene.inside(Membership(index, at))
        for at, record in enumerate(records)
    )


def _values(group: RecordGroup, wish: _Wish) -> dict[int, float]:
    """The number of each record that is no advertisement; empty unless nearly all have one."""
    records: Sequence[tuple[int, str]] = [
        (at, record.text) for at, record in enumerate(group.records) if not record.sponsored
    ]
    values = {at: value for at, text in records if (value := wish.read(text)) is not None}
    return values if len(records) >= 2 and len(values) == len(records) else {}
