"""Which documents a session's tabs show, how they were asked for, and what they have stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from playwright.async_api import BrowserContext, CDPSession, Error, Frame, Page, Request
from pydantic import BaseModel, ConfigDict, Field

from activities.browser.checkpoint import GET, Checkpoint, OriginStorage

_MOST_KNOWN = 500
_FORM = "form_submit"
_POST = "POST"


class _Frame(BaseModel):
    model_config = ConfigDict(extra="ignore")

    loader: str = Field(alias="loaderId")


class _Tree(BaseModel):
    model_config = ConfigDict(extra="ignore")

    frame: _Frame


class _FrameTree(BaseModel):
    model_config = ConfigDict(extra="ignore")

    tree: _Tree = Field(alias="frameTree")


class _Visit(BaseModel):
    model_config = ConfigDict(extra="ignore")

    transition: str = Field(alias="transitionType")


class _History(BaseModel):
    model_config = ConfigDict(extra="ignore")

    current: int = Field(alias="currentIndex")
    entries: tuple[_Visit, ...]


class _Target(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = Field(alias="targetId")


class _TargetInfo(BaseModel):
    model_config = ConfigDict(extra="ignore")

    target: _Target = Field(alias="targetInfo")


@dataclass(frozen=True)
class Document:
    """A tab's document: its name in Chromium, and the method of the request that it answers."""

    name: str
    method: str


class Documents:
    """What a session knows of the documents in its tabs; listens from its making on.

    Attributes:
        origins: what each origin had stored when it was last looked at.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.origins: dict[str, OriginStorage] = {}
        self._context = context
        self._methods: dict[str, str] = {}
        self._asked: WeakKeyDictionary[Page, Request] = WeakKeyDictionary()
        self._shown: WeakKeyDictionary[Page, Request] = WeakKeyDictionary()
        self._lines: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
        self._targets: WeakKeyDictionary[Page, str] = WeakKeyDictionary()
        self._early: list[Request] = []
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failed)
        context.on("page", self._on_page)
        for page in context.pages:
            page.on("framenavigated", self._on_navigated)

    def learn(self, checkpoint: Checkpoint) -> None:
        """Take over what a checkpoint knows of documents that may still live."""
        for tab in checkpoint.tabs:
            if tab.document:
                self._know(tab.document, tab.method)
        for stored in checkpoint.origins:
            self.origins.setdefault(stored.origin, stored)

    def remember(self, stored: Iterable[OriginStorage], most: int) -> None:
        """Take in what origins have stored now, the newest last; of all, `most` are kept."""
        for one in stored:
            self.origins.pop(one.origin, None)
            if one.local or one.databases:
                self.origins[one.origin] = one
        while len(self.origins) > most:
            del self.origins[next(iter(self.origins))]

    async def shown(self, page: Page) -> Document:
        """The document in a tab.

        One that was there before this session attached, and of which no checkpoint tells,
        counts as an answer to POST where a form led to it.

        Raises:
            Error: the tab is closed or crashed.
        """
        line = await self._line(page)
        tree = _FrameTree.model_validate(await line.send("Page.getFrameTree"))
        name = tree.tree.frame.loader
        method = self._methods.get(name)
        if method is None:
            method = await self._method(page, line)
            self._know(name, method)
        return Document(name, method)

    async def target(self, page: Page) -> str:
        """The tab's name in the browser, the same for every worker that attaches.

        Raises:
            Error: the tab is closed or crashed.
        """
        known = self._targets.get(page)
        if known is None:
            line = await self._line(page)
            info = _TargetInfo.model_validate(await line.send("Target.getTargetInfo"))
            known = self._targets[page] = info.target.name
        return known

    async def tab(self, target_id: str) -> Page | None:
        """The tab of this name; None where it is closed or has crashed."""
        for page in self._context.pages:
            try:
                if await self.target(page) == target_id:
                    return page
            except Error:
                continue
        return None

    async def _line(self, page: Page) -> CDPSession:
        line = self._lines.get(page)
        if line is None:
            line = self._lines[page] = await self._context.new_cdp_session(page)
        return line

    async def _method(self, page: Page, line: CDPSession) -> str:
        if not page.url.startswith(("http:", "https:")):
            return GET
        request = self._shown.get(page)
        if request is not None:
            return request.method
        history = _History.model_validate(await line.send("Page.getNavigationHistory"))
        return _POST if history.entries[history.current].transition == _FORM else GET

    def _know(self, name: str, method: str) -> None:
        self._methods[name] = method
        while len(self._methods) > _MOST_KNOWN:
            del self._methods[next(iter(self._methods))]

    def _on_request(self, request: Request) -> None:
        if not request.is_navigation_request():
            return
        try:
            frame = request.frame
        except Error:
            # The tab that asks is about to open, and known only later.
            self._early = [*self._early[-20:], request]
            return
        if frame.parent_frame is None:
            self._asked[frame.page] = request

    def _on_failed(self, request: Request) -> None:
        for page, asked in list(self._asked.items()):
            if asked is request:
                del self._asked[page]

    def _on_navigated(self, frame: Frame) -> None:
        """A document has come, or the old one has changed its address: nothing was asked then."""
        if frame.parent_frame is not None:
            return
        request = self._asked.pop(frame.page, None)
        if request is not None:
            self._shown[frame.page] = request

    def _on_page(self, page: Page) -> None:
        page.on("framenavigated", self._on_navigated)
        waiting, self._early = self._early, []
        for request in waiting:
            try:
                frame = request.frame
            except Error:
                self._early.append(request)
                continue
            if frame.parent_frame is None:
                self._shown[frame.page] = request
