"""Scrolls on where a page or a list makes the rest of its content only then."""

import asyncio
from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page
from pydantic import TypeAdapter

from activities.browser.events import PageEvents
from activities.browser.scripts import script
from activities.browser.settle import settle

_FARTHER = script("farther")
_GROW_S = 0.4
_PAUSE_S = 0.05


@dataclass(frozen=True)
class Farther:
    """A scroll of one container: where it was, in CSS pixels, and what came of it.

    `more`: it can be scrolled on; `mark` differs where it shows something else.
    """

    top: float
    moved: bool
    more: bool
    mark: str


_TOLD = TypeAdapter(Farther)


async def scroll_on(page: Page, area: ElementHandle, way: str, *, timeout_s: float) -> bool:
    """Scroll `area` a view `on`, to its `end` or its `top`, and wait for what that brings.

    Returns:
        Whether it holds something that it did not hold before.
    """
    with PageEvents(page) as events:
        before = await _scroll(area, "mark")
        moved = await _scroll(area, way)
        if not moved.moved:
            return False
        deadline = asyncio.get_running_loop().time() + _GROW_S
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_PAUSE_S)
            now = await _scroll(area, "mark")
            if now.mark != before.mark:
                break
            if events.pending:
                break
        await settle(page, timeout_s=timeout_s, events=events)
        now = await _scroll(area, "mark")
        return now.mark != before.mark


async def place_of(area: ElementHandle) -> float:
    """How far `area` is scrolled, in CSS pixels from its top."""
    return (await _scroll(area, "mark")).top


async def scroll_back(area: ElementHandle, top: float) -> None:
    """Scroll `area` to where it was."""
    await _scroll(area, "to", top)


async def _scroll(area: ElementHandle, way: str, top: float = 0.0) -> Farther:
    return _TOLD.validate_python(await area.evaluate(_FARTHER, {"way": way, "top": top}))
