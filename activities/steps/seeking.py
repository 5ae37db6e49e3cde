"""Brings what is not on a page yet: scrolls lists and the page on while a target is absent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from playwright.async_api import ElementHandle, Error, Page

from activities.browser.farther import place_of, scroll_back, scroll_on
from activities.browser.snapshot import Snapshot
from inference.decisions import DontKnow, DontKnowReason
from inference.dom.words import words_of
from inference.observation import Observation, ScrollArea
from inference.risk import RISKY
from plans.step import Step, StepType

_MOST_VIEWS = 40
_LONGEST_S = 20.0
_LONGEST_OPTIONAL_S = 6.0
_HIDDEN_PX = 40.0


def may_seek(step: Step) -> bool:
    """Whether a step's target may be looked for farther down; never where its act is risky."""
    risky = step.type is StepType.SUBMIT or words_of(step.intent).concepts & RISKY
    return not (step.once or risky)


def worth_scrolling(observation: Observation) -> tuple[int, ...]:
    """Indexes of the areas that may hold more, the likeliest first: virtual lists, then others."""
    found = [
        (not area.virtual, area.page, -area.box.width * area.box.height, index)
        for index, area in enumerate(observation.areas)
        if area.below > _HIDDEN_PX or (area.virtual and area.above > _HIDDEN_PX)
    ]
    return tuple(index for *_, index in sorted(found))


def absent(result: object) -> bool:
    """Whether a tier says that nothing on the page resembles the target."""
    return isinstance(result, DontKnow) and result.reason is DontKnowReason.ABSENT


@dataclass
class Seek:
    """One step's search through what scrolls; made when the target was found absent.

    Each `farther` brings something new into the page, or says that there is nothing more.
    """

    page: Page
    until: float
    views: int = 0
    _spent: set[str] = field(default_factory=set[str])
    _moved: list[tuple[ElementHandle, float]] = field(
        default_factory=list[tuple[ElementHandle, float]]
    )
    _begun: set[str] = field(default_factory=set[str])

    @classmethod
    def within(cls, page: Page, left_s: float, *, required: bool) -> "Seek":
        """A seek that takes at most half of the step's time that is left.

        Where the run goes on without the step, it is short: each such step may be in vain.
        """
        now = asyncio.get_running_loop().time()
        most = _LONGEST_S if required else _LONGEST_OPTIONAL_S
        return cls(page, now + min(most, left_s / 2))

    async def farther(self, snapshot: Snapshot) -> bool:
        """Scroll on until something new came; False where no area has more, or time is up."""
        observation = snapshot.observation
        for index in worth_scrolling(observation):
            area = observation.areas[index]
            while self._may_go_on(area):
                self.views += 1
                if await self._scroll(await snapshot.area(index), area):
                    return True
        return False

    async def give_up(self) -> None:
        """Put everything back to where it was."""
        for area, top in reversed(self._moved):
            try:
                await scroll_back(area, top)
            except Error:
                continue

    def _may_go_on(self, area: ScrollArea) -> bool:
        in_time = asyncio.get_running_loop().time() < self.until
        return in_time and self.views < _MOST_VIEWS and _key(area) not in self._spent

    async def _scroll(self, handle: ElementHandle, area: ScrollArea) -> bool:
        """One scroll; an area that brings nothing new is spent."""
        key = _key(area)
        left_s = max(0.1, self.until - asyncio.get_running_loop().time())
        for way in self._ways(area):
            top = await place_of(handle)
            if key not in self._begun:
                self._begun.add(key)
                self._moved.append((handle, top))
            if await scroll_on(self.page, handle, way, timeout_s=left_s):
                return True
        self._spent.add(key)
        return False

    def _ways(self, area: ScrollArea) -> Sequence[str]:
        """A list that shows a part of its rows is gone through from its top, view by view."""
        if not area.virtual:
            return ("on", "end")
        if _key(area) not in self._begun and area.above > _HIDDEN_PX:
            return ("top", "on")
        return ("on",)


def _key(area: ScrollArea) -> str:
    box = area.box
    return f"{area.frame}|{area.page}|{area.name}|{box.x:.0f},{box.width:.0f},{box.height:.0f}"
