"""A field's value inside a longer text of a record, and what does not belong to it."""

import re

from inference.extract import kinds
from inference.extract.candidates import Wanted
from inference.extract.words import LEXICON, concepts, label_score, plain, stem, stems

_PREFIX = re.compile(r"^([^:]{2,30}):\s+(.+)$")
_LEAD = re.compile(
    r"^(?:now|only|today|sale|our price|current price|jetzt|nur|heute|was|rrp:?|statt|uvp|before"
    r"|maintenant|ahora|antes|ora|nu|from only)\b:?\s+",
    re.IGNORECASE,
)
_STARRED = re.compile(r"^[★⭐☆\s]*(\d{1,2}(?:[.,]\d{1,2})?)[★⭐☆\s]*$")
_MEASURED = re.compile(r"^(\d[\d.,]*)\s?([^\W\d_]+)$")
_BRACKETS = re.compile(r"^\((.+)\)$")


def prefixed(wanted: Wanted, value: str) -> str | None:
    """The value after a label in one text ("Anbieter: Hanseat", "Marketed by Ocean & Vale")."""
    match = _PREFIX.match(value)
    if match and label_score(wanted.name, match[1]) >= 0.8:
        return match[2]
    words = value.split(" ")
    for count in range(min(3, len(words) - 1), 0, -1):
        rest = " ".join(words[count:])
        if label_score(wanted.name, " ".join(words[:count])) >= 0.92 and not rest[0].islower():
            return rest
    return None


def counted(wanted: Wanted, value: str) -> str | None:
    """The number before a noun in one text ("3 bedroom terraced house", "4 beds")."""
    for match in re.finditer(r"(?<![\w.,])(\d[\d.,]*)[\s-]+([a-zäöü]+)", value, re.I):
        if label_score(wanted.name, match[2]) >= 0.85:
            return match[1]
    return None


def bare(wanted: Wanted, value: str) -> str:
    """The value without what is around it: brackets, "Now", the star beside a score."""
    text = value.strip()
    bracketed = _BRACKETS.match(text)
    if bracketed and "(" not in bracketed[1] and wanted.kind != "text":
        text = bracketed[1].strip()
    measured = _MEASURED.match(text)
    united = any(concept in LEXICON.units for concept in concepts(wanted.name))
    if measured and united and stem(plain(measured[2])) in stems(wanted.name):
        return measured[1]
    if wanted.kind == "price" and kinds.PRICE.search(text):
        return _LEAD.sub("", text)
    if wanted.kind == "rating" and (starred := _STARRED.match(text)):
        return starred[1]
    return text
