"""Tabs whose page does not respond: no driver can attach to a browser that has one.

A page hangs or has crashed, or a site keeps it waiting for the answer to a navigation.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from activities.holder.devtools import DevTools, DevToolsEvent
from activities.holder.journal import EntryKind, JournalEntry

_PATIENCE_S = 2.0
_ANSWER_PATIENCE_S = 15.0
_STOP_S = 1.0
_CLOSE_S = 3.0
_DUE_FOR_S = 60.0


def answer_due(entries: Sequence[JournalEntry], now: float) -> bool:
    """Whether a page was sent for lately whose answer is worth waiting for, as it tells a lot."""
    settled = {entry.number for entry in entries if entry.status is not None or entry.failed}
    return any(
        entry.kind is EntryKind.DOCUMENT
        and entry.number not in settled
        and now - entry.at < _DUE_FOR_S
        for entry in entries
    )


async def close_stuck_tabs(cdp_url: str, *, answer_due: bool) -> int:
    """Make every tab answer, and close those that can't be brought to; returns how many.

    A navigation that keeps a tab waiting is stopped after about 2 s, or 15 s where
    `answer_due`. A browser that would be left without a tab gets a blank one.
    """
    with contextlib.suppress(OSError, EOFError):
        devtools = await DevTools.connect(cdp_url)
        try:
            tabs = _Tabs(devtools)
            await tabs.listen(_ANSWER_PATIENCE_S if answer_due else _PATIENCE_S)
            if tabs.silent:
                tabs.stop_loading()
                await tabs.listen(_STOP_S)
            return await tabs.close_silent()
        finally:
            devtools.close()
    return 0


class _Tabs:
    """The browser's tabs, asked whether they answer."""

    def __init__(self, devtools: DevTools) -> None:
        self.silent: dict[str, str] = {}
        """Those without an answer: names of our lines to them, and of their targets."""
        self._devtools = devtools
        self._crashed: dict[str, str] = {}
        self._questions: set[int] = set()
        self._all_listed = False
        self._listing = devtools.send(
            "Target.setAutoAttach",
            {
                "autoAttach": True,
                "waitForDebuggerOnStart": False,
                "flatten": True,
                "filter": [{"type": "page"}],
            },
        )

    async def listen(self, patience_s: float) -> None:
        """Return when all have answered or crashed, or patience is at its end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self.silent or not self._all_listed:
                    self._hear(await self._devtools.receive())

    def stop_loading(self) -> None:
        """Have the silent ones wait for no site any more."""
        for line in self.silent:
            self._devtools.send("Page.stopLoading", session=line)

    async def close_silent(self) -> int:
        """Close those that are silent or have crashed; returns how many."""
        left = self.silent | self._crashed
        closed = len(left)
        if left:
            self._devtools.send("Target.createTarget", {"url": "about:blank"})
        for target in left.values():
            self._devtools.send("Target.closeTarget", {"targetId": target})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                while left:
                    event = await self._devtools.receive()
                    if event.method == "Target.detachedFromTarget":
                        left.pop(str(event.params["sessionId"]), None)
        return closed

    def _hear(self, event: DevToolsEvent) -> None:
        if event.method == "Target.attachedToTarget":
            info = event.params["targetInfo"]
            if isinstance(info, dict):
                self._ask(str(event.params["sessionId"]), str(info["targetId"]))
        elif event.id == self._listing:
            self._all_listed = True
        elif event.method == "Inspector.targetCrashed" and event.session in self.silent:
            self._crashed[event.session] = self.silent.pop(event.session)
        elif event.id in self._questions:
            self.silent.pop(event.session or "", None)

    def _ask(self, line: str, target: str) -> None:
        self.silent[line] = target
        self._devtools.send("Inspector.enable", session=line)
        self._questions.add(
            self._devtools.send("Runtime.evaluate", {"expression": "1"}, session=line)
        )
