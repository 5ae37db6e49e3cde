"""A browser session as a worker drives it: its tabs, dialogs, downloads and losses."""

import asyncio
import contextlib
from enum import StrEnum
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Dialog, Download, Error, Page

from activities.browser.documents import Documents
from activities.browser.downloads import Downloads
from activities.browser.driver import PlaywrightDriver
from activities.browser.holding import Holding, JournalView
from activities.browser.tabs import Tabs
from activities.errors import SessionLost
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
        tabs: its tabs.
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
        self.tabs = Tabs(self._context, page, self.documents, holding)
        self._holding = holding
        self._events: list[SessionEvent] = []
        self._crash = asyncio.Event()
        self._detached = False

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
                await session.tabs.find()
        except (Error, TimeoutError, IndexError) as error:
            await _disconnect(browser)
            raise SessionLost(
                "the session's browser does not answer: open a new session"
            ) from error
        return session

    @property
    def page(self) -> Page:
        """The current tab: the newest one that was followed, else the one it came from."""
        return self.tabs.page

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
        await self.tabs.tell_anew()
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

    async def ready(self) -> Page:
        """The current tab, after a crashed or closed one has been replaced.

        Raises:
            SessionLost: the browser is gone.
        """
        while self.tabs.busy and not self.lost.is_set():
            await self.tabs.settle()
        if self.lost.is_set() or self._detached:
            raise SessionLost("the session's browser is gone: open a new session")
        await self.tabs.show_current()
        return self.page

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
        self.tabs.stop()
        await _disconnect(self._browser)

    async def _listen(self, context: BrowserContext) -> None:
        self._browser.on("disconnected", self._on_disconnected)
        context.on("page", self._on_page)
        context.on("dialog", self._on_dialog)
        for page in context.pages:
            self._adopt(page)

    def _adopt(self, page: Page) -> None:
        page.on("close", self._on_close)
        page.on("crash", self._on_crash)
        page.on("download", self._on_download)

    def _on_disconnected(self, _browser: Browser) -> None:
        if not self._detached:
            self.lost.set()

    def _on_page(self, page: Page) -> None:
        self._adopt(page)
        if self.tabs.opened(page):
            self._note(SessionEventKind.TAB_OPENED, page.url)

    def _on_close(self, page: Page) -> None:
        self._note(SessionEventKind.TAB_CLOSED, page.url)
        self.tabs.closed(page, alive=self._browser.is_connected() and not self._detached)

    def _on_crash(self, page: Page) -> None:
        self._note(SessionEventKind.PAGE_CRASHED, page.url)
        if self.tabs.crashed(page):
            self._crash.set()

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

    def _note(self, kind: SessionEventKind, detail: str) -> None:
        if len(self._events) < _MAX_EVENTS_KEPT and not self.tabs.arranged:
            self._events.append(SessionEvent(kind=kind, detail=detail))


async def _disconnect(browser: Browser) -> None:
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await browser.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
