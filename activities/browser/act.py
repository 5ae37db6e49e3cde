"""Performs one act on a live page and checks its effect."""

from typing import assert_never

from playwright.async_api import ElementHandle, Error, Page

from activities.browser.choices import check, select
from activities.browser.fields import fill, type_text
from activities.browser.keys import press
from activities.browser.pointer import click, hover
from activities.browser.result import ActResult, failed, gone
from activities.browser.scroll import scroll
from activities.browser.settle import left_page
from inference.decisions import ActKind
from plans.step import FailureClass

_GONE = ("not attached", "JSHandle is disposed", "Element is not attached")


async def perform(
    page: Page,
    element: ElementHandle | None,
    kind: ActKind,
    text: str = "",
    *,
    timeout_s: float = 15.0,
) -> ActResult:
    """Do one act and wait until the page is usable again.

    Args:
        page: The page of the element, in whichever frame or shadow root it is.
        element: The target; None for acts on the page as a whole or on the focus.
        kind: What to do.
        text: What to type, choose, press, or which way to scroll. It stands in no message
            but those that name keys and options.
        timeout_s: Seconds that the page may take to come to rest, a new page included.

    Returns:
        The result; expected troubles are values, and a lost browser is one of them.
    """
    try:
        return await _do(page, element, kind, text, timeout_s)
    except TimeoutError:
        return failed(page, FailureClass.NAV_TIMEOUT, "the page did not answer in time")
    except Error as error:
        if page.is_closed() or "crashed" in error.message:
            return failed(page, FailureClass.BROWSER_LOST, "the page was lost during the act")
        if left_page(error) or any(mark in error.message for mark in _GONE):
            return gone(page)
        raise


async def _do(
    page: Page, element: ElementHandle | None, kind: ActKind, text: str, timeout_s: float
) -> ActResult:
    match kind:
        case ActKind.TYPE:
            return await type_text(page, element, text, timeout_s=timeout_s)
        case ActKind.PRESS:
            return await press(page, element, text, timeout_s=timeout_s)
        case ActKind.SCROLL:
            return await scroll(page, element, text, timeout_s=timeout_s)
        case _:
            pass
    if element is None:
        return failed(page, FailureClass.SELECTOR_MISS, f"{kind} needs a target")
    match kind:
        case ActKind.CLICK:
            return await click(page, element, timeout_s=timeout_s)
        case ActKind.FILL:
            return await fill(page, element, text, timeout_s=timeout_s)
        case ActKind.SELECT:
            return await select(page, element, text, timeout_s=timeout_s)
        case ActKind.CHECK:
            return await check(page, element, on=True, timeout_s=timeout_s)
        case ActKind.UNCHECK:
            return await check(page, element, on=False, timeout_s=timeout_s)
        case ActKind.HOVER:
            return await hover(page, element, timeout_s=timeout_s)
        case ActKind.DRAG:
            return failed(page, FailureClass.SELECTOR_MISS, "a drag needs a place to end")
        case _:
            assert_never(kind)
