"""Look for what is not shown yet: behind tabs, in folded sections, in trees, on later pages."""

import re
from collections import Counter
from typing import Final

from inference.decisions import ActKind, Decision, DontKnow, DontKnowReason
from inference.dom.compound.asked import (
    LEADS,
    Answer,
    Asked,
    act,
    look_again,
    named,
    overlap,
    plain,
)
from inference.dom.paging import next_page
from inference.dom.scene import label_of
from inference.dom.words import UNASKED, hint_words, likeness, words_of
from inference.observation import Element
from inference.risk import RISKY
from plans.step import StepType

_TYPES: Final = frozenset(
    {StepType.CLICK, StepType.FILL_FIELD, StepType.SELECT_OPTION, StepType.SUBMIT}
)
SEARCHES: Final = re.compile(
    r"\b(?:find|look (?:for|through)|search (?:for|through|in)|locate|browse|navigate through"
    r"|switch between|go through|expand|unfold|wherever|whichever|suche?n?|finde|durchsuche)\b",
    re.IGNORECASE,
)
"""Words that ask to look for something, not only to act on it."""
_FOLDED: Final = re.compile(
    r"(?:^|[\s_-])(?:expandable|collapsed|collapsible|accordion|expander|disclosure|twisty"
    r"|tree-?toggle|folded|closed)(?:$|[\s_-])",
    re.IGNORECASE,
)
_UNFOLDED: Final = re.compile(
    r"(?:^|[\s_-])(?:collapsable|expanded|is-?open|unfolded)(?:$|[\s_-])", re.I
)
_SIGNS: Final = frozenset("+⊞▸▶►☰⋮⋯")
_FOLDS: Final = frozenset({"tab", "button", "treeitem", "generic", "heading", "menuitem", "link"})
_NO_LINK: Final = re.compile(r"^(?:|.*#[^/]*|javascript:.*)$", re.IGNORECASE)
_STAYS: Final = frozenset({"tab", "treeitem"})


def search(asked: Asked, answer: Answer) -> Answer:
    """The answer, or the next harmless opening where what the step names is not shown.

    Only for names in quotes. What shows such a name behind it is opened at once, anything
    else only where the step says to look for it.
    """
    if asked.intent.type not in _TYPES:
        return answer
    if isinstance(answer, Decision):
        return _rather(asked, answer)
    if answer.reason not in (
        DontKnowReason.ABSENT, DontKnowReason.UNSURE, DontKnowReason.AMBIGUOUS
    ):  # fmt: skip
        return answer
    wanted = [name for name in asked.intent.quoted if plain(name)]
    if not wanted or any(_shown(asked, name) for name in wanted):
        return answer
    opening = _opening(asked, wanted)
    if opening is not None:
        return opening
    closed = _closed(asked)
    if not SEARCHES.search(asked.question.intent):
        return answer
    if closed:
        return act(ActKind.CLICK, closed[0], "looks behind it", sure=LEADS, goes_on=True)
    return _late(asked) or _turned(asked) or answer


def _late(asked: Asked) -> Decision | None:
    """Another look at what was opened last: it may still be unfolding."""
    last = next((one for one in reversed(asked.done) if one.act is ActKind.CLICK), None)
    if last is None:
        return None
    there = [one for one in asked.elements if (one.name, one.role) == (last.name, last.role)]
    return look_again(asked, (there or asked.elements)[0], "waits for what was opened", 4)


def _rather(asked: Asked, answer: Decision) -> Decision:
    """The answer; where it is called only nearly so, what else can be opened is looked at first."""
    names = [name.strip() for name in asked.intent.quoted]
    if answer.ref is None or answer.goes_on or len(names) != 1:
        return answer
    element = asked.scene.observation.element(answer.ref)
    nearly = plain(element.name).strip(".,;!?") == plain(names[0]).strip(".,;!?")
    closed = _closed(asked) if nearly and element.name.strip() != names[0] else []
    if not closed or not SEARCHES.search(asked.question.intent):
        return answer
    return act(ActKind.CLICK, closed[0], "looks for the exact name", sure=LEADS, goes_on=True)


def _opening(asked: Asked, wanted: list[str]) -> Decision | None:
    """Open the one thing that hides what is wanted: entries of menus by resting on them first."""
    holder = _holder(asked, [one for one in asked.elements if _folded(one)], wanted)
    if holder is None:
        return None
    last = asked.done[-1] if asked.done else None
    if last is not None and (last.name, last.role) == (holder.name, holder.role):
        again = look_again(asked, holder, "waits for what was opened", 5)
        if again is not None or holder.role != "menuitem":
            return again
    elif holder.role == "menuitem":
        why = "opens the menu that holds it"
        return act(ActKind.HOVER, holder, why, sure=LEADS, goes_on=True)
    clicked = any(
        one.act is ActKind.CLICK and (one.name, one.role) == (holder.name, holder.role)
        for one in asked.done
    )
    if clicked:
        return None
    return act(ActKind.CLICK, holder, "opens what holds it", sure=LEADS, goes_on=True)


def _holder(asked: Asked, closed: list[Element], wanted: list[str]) -> Element | None:
    """The only closed thing that hides one of the names, where the rest of the step is said too."""
    for alike in (_equals, _contains):
        found = [
            (one, option)
            for one in closed
            for option in one.options
            if any(alike(option, name) for name in wanted)
        ]
        if len({one.ref for one, _ in found}) > 1 or alike is _contains:
            found = [(one, option) for one, option in found if _belongs(asked, one, option)]
        if len({one.ref for one, _ in found}) == 1:
            return found[0][0]
    return None


def _shown(asked: Asked, name: str) -> bool:
    """Whether something visible is called so: a control, a heading, a text of its own."""
    observation = asked.scene.observation
    return bool(named(observation.elements, name)) or any(
        plain(one.text) == plain(name) for one in observation.notices
    )


def _equals(option: str, name: str) -> bool:
    return plain(option) == plain(name)


def _contains(option: str, name: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(plain(name))}(?!\w)", plain(option)))


def _belongs(asked: Asked, closed: Element, option: str) -> bool:
    """Whether the option, or the record around it, says all that the step names besides."""
    rest = [unit for unit in asked.intent.units if unit.weight >= 1 and not unit.quoted]
    texts = [option, *(asked.scene.record(member).text for member in closed.records)]
    return bool(rest) and any(
        all(likeness(unit.phrase, words_of(text)) >= 0.99 for unit in rest) for text in texts
    )


def _closed(asked: Asked) -> list[Element]:
    """What can be opened and was not, in page order; nothing that could do more than that."""
    opened = Counter((one.name, one.role) for one in asked.done)
    found: list[Element] = []
    seen: Counter[tuple[str, str]] = Counter()
    for one in asked.elements:
        if not _folded(one):
            continue
        key = (one.name, one.role)
        seen[key] += 1
        if seen[key] > opened[key] or (one.expanded is False and _tree(one) and not opened[key]):
            found.append(one)
    found = [one for one in found if not any(_shows(one, other) for other in found)]
    return sorted(found, key=lambda one: one.ref < _last_opened(asked))


def _last_opened(asked: Asked) -> int:
    """Where in the page the thing opened last stands: what comes after it is next."""
    last = next((one for one in reversed(asked.done) if one.act is ActKind.CLICK), None)
    if last is None:
        return -1
    key = (last.name, last.role)
    return next((one.ref for one in asked.elements if (one.name, one.role) == key), -1)


def _folded(element: Element) -> bool:
    """Whether the element only folds or switches, and is folded now."""
    if element.role not in _FOLDS or not _NO_LINK.match(element.href):
        return False
    concepts = words_of(element.name).concepts
    if concepts & (RISKY | UNASKED) and element.role not in _STAYS:
        return False
    if element.role == "tab":
        return not element.selected and element.expanded is not True
    if element.expanded is not None:
        return not element.expanded
    if element.role == "button" and element.type == "submit" and element.form >= 0:
        return False
    if element.role == "menuitem":
        return bool(element.options) and element.type in ("true", "menu")
    if element.name.strip() in _SIGNS:
        return True
    return _folds(element) or bool(element.options and element.role in ("generic", "button"))


def _folds(element: Element) -> bool:
    return bool(_FOLDED.search(element.hints)) and not _UNFOLDED.search(element.hints)


def _tree(element: Element) -> bool:
    return element.role == "treeitem" or "tree" in hint_words(element.hints).stems


def _shows(outer: Element, inner: Element) -> bool:
    """Whether the inner one is the part of the outer one that folds: its head, its sign."""
    if outer.ref >= inner.ref or overlap(outer, inner) < 0.8:
        return False
    return bool(label_of(inner)) and plain(inner.name) == plain(outer.name)


def _turned(asked: Asked) -> Decision | None:
    """The next page of the list, if there is one."""
    turn = next_page(asked.scene.observation)
    if turn is None or isinstance(turn, DontKnow):
        return None
    return turn.model_copy(update={"goes_on": True, "why": "looks on the next page"})
