"""Find the control that takes a value: a list that has it, a choice of that name, a field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from inference.dom.intent import Intent
from inference.dom.pool import Pool, best_option
from inference.dom.scene import CHECK_ROLES, CHOICE_ROLES, TEXT_ROLES, Scene, label_of
from inference.dom.words import Phrase, likeness, phrases, words_of
from inference.observation import Element
from plans.step import StepType

LABELLED: Final = 0.6
"""Share of the step's label that an element or what stands around it must say."""
SURE_LIST: Final = 0.95
SURE_NEAR: Final = 0.91
SURE_CHOICE: Final = 0.93
SURE_FIELD: Final = 0.9

_COUNT: Final = re.compile(r"[\s(\[–-]*\d[\d.,\s]*[)\]]?\s*$")
"""The number of hits that filters show behind their names."""
_OPENS_LIST: Final = frozenset({"listbox", "menu", "true"})


@dataclass(frozen=True, slots=True)
class Taker:
    """A control that takes the value, how sure that is, and why."""

    element: Element
    sure: float
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """No control of the page takes the value; `why` says what is missing."""

    why: str


def taker_of(scene: Scene, intent: Intent, pool: Pool) -> Taker | Refused | None:
    """The control for the step's label and value.

    None where the step gives no value, or the words of its intent have to decide; Refused
    where the step names a label and nothing under that label takes the value.
    """
    if intent.type not in (StepType.FILTER, StepType.SELECT_OPTION) or not intent.value:
        return None
    found = list(_takers(scene, intent, pool))
    labelled = [one for one in found if _labelled(scene, intent, one.element)]
    best = _only(labelled)
    if best is not None:
        return best
    if intent.label and not found:
        return Refused(f"nothing under {intent.label!r} takes {intent.value!r}")
    return None


def _only(found: list[Taker]) -> Taker | None:
    """The one of the surest kind, where that kind has but one."""
    if not found:
        return None
    top = max(one.sure for one in found)
    best = [one for one in found if one.sure == top]
    return best[0] if len(best) == 1 else None


def _takers(scene: Scene, intent: Intent, pool: Pool) -> Iterator[Taker]:
    for element in pool.elements:
        if not element.interactive:
            continue
        if element.options:
            option = best_option(element.options, intent.value)
            if option is not None:
                exact = _plain(option) == _plain(intent.value)
                sure = SURE_LIST if exact else SURE_NEAR
                yield Taker(element, sure, "the only list with this option")
        elif element.role in CHOICE_ROLES or element.type in _OPENS_LIST:
            if intent.label and _says(scene, element, intent.label, own=True):
                yield Taker(element, SURE_FIELD, "the list of this label")
        elif element.role in TEXT_ROLES:
            if intent.label and _says(scene, element, intent.label, own=True):
                yield Taker(element, SURE_FIELD - 0.01, "the field of this label")
        elif is_choice(element, intent.value) and (
            element.role in CHECK_ROLES or intent.type is StepType.FILTER
        ):
            yield Taker(element, SURE_CHOICE, "the only choice of this name")


def is_choice(element: Element, value: str) -> bool:
    """Whether the element is named by the value, but for a count of hits behind it."""
    name = label_of(element).strip()
    wanted = _plain(value)
    return bool(name) and wanted in (_plain(name), _plain(_COUNT.sub("", name)))


def _plain(text: str) -> str:
    return re.sub(r"[\s*:·]+", " ", text).strip().casefold()


def _labelled(scene: Scene, intent: Intent, element: Element) -> bool:
    return not intent.label or _says(scene, element, intent.label, own=False)


def _says(scene: Scene, element: Element, label: str, *, own: bool) -> bool:
    """Whether the element, or what stands around it, says the label."""
    parts = list(phrases(label))
    texts = [label_of(element), element.placeholder]
    if element.name != element.before:
        texts.append(element.before if not own or not element.name else "")
    if not own:
        texts += [element.group, element.heading, element.hints, element.column]
        texts += [scene.record(member).text[:160] for member in element.records[:2]]
        if element.block >= 0:
            texts.append(scene.observation.blocks[element.block].text[:160])
    return any(_share(parts, text) >= LABELLED for text in texts if text)


def _share(parts: list[Phrase], text: str) -> float:
    words = words_of(text)
    return sum(likeness(part, words) for part in parts) / max(1, len(parts))
