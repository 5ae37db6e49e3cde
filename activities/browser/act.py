"""Performs one act on a live page and checks its effect."""

from dataclasses import dataclass
from typing import assert_never

from playwright.async_api import ElementHandle, Error, Page

from activities.browser.choices import check, select
from activities.browser.dragging import drag
from activities.browser.fields import fill, type_text
from activities.browser.keys import press
from activities.browser.pointer import click, hover
from activities.browser.result import ActResult, failed, gone
from activities.browser.scroll import scroll
from activities.browser.settle import left_page
from inference.decisions import ActKind, Point
from plans.step import FailureClass

_GONE = ("not attached", "JSHandle is disposed", "Element is not attached")


async def perform(
    page: Page,
    element: ElementHandle | None,
    kind: ActKind,
    text: str = "",
    *,
    onto: ElementHandle | None = None,
    at: Point | None = None,
    called: str = "",
    timeout_s: float = 15.0,
) -> ActResult:
    """Do one act and wait until the page is usable again.

    Args:
        page: The page of the element, in whichever frame or shadow root it is.
        element: The target; None for acts on the page as a whole or on the focus.
        kind: What to do.
        text: What to type, choose, press, or which way to scroll. It stands in no message
            but those that name keys and options.
        onto: Where a drag ends; it may end by `text` = "dx,dy" instead.
        at: Where in the element to act, in CSS pixels from its top left corner; None: wherever
            the pointer reaches it. Keys and choices have no such place.
        called: What stood on the element when it was chosen; it is not clicked once it says
            something else.
        timeout_s: Seconds that the page may take to come to rest, a new page included.

    Returns:
        The result; expected troubles are values, and a lost browser is one of them.
    """
    try:
        return await _do(page, _Act(element, kind, text, onto, at, called), timeout_s)
    except TimeoutError:
        return failed(page, FailureClass.NAV_TIMEOUT, "the page did not answer in time")
    except Error as error:
        if page.is_closed() or "crashed" in error.message:
            return failed(page, FailureClass.BROWSER_LOST, "the page was lost during the act")
        if left_page(error) or any(mark in error.message for mark in _GONE):
            return gone(page)
        raise


@dataclass(frozen=True)
class _Act:
    element: ElementHandle | None
    kind: ActKind
    text: str
    onto: ElementHandle | None
    at: Point | None
    called: str


async def _do(page: Page, act: _Act, timeout_s: float) -> ActResult:
    element, text = act.element, act.text
    match act.kind:
        case ActKind.TYPE | ActKind.FILL if element is not None and act.at is not None:
            return await _write_at(page, element, act.at, text, timeout_s)
        case ActKind.TYPE:
            return await type_text(page, element, text, timeout_s=timeout_s)
        case ActKind.PRESS:
            return await press(page, element, text, timeout_s=timeout_s)
        case ActKind.SCROLL:
            return await scroll(page, element, text, timeout_s=timeout_s)
        case _ if element is None:
            return failed(page, FailureClass.SELECTOR_MISS, f"{act.kind} needs a target")
        case _:
            return await _do_to(page, element, act, timeout_s)


async def _do_to(page: Page, element: ElementHandle, act: _Act, timeout_s: float) -> ActResult:
    match act.kind:
        case ActKind.CLICK:
            return await click(page, element, timeout_s=timeout_s, at=act.at, called=act.called)
        case ActKind.FILL:
            return await fill(page, element, act.text, timeout_s=timeout_s)
        case ActKind.SELECT:
            return await select(page, element, act.text, timeout_s=timeout_s)
        case ActKind.CHECK:
            return await check(page, element, on=True, timeout_s=timeout_s)
        case ActKind.UNCHECK:
            return await check(page, element, on=False, timeout_s=timeout_s)
        case ActKind.HOVER:
            return await hover(page, element, timeout_s=timeout_s, at=act.at)
        case ActKind.DRAG:
            return await drag(
                page, element, onto=act.onto, text=act.text, at=act.at, timeout_s=timeout_s
            )
        case ActKind.TYPE | ActKind.PRESS | ActKind.SCROLL:
            raise AssertionError(f"{act.kind} needs no target")
        case ActKind.WAIT | ActKind.DONE | ActKind.INPUT:
            raise AssertionError(f"{act.kind} does nothing to the page")
        case _:
            assert_never(act.kind)


async def _write_at(
    page: Page, element: ElementHandle, at: Point, text: str, timeout_s: float
) -> ActResult:
    """Write where a click puts the caret: a field that is drawn, not marked up."""
    pressed = await click(page, element, timeout_s=timeout_s, effect_needed=False, at=at)
    if not pressed.success:
        return pressed
    return await type_text(page, None, text, timeout_s=timeout_s)
