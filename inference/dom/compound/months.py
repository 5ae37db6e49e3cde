"""Days as people write them, and the names of months."""

import re
from datetime import date
from typing import Final

_NAMES: Final = (
    "january jan januar jänner janvier enero gennaio januari janeiro",
    "february feb februar février febrero febbraio februari fevereiro",
    "march mar märz mrz mars marzo maart março",
    "april apr avril abril aprile",
    "may mai mayo maggio mei maio",
    "june jun juni juin junio giugno junho",
    "july jul juli juillet julio luglio julho",
    "august aug août agosto augustus",
    "september sep sept septembre septiembre settembre setembro",
    "october oct oktober okt octobre octubre ottobre outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre diciembre dicembre dezembro",
)
MONTHS: Final = {name: at for at, names in enumerate(_NAMES, 1) for name in names.split()}
"""Name or short name, lower case → month, 1 to 12; English, German and the Romance languages."""

_MONTH: Final = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_ISO: Final = re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)")
_DOTS: Final = re.compile(r"(?<!\d)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})(?!\d)")
_SLASH: Final = re.compile(r"(?<!\d)(?P<a>\d{1,2})[/-](?P<b>\d{1,2})[/-](?P<y>\d{4})(?!\d)")
_MONTH_FIRST: Final = re.compile(
    rf"\b{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})\b", re.IGNORECASE
)
_DAY_FIRST: Final = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?{_MONTH},?\s+(?:de\s+)?(?P<y>\d{{4}})\b",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(rf"\b{_MONTH}\W*(?:de\s+)?(?P<y>\d{{4}})\b", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"^\W*(?:(?P<m>\d{1,2})\s*[/.-]\s*(?P<y>\d{4}))\W*$")
_AMERICAN: Final = ("en", "en-us", "")
"""Languages of pages whose 4/8/2016 is the 8th of April."""


def day_in(text: str, language: str = "") -> date | None:
    """The first day that the text names with its year, None where it names none.

    `language` is that of the page: it tells whether 4/8/2016 begins with the month.
    """
    for pattern in (_ISO, _DOTS):
        if found := pattern.search(text):
            return _day(int(found["y"]), int(found["m"]), int(found["d"]))
    for pattern in (_MONTH_FIRST, _DAY_FIRST):
        if found := pattern.search(text):
            return _day(int(found["y"]), MONTHS[found["month"].casefold()], int(found["d"]))
    if found := _SLASH.search(text):
        first, second, year = int(found["a"]), int(found["b"]), int(found["y"])
        if language.casefold() in _AMERICAN:
            return _day(year, first, second) or _day(year, second, first)
        return _day(year, second, first) or _day(year, first, second)
    return None


def month_in(text: str) -> tuple[int, int] | None:
    """Year and month that a calendar's heading names, such as "December 2016" or "12/2016"."""
    if found := _HEADER.search(text):
        return int(found["y"]), MONTHS[found["month"].casefold()]
    if found := _NUMBERED.match(text):
        month = int(found["m"])
        return (int(found["y"]), month) if 1 <= month <= 12 else None
    return None


def month_named(text: str) -> int | None:
    """The month that a text is the name of, 1 to 12."""
    return MONTHS.get(text.strip(" .").casefold())


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
