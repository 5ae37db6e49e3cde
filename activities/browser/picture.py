"""A picture of what a page shows, without the fields that hold secrets."""

import contextlib
import struct
from collections.abc import Sequence
from typing import Final

from playwright.async_api import Error, JSHandle, Page

from inference.observation import Box

_TIME_S: Final = 3.0
SECRET_FIELDS: Final = "input[type=password], [autocomplete=one-time-code], [autocomplete=cc-csc]"
"""Fields that no picture shows."""

_COVER = """boxes => {
  const host = document.createElement('div');
  host.style.cssText = 'all:initial;position:fixed;inset:0;pointer-events:none;z-index:2147483647;'
    + 'background:none;border:0;padding:0;margin:0;width:100vw;height:100vh;overflow:visible';
  const root = host.attachShadow({ mode: 'closed' });
  for (const [x, y, width, height] of boxes) {
    const plate = document.createElement('div');
    plate.style.cssText = `position:fixed;background:#000;left:${x}px;top:${y}px;`
      + `width:${width}px;height:${height}px`;
    root.append(plate);
  }
  host.popover = 'manual';
  document.documentElement.append(host);
  host.showPopover();
  return host;
}"""
_PLATE_MARGIN: Final = 2.0


async def picture_for_model(page: Page, covered: Sequence[Box], quality: int) -> bytes | None:
    """A JPEG of the viewport, a pixel for each CSS pixel; None where it can't be taken.

    Fields for secrets are covered, and so are the boxes `covered`, CSS pixels of the viewport.
    """
    cover = None
    try:
        if covered:
            cover = await page.evaluate_handle(_COVER, [_plate(box) for box in covered])
        return await page.screenshot(
            type="jpeg",
            quality=quality,
            scale="css",
            timeout=_TIME_S * 1000,
            mask=[frame.locator(SECRET_FIELDS) for frame in page.frames],
        )
    except Error:
        return None
    finally:
        if cover is not None:
            await _uncover(cover)


async def _uncover(cover: JSHandle) -> None:
    with contextlib.suppress(Error):
        await cover.evaluate("host => host.remove()")


def _plate(box: Box) -> list[float]:
    margin = _PLATE_MARGIN
    return [box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin]


def size_of_jpeg(picture: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG in its pixels; None where it is none."""
    at = 2
    while picture[:2] == b"\xff\xd8" and at + 9 < len(picture):
        marker, length = picture[at + 1], struct.unpack(">H", picture[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", picture[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


async def picture_of(page: Page, quality: int) -> bytes | None:
    """A JPEG of the viewport, `quality` 0 to 100; None where the page can't be shown."""
    try:
        return await page.screenshot(
            type="jpeg",
            quality=quality,
            timeout=_TIME_S * 1000,
            mask=[page.locator(SECRET_FIELDS)],
        )
    except Error:
        return None
