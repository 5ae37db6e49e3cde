"""Things that the step calls by their exact name: the folder named "Invoices"."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, dont_know, innermost, named
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES
from inference.dom.words import CLOSE_MARKS, words_of
from inference.observation import Element
from plans.step import StepType

_KIND: Final = r"(?:link|button|tab|item|entry|menu ?item|folder|file)"
_NAMED: Final = re.compile(
    r"^\W*(?P<before>[^\"“„”]*?)\b(?:named|called|label(?:l)?ed|titled|saying|reading"
    r"|with the (?:name|label|text|caption)|namens|mit der Aufschrift)\s*:?\s*"
    r"[\"“„](?P<name>[^\"”]+)[\"”]\W*$",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(
    rf"^\W*(?P<before>(?:find and )?(?:click|press|tap|open)(?: on)?(?: the)?(?: {_KIND})?)\s+"
    rf"[\"“„](?P<name>[^\"”]+)[\"”](?:\s+{_KIND})?\W*$",
    re.IGNORECASE,
)
_ANCHORED: Final = re.compile(
    r"\b(?:of|for|by|from|under|beside|next to|above|below|row|with|without|in(?! the dialog))\b",
    re.IGNORECASE,
)
_FIELDS: Final = TEXT_ROLES | CHOICE_ROLES | CHECK_ROLES


def by_name(asked: Asked) -> Answer | None:
    """The only thing of exactly the name given; None where the step gives none, or more."""
    if asked.intent.type is not StepType.CLICK or asked.intent.ordinal is not None:
        return None
    text = asked.question.intent
    said, plainly = _NAMED.match(text), _PLAIN.match(text)
    found = said or plainly
    if found is None or _ANCHORED.search(found.group("before")):
        return None
    name = found.group("name").strip()
    things = [one for one in asked.elements if one.role not in _FIELDS]
    alike = named(things, name)
    exact = [one for one in alike if name in (one.name.strip(), one.text.strip())]
    if said is None:
        return act(ActKind.CLICK, exact[0], "the only one called so") if len(exact) == 1 else None
    best = exact or alike or _closers(things, name)
    if len(best) > 1 and "button" in text.casefold():
        best = [one for one in best if one.role == "button"] or best
    if not best:
        return None
    if len(best) > 1:
        return dont_know(DontKnowReason.AMBIGUOUS, "several are called so", best)
    return act(ActKind.CLICK, best[0], "the only one called so")


def _closers(things: list[Element], name: str) -> list[Element]:
    """What closes, where an x is asked for: many are named by a word that is not shown."""
    if name not in CLOSE_MARKS:
        return []
    return innermost(
        [one for one in things if one.role == "button" and "close" in words_of(one.name).concepts]
    )
