"""Scrolls: an element into view, the page, or the container that the page scrolls in."""

import re
from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page
from pydantic import TypeAdapter

from activities.browser.effects import rest, watching
from activities.browser.result import ActResult, conclude, failed, gone
from activities.browser.scripts import on_page, script
from plans.step import FailureClass

_SCROLL = script("scroll")
_SCROLL_PAGE = on_page(_SCROLL)
_WAY = re.compile(r"\b(up|down|left|right|top|bottom)\b", re.IGNORECASE)
_COUNT = re.compile(r"\d+(?:\.\d+)?")
_PIXELS_PER_PAGE = 720.0
_MOST_PAGES = 50.0
_COMING_S = 0.3


@dataclass(frozen=True)
class ScrollState:
    """What `js/scroll.js` did: reached, end (nothing left that way), hidden or detached."""

    state: str
    moved: bool = False


_STATE = TypeAdapter(ScrollState)


async def scroll(
    page: Page, element: ElementHandle | None, text: str, *, timeout_s: float
) -> ActResult:
    """Bring `element` into view, or scroll by `text`: up, down, left, right, top, bottom.

    `text` may carry an amount: pages ("down 3"), or pixels where above 50 ("down 600"). With
    both an element and a way, the container of the element is scrolled.
    """
    way, pages = _way(text)
    if element is None and way == "into":
        way = "down"
    argument = {"way": way, "pages": pages}
    async with watching(page, element, enabled=False, begun=True) as watch:
        told: object = (
            await page.evaluate(_SCROLL_PAGE, argument)
            if element is None
            else await element.evaluate(_SCROLL, argument)
        )
        state = _STATE.validate_python(told)
        match state.state:
            case "detached":
                return gone(page)
            case "hidden":
                return failed(page, FailureClass.SELECTOR_MISS, "the target is not visible")
            case _:
                pass
        seen = await watch.seen(_seen_within(state, way))
        after = await rest(watch, seen, timeout_s=timeout_s)
        if state.state == "end":
            message = f"nothing is left to scroll {way}"
            return conclude(
                watch, seen, after, failure_class=FailureClass.NO_STATE_CHANGE, message=message
            )
        mark = "scroll" if state.moved else "same"
        return conclude(watch, seen, after, evidence=(mark,))


def _seen_within(state: ScrollState, way: str) -> float:
    """Seconds that news is waited for; what is in view already is scrolled to for what comes."""
    if state.moved:
        return 0.1
    return _COMING_S if way == "into" else 0.02


def _way(text: str) -> tuple[str, float]:
    found = _WAY.search(text)
    way = found.group(1).lower() if found else "into"
    count = _COUNT.search(text)
    amount = float(count.group(0)) if count else 1.0
    pages = amount / _PIXELS_PER_PAGE if amount > _MOST_PAGES else amount
    return way, pages
