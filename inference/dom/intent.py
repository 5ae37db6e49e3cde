"""Read an intent: what to do, to which thing, with which value."""

import re
from dataclasses import dataclass
from typing import Final

from inference.decisions import Question
from inference.dom.units import QUOTED, Unit, units_of
from inference.dom.words import (
    OPEN_VERBS,
    STOP,
    tokens,
)
from plans.step import StepType

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
_LEADS: Final = re.compile(
    r"^\W*(?:please )?(?:open|go to|visit|view|read|see|show me|navigate|öffne|gehe|lies)\b", re.I
)
_TICKS: Final = re.compile(
    r"^\W*(?:please )?(?:(?:un)?tick|(?:un)?check|mark|(?:de|un)?select|markiere)\b"
    r".*\b(?:row|line|entry|item|box|checkbox|record|message|mail|transaction|order|file|zeile)\b",
    re.I,
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

_REWORDED: Final = (
    (re.compile(r"\btake\s+(.+?)\s+(?:out of|off)\b", re.I), r"remove \1 from"),
    (re.compile(r"\b(switch|change|move|turn)\s+from\s+.+?\s+to\b", re.I), r"\1 to"),
    (re.compile(r"\bask\s+(?:for|to be)\b", re.I), "request"),
    (re.compile(r"\bby (?:one|1)\b", re.I), ""),
    (re.compile(r"\bget rid of\b", re.I), "remove"),
    (re.compile(r"\bthrow\s+(.+?)\s+away\b", re.I), r"discard \1"),
    (re.compile(r"\bpass\s+(.+?)\s+on\s+to\b", re.I), r"forward \1 to"),
    (re.compile(r"\b(?:put|place|throw|drop|pop)\s+(.+?)\s+(?:in|into|to|on)\s+(?=(?:the|my|your)\s+"
                r"(?:\w+\s+)?(?:cart|basket|bag|trolley)\b)", re.I), r"add \1 to "),
    (re.compile(r"\b(turn|switch)\s+(.+?)\s+(on|off)(?=\W*$)", re.I), r"\1 \3 \2"),
    (re.compile(r"\b(scale|zoom|fold|roll|bump|dial|move|turn)\s+(.+?)\s+(up|down|in|out|away)"
                r"(?=\s+by\b|\W*$)", re.I), r"\1 \3 \2"),
    (re.compile(r"\b(?:log|sign)\s+me\s+(in|out)\b", re.I), r"log \1"),
)  # fmt: skip
"""Verbs whose parts stand apart, brought together."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An intent taken apart.

    `quoted` are texts in quotes other than the value. `ordinal` counts from 1, -1 is the last,
    `counted` the words that say of what. `label` is the field's name where the step gives it.
    `opens`: the thing named is to be
    opened, no act of its own is asked for. `turn` is the wanted state of a checkbox or switch,
    None where the intent says none. `leads`: the verb leads somewhere (open, go, read);
    `ticks`: it marks a thing of a list (select the row of, tick).
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
    leads: bool
    ticks: bool


def read(question: Question) -> Intent:
    """Take the question's intent apart. Never fails: an intent of no words has no units."""
    step = question.step
    params = step.params
    text = _reworded(_CLAUSE.sub("", question.intent))
    value = question.value or _plain(params.value) or params.option_label or ""
    typed = step.type in _TYPED
    quoted = [one or other for one, other in QUOTED.findall(text)]
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
    units = units_of(rest, quoted, acting=not typed and step.type is not StepType.SCROLL)
    units = tuple(unit for unit in units if unit.verb or not _only_value(unit, value))
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
        leads=bool(_LEADS.search(text)),
        ticks=bool(_TICKS.search(text)),
    )


def _only_value(unit: Unit, value: str) -> bool:
    """Whether the unit says no more than the value does: "two" where 2 is to be typed."""
    return unit.phrase.stems[0][0].isdigit() and list(unit.phrase.words) == tokens(value)


def _reworded(text: str) -> str:
    for pattern, instead in _REWORDED:
        text = pattern.sub(instead, text)
    return text


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
    unquoted = QUOTED.sub(lambda match: " " * len(match.group()), text)
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
        counted = units_of(nouns, [], acting=False)
        return number, counted, text[: found.start()] + " " + text[found.end() :]
    return None, (), text


def _turn(text: str) -> bool | None:
    if _OFF.search(text):
        return False
    return True if _ON.search(text) else None
