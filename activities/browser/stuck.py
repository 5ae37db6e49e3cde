"""Tabs whose page does not respond: no driver can attach to a browser that has one."""

import asyncio
import contextlib

from activities.holder.devtools import DevTools

_PATIENCE_S = 2.0
_CLOSE_S = 3.0


async def close_stuck_tabs(cdp_url: str) -> int:
    """Close the tabs that do not answer within about 2 s; returns how many.

    A browser that would be left without a tab gets a blank one first. That it is gone is told
    by whoever attaches next.
    """
    with contextlib.suppress(OSError, EOFError):
        devtools = await DevTools.connect(cdp_url)
        try:
            return await _close(devtools, await _silent(devtools))
        finally:
            devtools.close()
    return 0


async def _silent(devtools: DevTools) -> dict[str, str]:
    """The tabs without an answer, by the name of our line to them."""
    silent: dict[str, str] = {}
    crashed: dict[str, str] = {}
    devtools.send(
        "Target.setAutoAttach",
        {
            "autoAttach": True,
            "waitForDebuggerOnStart": False,
            "flatten": True,
            "filter": [{"type": "page"}],
        },
    )
    listed = False
    # Commands are numbered from 1, and each tab gets two: the question's number is odd.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            while silent or not listed:
                event = await devtools.receive()
                if event.method == "Target.attachedToTarget":
                    line = str(event.params["sessionId"])
                    info = event.params["targetInfo"]
                    if isinstance(info, dict):
                        silent[line] = str(info["targetId"])
                    devtools.send("Inspector.enable", session=line)
                    devtools.send("Runtime.evaluate", {"expression": "1"}, session=line)
                elif event.id == 1:
                    listed = True
                elif event.session is None:
                    continue
                elif event.method == "Inspector.targetCrashed" and event.session in silent:
                    crashed[event.session] = silent.pop(event.session)
                elif event.id is not None and event.id % 2:
                    silent.pop(event.session, None)
    return silent | crashed


async def _close(devtools: DevTools, silent: dict[str, str]) -> int:
    if not silent:
        return 0
    devtools.send("Target.createTarget", {"url": "about:blank"})
    for target in silent.values():
        devtools.send("Target.closeTarget", {"targetId": target})
    left = set(silent)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            while left:
                event = await devtools.receive()
                if event.method == "Target.detachedFromTarget":
                    left.discard(str(event.params["sessionId"]))
    return len(silent)
