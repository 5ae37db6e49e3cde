"""Reads the visible content of the current page, every frame of it."""

import asyncio
from collections.abc import Sequence

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

from activities.browser.closed_roots import ROOT_DEPTH, closed_roots, without_roots
from inference.content import SCRIPT, Content, parse_content, splice_frames

FRAME_TIMEOUT_S = 2.0
MAX_DEPTH = 5


async def capture_content(page: Page) -> Content:
    """What the page shows now: one pass per frame, shadow roots included.

    Raises:
        playwright.async_api.Error: where the page itself can't be read (closed, crashed).
    """
    return await _capture(page.main_frame, 0)


async def _capture(frame: Frame, depth: int) -> Content:
    children = [child for child in frame.child_frames if not child.is_detached()]
    handles = [await _element(child) for child in children] if depth < MAX_DEPTH else []
    text: str = await _read(frame, handles)
    content = await asyncio.to_thread(parse_content, text)
    shown = {int(node.attrs["frame"]) for node in content.nodes if "frame" in node.attrs}
    inner = {place: await _capture_child(children[place], depth + 1) for place in sorted(shown)}
    return await asyncio.to_thread(splice_frames, content, inner) if inner else content


async def _read(frame: Frame, owners: Sequence[ElementHandle | None]) -> str:
    """What the script says of a frame; once more with its closed roots where it has some."""
    text = ""
    roots: JSHandle | None = None
    for _ in range(ROOT_DEPTH):
        given = {"frames": list(owners), "roots": roots, "without": without_roots(frame)}
        held = await frame.evaluate_handle(SCRIPT, given)
        text, suspects = await held.evaluate("held => [held.json, held.suspects.length]")
        roots = await closed_roots(frame, held) if suspects else None
        await held.dispose()
        if roots is None:
            break
    return text


async def _element(frame: Frame) -> ElementHandle | None:
    try:
        return await frame.frame_element()
    except Error:
        return None


async def _capture_child(frame: Frame, depth: int) -> Content | None:
    try:
        return await asyncio.wait_for(_capture(frame, depth), FRAME_TIMEOUT_S)
    except (Error, TimeoutError):
        return None
