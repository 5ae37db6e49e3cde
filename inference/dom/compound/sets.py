"""Several targets of one act: "A, B and C", "all checkboxes in X", "the Like button of 3 posts"."""

import re
from collections.abc import Sequence
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import Answer, Asked, act, dont_know, innermost, named, plain
from inference.dom.compound.one_by_one import begun, first_counted, next_counted, own_record
from inference.dom.compound.together import of_one_set
from inference.dom.scene import CHECK_ROLES, label_of
from inference.dom.words import hint_words, words_of
from inference.observation import Element
from plans.step import StepType

_TICKS: Final = CHECK_ROLES - {"radio", "menuitemradio"}
_LEAD: Final = re.compile(
    r"^\W*(?:please\s+)?(?:select|choose|tick|check|mark|pick|enable|activate|switch on|turn on"
    r"|untick|uncheck|unselect|deselect|disable|switch off|turn off|wähle|markiere|aktiviere)\s+"
    r"(?:only\s+|nur\s+)?",
    re.IGNORECASE,
)
_TAIL: Final = re.compile(
    r"\s+(?:from|in|on|of|under|with|out of|aus|in)\s+(?:the|this|that|der|dem)\s+[\w\s-]+$"
    r"|\s+(?:check ?boxes|boxes|options?|toggles|switches|filters?|items?)\s*$",
    re.IGNORECASE,
)
_COMMA: Final = re.compile(r"\s*[,;]\s*(?:(?:and|und|&)\s+)?", re.IGNORECASE)
_AND: Final = re.compile(r"\s+(?:and|und|&)\s+", re.IGNORECASE)
_QUOTES: Final = "\"“”„'‘’«» ."
_ONLY: Final = re.compile(r"\b(?:only|nothing but|just|nur|exactly)\b", re.IGNORECASE)
_ALL_TICKS: Final = re.compile(
    r"\b(?:all|every|each|alle|jede)\b(?:\s+of)?(?:\s+the)?\s+(?:\d+\s+)?"
    r"(?:check ?box(?:es)?|boxes|box|options?|switch(?:es)?|toggles?|kontrollkästchen)"
    r"(?:\s+(?:in|of|under|for|from|on|inside)\s+(?:the\s+)?(?P<where>.+?))?\W*$",
    re.IGNORECASE,
)
_IN_ORDER: Final = re.compile(
    r"\b(?:all\s+)?(?:the\s+)?numbers?\s+in\s+(?P<way>ascending|increasing|descending|decreasing"
    r"|rising|falling)\s+order\b",
    re.IGNORECASE,
)
_CLOSE: Final = 250
"""Characters of a block that is about one thing."""
_NUMBERS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "a": 1}
_OF_MANY: Final = re.compile(
    r"[\"“„](?P<name>[^\"”]+)[\"”]\s*(?:button|icon|link|check ?box|box)?\s+"
    r"(?:on|of|for|in|at|next to)\s+"
    r"(?:(?P<all>all|every|each)|(?:the first\s+)?(?P<count>\d+|one|two|three|four|five|six))"
    r"(?:\s+of)?(?:\s+the)?\s+[\w-]+(?:\s+[\w-]+)?\s+"
    r"(?:by|from|of|for|with|in|about|named|called)\s+(?P<anchor>.+?)\W*$",
    re.IGNORECASE,
)


_OF_ONE: Final = re.compile(
    r"[\"“„](?P<name>[^\"”]+)[\"”]\s*(?:button|icon|link|check ?box|box)?\s+"
    r"(?:of|for|by|from|next to|beside)\s+(?:the\s+)?[\"“]?(?P<anchor>[^\"”]+?)[\"”]?\W*$",
    re.IGNORECASE,
)


def gather(asked: Asked) -> Answer | None:
    """All targets of the step at once; None where it means a single one.

    Where one that is named is not there, or fits twice, nothing is done at all.
    """
    if asked.intent.type is StepType.SELECT_OPTION:
        return _options(asked)
    if asked.intent.type is not StepType.CLICK:
        return None
    text = asked.question.intent
    if many := _OF_MANY.search(text):
        return _of_many(asked, many)
    if order := _IN_ORDER.search(text):
        return _in_order(asked, order.group("way").casefold())
    every = _ALL_TICKS.search(text) if _LEAD.search(text) else None
    if every and not named(asked.elements, "select all"):
        return _all_ticks(asked, every.group("where") or "")
    if (one := _OF_ONE.search(text)) and (only := _of_one(asked, one)):
        return only
    return _each_named(asked)


def _options(asked: Asked) -> Answer | None:
    """Several options of one list that takes several."""
    value = asked.question.step.params.value
    names = [str(one) for one in value] if isinstance(value, list) else _names(asked.intent.value)
    if len(names) < 2:
        return None
    whole = plain(asked.intent.value)
    lists = [one for one in asked.elements if one.options]
    if any(plain(option) == whole for one in lists for option in one.options):
        return None
    holding = [one for one in lists if (_holds(one, names))]
    if len(holding) == 1 and holding[0].role == "listbox":
        text = "\n".join(_option(holding[0], name) for name in names)
        return act(ActKind.SELECT, holding[0], f"{len(names)} options", text=text)
    return _ticked(asked, names)


def _holds(one: Element, names: Sequence[str]) -> bool:
    options = {plain(option) for option in one.options}
    return all(plain(name) in options for name in names)


def _option(one: Element, name: str) -> str:
    return next(option for option in one.options if plain(option) == plain(name))


def _each_named(asked: Asked) -> Answer | None:
    text = asked.question.intent
    if not _LEAD.search(text):
        return None
    names = _names(_TAIL.sub("", _LEAD.sub("", text, count=1)))
    return _ticked(asked, names) if len(names) > 1 else None


def _names(text: str) -> list[str]:
    """The members of a list in words; what stands in quotes is never cut.

    Where commas part them, "and" does so before the last one only.
    """
    quoted = re.findall(r"[\"“„]([^\"”]+)[\"”]", text)
    if len(quoted) > 1:
        return quoted
    *others, last = _COMMA.split(text)
    parts = [part.strip(_QUOTES) for part in (*others, *_AND.split(last))]
    return [part for part in parts if part]


def _ticked(asked: Asked, names: Sequence[str]) -> Answer | None:
    """Tick (or untick) exactly those named; None where not even one of them is a box here."""
    ticks = [one for one in asked.elements if one.role in _TICKS]
    found = [named(ticks, name) for name in names]
    if not any(found):
        return None
    for name, members in zip(names, found, strict=True):
        if not members:
            return dont_know(DontKnowReason.ABSENT, f"there is no {name!r} among them", ticks)
        if len(members) > 1:
            return dont_know(DontKnowReason.AMBIGUOUS, f"{name!r} is there twice", members)
    chosen = [members[0] for members in found]
    if asked.intent.turn is False:
        return act(ActKind.UNCHECK, chosen[0], f"all {len(chosen)} of them", also=chosen[1:])
    if _ONLY.search(asked.question.intent):
        refs = {one.ref for one in chosen}
        others = [
            one
            for one in ticks
            if one.checked and one.ref not in refs and of_one_set(one, chosen, ticks)
        ]
        if others:
            return act(
                ActKind.UNCHECK, others[0], "not among those named", also=others[1:], goes_on=True
            )
    return act(ActKind.CHECK, chosen[0], f"all {len(chosen)} of them", also=chosen[1:])


def _all_ticks(asked: Asked, where: str) -> Answer | None:
    ticks = [one for one in asked.elements if one.role in _TICKS]
    if where:
        wanted = words_of(where.strip(_QUOTES)).stems
        ticks = [
            one
            for one in ticks
            if wanted <= words_of(f"{one.group} {one.heading} {one.layer}").stems
        ]
    if not ticks:
        return dont_know(DontKnowReason.ABSENT, "there are no such boxes")
    kind = ActKind.UNCHECK if asked.intent.turn is False else ActKind.CHECK
    return act(kind, ticks[0], f"all {len(ticks)} of them", also=ticks[1:])


def _in_order(asked: Asked, way: str) -> Answer | None:
    """The next of all that are called by a number alone, each once, in the numbers' order."""
    found = [one for one in innermost(asked.elements) if one.name.strip().lstrip("-").isdigit()]
    before = {one.name for one in asked.done}
    left = [one for one in found if one.name not in before]
    if len(found) + len(before) < 2 or len({one.name for one in found}) < len(found) or not left:
        return None
    down = way.startswith(("desc", "decr", "fall"))
    left.sort(key=lambda one: int(one.name), reverse=down)
    return act(ActKind.CLICK, left[0], "the next number", goes_on=len(left) > 1)


def _of_many(asked: Asked, many: re.Match[str]) -> Answer:
    """The control of one name in each of several records that an anchor picks.

    What is clicked is looked for anew each time: a click may take its record out of the list,
    whose elements then show others.
    """
    count = many.group("count")
    anchor = many.group("anchor").strip(_QUOTES)
    found = _in_records(asked, many.group("name"), anchor)
    if begun(asked):
        return next_counted(asked, found or _left_alone(asked, many.group("name"), anchor))
    number = len(found)
    if count is not None:
        number = _NUMBERS.get(count.casefold()) or int(count)
        if len(found) < number:
            why = f"only {len(found)} of {number} are here"
            return dont_know(DontKnowReason.ABSENT, why, found)
    if not found:
        return dont_know(DontKnowReason.ABSENT, f"nothing here is of {anchor!r}")
    if found[0].role in _TICKS:
        return act(ActKind.CHECK, found[0], f"all {number} of {anchor}", also=found[1:number])
    return first_counted(asked, found, number)


def _of_one(asked: Asked, one: re.Match[str]) -> Answer | None:
    """The control of one name in the only record that the anchor picks.

    Don't-know where there are such controls and nothing near any of them speaks of the anchor.
    """
    name, anchor = one.group("name"), one.group("anchor").strip(_QUOTES)
    found = _in_records(asked, name, anchor)
    if asked.intent.turn is False:
        return None
    if len(found) == 1:
        return act(ActKind.CLICK, found[0], f"the one of {anchor}")
    saying = [element for element in asked.elements if _says(element, name)]
    near = any(_near(asked, element, anchor) for element in saying)
    if anchor not in asked.intent.quoted or not saying or near:
        return None
    return dont_know(DontKnowReason.ABSENT, f"none of them is of {anchor!r}", saying)


def _near(asked: Asked, element: Element, anchor: str) -> bool:
    """Whether what a control belongs to speaks of the anchor."""
    blocks = asked.scene.observation.blocks
    block = blocks[element.block].text if element.block >= 0 else ""
    texts = (own_record(asked, element), element.group, element.heading, element.layer,
             element.before, element.column, block if len(block) <= _CLOSE else "")  # fmt: skip
    return any(_about(text, anchor) for text in texts)


def _in_records(asked: Asked, name: str, anchor: str) -> list[Element]:
    """The controls of that name whose own records speak of the anchor."""
    saying = [one for one in asked.elements if _says(one, name)]
    return [one for one in saying if _about(own_record(asked, one), anchor)]


def _left_alone(asked: Asked, name: str, anchor: str) -> list[Element]:
    """The only control of that name, where what is around it speaks of the anchor.

    A list of which one thing is left is no list to the eye.
    """
    saying = [one for one in asked.elements if _says(one, name)]
    if len(saying) != 1 or saying[0].block < 0:
        return []
    text = asked.scene.observation.blocks[saying[0].block].text
    return saying if len(text) <= _CLOSE and _about(text, anchor) else []


def _says(element: Element, name: str) -> bool:
    """Whether the element is called so, or, without any name, marked so by its author."""
    label = label_of(element) if element.name or element.role in CHECK_ROLES else ""
    if label:
        return plain(label) == plain(name)
    return words_of(name).stems <= hint_words(element.hints).stems


def _about(text: str, anchor: str) -> bool:
    return bool(re.search(rf"(?<![\w@]){re.escape(anchor)}(?!\w)", text, re.IGNORECASE))
