"""Controls without a name that only their author's marks tell: an icon of class "send"."""

import re
from typing import Final

from inference.decisions import ActKind, Decision, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, innermost
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES
from inference.dom.words import UNASKED, hint_words, stem, words_of
from plans.step import StepType

_ACT: Final = re.compile(
    r"^\W*(?:click|press|tap|hit|use|klicke(?: auf)?|drücke)\s+(?:on\s+)?(?:the\s+)?"
    r"[\"“]?(?P<word>[^\W\d_]{3,20})[\"”]?(?:\s+(?:icon|button|symbol))?\W*$",
    re.IGNORECASE,
)
_ICON: Final = re.compile(
    r"^\W*(?:find and )?(?:click|press|tap)(?: on)?(?: the)? (?:\w+ )?with (?:the|an?) "
    r"[\"“](?P<mark>[\w-]{3,30})[\"”] (?:icon|symbol)\W*$",
    re.IGNORECASE,
)
_FEW: Final = 4
"""Words of a mark that says what its control does, not where it stands."""
_SURE: Final = 0.86
_HARMFUL: Final = UNASKED - {"next", "previous"}
_FIELDS: Final = TEXT_ROLES | CHOICE_ROLES | CHECK_ROLES


def by_mark(asked: Asked, answer: Answer) -> Answer:
    """The answer; where nothing is called so, the only icon that is marked with the word."""
    if isinstance(answer, Decision) or asked.intent.type is not StepType.CLICK:
        return answer
    if icon := _ICON.match(asked.question.intent):
        return _with_icon(asked, icon.group("mark")) or answer
    found = _ACT.match(asked.question.intent)
    if found is None or answer.reason is DontKnowReason.BLOCKED:
        return answer
    wanted = stem(found.group("word"))
    others = [one for one in asked.elements if one.role not in _FIELDS]
    if any(wanted in words_of(one.name).stems for one in others):
        return answer
    unnamed = [one for one in others if not one.name and hint_words(one.hints).count <= _FEW]
    marked = [one for one in unnamed if wanted in hint_words(one.hints).stems]
    asked_for = words_of(asked.question.intent).concepts
    marked = [one for one in marked if not (hint_words(one.hints).concepts & _HARMFUL) - asked_for]
    if len(marked) != 1:
        return answer
    return act(ActKind.CLICK, marked[0], "the only icon marked so", sure=_SURE)


def _with_icon(asked: Asked, mark: str) -> Answer | None:
    """The only control that bears an icon of this very name."""
    whole = re.compile(rf"(?<![a-z0-9]){re.escape(mark)}(?![\w-])", re.IGNORECASE)
    found = innermost([one for one in asked.elements if whole.search(one.hints)])
    if len(found) != 1 or found[0].role in _FIELDS:
        return None
    return act(ActKind.CLICK, found[0], "the only one with this icon", sure=_SURE)
