"""Which words of an intent its element accounts for; what only the page says is data."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from inference.dom.intent import Intent
from inference.dom.words import (
    GENERIC_NOUNS,
    OPEN_VERBS,
    PLAIN_VERBS,
    STOP,
    Words,
    phrases,
    words_of,
)
from inference.memory.locator import Fingerprint
from inference.memory.naming import Naming
from inference.memory.pages import page_kind
from inference.observation import Element, Observation
from inference.risk import RISKY
from plans.placeholders import PLACEHOLDER
from plans.step import StepType

VARYING: Final = re.compile(
    r"\b(?!(?:request|interest|guest|contest|protest|forest|harvest|digest|manifest|\w*liste)\b)"
    r"(?:\w{3,}est|best|worst|most|least|last|first|next|recent(?:ly)?|any|some|random|another"
    r"|\w{3,}ste[nrms]?|letzte\w*|nächste\w*|irgend\w*|derni[eè]re?s?|premi[eè]re?s?|prochaine?s?"
    r"|últim[oa]s?|primer[oa]?s?|próxim[oa]s?|ultim[oaie]|prossim[oaie]|laatste|eerste|volgende)\b",
    re.IGNORECASE,
)
"""Words that choose by comparing: what they mean differs from one day to the next."""
_SAID: Final = re.compile(r"\w+")
_EMPTY: Final = PLAIN_VERBS | OPEN_VERBS


def is_grave(element: Element) -> bool:
    """Whether an act on it can't be taken back easily."""
    return bool(words_of(element.name).concepts & RISKY)


def comparing(element: Element, intent: Intent, naming: Naming, *, item: bool) -> str | None:
    """The first word that chooses by comparing; None where the element itself is called so.

    `item`: it is a thing of a list, whose name does not say that it will be so the next time.
    """
    if intent.type is StepType.PAGINATE:
        return None
    said = words_of("" if item else _own(element))
    found = (match[0] for match in VARYING.finditer(_plain(intent, naming)))
    return next((word for word in found if not _says(said, word)), None)


def left_over(
    observation: Observation,
    element: Element,
    intent: Intent,
    naming: Naming,
    found: Fingerprint,
) -> tuple[list[str], bool]:
    """Words of the intent that may mean another element on another page.

    Those are numbers, names, and what the page says elsewhere; where the act is grave, all that
    neither the element says, nor the anchor, nor the kind of page. Values are left out.

    Returns:
        The words, and whether others stand only in what is around the element.
    """
    kind = page_kind(observation.url, naming)
    always = PLACEHOLDER.sub(" ", " ".join(kind)) if kind is not None else ""
    own = words_of(" ".join((_own(element), found.label, found.anchor)))
    fixed = words_of(always)
    around = words_of(" ".join((element.heading, element.group, element.column)))
    page: Words | None = None
    left: list[str] = []
    leaning = False
    for text, capital, verb in _content(intent, naming):
        number = any(sign.isdigit() for sign in text)
        if _says(own, text) or (not number and _says(fixed, text)):
            continue
        if not number and _says(around, text):
            leaning = True
            continue
        page = page or words_of(" ".join(_texts(observation)))
        grave = is_grave(element) and not verb
        if number or capital or grave or _holds(page, text):
            left.append(text)
    return left, leaning


def _content(intent: Intent, naming: Naming) -> Iterator[tuple[str, bool, bool]]:
    """What says which thing is meant; whether it is written as names are, whether it leads."""
    text = _plain(intent, naming)
    names = {word.casefold() for word in _SAID.findall(text)[1:] if word[0].isupper()}
    value = words_of(intent.value).stems
    for at, one in enumerate(phrases(text)):
        telling = [
            word
            for word, root in zip(one.words, one.stems, strict=True)
            if word not in STOP and root not in value and root not in GENERIC_NOUNS
            if root not in _EMPTY or word in names
        ]
        if telling:
            yield " ".join(telling), any(word in names for word in telling), at == 0


def _plain(intent: Intent, naming: Naming) -> str:
    """The words of the intent, without values."""
    return PLACEHOLDER.sub(" ", naming.named(f"{intent.text} {intent.label}"))


def _own(element: Element) -> str:
    return " ".join((element.name, element.placeholder, *element.options))


def _says(said: Words, text: str) -> bool:
    """Whether it says each word, or what they mean together."""
    meant = words_of(text)
    return meant.stems <= said.stems or bool(meant.concepts & said.concepts)


def _holds(said: Words, text: str) -> bool:
    return bool(words_of(text).stems & said.stems)


def _texts(observation: Observation) -> Iterable[str]:
    """All that a page says, its address included."""
    yield from (observation.url, observation.title)
    yield from (block.text for block in observation.blocks)
    yield from (record.text for group in observation.groups for record in group.records)
    for one in observation.elements:
        yield from (one.name, one.text, one.before, one.after, one.heading, one.group, one.layer)
