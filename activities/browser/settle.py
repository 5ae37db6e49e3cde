"""Waits until a page can be worked with: after a navigation, and after every act."""

import asyncio
from dataclasses import dataclass

from playwright.async_api import Error, Page
from pydantic import TypeAdapter

from activities.browser.events import PageEvents
from activities.browser.scripts import script
from activities.browser.walls import PageFacts

_USABLE = script("usable")
_FACTS = TypeAdapter(PageFacts)

_LOST_CONTEXT = (
    "Execution context was destroyed",
    "Cannot find context",
    "Frame was detached",
    "because of a navigation",
    "navigated or closed",
)


@dataclass(frozen=True)
class Patience:
    """How long a page is waited for, in seconds.

    `quiet`: without new content; `data`: for requests for data under way; `shell`: for an
    unfinished load, a spinner or an empty shell once the DOM is there.
    """

    quiet: float = 0.012
    data: float = 2.5
    shell: float = 4.0


_STOP_S = 2.0

_DATA_ROUNDS = 4
"""Answers may lead to further requests; a page that polls is not followed for ever."""

AFTER_ACT = Patience(shell=1.5)
AFTER_LOAD = Patience(quiet=0.02)


def left_page(error: Error) -> bool:
    """Whether a script could not go on because its document was left."""
    return any(mark in error.message for mark in _LOST_CONTEXT)


async def settle(
    page: Page,
    *,
    timeout_s: float = 10.0,
    events: PageEvents | None = None,
    patience: Patience = AFTER_ACT,
    inspect: bool = False,
) -> PageFacts:
    """Wait until the page is usable and at rest, at most `timeout_s`; never fails for lateness.

    With `events`, data that the page asks for meanwhile is waited for too. Returns what the
    document looks like; its `verdict` says whether it is usable. Endless animation, polling
    and sub-resources that hang hold nobody up. Raises Playwright's `Error` where the page is
    closed or crashed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    data_deadline = loop.time() + min(patience.data, timeout_s)
    rounds = 0
    while True:
        facts = await _look(page, deadline, patience, inspect)
        if facts is None:
            if loop.time() < deadline:
                continue
            return _unseen(page)
        rounds += 1
        late = rounds > _DATA_ROUNDS or loop.time() >= data_deadline
        if events is None or not events.pending or late:
            return facts
        await events.wait(lambda: not events.pending, data_deadline - loop.time())


async def stop_loading(page: Page) -> None:
    """Give up a navigation that does not answer.

    As long as it is under way, Chromium runs no script on the page that is still shown.
    """
    try:
        async with asyncio.timeout(_STOP_S):
            session = await page.context.new_cdp_session(page)
            await session.send("Page.stopLoading")
            await session.detach()
    except (TimeoutError, Error):
        # The page is gone or busy; whoever uses it next finds out.
        return


async def _look(page: Page, deadline: float, patience: Patience, inspect: bool) -> PageFacts | None:
    left = max(0.0, deadline - asyncio.get_running_loop().time())
    options = {
        "quiet": patience.quiet * 1000,
        "patience": min(patience.shell, left) * 1000,
        "limit": left * 1000,
        "inspect": inspect,
    }
    try:
        async with asyncio.timeout(left + 1.0):
            return _facts(await page.evaluate(_USABLE, options))
    except TimeoutError:
        # The page's own thread is busy, or the new document does not come.
        return _unseen(page)
    except Error as error:
        if not left_page(error) or page.is_closed():
            raise
        return None


def _unseen(page: Page) -> PageFacts:
    return PageFacts(verdict="loading", url=page.url, title="", status=0)


def _facts(told: object) -> PageFacts:
    return _FACTS.validate_python(told)
