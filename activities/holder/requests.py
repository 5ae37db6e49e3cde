"""Journals what the egress can't read: encrypted requests, as Chromium tells of them.

Every tab, frame and worker is listened to before it sends anything: new ones wait until
their requests are told of.
"""

import asyncio
from urllib.parse import urlsplit

from pydantic import JsonValue, TypeAdapter, ValidationError

from activities.holder.devtools import DevTools, DevToolsEvent
from activities.holder.journal import EntryKind, Journal, JournalEntry, bare_url
from plans.step import Frozen

_RETRY_S = 0.2
_MOST_OPEN = 2000
_ATTACH: dict[str, JsonValue] = {
    "autoAttach": True,
    "waitForDebuggerOnStart": True,
    "flatten": True,
}
_QUIET: dict[str, JsonValue] = {
    "maxTotalBufferSize": 0,
    "maxResourceBufferSize": 0,
    "maxPostDataSize": 0,
}
_HEARD = frozenset(
    {
        "Target.attachedToTarget",
        "Network.requestWillBeSent",
        "Network.responseReceived",
        "Network.loadingFailed",
        "Network.webSocketCreated",
        "Network.webSocketFrameSent",
    }
)
_BEACONS = frozenset({"Ping", "CSPViolationReport"})


class _Request(Frozen, extra="ignore"):
    url: str
    method: str


class _Response(Frozen, extra="ignore"):
    status: int


class _News(Frozen, extra="ignore"):
    """What all the events about a request may say."""

    requestId: str
    type: str = ""
    request: _Request | None = None
    redirectResponse: _Response | None = None
    response: _Response | None = None
    errorText: str = ""
    url: str = ""


_NEWS = TypeAdapter(_News)


async def watch_requests(cdp_url: str, journal: Journal) -> None:
    """Journal encrypted requests until the browser is gone.

    Args:
        cdp_url: Chromium's own DevTools.
        journal: takes what is not journalled by the egress: `https` requests that may change
            something; while an act is guarded also the pages asked for, of any scheme, and
            messages on WebSockets. Where it can't be listened to, a gap.
    """
    while True:
        try:
            devtools = await DevTools.connect(cdp_url)
        except (OSError, EOFError):
            await journal.gap()
            return
        try:
            await _Requests(devtools, journal).watch()
        except (OSError, EOFError):
            await journal.gap()
        finally:
            devtools.close()
        await asyncio.sleep(_RETRY_S)


class _Requests:
    """Follows the requests of all targets on one connection."""

    def __init__(self, devtools: DevTools, journal: Journal) -> None:
        self._devtools = devtools
        self._journal = journal
        self._open: dict[str, JournalEntry] = {}
        self._sockets: dict[str, str] = {}

    async def watch(self) -> None:
        """Follow until the browser hangs up."""
        self._devtools.send("Target.setAutoAttach", _ATTACH)
        while True:
            await self._follow(await self._devtools.receive(only=_HEARD))

    async def _follow(self, event: DevToolsEvent) -> None:
        if event.method == "Target.attachedToTarget":
            self._listen(str(event.params["sessionId"]))
            return
        try:
            news = _NEWS.validate_python(event.params)
        except ValidationError:
            return
        match event.method:
            case "Network.requestWillBeSent":
                await self._sent(news)
            case "Network.responseReceived":
                await self._answered(news.requestId, news.response)
            case "Network.loadingFailed":
                await self._failed(news)
            case "Network.webSocketCreated":
                self._sockets[news.requestId] = news.url
            case "Network.webSocketFrameSent":
                await self._said(news.requestId)
            case _:
                pass

    def _listen(self, session: str) -> None:
        self._devtools.send("Network.enable", _QUIET, session)
        self._devtools.send("Target.setAutoAttach", _ATTACH, session)
        self._devtools.send("Runtime.runIfWaitingForDebugger", session=session)

    async def _sent(self, news: _News) -> None:
        await self._answered(news.requestId, news.redirectResponse)
        request = news.request
        if request is None or news.requestId in self._open:
            return
        kind = _kind(news.type)
        if not self._wanted(request, kind):
            return
        entry = await self._journal.sent(request.method, bare_url(request.url), kind)
        self._open[news.requestId] = entry
        if len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]

    def _wanted(self, request: _Request, kind: EntryKind) -> bool:
        scheme = urlsplit(request.url).scheme
        if request.method in ("GET", "HEAD"):
            return kind is EntryKind.DOCUMENT and scheme in ("http", "https") and self._guarded
        return scheme == "https" and request.method != "OPTIONS"

    @property
    def _guarded(self) -> bool:
        return self._journal.guarded

    async def _answered(self, request_id: str, response: _Response | None) -> None:
        if response is None:
            return
        entry = self._open.pop(request_id, None)
        if entry is not None:
            await self._journal.answered(entry, response.status)

    async def _failed(self, news: _News) -> None:
        entry = self._open.pop(news.requestId, None)
        if entry is not None:
            await self._journal.failed(entry, news.errorText.removeprefix("net::")[:80])

    async def _said(self, request_id: str) -> None:
        if self._guarded:
            url = bare_url(self._sockets.get(request_id, ""))
            await self._journal.sent("", url, EntryKind.SOCKET)


def _kind(resource_type: str) -> EntryKind:
    if resource_type == "Document":
        return EntryKind.DOCUMENT
    return EntryKind.BEACON if resource_type in _BEACONS else EntryKind.DATA
