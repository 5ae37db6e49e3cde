"""Which elements an intent can mean, which act follows, and with which text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import fuzz

from inference.decisions import ActKind
from inference.dom.intent import Intent
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES, Scene
from inference.dom.scoring import Scored
from inference.dom.words import likeness, phrases, words_of
from inference.observation import Element
from plans.step import StepType

LABELLED: Final = 0.55
"""Weight of the step's own label against the rest of the intent."""
OPTION_LIKENESS: Final = 84
"""How alike (of 100) an option must be to the wanted one when none is equal."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The elements that can be meant, and what the step's label and value say about them."""

    intent: Intent
    elements: tuple[Element, ...]
    label_share: dict[int, float]
    bonus: dict[int, float]

    def adjust(self, scored: Scored) -> Scored:
        """The score with label and value taken into account."""
        ref = scored.element.ref
        label = self.label_share.get(ref)
        bonus = self.bonus.get(ref, 0.0)
        if label is None and not bonus:
            return scored
        score, coverage, precision, own = (
            scored.score,
            scored.coverage,
            scored.precision,
            scored.own,
        )
        if label is not None:
            score = (1 - LABELLED) * score + LABELLED * label
            coverage = max((1 - LABELLED) * coverage + LABELLED * label, coverage * 0.9)
            precision = max(precision, label)
            own = max(own, label)
        return replace(
            scored,
            score=score + bonus,
            coverage=min(1.0, coverage + bonus),
            precision=precision,
            own=own,
        )

    def within(self, refs: frozenset[int]) -> "Pool":
        """The part of the pool that lies in a record."""
        return replace(
            self, elements=tuple(element for element in self.elements if element.ref in refs)
        )


def pool_for(scene: Scene, intent: Intent) -> Pool:
    """The elements that the step's type can act on."""
    elements = tuple(
        element
        for element in scene.observation.elements
        if _fits(intent, element) and not element.hidden
    )
    label_share: dict[int, float] = {}
    if intent.label:
        label_share = {element.ref: _labelled(scene, element, intent.label) for element in elements}
    bonus = {element.ref: _bonus(intent, element) for element in elements}
    return Pool(intent, elements, label_share, bonus)


def _fits(intent: Intent, element: Element) -> bool:
    match intent.type:
        case StepType.SCROLL:
            return True
        case StepType.FILL_FIELD | StepType.TYPE_TEXT:
            return element.interactive and (
                element.role in TEXT_ROLES
                or (element.role == "combobox" and element.tag == "input")
            )
        case StepType.SELECT_OPTION:
            return element.interactive and (
                element.role in CHOICE_ROLES
                or bool(element.options)
                or element.type in ("listbox", "menu", "true")
                or element.role == "radio"
            )
        case StepType.SUBMIT:
            return element.interactive and (
                element.role in ("button", "menuitem") or element.role in ("link", "generic")
            )
        case StepType.FILTER if not intent.value:
            return element.interactive and element.role not in TEXT_ROLES
        case _:
            return element.interactive


def _labelled(scene: Scene, element: Element, label: str) -> float:
    """How well the element's own names say the step's label, 0 to 1."""
    parts = [phrase for phrase in phrases(label)]
    if not parts:
        return 0.0
    own = scene.own(element)
    around = [source for source in scene.around(element)]
    total = 0.0
    said_self = False
    for part in parts:
        mine = max((source.weight * likeness(part, source.words) for source in own), default=0.0)
        said_self = said_self or mine >= 0.5
        context = max(
            (source.weight * likeness(part, source.words) for source in around), default=0.0
        )
        total += max(mine, 0.8 * context)
    share = total / len(parts)
    exact = words_of(element.name).stems == words_of(label).stems
    return min(1.0, share + (0.1 if exact else 0.0)) if said_self else 0.4 * share


def _bonus(intent: Intent, element: Element) -> float:
    """What the value says: an option of that name; a field of the value's kind."""
    value = intent.value
    if not value:
        return 0.0
    if intent.type in (StepType.SELECT_OPTION, StepType.FILTER) and element.options:
        if best_option(element.options, value) is None:
            return -0.15 if intent.type is StepType.SELECT_OPTION else 0.0
        return 0.3
    if intent.type is StepType.SELECT_OPTION and element.role == "radio":
        return 0.2 if words_of(element.name).stems == words_of(value).stems else -0.2
    if intent.type is StepType.FILTER and element.role in TEXT_ROLES:
        return 0.12
    if element.role in TEXT_ROLES and not _takes(element, value):
        return -0.4
    if "@" in value and "." in value and element.role in TEXT_ROLES:
        return 0.08 if element.type == "email" else 0.0
    if len(value) > 24 and element.role in TEXT_ROLES and " " in value:
        return 0.06 if element.tag == "textarea" or element.type == "editable" else 0.0
    return 0.0


def _takes(element: Element, value: str) -> bool:
    """Whether a field of this kind can hold such a value."""
    match element.type:
        case "email":
            return "@" in value
        case "number" | "range" | "date" | "time" | "month" | "week" | "datetime-local":
            return any(sign.isdigit() for sign in value)
        case _:
            return True


def best_option(options: Sequence[str], value: str) -> str | None:
    """The option meant by the value.

    Equal, else one that contains all its words, else nearly equal; None when none or several fit.
    Options that can't be chosen end in NUL.
    """
    wanted = value.strip().casefold()
    usable = [option for option in options if not option.endswith("\0")]
    for option in usable:
        if option.strip().casefold() == wanted:
            return option
    within = [option for option in usable if wanted in option.casefold()]
    if wanted and len(within) == 1:
        return within[0]
    stems = words_of(value).stems
    if stems:
        holding = [option for option in usable if stems <= words_of(option).stems]
        if len(holding) == 1:
            return holding[0]
        if holding:
            return None
    close = [
        option for option in usable if fuzz.ratio(option.casefold(), wanted) >= OPTION_LIKENESS
    ]
    if len(close) == 1:
        return close[0]
    concepts = words_of(value).concepts
    alike = [option for option in usable if concepts and words_of(option).concepts & concepts]
    return alike[0] if len(alike) == 1 else None


def act_for(intent: Intent, element: Element) -> ActKind:
    """The act that the step asks for on this element."""
    match intent.type:
        case StepType.SCROLL:
            return ActKind.SCROLL
        case StepType.FILL_FIELD:
            return ActKind.FILL
        case StepType.TYPE_TEXT:
            return ActKind.TYPE
        case StepType.SELECT_OPTION:
            return ActKind.CLICK if element.role == "radio" else ActKind.SELECT
        case StepType.FILTER:
            if element.role in TEXT_ROLES:
                return ActKind.FILL
            if element.role in CHOICE_ROLES or (element.options and intent.value):
                return ActKind.SELECT
            return _check(intent, element) or ActKind.CLICK
        case _:
            if _HOVER.search(intent.text):
                return ActKind.HOVER
            return _check(intent, element) or ActKind.CLICK


_HOVER: Final = re.compile(r"^\W*(?:hover|rest the pointer|mouse over|point (?:at|to))\b", re.I)


def _check(intent: Intent, element: Element) -> ActKind | None:
    """Ticking or unticking where a state is wanted, None where a plain click is."""
    if element.role not in CHECK_ROLES or element.role == "radio":
        return None
    turn = True if intent.turn is None and intent.type is StepType.FILTER else intent.turn
    return None if turn is None else ActKind.CHECK if turn else ActKind.UNCHECK


def choice_of(intent: Intent, element: Element, act: ActKind) -> str | None:
    """The text of the act; None when the element has no such option."""
    match act:
        case ActKind.SELECT:
            if not element.options:
                return intent.value
            return best_option(element.options, intent.value) if intent.value else None
        case ActKind.FILL | ActKind.TYPE:
            return intent.value
        case _:
            return ""
