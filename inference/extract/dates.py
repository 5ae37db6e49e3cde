"""Dates and durations: as machines write them, and as pages show them."""

import re
from datetime import date
from functools import lru_cache

_MONTHS = (
    ("jan", "ene", "gen", "led"),
    ("feb", "fev", "fév", "fevr"),
    ("mar", "mär", "mrz", "maa", "mrt"),
    ("apr", "avr", "abr", "kwi"),
    ("may", "mai", "mag", "maj", "mei"),
    ("jun", "juin", "giu", "cze"),
    ("jul", "juil", "lug", "lip"),
    ("aug", "aou", "aoû", "ago", "sie"),
    ("sep", "set", "wrz"),
    ("oct", "okt", "ott", "out", "paź"),
    ("nov", "lis"),
    ("dec", "dez", "déc", "dic", "gru"),
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?!\d)")
_YEAR_FIRST = re.compile(r"\b(\d{4})[./](\d{1,2})[./](\d{1,2})\b")
_FIGURES = re.compile(r"\b(\d{1,2})([./-])\s?(\d{1,2})[./-]\s?(\d{4}|\d{2})\b")
_DAY_FIRST = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?\s+(?:de\s+|of\s+)?([^\W\d_]{3,})\.?,?\s+(?:de\s+|del\s+)?(\d{4})\b"
)
_MONTH_FIRST = re.compile(r"\b([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_PERIOD = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_MONTH_LED = frozenset({"en", "en-us", "en-ca", ""})


@lru_cache(maxsize=4096)
def parse_date(text: str, lang: str = "") -> date | None:
    """The one date in a text, None where there is none or it could be read in two ways.

    Args:
        text: "2025-01-09", "9 janvier 2025", "January 9, 2025", "9.1.2025", "1/9/2025" …
        lang: the page's language: it decides which of two small figures is the month, where
            it does not, and no figure does, the date is not read.
    """
    if match := _ISO.search(text) or _YEAR_FIRST.search(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_FIRST.search(text):
        return _date(int(match[3]), _month(match[2]), int(match[1]))
    if match := _MONTH_FIRST.search(text):
        return _date(int(match[3]), _month(match[1]), int(match[2]))
    match = _FIGURES.search(text)
    return _of_figures(match, lang.casefold()) if match else None


def _of_figures(match: re.Match[str], lang: str) -> date | None:
    first, second = int(match[1]), int(match[3])
    year = int(match[4]) if len(match[4]) == 4 else 2000 + int(match[4])
    if match[2] == "." or first > 12 or first == second:
        return _date(year, second, first)
    if second > 12:
        return _date(year, first, second)
    if lang in _MONTH_LED:
        return _date(year, first, second) if lang in ("en-us", "en-ca") else None
    return _date(year, second, first)


def _month(name: str) -> int:
    lowered = name.casefold()
    for number, starts in enumerate(_MONTHS, 1):
        if lowered.startswith(starts):
            return number
    return 0


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse_period(text: str) -> int | None:
    """The minutes of an ISO 8601 duration such as PT1H15M; None for anything else."""
    match = _PERIOD.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, _ = (int(part or 0) for part in match.groups())
    return (days * 24 + hours) * 60 + minutes


def period_words(minutes: int) -> str:
    """Minutes as a page would show them: "1 h 15 min"."""
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)
