"""Whether the page shows what a `detect_visible` step asks for."""

import re
from typing import Final

from inference.decisions import Check
from inference.dom.units import Unit, read_units
from inference.dom.words import likeness, words_of
from inference.observation import Observation

HOLDS: Final = 0.72
"""Share of the asked-for words that one piece of the page must say."""
FAILS: Final = 0.3
"""Below this share nothing like it is there."""

_ASKING: Final = re.compile(
    r"^\s*(?:is|are|does|do|check (?:if|whether)|detect (?:if|whether)?|see (?:if|whether)"
    r"|look for"
    r"|verify (?:that)?)\b|\b(?:visible|shown|displayed|present|available|on the page"
    r"|the page|there|"
    r"sichtbar|angezeigt|gibt es|ist|warn\w* that|notice|warning|message|saying|says?|badge"
    r"|asking)\b",
    re.IGNORECASE,
)


_ALARM: Final = re.compile(r"\b(?:warn\w*|notice|alert|error|message|hinweis|fehler\w*)\b", re.I)
_ALERT: Final = re.compile(r"\b(?:alert|status|warn\w*|error|notice|banner|toast|hint)\b", re.I)


def detect(observation: Observation, intent: str) -> Check:
    """Look for the piece of the page that says most of what the intent asks for.

    `undecided` when something like it is there but not all of it.
    """
    units = read_units(_ASKING.sub(" ", intent))
    if not units:
        return Check(verdict="undecided", evidence="the intent names nothing to look for")
    best, evidence = 0.0, ""
    alarm = bool(_ALARM.search(intent))
    for text, hints in _pieces(observation):
        share = _share(units, text, hints)
        if alarm and share >= 0.3 and _ALERT.search(hints):
            share += 0.3
        if share > best:
            best, evidence = share, text
    if best >= HOLDS:
        return Check(verdict="holds", evidence=evidence[:160])
    if best <= FAILS and observation.truncated:
        return Check(verdict="undecided", evidence="the page is too large to be taken in full")
    if best <= FAILS:
        return Check(verdict="fails", evidence="nothing like it is visible")
    return Check(verdict="undecided", evidence=f"only partly: {evidence[:120]}")


def _pieces(observation: Observation) -> list[tuple[str, str]]:
    pieces = [(layer.text, layer.hints) for layer in observation.layers]
    pieces += [(notice.text, f"{notice.kind} {notice.hints}") for notice in observation.notices]
    pieces += [
        (f"{element.name} {element.value}", f"{element.role} {element.hints}")
        for element in observation.elements
        if element.interactive
    ]
    return pieces


def _share(units: tuple[Unit, ...], text: str, hints: str) -> float:
    said = total = 0.0
    for unit in units:
        total += unit.weight
        said += unit.weight * max(
            likeness(unit.phrase, words_of(text)), 0.8 * likeness(unit.phrase, words_of(hints))
        )
    return said / total
