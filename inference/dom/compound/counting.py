"""The n-th item of a list that may go on over several pages."""

from typing import Final

from inference.decisions import ActKind, Decision, Done, DontKnow, DontKnowReason
from inference.dom.compound.asked import SURE, Answer, Asked, act, dont_know
from inference.dom.compound.searching import SEARCHES
from inference.dom.ordinals import LIST_WORDS
from inference.dom.paging import next_page, shows_first
from inference.dom.records import main_group
from inference.dom.words import hint_words
from inference.observation import Element, Membership
from plans.step import StepType

_PASSED: Final = "passed "
_BESIDE: Final = frozenset({"search", "find", "list", "page", "found"})
_SMALL: Final = 0.3
"""Words of this weight or less name nothing."""


def counted_on(asked: Asked) -> Answer | None:
    """The item counted, once pages were turned on the way to it."""
    return _nth(asked) if any(_passed(one) for one in asked.done) else None


def nth(asked: Asked, answer: Answer) -> Answer:
    """The answer; where it does not know the item counted, that item or the way to its page."""
    if isinstance(answer, Decision) or answer.reason is DontKnowReason.BLOCKED:
        return answer
    return _nth(asked) or answer


def _nth(asked: Asked) -> Answer | None:
    """The item on this page, or the next page where the step says to look for it.

    None on a page that others come before: how many items they hold is not known.
    """
    intent = asked.intent
    if intent.type is not StepType.CLICK or intent.ordinal is None or intent.ordinal < 1:
        return None
    nouns = {part for unit in intent.counted for part in unit.phrase.stems} & LIST_WORDS
    others = [
        unit for unit in intent.units
        if unit.weight > _SMALL and not set(unit.phrase.stems) <= LIST_WORDS | _BESIDE
    ]  # fmt: skip
    items = _items(asked, nouns) if nouns and not others else []
    if not items:
        return None
    turned = any(_passed(one) for one in asked.done)
    if not turned and not shows_first(asked.scene.observation):
        return None
    at = intent.ordinal - sum(_passed(one) for one in asked.done) - 1
    if 0 <= at < len(items):
        return act(ActKind.CLICK, items[at], f"item {intent.ordinal} of the list")
    if not SEARCHES.search(asked.question.intent):
        return None
    turn = next_page(asked.scene.observation)
    if turn is None or isinstance(turn, DontKnow):
        return dont_know(DontKnowReason.ABSENT, "the list has fewer items", items)
    return turn.model_copy(
        update={"goes_on": True, "text": f"{_PASSED}{len(items)}", "confidence": SURE}
    )


def _passed(one: Done) -> int:
    """The items that were passed by turning the page."""
    return int(one.text.removeprefix(_PASSED)) if one.text.startswith(_PASSED) else 0


def _items(asked: Asked, nouns: set[str]) -> list[Element]:
    """What opens each item: titles of the main list, else links that are marked as items."""
    observation = asked.scene.observation
    index = main_group(observation)
    if index is not None and not SEARCHES.search(asked.question.intent):
        return []
    if index is not None:
        records = enumerate(observation.groups[index].records)
        refs = [
            asked.scene.title(Membership(index, at)) for at, one in records if not one.sponsored
        ]
        return [observation.element(ref) for ref in refs if ref is not None]
    marked = [
        one for one in asked.elements
        if one.role == "link" and one.name and hint_words(one.hints).stems & nouns
    ]  # fmt: skip
    return marked if len(marked) > 1 else []
