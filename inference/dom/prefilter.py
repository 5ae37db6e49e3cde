"""Pages with very many elements: which of them are worth a full look."""

from collections.abc import Sequence
from typing import Final

from inference.dom.scene import CHECK_ROLES, Scene
from inference.dom.units import Unit
from inference.dom.words import Words, likeness, words_of
from inference.observation import Element

MANY: Final = 250
"""A pool of no more elements is scored as a whole."""


def worth_scoring(
    scene: Scene, units: Sequence[Unit], elements: Sequence[Element], opens: bool
) -> Sequence[Element]:
    """The elements that say anything of the intent themselves; all where none does, or few are.

    What only lies near the intent's words can't be meant while others carry them. Where the
    intent `opens` a record, its title says what the whole record does.
    """
    if len(elements) <= MANY:
        return elements
    heard = _Heard(units)
    found = [element for element in elements if heard.anything(_own_words(scene, element, opens))]
    return found or elements


def beside(best: Sequence[Element], elements: Sequence[Element]) -> Sequence[Element]:
    """The elements that share what is around the best ones: they may rival them."""
    blocks = {one.block for one in best if one.block >= 0}
    forms = {one.form for one in best if one.form >= 0}
    places = {(one.heading, one.group) for one in best}
    return [
        one
        for one in elements
        if one.block in blocks or one.form in forms or (one.heading, one.group) in places
    ]


class _Heard:
    """Remembers which words of the page the intent's words are like."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._phrases = [unit.phrase for unit in units]
        self._concepts = frozenset[str]().union(*(one.concepts for one in self._phrases))
        self._stems: dict[str, bool] = {}

    def anything(self, texts: Sequence[Words]) -> bool:
        """Whether one of the texts has a word or concept of the intent, or one much like it."""
        return any(
            not self._concepts.isdisjoint(words.concepts) or any(map(self._like, words.stems))
            for words in texts
        )

    def _like(self, stem: str) -> bool:
        known = self._stems.get(stem)
        if known is None:
            word = Words(frozenset((stem,)), frozenset(), 1)
            known = any(likeness(phrase, word) > 0 for phrase in self._phrases)
            self._stems[stem] = known
        return known


def _own_words(scene: Scene, element: Element, opens: bool) -> Sequence[Words]:
    own = [source.words for source in scene.own(element)]
    for member in element.records[:2]:
        ticked = element.role in CHECK_ROLES and member is element.records[0]
        if ticked or (opens and scene.title(member) == element.ref):
            own.append(words_of(scene.record(member).text))
    return own
