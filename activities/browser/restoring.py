"""Brings a session to a checkpoint: a new browser, or a living one in place."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping

from playwright.async_api import Error, Page
from pydantic import JsonValue

from activities.browser.checkpoint import (
    BLANK,
    Checkpoint,
    SessionStorage,
    Tab,
    can_open,
    restorable,
)
from activities.browser.navigate import PageLoad, navigate, same_document
from activities.browser.refilling import refill
from activities.browser.session import BrowserSession
from activities.browser.storing import store
from activities.errors import SessionLost
from plans.step import Frozen

_LEAST_S = 0.5
_CLOSE_TIME_S = 3.0
_BACKGROUND_TIME_S = 10.0
_FAILING = 500

_SEED = """(() => {
  const stored = %s;
  const tried = (work) => { try { return work(); } catch { return false; } };
  try {
    const own = stored[self.origin];
    if (!own) return;
    if (self !== top && tried(() => top.origin === self.origin)) return;
    sessionStorage.clear();
    for (const [name, value] of own) sessionStorage.setItem(name, value);
  } catch {}
})()"""


class Restored(Frozen):
    """What became of it. `success`: the run's page is shown, at the address it was at.

    `message` tells why it is not; `notes` what is missing on a page that is.
    """

    success: bool
    url: str
    message: str = ""
    notes: tuple[str, ...] = ()


async def restore(
    session: BrowserSession,
    checkpoint: Checkpoint,
    secrets: Mapping[str, JsonValue],
    *,
    timeout_s: float,
) -> Restored:
    """Put the checkpoint's tabs, storage and field values in the place of what is there.

    Pages that came by POST are never asked for again; nothing is submitted. `secrets` are
    the run's (`ledger.secrets.read`), for the fields that held one.

    Raises:
        SessionLost: the browser is gone.
    """
    if not restorable(checkpoint):
        return Restored(success=False, url=session.page.url, message="the page came by POST")
    await session.ready()
    deadline = asyncio.get_running_loop().time() + timeout_s
    try:
        with session.tabs.arranging():
            return await _restore(session, checkpoint, secrets, deadline)
    except (Error, TimeoutError) as error:
        if session.lost.is_set() or not await session.alive():
            raise SessionLost("the session's browser is gone: open a new session") from error
        return Restored(
            success=False, url=session.page.url, message="the page could not be brought back"
        )


async def take_over(session: BrowserSession, checkpoint: Checkpoint) -> bool:
    """Go on in a living browser that was adopted: in the tab that the checkpoint names.

    What the checkpoint knows of documents that still live (how they came) is known to the
    session from now on. False: the tab is gone, and the session's newest one is current.
    """
    session.documents.learn(checkpoint)
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIME_S):
            tab = await session.documents.tab(checkpoint.target_id)
            if tab is not None:
                if tab is not session.page:
                    await session.tabs.go_on_in(tab, {})
                return True
    return False


async def _restore(
    session: BrowserSession,
    checkpoint: Checkpoint,
    secrets: Mapping[str, JsonValue],
    deadline: float,
) -> Restored:
    old = [page for page in session.context.pages if not page.is_closed()]
    opened = {
        place: await session.context.new_page()
        for place, tab in enumerate(checkpoint.tabs)
        if can_open(tab)
    }
    page = opened[checkpoint.current]
    openers = {
        opened[place]: opened[tab.opener]
        for place, tab in enumerate(checkpoint.tabs)
        if place in opened and tab.opener in opened
    }
    await session.tabs.go_on_in(page, openers)
    # Pages that go on would write to the storage, or keep its databases open.
    await asyncio.gather(*(_close(one) for one in old))
    notes = list(checkpoint.notes)
    notes += await store(session, checkpoint, _left(deadline))
    others = [place for place in opened if place != checkpoint.current]
    others_time = min(_BACKGROUND_TIME_S, _left(deadline) / 3)
    tabs = checkpoint.tabs
    behind = [_show_behind(opened[place], tabs[place], secrets, others_time) for place in others]
    shown, _ = await asyncio.gather(
        _show(page, checkpoint.tab, secrets, deadline), asyncio.gather(*behind)
    )
    await session.tabs.go_on_in(page, openers)
    return shown.model_copy(update={"notes": (*notes, *shown.notes)})


async def _show_behind(
    page: Page, tab: Tab, secrets: Mapping[str, JsonValue], timeout_s: float
) -> None:
    """A tab in the background that does not come back is left as it is."""
    with contextlib.suppress(Error, TimeoutError):
        await _show(page, tab, secrets, asyncio.get_running_loop().time() + timeout_s)


async def _show(
    page: Page, tab: Tab, secrets: Mapping[str, JsonValue], deadline: float
) -> Restored:
    if tab.url == BLANK:
        return Restored(success=True, url=page.url)
    async with _seeded(page, tab.session_storage):
        load = await navigate(page, tab.url, timeout_s=_left(deadline))
    if not _came(load, tab):
        return Restored(success=False, url=page.url, message=load.message)
    if not same_document(page.url, tab.url):
        message = "the page's address leads elsewhere now"
        return Restored(success=False, url=page.url, message=message)
    missing = await refill(page, tab.frames, secrets, timeout_s=_left(deadline))
    notes = (f"{missing} fields do not hold what they held",) if missing else ()
    return Restored(success=True, url=page.url, notes=notes)


def _came(load: PageLoad, tab: Tab) -> bool:
    """Whether the site has answered: a refusal is a page to go on with, a failure only again."""
    return load.success or 0 < load.status < _FAILING or 0 < load.status == tab.status


@contextlib.asynccontextmanager
async def _seeded(page: Page, stored: tuple[SessionStorage, ...]) -> AsyncGenerator[None]:
    """Within it each document finds its tab's storage filled before its first script runs."""
    if not stored:
        yield
        return
    entries = {one.origin: [[entry.name, entry.value] for entry in one.entries] for one in stored}
    async with await page.add_init_script(_SEED % json.dumps(entries)):
        yield


async def _close(page: Page) -> None:
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIME_S):
            await page.close()


def _left(deadline: float) -> float:
    return max(_LEAST_S, deadline - asyncio.get_running_loop().time())
