"""How well a column of alike records fits a field."""

import re
from collections.abc import Sequence

from inference.extract import kinds
from inference.extract.candidates import Wanted
from inference.extract.slots import Column, Slot
from inference.extract.words import (
    LEXICON,
    concepts,
    is_former,
    is_placeholder,
    label_score,
    looks_like,
    name_words,
    plain,
    price_unit,
    stem,
)

_PLACE = re.compile(
    r"^[A-ZÄÖÜ0-9][^,:]{2,40}, [A-ZÄÖÜ][\w .,'’-]{1,40}$"
    r"|^(?:\d{5}|(?!19|20)\d{4}) [A-ZÄÖÜ][\w .-]+$"
)
_RATE = re.compile(r"^[★⭐\s]*\d{1,2}[.,]\d{1,2}[★⭐\s]*$")
_BRACKETED = re.compile(r"^\(\d[\d.,]*[kKmM]?\+?\)$")
_CLOCK = re.compile(r"^\d{1,2}[:.]\d{2}(?:\s?[ap]\.?m\.?)?(?:\s?\+\d)?$", re.IGNORECASE)
_CODE = re.compile(r"^#?(?=[\w/ -]*\d)[A-Z]{0,6}[-/ ]?\d{1,10}(?:[-/][A-Z0-9]{1,8})*$")
_FEW = re.compile(r"^[×x]?\s?\d{1,2}\s?[×x]?$")
_LABELLED = re.compile(r"^(?!(?:re|fwd?|aw|wg|tr|rv):)[^:]{2,30}:(?:\s|$)", re.IGNORECASE)
_CODES = frozenset(
    {"key", "id", "number", "no", "nr", "code", "ref", "reference", "sku", "ticket", "nummer"}
)
_THINGS = frozenset({"item", "wanted", "topic", "name", "ticket"})
_JOINING = frozenset(
    {"of", "the", "and", "de", "del", "della", "da", "di", "du", "la", "le", "van"}
    | {"von", "der", "den", "und", "et", "y", "e", "des", "do", "dos", "for", "in"}
)
_BADGES = frozenset(
    {"new", "sale", "bestseller", "best seller", "popular", "featured", "hot", "top", "deal"}
    | {"verified", "limited", "neu", "angebot", "nouveau", "nuevo", "exclusive", "premium"}
)


def score(wanted: Wanted, column: Column, size: int, ordinal: int = 0) -> float:
    """How well a column fits a field, 0 to about 1.5; below 0.5 it is not the field.

    Args:
        wanted: the field.
        column: the column.
        size: how many records there are.
        ordinal: how many columns of the same look stand before it.
    """
    filled = [slot for slot in column.filled if not is_placeholder(slot.value)]
    if wanted.kind == "title":
        filled = [slot for slot in filled if not kinds.ALL_OF_IT.match(slot.value)]
    if not filled or not _of_its_time(wanted, filled) or _commands(wanted, filled):
        return 0.0
    named = _named(wanted, column, filled)
    if named < 0.6 and column.key.startswith("pair:"):
        return 0.0
    if wanted.kind == "title" and column.key.startswith("name:"):
        return 0.0
    if named < 0.84 and len(filled) > 2 and len({slot.value for slot in filled}) == 1:
        return 0.0
    fitting = [s for s in filled if kinds.fits(wanted.kind, s.value)]
    figures = all(s.kind == "number" for s in filled)
    soft = wanted.kind in kinds.SOFT and named >= 0.93 and not (wanted.kind == "date" and figures)
    exact = sum(said_so(wanted, slot) for slot in filled) * 5 >= len(filled) * 4
    if len(fitting) * 5 < len(filled) * 3 and not (soft or exact):
        return 0.0
    look = _look(wanted, filled, ordinal)
    if named < 0.6 and look < 0.5:
        return 0.0
    strength = max(named, 0.9 * look) + 0.2 * min(named, look)
    if wanted.kind == "price" and not is_former(wanted.name):
        strength -= 0.3 * sum(bool(kinds.DECOY.search(s.value)) for s in filled) / len(filled)
        strength -= _of_other_unit(wanted, filled)
    return strength * (0.6 + 0.4 * len(filled) / size)


def said_so(wanted: Wanted, slot: Slot) -> bool:
    """Whether a label that is the field's name stands over a figure.

    It tells more than the kind guessed from a name that ends as prices do: "Bounce rate".
    """
    figure = (
        wanted.kind == "price"
        and wanted.declared != "price"
        and any(c.isdigit() for c in slot.value)
    )
    return figure and any(
        trust >= 0.97 and label_score(wanted.name, label) >= 0.97 for label, trust in slot.labels
    )


def _of_other_unit(wanted: Wanted, filled: Sequence[Slot]) -> float:
    """What speaks against prices per month for a price, and the other way round."""
    rates = sum(bool(kinds.MONTHLY.search(s.value)) for s in filled) / len(filled)
    return 0.3 * (1 - rates) if price_unit(wanted.name) else 0.1 * rates


def _named(wanted: Wanted, column: Column, filled: Sequence[Slot]) -> float:
    """How well the labels of a column name the field.

    One of two texts beside each other is a label only where it says it well.
    """
    floor = 0.84 if column.key.startswith("pair:sibling") else 0.0
    scores = (
        (label_score(wanted.name, label), trust)
        for slot in filled[:6]
        for label, trust in slot.labels
        if label
    )
    return max((found * trust for found, trust in scores if found >= floor), default=0.0)


def clocks(column: Column) -> bool:
    """Whether a column holds times of day."""
    filled = column.filled
    return bool(filled) and all(_CLOCK.match(slot.value) for slot in filled)


def _of_its_time(wanted: Wanted, filled: Sequence[Slot]) -> bool:
    """Former prices are struck through or called so; other values are neither."""
    past = [slot.struck or bool(kinds.FORMER.match(slot.value)) for slot in filled]
    return any(past) if is_former(wanted.name) and wanted.kind == "price" else not all(past)


def _commands(wanted: Wanted, filled: Sequence[Slot]) -> bool:
    """Whether the column is what buttons say, which is no value.

    Counts on them are, and texts that differ from record to record, such as titles.
    """
    idle = [s for s in filled if s.command]
    counts = wanted.kind in ("count", "rating") and any(c.isdigit() for c in filled[0].value)
    told_apart = len({_wording(s.value) for s in idle}) * 2 > len(idle) > 1
    return len(idle) * 2 > len(filled) and not counts and not told_apart


def _wording(text: str) -> str:
    """A text without its figures: "Helpful (12)" and "Helpful (5)" say the same."""
    return "".join(c for c in text if c.isalpha()).casefold()


def _look(wanted: Wanted, filled: Sequence[Slot], ordinal: int) -> float:
    share = sum(kinds.typical(wanted.kind, s.value) for s in filled) / len(filled)
    if wanted.kind == "price":
        return 0.85 * share
    typical = 0.8 * sum(looks_like(wanted.name, s.value) for s in filled) / len(filled)
    return max(
        typical, _look_of_kind(wanted, filled, share), _look_of_time(wanted, filled, ordinal)
    )


def _look_of_time(wanted: Wanted, filled: Sequence[Slot], ordinal: int) -> float:
    """Times of day: the first ones are departures and beginnings, the next ones the ends."""
    if not all(_CLOCK.match(slot.value) for slot in filled):
        return 0.0
    if "departure" in concepts(wanted.name):
        return 0.66 if ordinal == 0 else 0.0
    if "arrival" in concepts(wanted.name):
        return 0.64 if ordinal == 1 else 0.0
    return 0.6 if wanted.kind == "time" else 0.0


def _look_of_kind(wanted: Wanted, filled: Sequence[Slot], share: float) -> float:
    texts = [s for s in filled if s.kind == "text"]
    match wanted.kind:
        case "rating":
            exact = sum(bool(_RATE.match(s.value)) for s in filled) / len(filled)
            stars = sum(s.kind == "stars" for s in filled) / len(filled)
            return 0.9 * exact if exact > 0.5 else 0.75 * stars
        case "time" if concepts(wanted.name) & {"departure", "arrival"}:
            return 0.0
        case "date" | "time" | "handle" | "email" | "phone" | "year":
            return 0.85 * share
        case "count" if "review_count" in concepts(wanted.name):
            return 0.75 * sum(bool(_BRACKETED.match(s.value)) for s in filled) / len(filled)
        case "count" if "quantity" in concepts(wanted.name):
            return 0.62 * sum(bool(_FEW.match(s.value)) for s in filled) / len(filled)
        case "title":
            return _look_of_title(filled, texts)
        case "text":
            longest = sum(len(s.value) for s in texts) / len(filled)
            return min(0.8, longest / 45)
        case "place":
            exact = sum(bool(_PLACE.match(s.value)) and not s.heading for s in filled) / len(filled)
            names = sum(map(_short_name, texts)) / len(filled)
            return max(0.8 * exact, 0.68 * (names + exact) if exact >= 0.3 else 0.58 * names)
        case "person":
            portrait = 0.1 * filled[0].key.startswith("name:")
            return (0.62 + portrait) * len([s for s in texts if _may_be_name(s)]) / len(filled)
        case _ if _is_code(wanted.name):
            return 0.8 * sum(map(_reads_like_code, filled)) / len(filled)
        case "str" if _is_thing(wanted.name):
            return 0.6 * len([s for s in texts if s.link or s.heading]) / len(filled)
        case _:
            return 0.0


def _look_of_title(filled: Sequence[Slot], texts: Sequence[Slot]) -> float:
    texts = [s for s in texts if not _CODE.match(s.value)]
    texts = [s for s in texts if s.link or s.heading or not _LABELLED.match(s.value)]
    strong = [s for s in texts if s.heading or s.link]
    headed = sum(s.heading for s in filled) * 2 > len(filled)
    if strong:
        return (0.9 if headed else 0.8) * len(strong) / len(filled)
    return 0.62 * _first_text(filled)


def _reads_like_code(slot: Slot) -> bool:
    letters = any(c.isalpha() or c == "#" for c in slot.value)
    return bool(_CODE.match(slot.value)) and (letters or len(slot.value) >= 4)


def _is_code(name: str) -> bool:
    words = name_words(name)
    return bool(words) and words[-1] in _CODES


def _is_thing(name: str) -> bool:
    words = set(name_words(name))
    return bool(words & _THINGS) or stem("product") in {stem(w) for w in words}


def _may_be_name(slot: Slot) -> bool:
    known = plain(slot.value) in _BADGES or any(
        looks_like(concept, slot.value) for concept in LEXICON.values
    )
    place = bool(_PLACE.match(slot.value))
    words = [w for w in slot.value.replace("(", "").split() if w.casefold() not in _JOINING]
    lower = sum(w[0].islower() for w in words)
    written = slot.value[0].isupper() and (not lower or len(words) <= 2)
    written = written or (slot.value.isalnum() and len(slot.value) <= 24)
    return len(slot.value) <= 40 and written and not known and not place


def _short_name(slot: Slot) -> bool:
    bare = not (slot.link or slot.heading) and not any(c.isdigit() for c in slot.value)
    return bare and slot.value[0].isupper() and len(slot.value.split()) <= 3


def _first_text(filled: Sequence[Slot]) -> float:
    good = [
        s
        for s in filled
        if s.kind == "text"
        and plain(s.value) not in _BADGES
        and not _CODE.match(s.value)
        and not _LABELLED.match(s.value)
    ]
    good = [s for s in good if not (s.value.endswith(".") and len(s.value) > 25)]
    length = sum(len(s.value) for s in good) / max(1, len(good))
    return sum(len(s.value) <= 90 for s in good) / len(filled) + min(0.06, length / 500)
