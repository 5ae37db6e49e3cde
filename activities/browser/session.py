"""A browser session as a worker drives it: its tabs, dialogs, downloads and losses."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator, Mapping
from enum import StrEnum
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Dialog, Download, Error, Page

from activities.browser.documents import Documents
from activities.browser.downloads import Downloads
from activities.browser.driver import PlaywrightDriver
from activities.browser.holding import Holding, JournalView
from activities.errors import ActivityError, SessionLost
from activities.holder.flags import VIEWPORT
from activities.holder.messages import Hello
from inference.questions import declined
from plans.step import Frozen
from workflows.messages import Opening

__all__ = [
    "BrowserSession",
    "PlaywrightDriver",
    "SessionEvent",
    "SessionEventKind",
]

_ATTACH_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0
_PROBE_TIMEOUT_S = 1.0
_ANSWER_TIMEOUT_S = 2.0
_MAX_EVENTS_KEPT = 500


class SessionEventKind(StrEnum):
    """What happened in a session without being asked for."""

    DIALOG = "dialog"
    TAB_OPENED = "tab_opened"
    TAB_CLOSED = "tab_closed"
    PAGE_CRASHED = "page_crashed"
    DOWNLOAD = "download"


class SessionEvent(Frozen):
    """One such thing; `detail` is the dialog's message, the tab's URL or the file's name."""

    kind: SessionEventKind
    detail: str


class BrowserSession:
    """An attached session; made by `attach`.

    Attributes:
        session_id: its name.
        epoch: under which this worker holds it.
        session_dir: its folder.
        lost: set when the browser is gone; no call on its pages succeeds then.
        downloads: the files its pages handed out.
        documents: what its tabs show, and how it was asked for.
        how: how this worker came to its pages.
        tab_found: whether the current tab is the one that the holder was told of.
    """

    def __init__(
        self,
        browser: Browser,
        page: Page,
        session_id: str,
        epoch: int,
        session_dir: Path,
        holding: Holding | None = None,
    ) -> None:
        self.session_id = session_id
        self.epoch = epoch
        self.session_dir = session_dir
        self.how = Opening.FRESH
        self.lost = asyncio.Event()
        self.downloads = Downloads(_made(session_dir / "downloads"))
        self.intent = ""
        """Of the step that is being done: what the page asks meanwhile is answered by it."""
        self._browser = browser
        self._context = page.context
        self.documents = Documents(self._context)
        self._page = page
        self._holding = holding
        self._told: Page | None = None
        self.tab_found = False
        self._parents: dict[Page, Page] = {}
        self._events: list[SessionEvent] = []
        self._crash = asyncio.Event()
        self._replacing = False
        self._arranging = False
        self._covered = False
        self._detached = False
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def attach(
        cls,
        driver: PlaywrightDriver,
        cdp_url: str,
        session_id: str,
        epoch: int,
        session_dir: Path,
        holding: Holding | None = None,
    ) -> "BrowserSession":
        """Attach to a running Chromium, its pages untouched.

        The current tab is the one that the holder was told of, else the newest.

        Args:
            driver: the worker's.
            cdp_url: as the session's holder tells it.
            session_id: its name.
            epoch: under which this worker holds it.
            session_dir: its folder; downloads go to `downloads` in it.
            holding: the line to its holder; without one nobody is told of acts and tabs.

        Raises:
            SessionLost: the browser can't be reached.
        """
        browser = await driver.connect(cdp_url, _made(session_dir / "incoming"))
        try:
            async with asyncio.timeout(_ATTACH_TIMEOUT_S):
                context = browser.contexts[0]
                page = context.pages[-1] if context.pages else await context.new_page()
                session = cls(browser, page, session_id, epoch, session_dir, holding)
                await session._listen(context)
                await session._find_tab()
        except (Error, TimeoutError, IndexError) as error:
            await _disconnect(browser)
            raise SessionLost(
                "the session's browser does not answer: open a new session"
            ) from error
        return session

    @property
    def page(self) -> Page:
        """The current tab: the newest one that was followed, else the one it came from."""
        return self._page

    @property
    def context(self) -> BrowserContext:
        """The browser's default context, which holds all tabs and cookies."""
        return self._context

    @property
    def acting_before(self) -> str:
        """The call that was about to act when this worker took the session; "" for none."""
        return self._holding.hello.acting if self._holding else ""

    async def acting(self, call_key: str, guarded: bool) -> Hello | None:
        """Tell the holder that a call is about to act on a page, before it does.

        Args:
            call_key: names the call.
            guarded: its act must not happen twice.

        Returns:
            How the session stands; None for one without a holder.

        Raises:
            StaleEpoch: this worker holds the session no more.
            SessionLost: the holder is gone.
        """
        if self._holding is None:
            return None
        if self._told is not self._page:
            await self.tell_tab()
        return await self._holding.acting(call_key, guarded=guarded)

    async def hello(self) -> Hello | None:
        """How the session stands, as its holder says; None for one without a holder.

        Raises:
            SessionLost: the holder is gone.
        """
        return await self._holding.holder.hello() if self._holding else None

    def journal_of(self, session_id: str) -> JournalView:
        """The requests that left in this session, or in an earlier one of the run."""
        if self._holding is None:
            return JournalView(entries=(), complete=False, alive=False)
        return self._holding.journal_of(session_id)

    @property
    def crashed_before(self) -> bool:
        """Whether the tab that the run was in had crashed when this worker took the session."""
        return self._holding is not None and not self._holding.hello.target

    async def page_answers(self) -> bool:
        """Whether the page of the current tab responds."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return bool(await self._page.evaluate("true"))
        return False

    async def renew_tab(self) -> None:
        """Put a fresh tab in the place of the current one."""
        await self._replace(self._page)

    async def tell_tab(self) -> None:
        """Tell the holder which tab is current, for whoever adopts the session.

        Not while tabs are arranged: a page that is half restored is nobody's to go on with.
        """
        if self._holding is None or self._arranging:
            return
        page = self._page
        with contextlib.suppress(Error, TimeoutError, ActivityError):
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self._holding.tab(await self.documents.target(page))
                self._told = page

    async def ready(self) -> Page:
        """The current tab, after a crashed or closed one has been replaced.

        Raises:
            SessionLost: the browser is gone.
        """
        while self._tasks and not self.lost.is_set():
            await asyncio.wait(tuple(self._tasks))
        if self.lost.is_set() or self._detached:
            raise SessionLost("the session's browser is gone: open a new session")
        if self._covered:
            await self._show(self._page)
        return self._page

    async def follow(self, tab: Page) -> None:
        """Go on in a tab that an act opened; when it closes, the tab it came from is current.

        Tabs that nobody follows, such as a page's own pop-ups, stay in the background.
        """
        if tab is self._page or tab.is_closed():
            return
        self._parents[tab] = self._page
        self._page = tab
        await self.tell_tab()
        await self._show(tab)

    def opener(self, tab: Page) -> Page | None:
        """The tab that a followed one came from."""
        return self._parents.get(tab)

    async def go_on_in(self, tab: Page, openers: Mapping[Page, Page]) -> None:
        """Make a tab the current one, whatever was followed before; `openers` as followed now."""
        self._parents = dict(openers)
        self._page = tab
        await self.tell_tab()
        await self._show(tab)

    @contextlib.contextmanager
    def arranging(self) -> Generator[None]:
        """Open and close tabs as nobody's act: no events tell of it."""
        self._arranging = True
        try:
            yield
        finally:
            self._arranging = False

    def take_events(self) -> tuple[SessionEvent, ...]:
        """What happened since the last call, oldest first."""
        events, self._events = tuple(self._events), []
        return events

    async def take_crash(self, grace_s: float = 0.0) -> bool:
        """Whether a tab's renderer has crashed since the last call.

        After a call on the page failed, `grace_s` is how long to wait for the news of a crash,
        which may come a moment later than the failure.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._crash.wait()
        crashed = self._crash.is_set()
        self._crash.clear()
        return crashed

    async def alive(self) -> bool:
        """Ask the browser for a sign of life; sets `lost` where it is gone.

        A browser that is merely slow counts as alive.
        """
        if not self.lost.is_set() and not self._detached:
            try:
                async with asyncio.timeout(_PROBE_TIMEOUT_S):
                    await self._context.cookies("http://localhost")
            except TimeoutError:
                return True
            except Error:
                # The one call that needs no page fails only with the browser or the driver.
                self.lost.set()
        return not self.lost.is_set()

    async def detach(self) -> None:
        """Let go of the browser, which goes on as it is. Twice does no harm."""
        if self._detached:
            return
        self._detached = True
        await self.downloads.abandon()
        for task in tuple(self._tasks):
            task.cancel()
        await _disconnect(self._browser)

    async def _listen(self, context: BrowserContext) -> None:
        self._browser.on("disconnected", self._on_disconnected)
        context.on("page", self._on_page)
        context.on("dialog", self._on_dialog)
        for page in context.pages:
            self._adopt(page)
        await self._size(self._page)

    async def _find_tab(self) -> None:
        """Go on in the tab that the holder was told of, where it is still there."""
        target = self._holding.hello.target if self._holding else ""
        tab = await self.documents.tab(target) if target else None
        if tab is not None:
            self._page = self._told = tab
            self.tab_found = True
            await self._size(tab)

    def _adopt(self, page: Page) -> None:
        page.on("close", self._on_close)
        page.on("crash", self._on_crash)
        page.on("download", self._on_download)

    def _on_disconnected(self, _browser: Browser) -> None:
        if not self._detached:
            self.lost.set()

    def _on_page(self, page: Page) -> None:
        self._adopt(page)
        if not self._replacing and not self._arranging:
            self._covered = True
            self._note(SessionEventKind.TAB_OPENED, page.url)
        self._spawn(self._size(page))

    def _on_close(self, page: Page) -> None:
        parent = self._parents.pop(page, None)
        self._note(SessionEventKind.TAB_CLOSED, page.url)
        if page is not self._page:
            return
        open_pages = [other for other in self._context.pages if not other.is_closed()]
        if open_pages:
            self._page = parent if parent in open_pages else open_pages[-1]
            self._spawn(self.tell_tab())
        elif self._browser.is_connected() and not self._detached:
            self._spawn(self._replace(page))

    def _on_crash(self, page: Page) -> None:
        self._note(SessionEventKind.PAGE_CRASHED, page.url)
        if page is self._page:
            self._crash.set()
            self._spawn(self._tell_crash())
            self._spawn(self._replace(page))
        else:
            self._spawn(self._drop(page))

    async def _tell_crash(self) -> None:
        """Whoever adopts the session now must not take the fresh tab for the run's."""
        if self._holding is not None:
            self._told = None
            with contextlib.suppress(ActivityError):
                await self._holding.tab("")

    async def _on_dialog(self, dialog: Dialog) -> None:
        decline = dialog.type == "confirm" and declined(dialog.message, self.intent)
        answer = " (declined: the step does not say so)" if decline else ""
        self._note(SessionEventKind.DIALOG, f"{dialog.type}: {dialog.message}{answer}")
        with contextlib.suppress(Error):
            if decline:
                await dialog.dismiss()
            elif dialog.type == "prompt":
                await dialog.accept(dialog.default_value)
            else:
                await dialog.accept()

    def _on_download(self, download: Download) -> None:
        self._note(SessionEventKind.DOWNLOAD, download.suggested_filename)
        self.downloads.take(download)

    async def _replace(self, page: Page) -> None:
        """Put a fresh tab in the place of one that can't go on."""
        self._replacing = True
        try:
            with contextlib.suppress(Error):
                self._page = await self._context.new_page()
        finally:
            self._replacing = False
        await self._drop(page)

    async def _drop(self, page: Page) -> None:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await page.close()

    async def _show(self, page: Page) -> None:
        """Bring a tab before those that opened over it."""
        self._covered = False
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await page.bring_to_front()

    async def _size(self, page: Page) -> None:
        width, height = VIEWPORT
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await page.set_viewport_size({"width": width, "height": height})

    def _note(self, kind: SessionEventKind, detail: str) -> None:
        if len(self._events) < _MAX_EVENTS_KEPT and not self._arranging:
            self._events.append(SessionEvent(kind=kind, detail=detail))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _disconnect(browser: Browser) -> None:
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await browser.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
