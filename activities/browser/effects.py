"""Watches what an act changes, and says whether it had an effect."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import ElementHandle, Error, JSHandle, Page
from pydantic import TypeAdapter

from activities.browser.events import PageEvents
from activities.browser.navigate import PageLoad, arrive
from activities.browser.routine import own_requests
from activities.browser.scripts import combined, on_page
from activities.browser.settle import AFTER_ACT, left_page, settle, stop_loading
from inference.decisions import Point
from plans.step import FailureClass

_WATCH = combined("watch", "changes", "nature")
_WATCH_PAGE = on_page(_WATCH)

EFFECT_LIMIT_S = 1.0
"""How long an effect is waited for before the act counts as one without."""

_FOLLOWED_S = 6.0
"""How much longer changes are followed that may be the page's own: see `js/changes.js`."""
_OPENING_S = 10.0
_REFUSED_S = 1.0
_DOWNLOAD_S = 3.0
_ANSWERED_S = 0.5
_STOP_S = 1.0


@dataclass(frozen=True)
class Miss:
    """An event of the pointer that fell on something else, and was kept from the page."""

    type: str
    on: str


@dataclass(frozen=True)
class Report:
    """What the watch in the page saw; see `js/watch.js`."""

    effects: tuple[str, ...]
    misses: tuple[Miss, ...]
    landed: tuple[str, ...]
    invalid: str
    connected: bool
    url: str


@dataclass(frozen=True)
class Aim:
    """Where the pointer can reach the target: state free, covered, hidden, disabled, detached.

    `nature` is what a click on it means, as `js/nature.js` tells. `framed`: it lies in a frame
    of the page; `scrolled`: it had to be brought into view.
    """

    state: str
    x: float = 0.0
    y: float = 0.0
    by: str = ""
    framed: bool = False
    scrolled: bool = False
    nature: str = "plain"


@dataclass(frozen=True)
class Seen:
    """The effects of an act. `report` is None where the document was left meanwhile."""

    evidence: tuple[str, ...]
    report: Report | None

    @property
    def missed(self) -> Miss | None:
        """The first event that fell on something else, where the click did not land."""
        if self.report is None or "click" in self.report.landed or not self.report.misses:
            return None
        return self.report.misses[0]

    @property
    def strong(self) -> bool:
        """Whether more than the layout changed."""
        return bool(set(self.evidence) - {"dom", "focus", "scroll"})


@dataclass(frozen=True)
class After:
    """How the page is once it is at rest after an act."""

    load: PageLoad | None = None
    failure_class: FailureClass | None = None
    message: str = ""


_REPORT = TypeAdapter(Report)
_AIM = TypeAdapter(Aim)


@dataclass
class Watch:
    """The watch in one document, and the events of its page; `ended`: it took itself off."""

    page: Page
    events: PageEvents
    handles: list[JSHandle] = field(default_factory=list[JSHandle])
    ended: bool = False

    async def aim(self) -> Aim:
        """Bring the target into view and find a point where the pointer reaches it."""
        self.ended = False
        told: object = await self.handles[0].evaluate("watch => watch.aim()")
        return _AIM.validate_python(told)

    async def frame(self) -> None:
        """Let the page draw once, after it was scrolled."""
        await self.handles[0].evaluate("watch => watch.frame()")

    async def so_far(self) -> Report | None:
        """What was seen up to now; None where the document was left meanwhile."""
        try:
            told: object = await self.handles[0].evaluate("watch => watch.report()")
        except Error as error:
            if self._left(error):
                return None
            raise
        return _REPORT.validate_python(told)

    async def add_top(self) -> None:
        """Also watch the top document, for an act in a frame of it."""
        options = {"guard": False, "enabled": False, "hover": False, "at": None}
        options |= {"called": "", "keys": False, "begun": True}
        top = await self.page.evaluate_handle(_WATCH_PAGE, options)
        self.handles.append(top)

    async def seen(self, limit_s: float = EFFECT_LIMIT_S, *, patient: bool = False) -> Seen:
        """Wait for the first effect, at most `limit_s` seconds.

        With `patient`, what changed late is followed for some seconds more, until it is clear
        whether it goes on by itself; without, it counts as an effect.
        """
        reading = [self._report(handle, limit_s, patient) for handle in self.handles]
        tasks = [asyncio.ensure_future(report) for report in reading]
        for task in tasks:
            task.add_done_callback(lambda _: self.events.changed.set())
        judged = asyncio.ensure_future(own_requests(self.events, self.handles[0], limit_s))
        judged.add_done_callback(lambda _: self.events.changed.set())
        try:
            most = limit_s + (_FOLLOWED_S if patient else 1.0)
            await self.events.wait(lambda: self._enough(tasks, judged), most)
            reports = [task.result() for task in tasks if task.done()]
            self.ended = len(reports) == len(tasks)
            own = judged.result() if judged.done() else False
        finally:
            judged.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(judged, return_exceptions=True)
        return self._sum(reports, own)

    def _enough(
        self,
        tasks: "Sequence[asyncio.Future[Report | None]]",
        judged: "asyncio.Future[bool]",
    ) -> bool:
        # With a navigation under way the page answers nothing more.
        if self.events.evident or self.events.document is not None:
            return True
        if all(task.done() for task in tasks):
            return True
        if judged.done() and judged.result():
            return True
        return any(task.done() and _speaks(task.result()) for task in tasks)

    async def _report(self, handle: JSHandle, limit_s: float, patient: bool) -> Report | None:
        try:
            told: object = await handle.evaluate(
                "(watch, how) => watch.wait(how.limit, how.patient)",
                {"limit": limit_s * 1000, "patient": patient},
            )
        except Error as error:
            if self._left(error):
                return None
            raise
        return _REPORT.validate_python(told)

    def _left(self, error: Error) -> bool:
        return left_page(error) or self.page.is_closed() or self.events.crashed

    def _sum(self, reports: list[Report | None], own_requests: bool) -> Seen:
        events = self.events
        evidence: list[str] = []
        for report in reports:
            if report is None:
                evidence.append("leaving")
            else:
                evidence += report.effects
        marks = {
            "tab": events.tabs or events.opening,
            "download": events.downloads,
            "dialog": events.dialogs,
            "url": events.navigations,
            "frame": events.frame_led,
            "closed": events.closed,
            "leaving": events.document is not None,
            "request": own_requests,
        }
        evidence += [name for name, happened in marks.items() if happened]
        own = reports[0] if reports else None
        return Seen(tuple(dict.fromkeys(evidence)), own)

    async def stop(self) -> None:
        """Take the watch off the page; a document that was or is being left takes it along."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_S):
                for handle in self.handles:
                    with contextlib.suppress(Error):
                        if not self.ended:
                            await handle.evaluate("watch => watch.stop()")
                        await handle.dispose()


def _speaks(report: Report | None) -> bool:
    if report is None:
        return True
    return bool(report.effects or report.misses or report.invalid)


@asynccontextmanager
async def watching(
    page: Page,
    element: ElementHandle | None,
    *,
    guard: bool = False,
    enabled: bool = True,
    hover: bool = False,
    at: Point | None = None,
    called: str = "",
    keys: bool = False,
    begun: bool = False,
) -> AsyncGenerator[Watch, None]:
    """Watch a page during an act on `element` (None: on the page as a whole).

    `guard`: events of the pointer that miss the element are kept from the page. `enabled`:
    aiming at a disabled element is refused. `at`: where in the element to aim, from its top
    left corner. `called`: what stood on the element when it was chosen; where other words
    stand there by now, the guard keeps events of the pointer from it, too. `keys`: what is
    typed is kept from other fields. `begun`: everything from here on may be an effect, also
    where no input event marks the start.
    """
    place = None if at is None else {"x": at.x, "y": at.y}
    options = {"guard": guard, "enabled": enabled, "hover": hover, "at": place, "begun": begun}
    options |= {"called": called, "keys": keys}
    with PageEvents(page) as events:
        watch = Watch(page, events)
        if element is None:
            watch.handles.append(await page.evaluate_handle(_WATCH_PAGE, options))
        else:
            watch.handles.append(await element.evaluate_handle(_WATCH, options))
        try:
            yield watch
        finally:
            await watch.stop()


async def rest(watch: Watch, seen: Seen, *, timeout_s: float) -> After:
    """Follow where the act leads (another page, a tab, a download) and wait until it is usable."""
    page, events = watch.page, watch.events
    if events.crashed:
        return After(failure_class=FailureClass.BROWSER_LOST, message="the page crashed")
    if events.opening and not events.tabs:
        # A window that is refused never comes: its request is over, and no tab is there.
        most = min(timeout_s, _OPENING_S)
        await events.wait(lambda: bool(events.tabs) or not events.openings, most)
        await events.wait(lambda: bool(events.tabs), _REFUSED_S)
    if "download" in seen.evidence:
        await events.wait(lambda: bool(events.downloads), _DOWNLOAD_S)
    if events.tabs:
        return await _tab(events.tabs[-1], timeout_s)
    if events.closed:
        return After(message="the act closed its tab")
    if "leaving" in seen.evidence or events.document is not None:
        return await _follow(page, events, timeout_s)
    await settle(page, timeout_s=timeout_s, events=events, patience=AFTER_ACT)
    if events.document is None:
        return After()
    return await _follow(page, events, timeout_s)


async def _follow(page: Page, events: PageEvents, timeout_s: float) -> After:
    def arrived() -> bool:
        moved = events.frame_moved or events.document_done
        return bool(events.navigations or events.evident or moved)

    if not await events.wait(arrived, timeout_s):
        await stop_loading(page)
        return After(failure_class=FailureClass.NAV_TIMEOUT, message="the next page did not come")
    if not events.evident:
        # Answered, but neither a page nor a download: it may still be about to commit.
        await events.wait(lambda: events.evident or events.frame_moved, _ANSWERED_S)
    if events.tabs:
        return await _tab(events.tabs[-1], timeout_s)
    if events.closed or events.downloads:
        return After()
    return _after(await arrive(page, events, timeout_s=timeout_s))


async def _tab(tab: Page, timeout_s: float) -> After:
    with PageEvents(tab) as events:
        return _after(await arrive(tab, events, timeout_s=timeout_s))


def _after(load: PageLoad) -> After:
    return After(load=load, failure_class=load.failure_class, message=load.message)
