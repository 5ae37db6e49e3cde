"""The SDK's browser toolset on a session of ours: looking, going, and the tabs.

What acts is in `hands`. Every member goes through the session's own ways of looking and acting,
so guards, claims, masks and effects hold for a model as for everybody else. Members that run
scripts, send files or read the console and the network are not served.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from anthropic.tools import (
    BetaAsyncAbstractBrowserToolset20260801,
    BetaBrowserMemberResult,
    BetaBrowserNavigateResult,
    BetaBrowserState,
    BetaNavigationRefused,
    BetaScreenshotResult,
    BetaToolsetCallContext,
    BetaURLContext,
    ToolError,
)
from anthropic.types.beta import (
    BetaBrowserCloseTabInput,
    BetaBrowserFindInput,
    BetaBrowserFormInputInput,
    BetaBrowserGetPageTextInput,
    BetaBrowserHoverInput,
    BetaBrowserKeyInput,
    BetaBrowserLeftClickDragInput,
    BetaBrowserLeftClickInput,
    BetaBrowserListTabsInput,
    BetaBrowserMemberInput,
    BetaBrowserMemberName,
    BetaBrowserMiddleClickInput,
    BetaBrowserMouseMoveInput,
    BetaBrowserNavigateInput,
    BetaBrowserNewTabInput,
    BetaBrowserReadPageInput,
    BetaBrowserRightClickInput,
    BetaBrowserScreenshotInput,
    BetaBrowserScrollInput,
    BetaBrowserScrollToInput,
    BetaBrowserStateTabEntryParam,
    BetaBrowserSwitchTabInput,
    BetaBrowserToolsetConfigsParam,
    BetaBrowserTripleClickInput,
    BetaBrowserTypeInput,
    BetaBrowserWaitInput,
)
from anthropic.types.beta import BetaBrowserDoubleClickInput as DoubleClick
from playwright.async_api import Error, Page
from pydantic import TypeAdapter
from typing_extensions import override

from activities.browser.content import capture_content
from activities.steps.task import going
from activities.steps.task.desk import Desk, as_base64
from activities.steps.task.hands import Hands
from inference.checks.page import Page as ReadPage
from inference.marking import data
from inference.task import reading
from inference.task.calls import Block

_BLOCK: Final = TypeAdapter(Block)

Call = BetaToolsetCallContext

_LONGEST_WAIT_S: Final = 30.0
_MOST_TABS: Final = 10
_MOST_TEXT: Final = 50_000
_OFF: Final[BetaBrowserToolsetConfigsParam] = {
    "javascript_exec": {"enabled": False},
    "file_upload": {"enabled": False},
    "read_console": {"enabled": False},
    "read_network": {"enabled": False},
    "zoom": {"enabled": False},
    "hold_key": {"enabled": False},
    "left_mouse_down": {"enabled": False},
    "left_mouse_up": {"enabled": False},
}


class SessionBrowser(BetaAsyncAbstractBrowserToolset20260801):
    """Drives the tab that the run works in.

    `lost` is set when a call met something that the turn can't go on after, and that no model
    can do anything about: the session or the ledger is lost, an act is claimed elsewhere.
    """

    def __init__(self, desk: Desk, hands: Hands) -> None:
        super().__init__(configs=_OFF, url_policy=self._may_go)
        self.desk = desk
        self.hands = hands
        self.lost: Exception | None = None

    @classmethod
    def offered(cls) -> Block:
        """The entry of a request's tools: the same for all tasks."""
        return {"type": "browser_toolset_20260801", "configs": _BLOCK.validate_python(_OFF)}

    def _may_go(self, _context: BetaURLContext, url: str) -> None:
        going.check(self.desk, url)

    @override
    async def execute(
        self, context: Call, name: BetaBrowserMemberName, input: BetaBrowserMemberInput
    ) -> BetaBrowserMemberResult:
        """Carry out one member call on the tab that it names."""
        try:
            await self._turn_to(input)
            return await super().execute(context, name, input)
        except ToolError:
            raise
        except LookupError:
            raise ToolError("The target has left the page: look at it again.") from None
        except Error as error:
            session = self.desk.context.session
            if session.lost.is_set() or self.desk.page.is_closed() or "crashed" in error.message:
                self.lost = error
            raise ToolError("The page did not let this be done: look at it again.") from None
        except Exception as error:  # the SDK's edge: it would tell the model, and log it unmasked
            self.lost = error
            raise ToolError("Not done: the turn has ended.") from None

    async def _turn_to(self, input: BetaBrowserMemberInput) -> None:
        """Members may name a tab: it becomes the current one. Without one, nothing changes."""
        tab_id: object = input.to_dict().get("tab_id")
        if isinstance(tab_id, str) and tab_id and not isinstance(input, BetaBrowserCloseTabInput):
            page = await self._tab(tab_id)
            if page is not self.desk.page:
                await self.desk.context.session.tabs.go_on_in(page, {})

    async def _tab(self, tab_id: str) -> Page:
        for page in self._pages():
            if await self.desk.tab_id(page) == tab_id.strip():
                return page
        raise ToolError(f"There is no tab {tab_id[:40]}: use list_tabs.")

    def _pages(self) -> list[Page]:
        return [one for one in self.desk.context.session.context.pages if not one.is_closed()]

    @override
    async def _browser_state(self, context: Call) -> BetaBrowserState:
        tabs: list[BetaBrowserStateTabEntryParam] = []
        for page in self._pages()[:_MOST_TABS]:
            try:
                tabs.append(await self._entry(page))
            except Error:
                continue
        if tabs and not any(one.get("active") for one in tabs):
            tabs[-1]["active"] = True
        changes = [BetaNavigationRefused() for _ in range(self.desk.refused)]
        self.desk.refused = 0
        return BetaBrowserState(tabs=tabs, state_changes=list(changes))

    async def _entry(self, page: Page) -> BetaBrowserStateTabEntryParam:
        word = self.desk.word
        try:
            async with asyncio.timeout(2.0):
                title = await page.title()
        except (Error, TimeoutError):
            title = ""
        return {
            "tab_id": await self.desk.tab_id(page),
            "title": word(title),
            "url": word(page.url),
            "active": page is self.desk.page,
        }

    # Looking.

    @override
    async def screenshot(
        self, context: Call, input: BetaBrowserScreenshotInput
    ) -> BetaScreenshotResult:
        """The viewport, secrets covered."""
        snapshot = await self.desk.untouched()
        try:
            picture = await self.desk.picture(await self.desk.take_look(snapshot.observation))
        finally:
            await snapshot.dispose()
        return BetaScreenshotResult(data=as_base64(picture), media_type="image/jpeg")

    @override
    async def read_page(self, context: Call, input: BetaBrowserReadPageInput) -> str:
        """The page's elements with references, as marked data."""
        snapshot = await self.desk.look()
        try:
            within = None
            if input.ref:
                found, _ = await self.desk.target(input.ref, snapshot)
                within = snapshot.box(found)
            name = await self.desk.ref_of(snapshot)
            text = reading.read_page(snapshot.observation, name, input.filter, within)
        finally:
            await snapshot.dispose()
        return data("page", self.desk.word(text))

    @override
    async def find(self, context: Call, input: BetaBrowserFindInput) -> str:
        """Elements that a description fits."""
        snapshot = await self.desk.look()
        try:
            name = await self.desk.ref_of(snapshot)
            text = reading.find(snapshot.observation, name, input.query)
        finally:
            await snapshot.dispose()
        return data("page", self.desk.word(text))

    @override
    async def get_page_text(self, context: Call, input: BetaBrowserGetPageTextInput) -> str:
        """What the page says, as marked data."""
        content = await capture_content(self.desk.page)
        text = await asyncio.to_thread(lambda: ReadPage(content).tree.visible_text)
        return data("page", self.desk.word(text)[:_MOST_TEXT])

    @override
    async def wait(self, context: Call, input: BetaBrowserWaitInput) -> str | None:
        """Let the page go on, as long as the turn has time."""
        if not 0 <= input.duration <= _LONGEST_WAIT_S:
            raise ToolError("duration must be between 0 and 30 seconds.")
        await asyncio.sleep(self.desk.context.time_left(input.duration))
        return None

    # Going.

    @override
    async def navigate(
        self, context: Call, input: BetaBrowserNavigateInput
    ) -> BetaBrowserNavigateResult:
        """Open an address of the plan's hosts, or go through the history."""
        return await going.go(self.desk, input.url)

    # Tabs.

    @override
    async def list_tabs(
        self, context: Call, input: BetaBrowserListTabsInput
    ) -> list[BetaBrowserStateTabEntryParam]:
        """The open tabs."""
        return [await self._entry(page) for page in self._pages()[:_MOST_TABS]]

    @override
    async def new_tab(
        self, context: Call, input: BetaBrowserNewTabInput
    ) -> BetaBrowserStateTabEntryParam:
        """Open an empty tab and go on in it."""
        if len(self._pages()) >= _MOST_TABS:
            raise ToolError("There are too many tabs: close one first.")
        session = self.desk.context.session
        await self.desk.context.acts.mark()
        with session.tabs.arranging():
            page = await session.context.new_page()
        await session.tabs.settle()
        await session.tabs.follow(page)
        return await self._entry(page)

    @override
    async def switch_tab(
        self, context: Call, input: BetaBrowserSwitchTabInput
    ) -> BetaBrowserStateTabEntryParam:
        """Go on in another tab; `execute` has turned to it."""
        return await self._entry(self.desk.page)

    @override
    async def close_tab(self, context: Call, input: BetaBrowserCloseTabInput) -> None:
        """Close a tab; the last one stays."""
        page = await self._tab(input.tab_id)
        if len(self._pages()) < 2:
            raise ToolError("This is the only tab: it stays open.")
        await self.desk.context.acts.mark()
        await page.close()
        await self.desk.context.session.ready()

    # Acting.

    async def _act(self, call: Call, act: Callable[[], Awaitable[str | None]]) -> str | None:
        return await self.hands.once(call.tool_use.id if call.tool_use else "", act)

    @override
    async def left_click(self, context: Call, input: BetaBrowserLeftClickInput) -> str | None:
        """Click."""
        return await self._act(context, lambda: self.hands.click(input.target, input.modifiers))

    @override
    async def right_click(self, context: Call, input: BetaBrowserRightClickInput) -> str | None:
        """Click with the right button."""
        return await self._act(context, lambda: self.hands.mouse(input.target, "right", 1))

    @override
    async def middle_click(self, context: Call, input: BetaBrowserMiddleClickInput) -> str | None:
        """Click with the middle button."""
        return await self._act(context, lambda: self.hands.mouse(input.target, "middle", 1))

    @override
    async def double_click(self, context: Call, input: DoubleClick) -> str | None:
        """Click twice."""
        return await self._act(context, lambda: self.hands.mouse(input.target, "left", 2))

    @override
    async def triple_click(self, context: Call, input: BetaBrowserTripleClickInput) -> str | None:
        """Click three times."""
        return await self._act(context, lambda: self.hands.mouse(input.target, "left", 3))

    @override
    async def hover(self, context: Call, input: BetaBrowserHoverInput) -> str | None:
        """Rest the pointer on something."""
        return await self.hands.hover(input.target)

    @override
    async def mouse_move(self, context: Call, input: BetaBrowserMouseMoveInput) -> str | None:
        """Move the pointer."""
        return await self.hands.hover(input.target)

    @override
    async def left_click_drag(
        self, context: Call, input: BetaBrowserLeftClickDragInput
    ) -> str | None:
        """Drag from one place to another."""
        return await self._act(context, lambda: self.hands.drag(input.from_, input.target))

    @override
    async def scroll(self, context: Call, input: BetaBrowserScrollInput) -> str | None:
        """Turn the wheel over a place."""
        amount = input.scroll_amount if input.scroll_amount is not None else 3
        return await self.hands.scroll(input.target, input.scroll_direction, amount)

    @override
    async def scroll_to(self, context: Call, input: BetaBrowserScrollToInput) -> str | None:
        """Bring an element into view."""
        return await self.hands.scroll_to(input.target.ref)

    @override
    async def type(self, context: Call, input: BetaBrowserTypeInput) -> str | None:
        """Type where the focus is."""
        return await self._act(context, lambda: self.hands.type(input.text))

    @override
    async def key(self, context: Call, input: BetaBrowserKeyInput) -> str | None:
        """Press keys."""
        return await self._act(context, lambda: self.hands.key(input.text, input.repeat or 1))

    @override
    async def form_input(self, context: Call, input: BetaBrowserFormInputInput) -> str | None:
        """Give a field a value."""
        return await self._act(
            context, lambda: self.hands.form_input(input.target.ref, input.value)
        )
