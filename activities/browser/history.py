"""Finds the way back from an item to its list."""

import asyncio
from dataclasses import dataclass

from playwright.async_api import Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from activities.browser.events import PageEvents
from activities.browser.navigate import PageLoad, arrive, navigate, same_document
from activities.browser.settle import settle
from plans.step import FailureClass

_BACKS = 2
"""An item may stand behind a page that only leads on to it."""

_BACK_LIMIT_S = 5.0


@dataclass(frozen=True)
class BackResult:
    """Where one is after going back.

    `page` is the page to go on with: the opener's, where the item had a tab of its own, which
    is closed. `how`: tab, history, address, or stay.
    """

    success: bool
    page: Page
    url: str
    how: str
    failure_class: FailureClass | None = None
    message: str = ""


async def go_back(page: Page, list_url: str | None, *, timeout_s: float = 20.0) -> BackResult:
    """Go back to `list_url`: by closing the item's tab, by history, else by its address.

    Success means that the page shown is `list_url` (but for the fragment) and is usable;
    without a known list, that another page than before is shown. A page that came by POST is
    never sent again.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    if list_url is not None and same_document(page.url, list_url):
        await settle(page, timeout_s=timeout_s)
        return BackResult(True, page, page.url, "stay", message="the list is shown already")
    home = await _home(page, list_url)
    if home is not None:
        return await _leave_tab(page, home, list_url, deadline)
    before = page.url
    load = await _by_history(page, list_url, deadline)
    if _arrived(load, before, list_url):
        return BackResult(True, page, page.url, "history")
    if list_url is None:
        message = load.message if load is not None and load.message else "there is no page before"
        cause = load.failure_class if load is not None else None
        return BackResult(
            False, page, page.url, "history", cause or FailureClass.NO_STATE_CHANGE, message
        )
    return await _by_address(page, list_url, deadline)


async def _home(page: Page, list_url: str | None) -> Page | None:
    """The page to return to, if this one is a tab that was opened for the item."""
    opener = await page.opener()
    others = [one for one in page.context.pages if one is not page and not one.is_closed()]
    if list_url is not None:
        fitting = [one for one in others if same_document(one.url, list_url)]
        return opener if opener in fitting else (fitting[0] if fitting else None)
    if opener is None or opener.is_closed():
        return None
    return opener if int(await page.evaluate("() => history.length")) <= 1 else None


async def _leave_tab(page: Page, home: Page, list_url: str | None, deadline: float) -> BackResult:
    await page.close()
    await home.bring_to_front()
    await settle(home, timeout_s=_left(deadline))
    if list_url is None or same_document(home.url, list_url):
        return BackResult(True, home, home.url, "tab")
    return await _by_address(home, list_url, deadline)


async def _by_history(page: Page, list_url: str | None, deadline: float) -> PageLoad | None:
    """Up to two steps back; None where there is nothing to go back to."""
    load: PageLoad | None = None
    for _ in range(_BACKS):
        before = page.url
        with PageEvents(page) as events:
            limit = min(_BACK_LIMIT_S, _left(deadline))
            try:
                await page.go_back(wait_until="commit", timeout=limit * 1000)
            except PlaywrightTimeout:
                return load
            except Error:
                if page.is_closed() or events.crashed:
                    raise
                return load
            load = await arrive(page, events, timeout_s=_left(deadline))
        if list_url is None or _arrived(load, before, list_url) or page.url == before:
            return load
    return load


def _arrived(load: PageLoad | None, before: str, list_url: str | None) -> bool:
    if load is None or not load.success:
        return False
    if list_url is None:
        return load.url not in {before, "about:blank"}
    return same_document(load.url, list_url)


async def _by_address(page: Page, list_url: str, deadline: float) -> BackResult:
    load = await navigate(page, list_url, timeout_s=_left(deadline))
    if not load.success:
        return BackResult(False, page, page.url, "address", load.failure_class, load.message)
    if same_document(page.url, list_url):
        return BackResult(True, page, page.url, "address")
    message = f"the list's address leads elsewhere: {page.url}"
    return BackResult(False, page, page.url, "address", FailureClass.VERIFY_FAILED, message)


def _left(deadline: float) -> float:
    return max(0.5, deadline - asyncio.get_running_loop().time())
