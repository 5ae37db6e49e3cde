"""Read an intent: what to do, to which thing, with which value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inference.decisions import Question
from inference.dom.words import (
    DESTINATION,
    GENERIC_NOUNS,
    OPEN_VERBS,
    PLAIN_VERBS,
    STOP,
    STRONG,
    Phrase,
    phrases,
)
from plans.step import StepType

_QUOTED: Final = re.compile(
    r"[\"“”„«‟]([^\"“”»]+)[\"“”»]|(?<!\w)['‘‚]((?:[^'’]|(?<=\w)['’](?=\w))+)['’](?!\w)"
)
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4,
    "5th": 5, "6th": 6, "7th": 7, "8th": 8, "9th": 9, "10th": 10,
    "erst": 1, "zweit": 2, "dritt": 3, "viert": 4, "fünft": 5, "sechst": 6, "siebt": 7,
    "acht": 8, "neunt": 9, "zehnt": 10, "letzt": -1,
}  # fmt: skip
_ORDINAL: Final = re.compile(
    r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d{1,2}(?:st"
    r"|nd|rd|th)"
    r"|(?:erst|zweit|dritt|viert|fünft|sechst|siebt|acht|neunt|zehnt|letzt)(?:e|er|es|en|em))\b",
    re.IGNORECASE,
)
_NO_ORDINAL: Final = re.compile(
    r"^\s*(?:name|page|class|seite|week|month|year|time|floor|\d|aid|updated|seen|login|active)",
    re.IGNORECASE,
)
_PREPOSITION: Final = re.compile(
    r"\b(?:in|on|of|under|by|from|for|with|unter|auf|im|aus|von)\b", re.I
)
_CAPITALS: Final = re.compile(r"\b[A-Z]{2,}\b")
_OFF: Final = re.compile(
    r"\b(?:off|disable|deactivate|untick|uncheck|unselect|deselect|clear the|aus|ausschalten"
    r"|deaktivier\w*|abwählen)\b",
    re.IGNORECASE,
)
_ON: Final = re.compile(
    r"\b(?:turn on|switch on|on|enable|activate|tick|check|select|include|einschalten"
    r"|aktivier\w*)\b",
    re.IGNORECASE,
)
_TITLE: Final = re.compile(
    r"\b(?:title|titel|headline|überschrift|heading|name)\b|\bby its title\b", re.IGNORECASE
)
_FOCUS: Final = re.compile(
    r"\b(?:focus|textbox|text box|text field|textarea|text area|input|field|search box|into)\b",
    re.IGNORECASE,
)
_VALUE_TAIL: Final = re.compile(
    r"\b(?:to|with|as|is|=|auf|mit|by)\s+(?P<value>[^,;]+?)\s*[.]?$", re.IGNORECASE
)
_CLAUSE: Final = re.compile(
    r"\b(?:so that|so it|because|in order to|damit|weil)\b.*$", re.IGNORECASE
)

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
    `verb`: only says to act.
    """

    phrase: Phrase
    weight: float
    strong: bool = False
    quoted: bool = False
    verb: bool = False


@dataclass(frozen=True, slots=True)
class Intent:
    """An intent taken apart.

    `quoted` are texts in quotes other than the value. `ordinal` counts from 1, -1 is the last,
    `counted` the words that say of what. `label` is the field's name where the step gives it.
    `opens`: the thing named is to be
    opened, no act of its own is asked for. `turn` is the wanted state of a checkbox or switch,
    None where the intent says none.
    """

    type: StepType
    text: str
    value: str
    label: str
    units: tuple[Unit, ...]
    quoted: tuple[str, ...]
    ordinal: int | None
    counted: tuple[Unit, ...]
    wants_title: bool
    wants_field: bool
    turn: bool | None
    opens: bool


def read(question: Question) -> Intent:
    """Take the question's intent apart. Never fails: an intent of no words has no units."""
    step = question.step
    params = step.params
    text = _CLAUSE.sub("", question.intent)
    value = question.value or _plain(params.value) or params.option_label or ""
    typed = step.type in _TYPED
    quoted = [one or other for one, other in _QUOTED.findall(text)]
    if typed and not value:
        value = quoted[0] if quoted else ""
    if typed:
        if not value and step.type is not StepType.FILTER:
            value = _tail_value(text)
        text = _without(text, value)
        quoted = [part for part in quoted if part.casefold() != value.casefold()]
    quoted += [word for word in _CAPITALS.findall(text) if word.casefold() in STOP]
    label = params.label or params.dropdown_label or ""
    ordinal, counted, rest = _ordinal(text)
    units = _units(rest, quoted, acting=not typed and step.type is not StepType.SCROLL)
    return Intent(
        type=step.type,
        text=text,
        value=value,
        label=label,
        units=units,
        quoted=tuple(quoted),
        ordinal=ordinal,
        counted=counted,
        wants_title=bool(_TITLE.search(text)),
        wants_field=bool(_FOCUS.search(text)),
        turn=_turn(text),
        opens=_opens(units),
    )


def _opens(units: tuple[Unit, ...]) -> bool:
    if any(unit.strong for unit in units):
        return False
    return not units or not units[0].verb or units[0].phrase.stems[0] in OPEN_VERBS


_TYPED: Final = frozenset(
    {StepType.FILL_FIELD, StepType.SELECT_OPTION, StepType.TYPE_TEXT, StepType.FILTER}
)


def _plain(value: object) -> str:
    match value:
        case str():
            return value
        case bool() | None:
            return ""
        case int() | float():
            return str(value)
        case _:
            return ""


def _tail_value(text: str) -> str:
    found = _VALUE_TAIL.search(text)
    return found.group("value") if found else ""


def _without(text: str, value: str) -> str:
    """The text with the value and the quotes around it taken out."""
    if not value:
        return text
    pattern = re.compile(r"[\"“„«'‘]?" + re.escape(value) + r"[\"”“»'’]?", re.IGNORECASE)
    shorter = pattern.sub(" ", text, count=1)
    return shorter if re.search(r"\w", shorter) else text


def _ordinal(text: str) -> tuple[int | None, tuple[Unit, ...], str]:
    """The ordinal, the words it counts, and the text without the ordinal."""
    unquoted = _QUOTED.sub(lambda match: " " * len(match.group()), text)
    for found in _ORDINAL.finditer(unquoted):
        after = unquoted[found.end() :]
        if _NO_ORDINAL.match(after) or not re.match(r"\s+\w", after):
            continue
        word = found.group().casefold()
        number = _ORDINALS.get(word) or _ORDINALS.get(re.sub(r"(?:e|er|es|en|em)$", "", word))
        if number is None:
            continue
        tail = re.match(
            r"\s*(?:of\s+(?:the\s+)?(?:\w+\s+)?)?((?:[\w-]+\s*){1,4})", after, re.IGNORECASE
        )
        nouns = _PREPOSITION.split(tail.group(1))[0] if tail else ""
        counted = _units(nouns, [], acting=False)
        return number, counted, text[: found.start()] + " " + text[found.end() :]
    return None, (), text


def _turn(text: str) -> bool | None:
    if _OFF.search(text):
        return False
    return True if _ON.search(text) else None


def _units(text: str, quoted: Sequence[str], *, acting: bool) -> tuple[Unit, ...]:
    in_quotes = {part for one in quoted for phrase in phrases(one) for part in phrase.stems}
    units: list[Unit] = []
    seen: set[tuple[str, ...]] = set()
    first = True
    for phrase in phrases(text):
        unit = _unit(phrase, first, in_quotes, acting)
        if unit is not None:
            first = False
            if phrase.stems not in seen:
                seen.add(phrase.stems)
                units.append(unit)
    return tuple(units)


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
    if first and (plain or names_act):
        return Unit(phrase, WEIGHT_VERB, verb=True)
    if plain or (single and root in GENERIC_NOUNS):
        return Unit(phrase, WEIGHT_GENERIC)
    return Unit(phrase, WEIGHT_NUMBER if root[0].isdigit() else WEIGHT_NOUN)


def read_units(text: str) -> tuple[Unit, ...]:
    """The meaningful parts of any text; quoted ones are marked."""
    return _units(text, [one or other for one, other in _QUOTED.findall(text)], acting=False)
