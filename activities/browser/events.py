"""What a page does while the driver acts on it: tabs, downloads, dialogs, navigations, requests."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from playwright.async_api import Dialog, Download, Error, Frame, Page, Request

_DATA_TYPES = frozenset({"xhr", "fetch"})
_AT_ONCE_S = 0.4
_OTHERS_S = 0.3
_STREAMS = ("text/event-stream",)


class PageEvents:
    """Listens to one page from entering to leaving the `async with`-free block (`with`).

    `changed` is set whenever something came in. Requests that were under way before are not
    known here, so an old long poll holds nobody up. `asked` are the addresses of the requests
    for data; `frame_led`: a frame of the page was led elsewhere at once; `frame_moved`: some
    frame went elsewhere. `opening`: a window was about to open; `openings` are the requests for
    those that are still to come.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self.changed = asyncio.Event()
        self.tabs: list[Page] = []
        self.downloads: list[Download] = []
        self.dialogs: list[str] = []
        self.navigations = 0
        self.asked: list[str] = []
        self.frame_led = False
        self.frame_moved = False
        self.opening = False
        self.openings: set[Request] = set()
        self.document: Request | None = None
        self.document_error: str | None = None
        self.document_done = False
        self.closed = False
        self.crashed = False
        self._acted = asyncio.get_running_loop().time()
        self._frames = set(page.frames)
        self._led: set[Frame] = set()
        self._data: set[Request] = set()
        self._answers: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        page = self._page
        page.context.on("page", self._on_tab)
        page.on("download", self._on_download)
        page.on("dialog", self._on_dialog)
        page.on("framenavigated", self._on_navigated)
        page.context.on("request", self._on_request)
        page.context.on("requestfinished", self._on_opened)
        page.context.on("requestfailed", self._on_opened)
        page.on("requestfinished", self._on_finished)
        page.on("requestfailed", self._on_failed)
        page.on("close", self._on_close)
        page.on("crash", self._on_crash)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        page = self._page
        page.context.remove_listener("page", self._on_tab)
        page.remove_listener("download", self._on_download)
        page.remove_listener("dialog", self._on_dialog)
        page.remove_listener("framenavigated", self._on_navigated)
        page.context.remove_listener("request", self._on_request)
        page.context.remove_listener("requestfinished", self._on_opened)
        page.context.remove_listener("requestfailed", self._on_opened)
        page.remove_listener("requestfinished", self._on_finished)
        page.remove_listener("requestfailed", self._on_failed)
        page.remove_listener("close", self._on_close)
        page.remove_listener("crash", self._on_crash)

    @property
    def pending(self) -> int:
        """Requests for data that started here and have not ended."""
        return len(self._data)

    @property
    def evident(self) -> bool:
        """Whether something happened that only an act brings about."""
        return bool(
            self.tabs
            or self.opening
            or self.downloads
            or self.dialogs
            or self.navigations
            or self.frame_led
            or self.closed
            or self.crashed
        )

    @property
    def _elsewhere(self) -> bool:
        """Whether the next document is here already: tabs are its doing then, not the act's."""
        return self.document is not None and self.navigations > 0

    def acting(self) -> None:
        """The act begins now: what frames do long after that, they do by themselves."""
        self._acted = asyncio.get_running_loop().time()

    def _at_once(self) -> bool:
        return asyncio.get_running_loop().time() - self._acted < _AT_ONCE_S

    async def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `condition` holds, looking whenever an event came in; False if late."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not condition():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            # Several may wait: nothing may come between clearing and waiting.
            self.changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self.changed.wait()
            except TimeoutError:
                return condition()
        return True

    async def blocked_by(self) -> str:
        """The egress proxy's reason, where it answered the last document in the site's place."""
        if self.document is None:
            return ""
        response = await self.document.response()
        if response is None:
            return ""
        return response.headers.get("x-mantis-blocked", "")

    def _on_tab(self, tab: Page) -> None:
        if not self._elsewhere:
            self.tabs.append(tab)
        self.changed.set()

    def _on_download(self, download: Download) -> None:
        self.downloads.append(download)
        self.changed.set()

    def _on_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        task = asyncio.ensure_future(_answer(dialog))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        self.changed.set()

    def _on_navigated(self, frame: Frame) -> None:
        if frame.parent_frame is None:
            self.navigations += 1
        else:
            self.frame_moved = True
            self.frame_led = self.frame_led or frame in self._led
        self.changed.set()

    def _on_request(self, request: Request) -> None:
        frame = _frame(request)
        if frame is None:
            # A window that is about to open has no frame yet; a service worker never has one.
            if request.is_navigation_request() and not self._elsewhere:
                self.opening = True
                self.openings.add(request)
            self.changed.set()
            return
        if frame.page is not self._page:
            return
        if request.is_navigation_request():
            if frame.parent_frame is None:
                self.document, self.document_done, self.document_error = request, False, None
            elif frame in self._frames and self._at_once():
                self._led.add(frame)
        elif request.resource_type in _DATA_TYPES and not _is_stream(request):
            self._data.add(request)
            self.asked.append(request.url)
        self.changed.set()

    def _on_opened(self, request: Request) -> None:
        if request in self.openings:
            self.openings.discard(request)
            self.changed.set()

    def _on_finished(self, request: Request) -> None:
        self._data.discard(request)
        if request is self.document:
            self.document_done = True
        self.changed.set()

    def _on_failed(self, request: Request) -> None:
        self._data.discard(request)
        if request is self.document:
            self.document_done = True
            self.document_error = request.failure or "the request failed"
        self.changed.set()

    def _on_close(self, _page: Page) -> None:
        self.closed = True
        self.changed.set()

    def _on_crash(self, _page: Page) -> None:
        self.crashed = True
        self.changed.set()


def _frame(request: Request) -> Frame | None:
    try:
        return request.frame
    except Error:
        return None


def _is_stream(request: Request) -> bool:
    return request.headers.get("accept", "") in _STREAMS


async def _answer(dialog: Dialog) -> None:
    """Accept a dialog that nobody else answered, so that the page can go on."""
    await asyncio.sleep(_OTHERS_S)
    try:
        await (dialog.accept(dialog.default_value) if dialog.type == "prompt" else dialog.accept())
    except Error:
        # Answered by the session, or gone with its page.
        return
