"""Opens addresses: goes there, waits until the page is usable, and tells what came."""

import asyncio
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from playwright.async_api import Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from activities.browser.events import PageEvents
from activities.browser.neterrors import error_code, network_failure
from activities.browser.settle import AFTER_LOAD, settle, stop_loading
from activities.browser.walls import PageFacts, PageFailure, page_failure
from plans.step import FailureClass

_SCHEMES = frozenset({"http", "https"})
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d)")
_DOWNLOAD_GRACE_S = 0.5
_ERROR_PAGE = "chrome-error:"


@dataclass(frozen=True)
class PageLoad:
    """What became of going to a page. `status` is the last HTTP status, 0 where there is none.

    `download` names the file that came in place of a page. A page that is not complete but
    can be worked with (a sub-resource hangs) is a success; `message` says so.
    """

    success: bool
    url: str
    status: int = 0
    title: str = ""
    failure_class: FailureClass | None = None
    message: str = ""
    download: str | None = None
    duration_ms: int = 0


async def navigate(page: Page, url: str, *, timeout_s: float = 30.0) -> PageLoad:
    """Open `url` and wait until the page is usable, at most `timeout_s` seconds in all.

    Only http, https and about:blank are opened; an address without a scheme is taken as
    https. Redirects are followed, those by script too. Raises Playwright's `Error` only where
    the page or browser is gone.
    """
    started = asyncio.get_running_loop().time()
    address = _address(url)
    if address is None:
        return PageLoad(
            success=False,
            url=page.url,
            failure_class=FailureClass.NAV_BLOCKED,
            message="only http and https addresses can be opened",
        )
    with PageEvents(page) as events:
        load = await _go(page, address, events, started + timeout_s)
    return _timed(load, started)


async def arrive(page: Page, events: PageEvents, *, timeout_s: float) -> PageLoad:
    """Wait for a navigation that is under way or has just committed, and classify its page."""
    facts = await settle(
        page, timeout_s=timeout_s, events=events, patience=AFTER_LOAD, inspect=True
    )
    if facts.verdict in {"loading", "leaving"}:
        await stop_loading(page)
    return await _judge(facts, events, page)


def same_document(left: str, right: str) -> bool:
    """Whether two URLs name the same page: equal but for the fragment.

    A fragment that is a route of its own (`#/boats`, `#!/boats`) counts.
    """
    return _bare(left) == _bare(right)


def _bare(url: str) -> str:
    parts = urlsplit(url)
    path = parts.path or "/"
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""
    return parts._replace(
        fragment=fragment, path=path, netloc=parts.netloc.lower(), scheme=parts.scheme.lower()
    ).geturl()


def _address(url: str) -> str | None:
    text = url.strip()
    if text == "about:blank":
        return text
    if not _SCHEME.match(text):
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return text if parts.scheme.lower() in _SCHEMES and named else None


async def _go(page: Page, url: str, events: PageEvents, deadline: float) -> PageLoad:
    loop = asyncio.get_running_loop()
    try:
        await page.goto(url, wait_until="commit", timeout=max(1.0, deadline - loop.time()) * 1000)
    except PlaywrightTimeout:
        await stop_loading(page)
        return _failed(page, FailureClass.NAV_TIMEOUT, "the site did not answer in time")
    except Error as error:
        if page.is_closed() or events.crashed:
            raise
        return await _refused(page, events, error)
    return await arrive(page, events, timeout_s=max(0.1, deadline - loop.time()))


async def _refused(page: Page, events: PageEvents, error: Error) -> PageLoad:
    code = error_code(error.message)
    if "Download is starting" in error.message or code == "ERR_ABORTED":
        await events.wait(lambda: bool(events.downloads), _DOWNLOAD_GRACE_S)
    if events.downloads:
        return _downloaded(page, events)
    if "invalid url" in error.message.lower():
        return _failed(page, FailureClass.NAV_BLOCKED, "this is not an address that can be opened")
    if not code and events.navigations:
        # The page went elsewhere by itself before the first one committed.
        return await arrive(page, events, timeout_s=AFTER_LOAD.shell)
    failure = network_failure(code)
    return _failed(page, failure.failure_class, failure.message)


def _downloaded(page: Page, events: PageEvents) -> PageLoad:
    name = events.downloads[0].suggested_filename
    return PageLoad(
        success=True, url=page.url, download=name, message=f"a download came in its place: {name}"
    )


async def _judge(facts: PageFacts, events: PageEvents, page: Page) -> PageLoad:
    failure = await _failure(facts, events)
    if failure is not None:
        return PageLoad(
            success=False,
            url=facts.url,
            status=facts.status,
            title=facts.title,
            failure_class=failure.failure_class,
            message=failure.message,
        )
    note = ""
    if facts.verdict == "partial":
        note = "the page is usable, though a part of it does not finish loading"
    return PageLoad(
        success=True, url=page.url, status=facts.status, title=facts.title, message=note
    )


async def _failure(facts: PageFacts, events: PageEvents) -> PageFailure | None:
    if facts.url.startswith(_ERROR_PAGE):
        return network_failure(error_code(events.document_error or facts.sample))
    if facts.verdict in {"loading", "leaving"}:
        return PageFailure(FailureClass.NAV_TIMEOUT, "the page did not become usable in time")
    blocked_by = await events.blocked_by() if facts.status >= 400 else ""
    return page_failure(facts, blocked_by)


def _failed(page: Page, failure_class: FailureClass, message: str) -> PageLoad:
    return PageLoad(success=False, url=page.url, failure_class=failure_class, message=message)


def _timed(load: PageLoad, started: float) -> PageLoad:
    took = asyncio.get_running_loop().time() - started
    return replace(load, duration_ms=round(took * 1000))
