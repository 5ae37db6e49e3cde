"""Fields that suggest what to take: type, wait for the list, take the entry that fits."""

import re
from collections.abc import Callable
from typing import Final

from inference.decisions import ActKind, Decision, Done, DontKnowReason
from inference.dom.compound.asked import (
    LEADS,
    Answer,
    Asked,
    act,
    dont_know,
    innermost,
    look_again,
    named,
    plain,
)
from inference.dom.scene import label_of
from inference.observation import Element
from plans.step import StepType

_TYPES: Final = frozenset({StepType.FILL_FIELD, StepType.SELECT_OPTION, StepType.TYPE_TEXT})
_SUGGESTS: Final = re.compile(
    r"auto-?complete|typeahead|auto-?suggest|autocompletion|combo-?box|select2-search", re.I
)
_STARTS: Final = re.compile(
    r"\b(?:starts?|starting|begins?|beginning) with [\"“]([^\"”]+)[\"”]", re.IGNORECASE
)
_ENDS: Final = re.compile(r"\b(?:ends?|ending) (?:with|in) [\"“]([^\"”]+)[\"”]", re.IGNORECASE)
_CONTAINS: Final = re.compile(r"\bcontain(?:s|ing)? [\"“]([^\"”]+)[\"”]", re.IGNORECASE)
_ENTRIES: Final = frozenset({"option", "menuitem", "listitem", "generic", "treeitem"})


def take(asked: Asked) -> Answer | None:
    """Type into the field that suggests, then choose; None where the step means no such field."""
    if asked.intent.type not in _TYPES:
        return None
    text = asked.question.intent
    starts, ends, contains = _STARTS.search(text), _ENDS.search(text), _CONTAINS.search(text)
    if starts or contains:
        return _fitting(asked, starts, ends, contains)
    typed = [one for one in asked.done if one.act is ActKind.FILL]
    if not typed:
        return None
    field = next((one for one in asked.elements if _suggests(one) and _holds(one, typed)), None)
    if field is None:
        return None
    found = named(_entries(asked, field), typed[-1].text)
    within = innermost(
        [one for one in _entries(asked, field) if plain(typed[-1].text) in plain(one.name)]
    )
    whole = re.compile(rf"(?<!\w){re.escape(plain(typed[-1].text))}(?!\w)")
    words = [one for one in within if whole.search(plain(one.name))]
    for choice in (found, words, within):
        if len(choice) == 1:
            return act(ActKind.CLICK, choice[0], "the entry that was typed")
    if within:
        return dont_know(DontKnowReason.AMBIGUOUS, "several entries fit", within)
    return look_again(asked, field, "waits for entries") or act(
        ActKind.SCROLL, field, "it suggests nothing like it and holds the text"
    )


def led_on(asked: Asked, answer: Answer) -> Answer:
    """The answer; where it fills a field that suggests, the step goes on to the suggestion."""
    if isinstance(answer, Decision) and answer.act is ActKind.FILL and answer.ref is not None:
        field = asked.scene.observation.element(answer.ref)
        if _suggests(field) and answer.text:
            return answer.model_copy(update={"goes_on": True})
    return answer


def _fitting(
    asked: Asked,
    starts: re.Match[str] | None,
    ends: re.Match[str] | None,
    contains: re.Match[str] | None,
) -> Answer:
    """Take the first entry that begins (and ends) as the step says."""
    begin = starts.group(1) if starts else ""
    end, part = (ends.group(1) if ends else ""), (contains.group(1) if contains else "")
    typed = begin or part
    fields = [one for one in asked.elements if _suggests(one)] or [
        one for one in asked.elements if one.role in ("textbox", "combobox", "searchbox")
    ]
    if len(fields) != 1:
        return dont_know(DontKnowReason.AMBIGUOUS, "several fields can be meant", fields)
    field = fields[0]
    if not any(one.act in (ActKind.FILL, ActKind.TYPE) for one in asked.done):
        return act(ActKind.FILL, field, "asks for entries", text=typed, sure=LEADS, goes_on=True)
    fits: Callable[[str], bool] = lambda name: (  # noqa: E731
        name.startswith(begin) and name.endswith(end) and part.casefold() in name.casefold()
    )
    for one in _entries(asked, field):
        if fits(label_of(one).strip()):
            return act(ActKind.CLICK, one, "begins and ends as asked")
    return look_again(asked, field, "waits for entries", 3) or dont_know(
        DontKnowReason.ABSENT, "no entry begins and ends like that"
    )


def _suggests(element: Element) -> bool:
    if element.role == "combobox" and element.tag == "input":
        return True
    return element.role in ("textbox", "searchbox") and bool(_SUGGESTS.search(element.hints))


def _holds(element: Element, typed: list[Done]) -> bool:
    return plain(element.value) == plain(typed[-1].text)


def _entries(asked: Asked, field: Element) -> list[Element]:
    """The entries of the list that is open below (or above) the field."""
    box = field.box
    return [
        one
        for one in asked.elements
        if one.ref != field.ref
        and one.role in _ENTRIES
        and one.name
        and one.box.x < box.x + box.width + 20
        and one.box.x + one.box.width > box.x - 20
        and (one.role != "generic" or one.box.y >= box.y + box.height - 2)
    ]
