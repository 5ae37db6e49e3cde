"""Find the record that an ordinal counts: "the second listing", "the last of the comments"."""

from dataclasses import dataclass
from typing import Final

from inference.dom.intent import Intent
from inference.dom.records import main_group
from inference.dom.scene import Scene
from inference.dom.units import Unit
from inference.dom.words import hint_words, likeness, stem, words_of
from inference.observation import Element, Membership, RecordGroup

LIST_WORDS: Final = frozenset(
    stem(word)
    for word in [
        "listing",
        "result",
        "item",
        "entry",
        "product",
        "ad",
        "offer",
        "treffer",
        "treffers",
        "anzeige",
        "angebot",
        "card",
        "row",
        "post",
        "article",
        "home",
        "property",
        "boat",
        "record",
        "line",
        "hit",
        "match",
        "job",
        "event",
        "objekt",
        "inserat",
        "eintrag",
        "artikel",
    ]
)
"""Stems that name an item of whatever the main list holds."""

COUNTABLE: Final = 20
"""So many records of a list that was not taken in full can be counted from its start."""
_CHOICES: Final = frozenset(
    {"radio", "checkbox", "switch", "tab", "option", "menuitem", "menuitemradio"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A counted record: the refs in it, its title's ref, and the units that named it."""

    elements: frozenset[int]
    title: int | None
    used: tuple[Unit, ...]


def find_place(scene: Scene, intent: Intent) -> Place | None:
    """The record counted by the intent's ordinal, None when no list is meant clearly."""
    if intent.ordinal is None:
        return None
    found = _group(scene, intent)
    if found is None:
        return None
    index, used = found
    group = scene.observation.groups[index]
    order = _reading_order(group)
    at = intent.ordinal - 1 if intent.ordinal > 0 else len(order) - 1
    if not 0 <= at < len(order):
        return None
    if not group.whole and not 0 < intent.ordinal <= COUNTABLE:
        return None
    return place_of(scene, Membership(index, order[at]), used)


def place_of(scene: Scene, member: Membership, used: tuple[Unit, ...]) -> Place:
    """A record as a place: what lies in it, and its title."""
    return Place(
        elements=frozenset(element.ref for element in scene.inside(member)),
        title=scene.title(member),
        used=used,
    )


def find_choice(scene: Scene, intent: Intent) -> Element | None:
    """The counted one of a named set of choices: "the second of the three cover levels"."""
    if intent.ordinal is None or not intent.counted:
        return None
    sets: dict[tuple[str, str], list[Element]] = {}
    for element in scene.observation.elements:
        if element.role in _CHOICES and element.group and not element.covered:
            sets.setdefault((element.role, element.group), []).append(element)
    named = [
        found for (_, group), found in sets.items() if len(found) > 1 and _names(intent, group)
    ]
    if len(named) != 1:
        return None
    at = intent.ordinal - 1 if intent.ordinal > 0 else len(named[0]) - 1
    return named[0][at] if 0 <= at < len(named[0]) else None


def _names(intent: Intent, group: str) -> bool:
    words = words_of(group)
    return all(likeness(unit.phrase, words) >= 0.7 for unit in intent.counted if unit.weight >= 0.9)


def _reading_order(group: RecordGroup) -> list[int]:
    return [at for at, record in enumerate(group.records) if not record.sponsored]


def _group(scene: Scene, intent: Intent) -> tuple[int, tuple[Unit, ...]] | None:
    """The group that the counted words name, with the words that named it."""
    groups = scene.observation.groups
    scores: list[tuple[float, int, tuple[Unit, ...]]] = []
    for index, group in enumerate(groups):
        if len(group.records) < 2:
            continue
        used: list[Unit] = []
        total = 0.0
        for unit in intent.counted:
            said = max(
                likeness(unit.phrase, words_of(group.heading)),
                0.9 * likeness(unit.phrase, hint_words(_marks(scene, index))),
            )
            if said >= 0.6:
                used.append(unit)
                total += said
        for unit in intent.units:
            if unit in intent.counted or unit.weight < 1 or not group.heading:
                continue
            if likeness(unit.phrase, words_of(group.heading)) >= 0.85:
                used.append(unit)
                total += 1.5
        if used:
            scores.append((total, index, tuple(used)))
    headed = any(total >= 1.5 for total, _, _ in scores)
    main = main_group(scene.observation)
    generic = tuple(unit for unit in intent.counted if set(unit.phrase.stems) & LIST_WORDS)
    scores.sort(key=lambda one: (-one[0], one[1]))
    if generic and generic[0] == intent.counted[0] and main is not None and not headed:
        return main, generic
    if scores and (len(scores) == 1 or scores[0][0] > scores[1][0] + 0.2):
        return scores[0][1], scores[0][2] + generic
    return None


def _marks(scene: Scene, index: int) -> str:
    """Author's names on the records of a group."""
    parts: list[str] = []
    for ordinal in range(min(2, len(scene.observation.groups[index].records))):
        for element in scene.inside(Membership(index, ordinal))[:2]:
            if element.records and element.records[0].group == index:
                parts.append(f"{element.name[:40]} {element.hints}")
    return " ".join(parts)
