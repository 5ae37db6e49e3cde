"""Words as the DOM tier compares them: stems, and the concepts of the thesaurus."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from rapidfuzz import fuzz

LONGEST_ENTRY: Final = 5
"""Words in the longest thesaurus entry that is looked for."""

_UNSPACED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
"""Letters of scripts that are written without spaces: each is a token of its own."""
_MARKS: Final = "\u0300-\u036f\u064b-\u065f\u0900-\u0dff"
"""Signs that belong to the letter before them."""
_LETTER: Final = rf"(?:(?![{_UNSPACED}])[^\W\d_]|[{_MARKS}])"
CLOSE_MARKS: Final = frozenset("xX×✕✖✗⨯╳")
"""What people call the button that closes, whatever its name."""

_TOKEN: Final = re.compile(rf"\d+(?:[.,:/]\d+)*|[{_UNSPACED}]|{_LETTER}+")
_CAMEL: Final = re.compile(r"(?<=[a-zäöüß])(?=[A-Z])|_")


@dataclass(frozen=True, slots=True)
class ThesaurusFile:
    """The data file as written."""

    version: int
    note: str
    concepts: dict[str, list[str]]
    glyphs: dict[str, str]
    strong: list[str]
    plain_verbs: list[str]
    generic_nouns: list[str]
    open_verbs: list[str]
    numbers: dict[str, str]
    destination: list[str]
    unasked: list[str]
    of: list[str]
    taking_off: list[str]
    stop: list[str]


_FILE: Final = TypeAdapter(ThesaurusFile).validate_python(
    json.loads((Path(__file__).parent / "thesaurus.json").read_text(encoding="utf-8"))
)


_NUMBERS: Final[dict[str, str]] = _FILE.numbers


def stem(word: str) -> str:
    """A light stem, the same for English and German; both sides are stemmed alike."""
    word = word.casefold()
    if word[0].isdigit() or len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "en", "er", "em", "es"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word


def tokens(text: str) -> list[str]:
    """Words and numbers of the text, lower case; number words from two on as digits."""
    found: list[str] = _TOKEN.findall(unicodedata.normalize("NFC", text.casefold()))
    return [_NUMBERS.get(token, token) for token in found]


def _entries() -> dict[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], set[str]] = {}
    for concept, entries in _FILE.concepts.items():
        for entry in entries:
            key = tuple(stem(token) for token in tokens(entry))
            if key:
                found.setdefault(key, set()).add(concept)
    return {key: frozenset(concepts) for key, concepts in found.items()}


_ENTRIES: Final = _entries()
_FIRST: Final = frozenset(key[0] for key in _ENTRIES)
STRONG: Final = frozenset(_FILE.strong)
"""Concepts that name an act of their own: the target has to say so itself."""
STOP: Final = frozenset(_FILE.stop)
PLAIN_VERBS: Final = frozenset(stem(word) for word in _FILE.plain_verbs)
OPEN_VERBS: Final = frozenset(stem(word) for word in _FILE.open_verbs)
"""Verbs that mean no more than to open the thing named."""
DESTINATION: Final = frozenset(_FILE.destination)
"""Concepts that, wherever they stand, say what the act is ("in the basket")."""
TAKING_OFF: Final = frozenset(_FILE.taking_off)
"""Acts on what is in a destination already: it is no destination beside them."""
UNASKED: Final = frozenset(_FILE.unasked)
"""Concepts that no target may carry unless the intent names them."""
OF: Final = frozenset(_FILE.of)
"""Words after which it is said of which thing."""
GENERIC_NOUNS: Final = frozenset(stem(word) for word in _FILE.generic_nouns)
VERSION: Final = _FILE.version


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row that mean one thing: `words` as written, their stems, their concepts."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    concepts: frozenset[str]


def phrases(text: str) -> Iterator[Phrase]:
    """The text cut into thesaurus entries (longest first) and single words."""
    words = tokens(text)
    stems = [stem(word) for word in words]
    at = 0
    while at < len(words):
        size = _longest(stems, at)
        key = tuple(stems[at : at + size])
        yield Phrase(tuple(words[at : at + size]), key, _ENTRIES.get(key, frozenset()))
        at += size


def _longest(stems: list[str], at: int) -> int:
    if stems[at] in _FIRST:
        for size in range(min(LONGEST_ENTRY, len(stems) - at), 1, -1):
            if tuple(stems[at : at + size]) in _ENTRIES:
                return size
    return 1


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the page: the stems in it, and the concepts it names."""

    stems: frozenset[str]
    concepts: frozenset[str]
    count: int


@lru_cache(maxsize=50_000)
def words_of(text: str) -> Words:
    """The text as it is matched against; a text of signs alone gets the sign's concept."""
    stripped = text.strip()
    glyph = _FILE.glyphs.get(stripped) or (_FILE.glyphs.get(stripped[0]) if stripped else None)
    plain = tokens(text)
    stems = [stem(word) for word in plain]
    concepts: set[str] = set()
    for at, first in enumerate(stems):
        if first not in _FIRST:
            continue
        for size in range(1, min(LONGEST_ENTRY, len(stems) - at) + 1):
            concepts |= _ENTRIES.get(tuple(stems[at : at + size]), frozenset())
    if glyph and (not plain or len(stripped) <= 2):
        concepts.add(glyph)
    return Words(frozenset(stems), frozenset(concepts), len(stems))


@lru_cache(maxsize=20_000)
def hint_words(text: str) -> Words:
    """Like `words_of`, with camelCase and snake_case names taken apart."""
    return words_of(_CAMEL.sub(" ", text))


@lru_cache(maxsize=200_000)
def _close(one: str, other: str) -> float:
    if one[0].isdigit() or other[0].isdigit():
        return 0.0
    if len(one) >= 5 and one in other:
        return 0.75
    if len(other) >= 5 and other in one:
        return 0.7
    return 0.75 if fuzz.ratio(one, other) >= 84 else 0.0


@lru_cache(maxsize=200_000)
def _closest(one: str, stems: frozenset[str]) -> float:
    """How nearly the closest of these stems is the one, 0 when none is."""
    return max((_close(one, other) for other in stems if len(other) >= 5), default=0.0)


def _single(one: str, concepts: frozenset[str], words: Words) -> float:
    if one in words.stems:
        return 1.0
    if concepts and not concepts.isdisjoint(words.concepts):
        return 0.85
    return _closest(one, words.stems) if len(one) >= 5 and words.stems else 0.0


def likeness(phrase: Phrase, words: Words) -> float:
    """How well the text says the phrase: 1 its words, .85 its concept, less when only nearly."""
    stems = words.stems
    if len(phrase.stems) == 1:
        return _single(phrase.stems[0], phrase.concepts, words)
    exact = sum(one in stems for one in phrase.stems)
    if exact == len(phrase.stems):
        return 1.0
    share = exact / len(phrase.stems)
    if not phrase.concepts.isdisjoint(words.concepts):
        return max(0.85, share)
    near = sum(_closest(one, stems) for one in phrase.stems if len(one) >= 5 and one not in stems)
    return share + near / len(phrase.stems)
