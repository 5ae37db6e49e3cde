"""Dialogs that no worker answers.

An open dialog stops its page, and no driver can attach to a browser that has one. Workers
answer at once; where none does, the holder answers a moment later, and never with a yes that
a site could take for consent.
"""

import asyncio
import contextlib

from activities.holder.devtools import DevTools, DevToolsEvent

_PATIENCE_S = 1.0
_HARMLESS = frozenset({"alert", "beforeunload"})


async def guard_dialogs(cdp_url: str) -> None:
    """Answer dialogs that stay open, in every tab, until the browser hangs up."""
    with contextlib.suppress(OSError, EOFError):
        devtools = await DevTools.connect(cdp_url)
        try:
            await _Guard(devtools).watch()
        finally:
            devtools.close()


class _Guard:
    """Knows which tabs have an open dialog."""

    def __init__(self, devtools: DevTools) -> None:
        self._devtools = devtools
        self._open: dict[str, asyncio.TimerHandle] = {}

    async def watch(self) -> None:
        """Follow all tabs until the browser hangs up."""
        self._devtools.send(
            "Target.setAutoAttach",
            {
                "autoAttach": True,
                "waitForDebuggerOnStart": False,
                "flatten": True,
                "filter": [{"type": "page"}],
            },
        )
        try:
            while True:
                self._follow(await self._devtools.receive())
        finally:
            for timer in self._open.values():
                timer.cancel()

    def _follow(self, event: DevToolsEvent) -> None:
        if event.method == "Target.attachedToTarget":
            self._devtools.send("Page.enable", session=str(event.params["sessionId"]))
        elif event.session is None:
            return
        elif event.method == "Page.javascriptDialogOpening":
            self._wait(event.session, str(event.params.get("type")))
        elif event.method == "Page.javascriptDialogClosed":
            timer = self._open.pop(event.session, None)
            if timer is not None:
                timer.cancel()

    def _wait(self, tab: str, kind: str) -> None:
        loop = asyncio.get_running_loop()
        self._open[tab] = loop.call_later(_PATIENCE_S, self._answer, tab, kind)

    def _answer(self, tab: str, kind: str) -> None:
        accept = kind in _HARMLESS
        self._devtools.send("Page.handleJavaScriptDialog", {"accept": accept}, session=tab)
