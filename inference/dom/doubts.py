"""What speaks against an element as the target of an intent, whatever its words say for it."""

from typing import Final

from inference.dom.intent import Intent
from inference.dom.scene import CHECK_ROLES, TEXT_ROLES, Scene, label_of
from inference.dom.units import Unit
from inference.dom.words import OPEN_VERBS, PLAIN_VERBS, STRONG, UNASKED, Phrase, phrases, words_of
from inference.observation import Element
from plans.step import StepType

ACTS: Final = frozenset({"add", "delete", "cancel", "buy", "download", "print", "report", "reset"})
"""Concepts of acts that do something to the thing, where others only lead to it."""
SUBMITTING: Final = frozenset(
    {"submit", "send", "save", "publish", "search", "login", "register", "buy", "checkout",
     "confirm", "subscribe", "vote", "available", "book", "request", "transfer", "next", "filter",
     "calculate", "translate", "apply_job", "reply", "comment", "notify", "accept", "add"}
)  # fmt: skip
"""Concepts that a button which sends a form may carry."""


class Doubts:
    """Weighs what speaks against elements, for one intent."""

    def __init__(
        self,
        scene: Scene,
        intent: Intent,
        units: tuple[Unit, ...],
        elements: tuple[Element, ...],
    ) -> None:
        self._scene = scene
        self._intent = intent
        self._clicks_no_field = intent.type is StepType.CLICK and not intent.wants_field
        self._asked = words_of(intent.text).concepts
        self.ticks = intent.ticks and any(
            element.role in CHECK_ROLES and element.records for element in elements
        )
        """Whether things of a list are to be marked, and have boxes for it."""
        verb = units[0] if units and units[0].verb else None
        self._verb = (
            verb is not None
            and verb.phrase.stems[0] not in OPEN_VERBS
            and bool(verb.phrase.concepts)
        )

    def about(self, element: Element) -> tuple[float, bool]:
        """A factor for what speaks against the element; whether it is of a kind not wanted."""
        factor, foreign = 1.0, False
        if self._unasked(element):
            factor, foreign = factor * 0.7, True
        if element.role in TEXT_ROLES and self._clicks_no_field:
            factor, foreign = factor * 0.8, True
        if self._intent.leads and (element.role in CHECK_ROLES or self._acts(element)):
            factor, foreign = factor * 0.7, True
        if _sends(self._intent) and element.role == "link":
            factor *= 0.85
        if self.ticks and element.role not in CHECK_ROLES:
            factor *= 0.6
        if self._intent.type is StepType.FILTER and element.region == "footer":
            factor, foreign = factor * 0.6, True
        if self._intent.type is StepType.FILTER and _orders(element):
            factor, foreign = factor * 0.6, True
        if self._clashes(element):
            factor, foreign = factor * 0.8, True
        if _sends(self._intent) and not _submits(element):
            factor, foreign = factor * 0.75, True
        if element.expanded and element.role in ("button", "generic", "combobox"):
            factor *= 0.85
        if not self._intent.opens and self._is_title(element):
            factor *= 0.82
        return factor, foreign

    def _is_title(self, element: Element) -> bool:
        """Whether the element only names a record, so that no act but opening it fits."""
        return self._intent.type is StepType.CLICK and any(
            self._scene.title(member) == element.ref for member in element.records[:2]
        )

    def _acts(self, element: Element) -> bool:
        """Whether the target does something of its own where only a way there is asked for."""
        return bool(words_of(label_of(element)).concepts & ACTS - self._asked)

    def _clashes(self, element: Element) -> bool:
        """Whether the target's name begins with an act, and the intent with another one."""
        if not self._verb:
            return False
        first = next(phrases(label_of(element)[:60]), None)
        act = first.concepts & STRONG if first is not None else frozenset[str]()
        return bool(act) and not _begins_plainly(first) and not act & self._asked

    def _unasked(self, element: Element) -> bool:
        """Whether the target does something drastic that the intent does not speak of."""
        drastic = words_of(element.name).concepts & UNASKED
        return bool(drastic) and not drastic & self._asked and words_of(element.name).count <= 4


def _orders(element: Element) -> bool:
    """Whether the name says to do something: "Mark as unread", where "Unread" filters."""
    parts = list(phrases(label_of(element)[:60]))
    return (
        len(parts) > 1
        and element.role in ("button", "link", "generic", "menuitem")
        and (parts[0].stems[0] in PLAIN_VERBS or bool(parts[0].concepts & STRONG))
        and not element.options
        and parts[0].stems[0] not in _SHOWING
    )


_SHOWING: Final = frozenset({"show", "only", "filter", "zeig", "anzeig"})
"""Stems of the verbs that filters are called by."""


def _begins_plainly(phrase: Phrase | None) -> bool:
    """Whether a name begins with a word that only says to act, as intents do."""
    return phrase is not None and phrase.stems[0] in PLAIN_VERBS


def _sends(intent: Intent) -> bool:
    """Whether the step sends a form."""
    return intent.type is StepType.SUBMIT


def _submits(element: Element) -> bool:
    return element.type == "submit" or bool(words_of(element.name).concepts & SUBMITTING)
