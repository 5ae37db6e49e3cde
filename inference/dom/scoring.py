"""Score the elements of a page against an intent."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from inference.dom.doubts import Doubts
from inference.dom.intent import Intent
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES, Scene, Source, label_of
from inference.dom.units import Unit
from inference.dom.words import (
    STOP,
    UNASKED,
    Phrase,
    Words,
    likeness,
    phrases,
    words_of,
)
from inference.observation import Element
from plans.step import StepType

CONTEXT: Final = 0.9
"""What the surroundings say counts this much of what the element says itself."""

_ROLE_WORDS: Final = {
    "button": ("button", "generic", "menuitem"),
    "link": ("link",),
    "tab": ("tab", "link", "button", "heading"),
    "checkbox": ("checkbox", "switch"),
    "box": ("checkbox", "textbox", "searchbox"),
    "radio": ("radio",),
    "switch": ("switch", "checkbox", "button"),
    "slider": ("slider", "spinbutton"),
    "textarea": ("textbox",),
    "textbox": ("textbox", "searchbox", "spinbutton"),
}


_POINTING: Final = frozenset(
    {"go", "click", "press", "tap", "hit", "see", "look", "put", "get", "use"}
)
"""Stems of verbs that point at a control, and are not what it is called by."""
COMPOSITE: Final = 6
"""Words from which on a row or card that can be clicked is called by all that it holds."""
_WHOLES: Final = frozenset(
    {"row", "listitem", "article", "generic", "option", "treeitem", "gridcell"}
)


@dataclass(frozen=True, slots=True)
class Scored:
    """An element with what speaks for it; `said` is how well each unit is said, in order."""

    element: Element
    score: float
    coverage: float
    own: float
    precision: float
    missing_strong: bool
    foreign: bool
    missing_head: bool
    missing_names: float
    worst: float
    exact: bool
    said: tuple[float, ...]
    own_said: tuple[float, ...]


class Scorer:
    """Scores elements for one intent; remembers how well each text says each unit."""

    def __init__(
        self,
        scene: Scene,
        intent: Intent,
        units: tuple[Unit, ...],
        elements: tuple[Element, ...],
    ) -> None:
        self._scene = scene
        self._intent = intent
        self._units = units
        self._total = sum(unit.weight for unit in units)
        self._bare_filter = intent.type is StepType.FILTER and not intent.value
        self._quotes = {part.strip().casefold() for part in intent.quoted} if intent.opens else ()
        self._doubts = Doubts(scene, intent, units, elements)
        self._ticks = self._doubts.ticks
        self._stems = frozenset(
            stem for unit in units if unit.weight >= 0.9 for stem in unit.phrase.stems
        )
        self._verbs = {
            frozenset(unit.phrase.stems)
            for unit in units
            if unit.verb and not set(unit.phrase.stems) & _POINTING
        }
        self._names = sum(unit.name for unit in units)
        self._page = words_of(scene.page_words)
        quoted = {unit.phrase.stems for unit in units if unit.quoted}
        self._named = {
            stems
            for stems in quoted
            if any(set(stems) <= words_of(label_of(element)).stems for element in elements)
        }

    def score(self, element: Element) -> Scored:
        """How well the element fits, 0 to 1, and why."""
        own_sources = self._own_sources(element)
        around = self._scene.around(element)
        weighted = own_weight = 0.0
        missing = False
        said: list[float] = []
        own_said: list[float] = []
        heads = headed = nameless = 0.0
        spoken, total = words_of(label_of(element)).stems, self._total
        for unit in self._units:
            own, context, lacks = self._said(unit, element, own_sources, around)
            missing = missing or lacks
            quality = max(own, context)
            said.append(quality)
            own_said.append(own)
            if unit.head and unit.weight >= 0.9:
                heads += own
                headed += 1
            if unit.name and quality < 0.5 and not self._on_page(unit):
                nameless += 1
            weight = unit.weight
            if unit.verb and spoken and spoken in self._verbs:
                total += 1.0 - weight
                weight, own, quality = 1.0, 1.0, 1.0
            weighted += weight * quality
            own_weight += weight * own
        total = total or 1.0
        coverage = weighted / total
        own_share = own_weight / total
        precision = self._precision(element)
        score = 0.68 * coverage + 0.12 * own_share + 0.14 * precision + 0.06 * self._role(element)
        label = label_of(element).strip().casefold()
        if label in self._quotes and not missing:
            coverage = max(coverage, 0.8)
            score += 0.12
        factor, foreign = self._doubts.about(element)
        headless = bool(headed) and heads / headed < 0.55
        score *= factor * (0.75 if missing else 1.0) * (0.8 if headless else 1.0)
        if element.role in ("menuitem", "option") and element.layer:
            score += 0.03
        if element.covered:
            score -= 0.08
        return Scored(
            element,
            score,
            coverage,
            own_share,
            precision,
            missing,
            foreign,
            headless,
            nameless / max(1, self._names),
            min(
                (at for unit, at in zip(self._units, said, strict=True) if unit.weight >= 0.9),
                default=0.5,
            ),
            bool(label) and (label in self._quotes or words_of(label).stems == self._stems),
            tuple(said),
            tuple(own_said),
        )

    def _on_page(self, unit: Unit) -> bool:
        """Whether the page's title or main heading says the unit: it is what all is about."""
        return likeness(unit.phrase, self._page) >= 0.7

    def _said(
        self,
        unit: Unit,
        element: Element,
        own_sources: tuple[Source, ...],
        around: tuple[Source, ...],
    ) -> tuple[float, float, bool]:
        """How well the element and its surroundings say the unit; whether a named act lacks."""
        said_by = self._scene.own(element) if unit.head else own_sources
        own = _best(unit.phrase, said_by)
        if unit.strong and 0.5 <= own < 0.75 and words_of(label_of(element)).count:
            own = 0.45
        context = _best(unit.phrase, around) * CONTEXT if own < 0.9 else 0.0
        lacks = False
        if unit.strong and own < 0.5:
            if element.role in CHECK_ROLES:
                own = max(own, 0.5 * self._implied(unit))
            elif _grouped(unit, element) or self._in_menu(unit, element):
                own = 0.6
            else:
                lacks = True
            context = min(context, 0.3)
        elif unit.quoted and own < 0.6 and self._intent.opens and unit.phrase.stems in self._named:
            context *= 0.4
        return own, context * (0.6 if self._bare_filter else 1.0), lacks

    def _in_menu(self, unit: Unit, element: Element) -> bool:
        """Whether the element is an item of an open menu, whose opener may say the act."""
        if element.role not in ("menuitem", "option") or unit.phrase.concepts & UNASKED:
            return False
        own = self._scene.own(element)
        return any(
            _best(other.phrase, own) >= 0.8
            for other in self._units
            if other is not unit and other.weight >= 0.9
        )

    def _own_sources(self, element: Element) -> tuple[Source, ...]:
        own = self._scene.own(element)
        if self._ticks and element.role in CHECK_ROLES and element.records:
            text = self._scene.record(element.records[0]).text
            return (*own, Source(words_of(text), 0.9))
        if not self._intent.opens or not element.records:
            return own
        extra = tuple(
            Source(words_of(self._record_text(element, at)), 0.85)
            for at, member in enumerate(element.records[:2])
            if self._scene.title(member) == element.ref
        )
        return own + extra

    def _record_text(self, element: Element, at: int) -> str:
        member = element.records[at]
        return self._scene.observation.groups[member.group].records[member.ordinal].text

    def _implied(self, unit: Unit) -> float:
        """How far ticking or filling is itself the act: "add", "include", "accept"."""
        implied = {"add", "accept", "subscribe", "like", "save", "increase", "message", "search"}
        return 1.0 if unit.phrase.concepts & implied else 0.0

    def _precision(self, element: Element) -> float:
        """The share of the target's label that the intent says, 0 to 1."""
        label = label_of(element)
        if words_of(label).stems in self._verbs:
            return 1.0
        parts = _parts(label[:90])
        if not parts:
            return 0.6 if words_of(label).concepts else 0.3
        said = 0.0
        for here in parts:
            said += max(
                (likeness(unit.phrase, here) for unit in self._units if not unit.verb), default=0.0
            )
        share = min(1.0, said / len(parts))
        whole = len(parts) >= COMPOSITE and element.role in _WHOLES
        return max(share, 0.6) if whole and said >= 1 else share

    def _role(self, element: Element) -> float:
        words = words_of(self._intent.text).stems
        for word, roles in _ROLE_WORDS.items():
            if word in words:
                return 1.0 if element.role in roles else 0.4
        match self._intent.type:
            case StepType.SUBMIT:
                return 1.0 if element.role == "button" else 0.4
            case StepType.CLICK:
                if element.role in TEXT_ROLES:
                    return 0.8 if self._intent.wants_field else 0.2
                return 0.7 if element.role in CHOICE_ROLES else 1.0
            case _:
                return 1.0


@lru_cache(maxsize=20_000)
def _parts(label: str) -> tuple[Words, ...]:
    """The words of a label that mean something, entry by entry."""
    return tuple(
        words_of(" ".join(part.words)) for part in phrases(label) if not set(part.words) <= STOP
    )


def _grouped(unit: Unit, element: Element) -> bool:
    """Whether the element is one of a set that the act is about: the choices of a poll."""
    if not element.group or unit.phrase.concepts & UNASKED:
        return False
    return likeness(unit.phrase, words_of(element.group)) >= 0.8


def _best(phrase: Phrase, sources: tuple[Source, ...]) -> float:
    best = 0.0
    for source in sources:
        if source.weight > best:
            best = max(best, source.weight * likeness(phrase, source.words))
    return best
