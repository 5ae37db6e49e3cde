"""The references by which the agent names elements, and finding them again at a later look.

A reference means what was shown, as in `inference.fresh`: an element that says something else
now, leads elsewhere, or belongs to another record or page is another element.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from inference.observation import Element, Observation
from inference.showing import document_of, record_of
from plans.step import Frozen

_MOST: Final = 3_000


class Known(Frozen):
    """An element that was shown, as it is told again: `ref_<number>` of the tab.

    `mark` is the digest of what tells it from others: page, frame, role, name, text, where it
    leads, place in the markup, record. Of `alike` elements with the same mark it was the `nth`,
    from 0.
    """

    number: int
    tab: str
    mark: str
    nth: int = 0
    alike: int = 1


@dataclass
class RefBook:
    """All references of a task, the newest last; `word` is how texts of the page are kept."""

    known: list[Known] = field(default_factory=list[Known])
    word: Callable[[str], str] = str

    def named(self, tab: str, observation: Observation) -> Callable[[Element], str]:
        """Gives the elements of a look their references: the one it has already, or a new one."""
        marks = dict(self._marks(observation))
        alike = Counter(marks.values())
        counted = Counter[str]()
        places: dict[int, tuple[str, int, int]] = {}
        for ref, mark in marks.items():
            places[ref] = mark, counted[mark], alike[mark]
            counted[mark] += 1
        numbers = {
            (one.mark, one.nth, one.alike): one.number for one in self.known if one.tab == tab
        }

        def name(element: Element) -> str:
            place = places[element.ref]
            if place not in numbers:
                numbers[place] = self._add(tab, *place)
            return f"ref_{numbers[place]}"

        return name

    def find(
        self, ref: str, tab: str, others: Collection[str], observation: Observation
    ) -> int | None:
        """Which element of a look is meant; None: it is not there any more, or never was.

        Args:
            ref: as the model writes it.
            tab: the one that was looked at.
            others: those open beside it. A tab that is gone may have been opened anew, as this.
            observation: the look.
        """
        known = next((one for one in self.known if f"ref_{one.number}" == ref.strip()), None)
        if known is None or (known.tab != tab and known.tab in others):
            return None
        alike = [ref for ref, mark in self._marks(observation) if mark == known.mark]
        return alike[known.nth] if len(alike) == known.alike else None

    def _marks(self, observation: Observation) -> Iterator[tuple[int, str]]:
        page = self.word(document_of(observation.url))
        for one in observation.elements:
            texts = (one.name, one.text, one.href, one.path, record_of(observation, one))
            said = (page, str(one.frame), one.role, *map(self.word, texts))
            yield (
                one.ref,
                hashlib.sha256("\0".join(said).encode("utf-8", "backslashreplace")).hexdigest()[
                    :32
                ],
            )

    def _add(self, tab: str, mark: str, nth: int, alike: int) -> int:
        number = self.known[-1].number + 1 if self.known else 1
        self.known.append(Known(number=number, tab=tab, mark=mark, nth=nth, alike=alike))
        del self.known[:-_MOST]
        return number
