"""The tabs of a session: the current one, where each came from, and how one is replaced."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator, Mapping

from playwright.async_api import BrowserContext, Error, Page

from activities.browser.documents import Documents
from activities.browser.holding import Holding
from activities.errors import ActivityError
from activities.holder.flags import VIEWPORT

_CLOSE_TIMEOUT_S = 2.0
_ANSWER_TIMEOUT_S = 2.0


class Tabs:
    """The tabs of one browser context.

    Attributes:
        page: the current one: the newest that was followed, else the one it came from.
        found: whether the current one is that which the holder was told of.
    """

    def __init__(
        self, context: BrowserContext, page: Page, documents: Documents, holding: Holding | None
    ) -> None:
        self.page = page
        self.found = False
        self._context = context
        self._documents = documents
        self._holding = holding
        self._told: Page | None = None
        self._openers: dict[Page, Page] = {}
        self._replacing = False
        self._arranging = False
        self._covered = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def arranged(self) -> bool:
        """Whether tabs are being arranged, so that no events tell of them."""
        return self._arranging

    async def find(self) -> None:
        """Go on in the tab that the holder was told of, where it is still there."""
        await self._size(self.page)
        target = self._holding.hello.target if self._holding else ""
        tab = await self._documents.tab(target) if target else None
        if tab is not None:
            self.page = self._told = tab
            self.found = True
            await self._size(tab)

    @property
    def busy(self) -> bool:
        """Whether a tab is being replaced, sized or closed."""
        return bool(self._tasks)

    async def settle(self) -> None:
        """Wait for what is being done about tabs now."""
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def show_current(self) -> None:
        """Bring the current tab before those that opened over it."""
        if self._covered:
            await self._show(self.page)

    async def answers(self) -> bool:
        """Whether the page of the current tab responds."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return bool(await self.page.evaluate("true"))
        return False

    async def renew(self) -> None:
        """Put a fresh tab in the place of the current one."""
        await self._replace(self.page)

    async def tell(self) -> None:
        """Tell the holder which tab is current, for whoever adopts the session.

        Not while tabs are arranged: a page that is half restored is nobody's to go on with.
        """
        if self._holding is None or self._arranging:
            return
        page = self.page
        with contextlib.suppress(Error, TimeoutError, ActivityError):
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self._holding.tab(await self._documents.target(page))
                self._told = page

    async def tell_anew(self) -> None:
        """Tell the holder of the current tab where it was told of another."""
        if self._told is not self.page:
            await self.tell()

    async def follow(self, tab: Page) -> None:
        """Go on in a tab that an act opened; when it closes, the tab it came from is current.

        Tabs that nobody follows, such as a page's own pop-ups, stay in the background.
        """
        if tab is self.page or tab.is_closed():
            return
        self._openers[tab] = self.page
        self.page = tab
        await self.tell()
        await self._show(tab)

    def opener(self, tab: Page) -> Page | None:
        """The tab that a followed one came from."""
        return self._openers.get(tab)

    async def go_on_in(self, tab: Page, openers: Mapping[Page, Page]) -> None:
        """Make a tab the current one, whatever was followed before; `openers` as followed now."""
        self._openers = dict(openers)
        self.page = tab
        await self.tell()
        await self._show(tab)

    @contextlib.contextmanager
    def arranging(self) -> Generator[None]:
        """Open and close tabs as nobody's act: no events tell of it."""
        self._arranging = True
        try:
            yield
        finally:
            self._arranging = False

    def opened(self, page: Page) -> bool:
        """Take in a tab that opened; whether somebody's act or the page itself opened it."""
        foreign = not self._replacing and not self._arranging
        self._covered = self._covered or foreign
        self._spawn(self._size(page))
        return foreign

    def closed(self, page: Page, *, alive: bool) -> None:
        """Take in that a tab closed; `alive`: whether its browser goes on."""
        opener = self._openers.pop(page, None)
        if page is not self.page:
            return
        left = [other for other in self._context.pages if not other.is_closed()]
        if left:
            self.page = opener if opener in left else left[-1]
            self._spawn(self.tell())
        elif alive:
            self._spawn(self._replace(page))

    def crashed(self, page: Page) -> bool:
        """Take in that a tab's renderer crashed; whether it was the current one."""
        current = page is self.page
        if current:
            self._spawn(self._tell_crash())
            self._spawn(self._replace(page))
        else:
            self._spawn(self._drop(page))
        return current

    def stop(self) -> None:
        """Do nothing more about tabs."""
        for task in tuple(self._tasks):
            task.cancel()

    async def _tell_crash(self) -> None:
        """Whoever adopts the session now must not take the fresh tab for the run's."""
        if self._holding is not None:
            self._told = None
            with contextlib.suppress(ActivityError):
                await self._holding.tab("")

    async def _replace(self, page: Page) -> None:
        """Put a fresh tab in the place of one that can't go on."""
        self._replacing = True
        try:
            with contextlib.suppress(Error):
                self.page = await self._context.new_page()
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

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
