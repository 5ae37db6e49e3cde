"""The meaningful parts of an intent, and how much each matters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from inference.dom.words import (
    DESTINATION,
    GENERIC_NOUNS,
    OF,
    PLAIN_VERBS,
    STOP,
    STRONG,
    TAKING_OFF,
    Phrase,
    phrases,
)

QUOTED: Final = re.compile(
    r"[\"“”„«‟]([^\"“”»]+)[\"“”»]|(?<!\w)['‘‚]((?:[^'’]|(?<=\w)['’](?=\w))+)['’](?!\w)"
)
"""Text in quotes of any kind; one of its groups holds it."""
CONTROLS: Final = frozenset({"menu", "details"})
"""Concepts of controls that many things have one of."""
NARROWING: Final = frozenset({"filter", "sort", "turn_on", "turn_off"})
"""Concepts of acts that a page shows by what they work on, not by their name."""

WEIGHT_NOUN: Final = 1.0
WEIGHT_STRONG: Final = 1.1
WEIGHT_NUMBER: Final = 1.4
WEIGHT_GENERIC: Final = 0.25
WEIGHT_VERB: Final = 0.2


@dataclass(frozen=True, slots=True)
class Unit:
    """One meaningful part of the intent.

    `weight`: how much it matters that the target says
    it; `strong`: names an act that the target has to offer; `quoted`: stood in quotes;
    `verb`: only says to act; `head`: what is acted on, where more words follow that say of which
    thing ("the menu of X", "X's menu"); `name`: a proper name or number, which can't be reworded.
    """

    phrase: Phrase
    weight: float
    strong: bool = False
    quoted: bool = False
    verb: bool = False
    head: bool = False
    name: bool = False


def units_of(text: str, quoted: Sequence[str], *, acting: bool) -> tuple[Unit, ...]:
    """The meaningful parts of an intent, `quoted` the texts in quotes that count as such.

    `acting`: an act of its own (delete, like, print) is what the target has to offer.
    """
    in_quotes = {part for one in quoted for phrase in phrases(one) for part in phrase.stems}
    units: list[Unit] = []
    seen: set[tuple[str, ...]] = set()
    first, acts = True, False
    names = _names(text)
    heads = _Heads()
    for phrase in phrases(text):
        heads.meet(phrase)
        unit = _unit(phrase, first, in_quotes, acting and not acts)
        if unit is not None:
            acts = acts or (first and bool(phrase.concepts & TAKING_OFF))
            first = False
            if phrase.stems not in seen:
                seen.add(phrase.stems)
                units.append(replace(unit, name=_is_name(unit, names)))
                heads.take(unit)
    return heads.marked(units)


class _Heads:
    """Finds which units are the head of "the head of the thing" or "the thing's head"."""

    def __init__(self) -> None:
        self._taken = 0
        self._nouns = False
        self._start = 0
        self._end: int | None = None

    def meet(self, phrase: Phrase) -> None:
        """See the next phrase of the text."""
        word = phrase.words[0]
        if len(phrase.words) > 1 or self._end is not None:
            return
        if word == "s" and self._nouns:
            self._start, self._nouns = self._taken, False
        elif word in OF and self._nouns:
            self._end = self._taken

    def take(self, unit: Unit) -> None:
        """Count the unit that the phrase just met became."""
        self._taken += 1
        self._nouns = self._nouns or not unit.verb

    def marked(self, units: list[Unit]) -> tuple[Unit, ...]:
        """The units with those of the head marked; none where nothing says of which thing."""
        if self._end is None and not self._start:
            return tuple(units)
        end = len(units) if self._end is None else self._end
        return tuple(
            _as_head(unit) if self._start <= at < end else unit for at, unit in enumerate(units)
        )


def _as_head(unit: Unit) -> Unit:
    """The unit as a head; "menu" says which control is meant once it is said of which thing."""
    control = unit.weight < WEIGHT_NOUN and bool(unit.phrase.concepts & CONTROLS)
    return replace(unit, head=not unit.verb, weight=WEIGHT_NOUN if control else unit.weight)


def _names(text: str) -> frozenset[str]:
    """Words written with a capital inside the text, lower case."""
    words = re.findall(r"[^\W\d_]+", text)
    return frozenset(word.casefold() for word in words[1:] if word[0].isupper())


def _is_name(unit: Unit, capitals: frozenset[str]) -> bool:
    """Whether the unit is a number, stood in quotes, or is a capitalised word of no concept."""
    phrase = unit.phrase
    if unit.quoted or phrase.stems[0][0].isdigit():
        return True
    return not phrase.concepts and any(word in capitals for word in phrase.words)


def _unit(phrase: Phrase, first: bool, in_quotes: set[str], acting: bool) -> Unit | None:
    """The phrase's part in the intent; None for words that mean nothing here.

    `acting`: an act of its own (delete, like, print) is what the target has to offer.
    """
    if in_quotes and all(part in in_quotes for part in phrase.stems):
        return Unit(phrase, WEIGHT_NOUN * 1.5, quoted=True)
    root = phrase.stems[0]
    single = len(phrase.words) == 1
    if single and phrase.words[0] in STOP and not (first and phrase.concepts & STRONG):
        return None
    plain = single and root in PLAIN_VERBS
    names_act = bool(phrase.concepts & STRONG) and not plain
    if acting and ((first and names_act) or phrase.concepts & DESTINATION):
        return Unit(phrase, WEIGHT_STRONG, strong=True)
    if first and (plain or names_act or phrase.concepts & NARROWING):
        return Unit(phrase, WEIGHT_VERB, verb=True)
    if plain and not first and phrase.words[0].endswith("ed"):
        return Unit(phrase, WEIGHT_NOUN)
    if plain or (single and root in GENERIC_NOUNS):
        return Unit(phrase, WEIGHT_GENERIC)
    return Unit(phrase, WEIGHT_NUMBER if root[0].isdigit() else WEIGHT_NOUN)


def read_units(text: str) -> tuple[Unit, ...]:
    """The meaningful parts of any text; quoted ones are marked."""
    return units_of(text, [one or other for one, other in QUOTED.findall(text)], acting=False)
