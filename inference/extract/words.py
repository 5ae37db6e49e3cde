"""Words of fields and labels: normal form, stems, synonyms, how well two labels agree."""

import json
import re
import unicodedata
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict

FieldKind = Literal[
    "price", "phone", "email", "url", "year", "date", "time", "rating", "count",
    "handle", "title", "text", "person", "place", "str",
]  # fmt: skip
"""What a field's value looks like, as far as its name tells."""


class Lexicon(BaseModel):
    """The closed, versioned word lists of `lexicon.json`."""

    model_config = ConfigDict(frozen=True)

    version: int
    concepts: dict[str, tuple[str, ...]]
    kinds: dict[FieldKind, tuple[str, ...]]
    soft: frozenset[str]
    stop: frozenset[str]
    generic: frozenset[str]
    placeholders: frozenset[str]
    aside: tuple[str, ...]
    sponsored: frozenset[str]
    heads: frozenset[str]
    """Words that a label may leave out: "Fuel" names the fuel type."""
    aliases: dict[str, str]
    """Other spellings and abbreviations of words."""
    values: dict[str, tuple[str, ...]]
    """Closed vocabularies of concepts, as patterns: what a condition or a level may be."""
    sections: tuple[tuple[str, ...], ...]
    """Names of one section of a page each, in several languages: "Similar", "Recently viewed"."""
    units: dict[str, str]
    """What follows the number in values of a concept, as patterns."""


LEXICON = Lexicon.model_validate(
    json.loads(
        resources.files("inference.extract").joinpath("lexicon.json").read_text(encoding="utf-8")
    )
)

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
_BARE = re.compile(r"\w+")
_SUFFIX = re.compile(r"(?:ings|ing|ies|enen|ene|en|es|ed|er|s|e|y)$")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b", re.IGNORECASE)
_NUMBER_OF = "number"
_NAMING = frozenset({"type", "number", "id", "name", "code"})


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Lower case, no accents (umlauts written out), words parted by one space."""
    lowered = _POSSESSIVE.sub("", text.casefold()).translate(_UMLAUTS)
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c)
    )
    return " ".join(_WORD.findall(bare))


@lru_cache(maxsize=8192)
def name_words(text: str) -> tuple[str, ...]:
    """Words of a field, class or test id: camelCase, snake_case and kebab-case parted."""
    return tuple(plain(_CAMEL.sub(" ", text).replace("_", " ")).split())


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A crude stem, good enough to make "serves" and "servings" meet."""
    word = LEXICON.aliases.get(word, word)
    if len(word) <= 3 or word.isdigit():
        return word
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 3 else word


@lru_cache(maxsize=8192)
def stems(text: str) -> tuple[str, ...]:
    """Stems of the words of a text."""
    return tuple(stem(word) for word in name_words(text))


@lru_cache(maxsize=8192)
def core(text: str) -> frozenset[str]:
    """Stems that carry the meaning of a label: soft words such as "number of" dropped.

    A number at the end is what the label is about ("order number"), and stays.
    """
    words = name_words(text)
    kept = [stem(word) for word in words if word not in LEXICON.soft]
    if kept and LEXICON.aliases.get(words[-1], words[-1]) == _NUMBER_OF:
        kept.append(_NUMBER_OF)
    return frozenset(kept or [stem(word) for word in words])


_FORMER = frozenset(
    {"original", "old", "former", "was", "regular", "rrp", "uvp", "msrp", "before", "previous"}
    | {"statt", "alter", "alte", "ancien", "anterior", "strike", "struck", "crossed", "prior"}
)


_PER = frozenset({"a", "an", "per", "pro", "par", "por", "je", "each"})
_RATES = {
    "nightly": "night", "monthly": "month", "hourly": "hour", "weekly": "week",
    "daily": "day", "yearly": "year", "annual": "year", "mensual": "mes",
}  # fmt: skip


@lru_cache(maxsize=512)
def price_unit(name: str) -> str:
    """What a price is for by the field's name: "night" of `price_per_night`, "" for none."""
    words = name_words(name)
    for before, after in pairwise(words):
        if before in _PER and words[0] != before:
            return after
    return next((_RATES[word] for word in words if word in _RATES), "")


def is_former(name: str) -> bool:
    """Whether a field asks for what was before: the price that is struck through."""
    return bool(_FORMER & set(name_words(name)))


@lru_cache(maxsize=256)
def _vocabulary(concept: str) -> re.Pattern[str] | None:
    words = LEXICON.values.get(concept)
    return re.compile(rf"(?:{'|'.join(words)})", re.IGNORECASE) if words else None


@lru_cache(maxsize=256)
def _measure(concept: str) -> re.Pattern[str] | None:
    unit = LEXICON.units.get(concept)
    return re.compile(rf"[~≈<>]?\s?\d[\d.,'’\s]*\s?{unit}", re.IGNORECASE) if unit else None


@lru_cache(maxsize=16384)
def looks_like(name: str, text: str) -> bool:
    """Whether a whole text is a typical value of a field: "In stock", "85.000 km".

    By the closed vocabulary or the units of what the field is about; False without either.
    """
    stripped = text.strip().strip("()").strip()
    if not stripped or len(stripped) > 60:
        return False
    words = name_words(name)
    for concept in concepts(name) or (concepts(words[-1]) if words else ()):
        measure, known = _measure(concept), _vocabulary(concept)
        if measure is not None and measure.fullmatch(stripped):
            return True
        if known is not None and known.fullmatch(" ".join(_BARE.findall(stripped.casefold()))):
            return True
    return False


_CONCEPT_OF: dict[frozenset[str], frozenset[str]] = {}
for _concept, _phrases in LEXICON.concepts.items():
    for _phrase in (_concept, *_phrases):
        _key = frozenset(stems(_phrase))
        _CONCEPT_OF[_key] = _CONCEPT_OF.get(_key, frozenset()) | {_concept}

_PLACEHOLDERS = frozenset(plain(word) for word in LEXICON.placeholders)


@lru_cache(maxsize=8192)
def concepts(text: str) -> frozenset[str]:
    """The concepts that a label may stand for."""
    exact = _CONCEPT_OF.get(frozenset(stems(text)), frozenset())
    return exact or _CONCEPT_OF.get(core(text), frozenset())


@lru_cache(maxsize=2048)
def own_concept(name: str) -> str:
    """The concept that a field's name itself is the head of, "" for none."""
    key = "_".join(name_words(name))
    if key in LEXICON.concepts:
        return key
    found = concepts(name)
    return min(found) if len(found) == 1 else ""


@lru_cache(maxsize=65536)
def label_score(field: str, label: str) -> float:
    """How well a label on the page names a field, 0 to 1; 0.7 and up can be relied on."""
    field_words, label_words = name_words(field), name_words(label)
    if not field_words or not label_words or len(label_words) > len(field_words) + 4:
        return 0.0
    if field_words == label_words:
        return 1.0
    if stems(field) == stems(label):
        return 0.97
    concept = own_concept(field)
    if concept and concept in concepts(label):
        return 0.93
    mine, other = core(field), core(label)
    if mine == other:
        return 0.9
    if not concept and concepts(field) & concepts(label):
        return 0.85
    if mine < other:
        return 0.8 - 0.08 * (len(other) - len(mine) - 1)
    if other < mine:
        left_out = [w for w in field_words if stem(w) in mine - other]
        if all(word in LEXICON.heads for word in left_out):
            return 0.9 if _NAMING.issuperset(left_out) else 0.86
        return 0.45 + 0.1 * len(other) / len(mine)
    return 0.0


_PEOPLE = frozenset(
    {"sender", "author", "seller", "agent", "reviewer", "contact", "owner", "customer", "host"}
    | {"user", "recipient", "dealer", "instructor", "requester", "vendor", "provider", "payee"}
)


@lru_cache(maxsize=2048)
def field_kind(name: str, declared: str) -> FieldKind:
    """The kind of a field from its name and its declared type."""
    for kind in LEXICON.kinds:
        if declared.casefold() == kind:
            return kind
    words = name_words(name)
    if words[-1:] == ("name",) and _PEOPLE & set(words):
        return "person"
    for kind, marks in LEXICON.kinds.items():
        if words and words[-1] in marks:
            return kind
    for kind, marks in LEXICON.kinds.items():
        if any(word in marks for word in words):
            return kind
    return "str"


def sections_in(text: str) -> frozenset[int]:
    """Which of the sections that pages have beside their record a text names."""
    return frozenset(
        place
        for place, phrases in enumerate(LEXICON.sections)
        if any(_stemmed(phrase) in _stemmed(text) for phrase in phrases)
    )


@lru_cache(maxsize=4096)
def _stemmed(text: str) -> str:
    return f" {' '.join(stem(word) for word in plain(text).split())} "


def is_placeholder(text: str) -> bool:
    """Whether a value stands for no value ("–", "N/A", "No data")."""
    return plain(text) in _PLACEHOLDERS and not any(mark in text for mark in "★☆⭐")


def contains_phrase(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after another."""
    return f" {plain(phrase)} " in f" {plain(text)} "
