"""Which elements may be targets at all: text of a page is never an instruction.

A page can try to draw an act to itself with names that repeat the intent, that talk to whoever
automates it, or on things that no person sees. Such elements are never answered.
"""

import re
from dataclasses import replace
from typing import Final

from inference.dom.words import tokens
from inference.observation import Element, Observation

SMALLEST: Final = 5.0
"""CSS pixels: no person hits anything smaller."""
FURTHEST: Final = 2.0
"""Widths of the viewport beyond which, to the right, nobody scrolls."""
SHORT: Final = 11
"""Letters of a name that is too short to talk to anybody."""
SENTENCE: Final = 4
"""Words from which on an intent is a sentence, that no control is called by."""

_POINTING: Final = frozenset({"click", "press", "tap", "hit", "klicke", "klick", "cliquez"})
"""What an intent says to do with a control; no control is called so."""
_TALKS: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|prompts?|rules|commands?"
    r"|steps?|plan)\b"
    r"|\b(?:ai|a\.i\.|llm|automated|autonomous|browser|web|assistant)[ -]?(?:agents?|assistants?"
    r"|bots?|models?)\b.{0,60}\b(?:click|press|must|should|use|here|please|only|instead|enter)\b"
    r"|\b(?:dear|attention|note to|instructions? (?:for|to)) (?:ai|llm|agents?|assistants?|bots?"
    r"|automation)\b"
    r"|\b(?:click|press|tap|hit) (?:on )?(?:the|this) .{0,40}\b(?:button|link)\b"
    r"|\bsystem prompt\b|\byou are an? (?:ai|assistant|agent|llm)\b"
    r"|\b(?:language model|chatgpt|claude|gpt-?\d)\b.{0,40}\b(?:click|press|must|should)\b",
    re.IGNORECASE,
)


def trusted(observation: Observation, intent: str) -> Observation:
    """The page with the elements that no person could mean there to see, not to act on."""
    doubted = {
        element.ref
        for element in observation.elements
        if element.interactive and not believable(observation, element, intent)
    }
    if not doubted:
        return observation
    elements = tuple(
        replace(element, interactive=False) if element.ref in doubted else element
        for element in observation.elements
    )
    return replace(observation, elements=elements)


def believable(observation: Observation, element: Element, intent: str) -> bool:
    """Whether a person could mean the element by the intent."""
    box = element.box
    if element.interactive and min(box.width, box.height) < SMALLEST:
        return False
    if box.x > FURTHEST * max(1.0, observation.width):
        return False
    parts = {element.name, element.text, element.description, element.placeholder}
    return not any(
        _TALKS.search(part) or _repeats(part, intent) for part in parts if len(part) > SHORT
    )


def talks(text: str) -> bool:
    """Whether a text speaks to whoever automates the page."""
    return _TALKS.search(text) is not None


def _repeats(said: str, intent: str) -> bool:
    """Whether a name holds the whole sentence of the intent, and more, or that to click."""
    words, spoken = tokens(intent), tokens(said)
    if len(words) < SENTENCE or " ".join(words) not in " ".join(spoken):
        return False
    return len(spoken) > len(words) or words[0] in _POINTING
