"""What a short text looks like: a price, a date, a phone number, stars, a count."""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from phonenumbers import Leniency, PhoneNumberMatcher

from inference.extract.words import FieldKind, plain

ValueKind = Literal[
    "price", "phone", "email", "handle", "stars", "age", "date", "year", "number", "measure",
    "url", "text",
]  # fmt: skip
"""The look of a value."""

_CURRENCY = (
    r"(?:US\$|CA\$|AU?\$|R\$|[$€£¥₹₽₩₺]|₪|₴"
    r"|\b(?:USD|EUR|GBP|CHF|CAD|AUD|NZD|NOK|SEK|DKK|PLN|CZK|HUF|JPY|INR|MXN|BRL|ZAR|SGD|HKD|AED"
    r"|kr|zł|Kč|Ft|lei|Rs)\b\.?|\bFr\.)"
)
_NUMBER = r"\d{1,3}(?:[.,'’\s]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
PRICE = re.compile(
    rf"{_CURRENCY}\s?-?(?:{_NUMBER})(?:[.,][-–]{{1,2}}|\s?(?:k|K|M|m|bn|Mio\.?|million)\b)?|(?<!\d)(?:{_NUMBER})(?:[.,][-–]{{1,2}})?\s?{_CURRENCY}"
)
_MONTHS = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zäé]*\.?"
DATE = re.compile(
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b|\b\d{{1,2}}/\d{{1,2}}\b"
    rf"|\b\d{{1,2}}\.?\s+{_MONTHS}(?:\s+\d{{4}})?\b|\b{_MONTHS}\s+\d{{1,2}}(?:st|"
    rf"nd|rd|th)?(?:,?\s+\d{{4}})?\b"
    rf"|\b{_MONTHS}\s+\d{{4}}\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"^(?:just now|now|today|yesterday|heute|gestern|gerade eben|(?:vor\s+)?(?:a|an|about|\d+)\s*"
    r"(?:s|sec|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|mo|months?|y|yrs?"
    r"|years?|minuten?|stunden?|tage?n?|wochen?|monate?n?|jahre?n?)\.?(?:\s+ago)?)"
    r"(?:\s+at\s+\d{1,2}:\d{2})?$",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?<![\d.,$€£#-])(?:19[2-9]\d|20[0-4]\d)(?![\d,-]|\.\d)")
_STARS = re.compile(r"^[★☆⭐✩½]+(?:\s*\d(?:[.,]\d)?)?$")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"^@[\w.]{2,40}$")
_URL = re.compile(r"^(?:https?://|www\.)\S+$", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"^[-+]?\d[\d.,'’]*(?:\s?[kKmM])?$")
_MEASURE = re.compile(
    r"^[-+~]?\d[\d.,'’]*\s?(?:[a-zµ°%²³\"'″′]+[²³]?(?:/\w+[²³]?)?)(?:\s\d+\s?\w+)?\.?$",
    re.IGNORECASE,
)
ALL_OF_IT = re.compile(
    r"(?:(?:see|view|show|select|browse|deselect)\s+all\b|alle\s+(?:anzeigen|auswählen|ansehen)"
    r"|(?:voir|afficher|sélectionner)\s+tou(?:t|s|tes)\b|(?:ver|seleccionar)\s+tod[oa]s?\b)",
    re.IGNORECASE,
)
"""What a link or a box to tick for all of a list says: no thing's name."""
PERCENT = re.compile(r"[-−+]?\s?\d[\d.,]*\s?%")
MONTHLY = re.compile(
    r"(?:/\s*(?:mo|month|wk|week|yr|monat)\b|\b(?:a|per|pro)\s+(?:month|"
    r"week|monat)|\bmonthly\b|\bmtl\.?|\bmonatlich)",
    re.IGNORECASE,
)
DECOY = re.compile(
    r"\b(?:was|were|previously|formerly|rrp|msrp|list price|statt|"
    r"uvp|save|you save|off|deposit|down payment|est\.?|"
    r"estimated|from|ab|financ\w*|loan|payment|apr|shipping|delivery|"
    r"versand|over|compulsory|fee|rate)\b",
    re.IGNORECASE,
)
FORMER = re.compile(
    r"\b(?:was|were|previously|formerly|rrp|msrp|list price|statt|uvp|before|originally|regular"
    r"|instead of|au lieu de|avant|antes|prima|bisher)\b",
    re.IGNORECASE,
)
_YEARS = re.compile(r"(?:19|20)\d\d\s?[-–]\s?(?:19|20)\d\d")
_MASK = re.compile(r"[-\s.]?(?:[xX*•…]|\.\.)|\s?[€$£%]")
_CALL = re.compile(r"(?:tel|phone|call|mobile|cell|fon|handy|fax)\w*\.?:?\s*$", re.IGNORECASE)
_PHONE_SHAPE = re.compile(r"^\+?[\d\s().\-/]{6,24}$")
RATED = re.compile(r"(\d(?:[.,]\d+)?)\s*(?:out of|of|/|von)\s*(?:5|10|100)\b", re.IGNORECASE)


@lru_cache(maxsize=16384)
def kind_of(text: str) -> ValueKind:
    """The look of a whole text; "text" where it is nothing special."""
    stripped = text.strip().strip("()")
    if _STARS.match(stripped):
        return "stars"
    if _HANDLE.match(stripped):
        return "handle"
    if EMAIL.fullmatch(stripped):
        return "email"
    if _URL.match(stripped):
        return "url"
    if len(stripped) <= 40 and PRICE.search(stripped) and not _several_prices(stripped):
        return "price"
    if _AGE.match(stripped):
        return "age"
    if YEAR.fullmatch(stripped):
        return "year"
    if (
        len(stripped) <= 30
        and (found := DATE.search(stripped))
        and len(found[0]) * 2 > len(stripped)
    ):
        return "date"
    if _PLAIN_NUMBER.match(stripped):
        return "number"
    if _PHONE_SHAPE.match(stripped) and sum(c.isdigit() for c in stripped) >= 7:
        return "phone"
    if _MEASURE.match(stripped):
        return "measure"
    return "text"


def _several_prices(text: str) -> bool:
    """Whether a text has more than one price, a range of two aside."""
    places = [match.span() for match in PRICE.finditer(text)]
    gaps = [text[a[1] : b[0]].strip() for a, b in pairwise(places)]
    return any(gap not in ("-", "–", "—", "to", "bis", "à", "a") for gap in gaps)


_FITS: dict[FieldKind, tuple[ValueKind, ...]] = {
    "price": ("price",),
    "phone": ("phone", "number"),
    "email": ("email",),
    "url": ("url",),
    "year": ("year",),
    "date": ("date", "age"),
    "time": ("age", "date", "measure"),
    "rating": ("stars", "number", "measure"),
    "count": ("number", "measure"),
    "handle": ("handle",),
}


_NO_CHARGE = frozenset(
    {"free", "gratis", "kostenlos", "included", "gratuit", "inklusive", "no fee", "no charge"}
)
SOFT = frozenset({"rating", "count", "date", "time"})
"""Kinds whose values may be words too where a label says so ("Good", "Yesterday")."""


def fits(kind: FieldKind, text: str) -> bool:
    """Whether a text can be the value of a field of that kind."""
    if kind == "phone":
        digits = sum(c.isdigit() for c in text)
        return bool(phones(text)) or (digits >= 6 and len(text) <= 30 and digits * 2 >= len(text))
    if kind == "year":
        return bool(YEAR.search(text))
    if kind == "price":
        return bool(PRICE.search(text)) or plain(text) in _NO_CHARGE
    if kind == "date" and _PLAIN_NUMBER.match(text.strip()) and not YEAR.search(text):
        return False
    allowed = _FITS.get(kind)
    if allowed is not None and kind in ("email", "url", "handle"):
        return kind_of(text) in allowed
    return (
        allowed is None or any(c.isdigit() or c in "★☆" for c in text) or kind_of(text) in allowed
    )


def typical(kind: FieldKind, text: str) -> bool:
    """Whether the look of the text alone speaks for a field of that kind."""
    if kind == "price" and plain(text) in _NO_CHARGE:
        return True
    return kind_of(text) in _FITS.get(kind, ())


@lru_cache(maxsize=4096)
def phones(text: str, region: str = "US") -> tuple[str, ...]:
    """Phone numbers in a text as written, numbers that are possible in the region."""
    if sum(c.isdigit() for c in text) < 7:
        return ()
    found = PhoneNumberMatcher(text, region, leniency=Leniency.POSSIBLE)
    return tuple(
        m.raw_string
        for m in found
        if _phone_like(text, m.start, m.raw_string) and not _MASK.match(text[m.end :])
    )


def _phone_like(text: str, start: int, number: str) -> bool:
    """Whether digits are grouped as numbers to call are, or said to be one."""
    before = text[max(0, start - 24) : start]
    if (
        DATE.fullmatch(number)
        or _YEARS.fullmatch(number)
        or re.search(r"[#$€£\w]-?$|\d[.,]$", before)
    ):
        return False
    if sum(c.isdigit() for c in number) < 7:
        return False
    grouped = len(re.findall(r"\d+", number)) >= 2 or number.startswith("+")
    return grouped or bool(_CALL.search(before)) or sum(c.isdigit() for c in number) in (10, 11)


def prices(text: str) -> tuple[str, ...]:
    """Prices in a text as written."""
    return tuple(match[0].strip() for match in PRICE.finditer(text))


def is_decoy(text: str) -> bool:
    """Whether a price in this line is not the price: a former one, a rate, financing."""
    return bool(DECOY.search(text)) or bool(MONTHLY.search(text))
