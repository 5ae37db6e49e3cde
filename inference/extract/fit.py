"""How well a column of alike records fits a field, and values cut out of longer texts."""

import re
from collections.abc import Sequence

from inference.extract import kinds
from inference.extract.candidates import Wanted
from inference.extract.slots import Column, Slot
from inference.extract.words import is_placeholder, label_score, name_words, stem

_PREFIX = re.compile(r"^([^:]{2,30}):\s+(.+)$")
_PLACE = re.compile(r"^[A-ZÄÖÜ0-9][^,:]{2,40}, [A-ZÄÖÜ][\w .,'’-]{1,40}$")
_RATE = re.compile(r"^\d[.,]\d{1,2}$")


def score(wanted: Wanted, column: Column, size: int) -> float:
    """How well a column fits a field, 0 to about 1.5; below 0.5 it is not the field."""
    filled = [slot for slot in column.filled if not is_placeholder(slot.value)]
    if not filled or all(slot.struck for slot in filled):
        return 0.0
    named = max(
        (
            label_score(wanted.name, label) * trust
            for slot in filled[:6]
            for label, trust in slot.labels
            if label
        ),
        default=0.0,
    )
    fitting = [s for s in filled if kinds.fits(wanted.kind, s.value)]
    soft = wanted.kind in kinds.SOFT and named >= 0.93
    if len(fitting) * 5 < len(filled) * 3 and not soft:
        return 0.0
    look = _look(wanted, filled)
    if named < 0.6 and look < 0.5:
        return 0.0
    decoys = sum(bool(kinds.DECOY.search(s.value)) for s in filled) if wanted.kind == "price" else 0
    strength = max(named, 0.9 * look) + 0.2 * min(named, look) - 0.3 * decoys / len(filled)
    return strength * (0.6 + 0.4 * len(filled) / size)


def _look(wanted: Wanted, filled: Sequence[Slot]) -> float:
    share = sum(kinds.typical(wanted.kind, s.value) for s in filled) / len(filled)
    texts = [s for s in filled if s.kind == "text"]
    words = set(name_words(wanted.name))
    match wanted.kind:
        case "rating":
            exact = sum(bool(_RATE.match(s.value)) for s in filled) / len(filled)
            return (
                0.9 * exact
                if exact > 0.5
                else 0.75 * sum(s.kind == "stars" for s in filled) / len(filled)
            )
        case "price" | "date" | "time" | "handle" | "email" | "phone" | "year":
            return 0.85 * share
        case "title":
            strong = [s for s in texts if s.heading or s.link]
            headed = sum(s.heading for s in filled) * 2 > len(filled)
            return (
                (0.9 if headed else 0.8) * len(strong) / len(filled)
                if strong
                else 0.62 * _first_text(filled)
            )
        case "text":
            longest = sum(len(s.value) for s in texts) / len(filled)
            return min(0.8, longest / 45)
        case "place":
            exact = sum(bool(_PLACE.match(s.value)) for s in texts) / len(filled)
            return max(0.65 * exact, 0.58 * sum(map(_short_name, texts)) / len(filled))
        case "person":
            short = [s for s in texts if len(s.value) <= 40 and s.value[0].isupper()]
            return 0.62 * len(short) / len(filled)
        case "str" if words & {"item", "wanted", "topic", "name", "ticket"} or stem("product") in {
            stem(w) for w in words
        }:
            return 0.6 * len([s for s in texts if s.link or s.heading]) / len(filled)
        case _:
            return 0.0


def _short_name(slot: Slot) -> bool:
    bare = not (slot.link or slot.heading) and not any(c.isdigit() for c in slot.value)
    return bare and slot.value[0].isupper() and len(slot.value.split()) <= 3


def _first_text(filled: Sequence[Slot]) -> float:
    return sum(s.kind == "text" and len(s.value) <= 90 for s in filled) / len(filled)


def prefixed(wanted: Wanted, value: str) -> str | None:
    """The value after a label in one text ("Anbieter: Hanseat", "Marketed by Ocean & Vale")."""
    match = _PREFIX.match(value)
    if match and label_score(wanted.name, match[1]) >= 0.8:
        return match[2]
    words = value.split(" ")
    for count in range(min(3, len(words) - 1), 0, -1):
        if label_score(wanted.name, " ".join(words[:count])) >= 0.9:
            return " ".join(words[count:])
    return None


def counted(wanted: Wanted, value: str) -> str | None:
    """The number before a noun in one text ("3 bedroom terraced house", "4 beds")."""
    for match in re.finditer(r"(?<![\w.,])(\d[\d.,]*)[\s-]+([a-zäöü]+)", value, re.I):
        if label_score(wanted.name, match[2]) >= 0.85:
            return match[1]
    return None
