"""The references by which the agent names elements, and finding them again at a later look."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from inference.observation import Element, Observation
from plans.step import Frozen

_MOST: Final = 3_000
_LONGEST: Final = 300
_FAR: Final = 400.0
"""CSS pixels from where it was: an element of many alike ones that moved so far is another."""

Identity = tuple[str, int, str, str, str]
"""Tab, frame, role, name and place in the markup."""


class Known(Frozen):
    """An element that was shown, as it is told again: `ref_<number>` of the tab."""

    number: int
    tab: str
    frame: int
    role: str
    name: str
    path: str
    x: float
    y: float


@dataclass
class RefBook:
    """All references of a task, the newest last; `word` is how texts of the page are kept."""

    known: list[Known] = field(default_factory=list[Known])
    word: Callable[[str], str] = str
    _by: dict[Identity, list[Known]] = field(default_factory=dict["Identity", list[Known]])

    def __post_init__(self) -> None:
        for one in self.known:
            self._by.setdefault(_of(one), []).append(one)

    def ref(self, tab: str, element: Element) -> str:
        """The reference of an element of this look; the one it has already, where it has one."""
        middle = element.box.x + element.box.width / 2, element.box.y + element.box.height / 2
        mine = self._identity(tab, element)
        alike = [one for one in self._by.get(mine, ()) if _near(one, *middle)]
        if alike:
            return f"ref_{alike[-1].number}"
        number = self.known[-1].number + 1 if self.known else 1
        self._add(
            Known(
                number=number,
                tab=tab,
                frame=element.frame,
                role=element.role,
                name=mine[3],
                path=mine[4],
                x=middle[0],
                y=middle[1],
            )
        )
        return f"ref_{number}"

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
        mine = _of(known)
        alike = [one for one in observation.elements if self._identity(known.tab, one) == mine]
        if len(alike) < 2:
            return alike[0].ref if alike else None
        nearest = min(alike, key=lambda one: _distance(known, one))
        return nearest.ref if _distance(known, nearest) <= _FAR else None

    def _identity(self, tab: str, element: Element) -> Identity:
        name = self.word(element.name)[:_LONGEST]
        return tab, element.frame, element.role, name, self.word(element.path)

    def _add(self, one: Known) -> None:
        self.known.append(one)
        self._by.setdefault(_of(one), []).append(one)
        del self.known[:-_MOST]


def _of(known: Known) -> Identity:
    return known.tab, known.frame, known.role, known.name, known.path


def _near(known: Known, x: float, y: float) -> bool:
    return abs(known.x - x) <= _FAR and abs(known.y - y) <= _FAR


def _distance(known: Known, element: Element) -> float:
    box = element.box
    return abs(known.x - box.x - box.width / 2) + abs(known.y - box.y - box.height / 2)
