"""Checks what a step's hints say must be true after it."""

import asyncio

from playwright.async_api import Error, Frame, Page

from activities.browser.settle import left_page
from plans.step import Hints

_PAUSE_S = 0.1
_SHOWS = """(wanted) => {
  const plain = (text) => text.replace(/\\s+/g, " ").toLowerCase();
  const roots = [document.body];
  for (let at = 0; at < roots.length; at += 1) {
    const root = roots[at];
    if (!root) continue;
    if (plain(root.innerText ?? root.textContent ?? "").includes(plain(wanted))) return true;
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) roots.push(...node.shadowRoot.children);
    }
  }
  return false;
}"""


async def unmet_hint(page: Page, hints: Hints, *, timeout_s: float = 2.0) -> str | None:
    """The first hint that does not hold within `timeout_s` seconds, as a sentence; None if all do.

    Text is looked for in what is visible, in every frame, whatever its case and spacing.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        unmet = await _unmet(page, hints)
        if unmet is None or loop.time() >= deadline:
            return unmet
        await asyncio.sleep(_PAUSE_S)


async def _unmet(page: Page, hints: Hints) -> str | None:
    if hints.expect_url_contains and hints.expect_url_contains not in page.url:
        return f"the URL does not contain {hints.expect_url_contains!r}"
    if hints.expect_url_excludes and hints.expect_url_excludes in page.url:
        return f"the URL contains {hints.expect_url_excludes!r}"
    wanted = hints.expect_text_present
    if wanted and not await shows_text(page, wanted):
        return f"the page does not show {wanted!r}"
    return None


async def shows_text(page: Page, wanted: str) -> bool:
    """Whether `wanted` is visible in any frame of the page."""
    for frame in page.frames:
        if await _frame_shows(page, frame, wanted):
            return True
    return False


async def _frame_shows(page: Page, frame: Frame, wanted: str) -> bool:
    try:
        return bool(await frame.evaluate(_SHOWS, wanted.strip()))
    except Error as error:
        if page.is_closed() or not (left_page(error) or frame.is_detached()):
            raise
        return False
