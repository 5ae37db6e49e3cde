"""How sure an answer of Holo3 counts as, which gives no figure itself.

Why these values: docs/models.md. What raises them is a second witness that did not see the
picture: the page's own name of what lies at the place, or the tier before. Without one, no grave
act gets over `risk.threshold`.
"""

import re
from typing import Final

from inference.asking import GroundAsk, Look, Seen
from inference.dom.words import (
    GENERIC_NOUNS,
    OPEN_VERBS,
    PLAIN_VERBS,
    STOP,
    Words,
    stem,
    tokens,
    words_of,
)
from inference.risk import GRAVE

AGREED_BY_NAME: Final = 0.93
"""The best candidate of the tier before, and the intent says all of its name."""
AGREED: Final = 0.90
"""The best candidate of the tier before, and the intent says part of its name."""
NAMED: Final = 0.88
"""The intent says all of its name, and no other of that name is meant as well."""
SHARED: Final = 0.80
"""The intent says part of its name."""
DESCRIBED: Final = 0.74
"""The intent names nothing ("the first listing"), or the model's own description says its name."""
NAMELESS: Final = 0.73
"""It has no name that could be held against the intent: a symbol, a canvas, "a2", "保存"."""
BARE: Final = 0.72
"""There is no element at the place that anybody knows of."""
FOREIGN: Final = 0.60
"""It has another name than what the intent says: not enough for a click."""
UNNAMED_GRAVE: Final = 0.55
"""The intent is grave and nothing on the page says that this is what it means."""
DISABLED: Final = 0.40
PLAIN: Final = 0.80
"""Acts on the page as a whole, and that the step is done."""
SURE: Final = 1.0
"""Acts that do nothing to the page: waiting, asking the user."""

_WORD: Final = re.compile(r"[^\W\d_]{3,}|[^\W\d_a-zA-Z]+")
_PLACED: Final = re.compile(
    r"\b(?:first|second|third|fourth|fifth|last|(?:next|previous)(?!\s+page)|\d{1,2}(?:st|nd|rd|th)"
    r"|top|bottom|left|right|left-?most|right-?most|erst\w*|zweit\w*|dritt\w*|letzt\w*)\b",
    re.IGNORECASE,
)
_NO_NAMES: Final = PLAIN_VERBS | OPEN_VERBS | GENERIC_NOUNS


def of_target(ask: GroundAsk, seen: Seen | None, called: str = "") -> float:
    """The chance that `seen`, what lies at the place Holo3 named, is what the step means.

    Args:
        ask: the question, with the candidates of the tier before.
        seen: None where the page has no element there.
        called: how the model itself called the element.
    """
    intent = _intent(ask)
    if seen is None:
        return _unnamed(intent, BARE)
    if seen.disabled:
        return DISABLED
    name = seen.name or seen.text or seen.placeholder
    named = words_of(name)
    telling = _telling(name)
    if not telling and not named.concepts:
        return _unnamed(intent, NAMELESS)
    agreed = bool(ask.candidates) and _best(ask) == seen.ref
    if telling and telling <= _telling(intent):
        alone = _alone(ask.look, seen, name, intent)
        if agreed:
            return AGREED_BY_NAME if alone else AGREED
        return NAMED if alone else SHARED
    if _says(intent, telling, named):
        return AGREED if agreed else SHARED
    if agreed or _says(called, telling, named) or not _names_anything(intent):
        return _unnamed(intent, DESCRIBED)
    return _unnamed(intent, FOREIGN if _comparable(name, intent) else NAMELESS)


def _intent(ask: GroundAsk) -> str:
    params = ask.step.params
    return " ".join(filter(None, (ask.intent, params.label, params.dropdown_label)))


def _best(ask: GroundAsk) -> int:
    return max(ask.candidates, key=lambda one: one.score).ref


def _telling(text: str) -> frozenset[str]:
    return frozenset(stem(token) for token in tokens(text) if token not in STOP)


def _says(text: str, telling: frozenset[str], named: Words) -> bool:
    return bool(telling & _telling(text) or named.concepts & words_of(text).concepts)


def _names_anything(intent: str) -> bool:
    """Whether an intent calls its target by name: "the first listing" does not."""
    return bool(_telling(_PLACED.sub(" ", intent)) - _NO_NAMES)


def _comparable(name: str, intent: str) -> bool:
    """Whether a name holds words, of the letters that the intent is written in."""
    words = _WORD.findall(name)
    foreign = any(letter.isalpha() and not letter.isascii() for letter in intent)
    return any(word.isascii() for word in words) or (bool(words) and foreign)


def _alone(look: Look, seen: Seen, name: str, intent: str) -> bool:
    """Whether its name, or else the record it lies in, tells it from all that can be acted on."""
    wanted = name.casefold().strip()
    said = _telling(intent)
    own = len(said & _telling(seen.record))
    return not any(
        own <= len(said & _telling(other.record))
        for other in look.elements
        if other.ref != seen.ref
        and other.interactive
        and (other.name or other.text or other.placeholder).casefold().strip() == wanted
    )


def _unnamed(intent: str, prior: float) -> float:
    return min(prior, UNNAMED_GRAVE) if words_of(intent).concepts & GRAVE else prior
