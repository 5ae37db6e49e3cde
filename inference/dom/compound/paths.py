"""Menus in menus: "File > Export > PDF", opened one after the other by hovering or clicking."""

import re
from typing import Final

from inference.decisions import ActKind, DontKnowReason
from inference.dom.compound.asked import LEADS, Answer, Asked, act, dont_know, look_again, named
from inference.observation import Element
from plans.step import StepType

_TYPES: Final = frozenset({StepType.CLICK, StepType.SELECT_OPTION})
_ARROW: Final = re.compile(r"\s*(?:>+|→|»|›|➔|⇒)\s*")
_BEFORE: Final = re.compile(
    r"^.*?\b(?:click(?: on)?|select|choose|open|pick|go to|navigate to|hover(?: over)?"
    r"|klicke(?: auf)?|wähle|öffne)\b(?:\s+the)?(?:\s+(?:menu|item|entry))*\s*[:]?\s*",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"\s+(?:in|from|of|im|aus)\s+(?:the\s+|dem\s+)?[\w\s]*?(?:menu|menü|navigation|bar|list)\W*$",
    re.IGNORECASE,
)
_QUOTES: Final = "\"“”„'‘’«» ."


def path_of(text: str) -> tuple[str, ...]:
    """The names in a text such as `Select "File > Export > PDF"`; empty where it is no path."""
    if not _ARROW.search(text):
        return ()
    inner = re.search(r"[\"“„«]([^\"”»]*(?:>|→|»|›)[^\"”«]*)[\"”»]", text)
    whole = inner.group(1) if inner else _AFTER.sub("", _BEFORE.sub("", text, count=1))
    parts = tuple(part.strip(_QUOTES) for part in _ARROW.split(whole))
    return parts if len(parts) > 1 and all(0 < len(part) <= 60 for part in parts) else ()


def follow(asked: Asked) -> Answer | None:
    """The next act on the way through the menus; None where the step names no path."""
    if asked.intent.type not in _TYPES:
        return None
    parts = path_of(asked.question.intent)
    if not parts:
        return None
    reached = _reached(asked, parts)
    parent = None if reached == 0 else _one(asked, parts[reached - 1], None)
    target = _one(asked, parts[reached], parent)
    if target is not None:
        if reached == len(parts) - 1:
            return act(ActKind.CLICK, target, f"the end of {' > '.join(parts)}")
        kind = ActKind.HOVER if _in_menu(target) and not target.expanded else ActKind.CLICK
        return act(kind, target, "opens its menu", sure=LEADS, goes_on=True)
    if parent is not None:
        again = look_again(asked, parent, "waits for its menu", 5)
        if again is not None:
            return again
        if not _clicked(asked, parts[reached - 1]):
            return act(ActKind.CLICK, parent, "opens its menu", sure=LEADS, goes_on=True)
    return dont_know(DontKnowReason.ABSENT, f"there is no single {parts[reached]!r} here")


def _reached(asked: Asked, parts: tuple[str, ...]) -> int:
    """How many names of the path were acted on already; the last one never was."""
    at = 0
    for one in asked.done:
        if at < len(parts) - 1 and one.name.casefold() == parts[at].casefold():
            at += 1
    return at


def _clicked(asked: Asked, name: str) -> bool:
    return any(
        one.act is ActKind.CLICK and one.name.casefold() == name.casefold() for one in asked.done
    )


def _one(asked: Asked, name: str, parent: Element | None) -> Element | None:
    """The only thing of this name; of several, the one in a menu and nearest to its parent."""
    found = named(asked.elements, name)
    if len(found) > 1:
        found = [one for one in found if _in_menu(one)] or found
    if len(found) > 1 and parent is not None:
        found.sort(key=lambda one: _distance(one, parent))
        if _distance(found[0], parent) < _distance(found[1], parent):
            found = found[:1]
    return found[0] if len(found) == 1 else None


def _in_menu(element: Element) -> bool:
    return element.role.startswith("menuitem") or element.type in ("true", "menu")


def _distance(one: Element, other: Element) -> float:
    a, b = one.box, other.box
    beside = max(0.0, max(a.x, b.x) - min(a.x + a.width, b.x + b.width))
    below = max(0.0, max(a.y, b.y) - min(a.y + a.height, b.y + b.height))
    return beside + below
