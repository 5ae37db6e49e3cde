"""A picture of what a page shows, without the fields that hold secrets."""

from typing import Final

from playwright.async_api import Error, Page

_TIME_S: Final = 3.0
SECRET_FIELDS: Final = "input[type=password], [autocomplete=one-time-code], [autocomplete=cc-csc]"
"""Fields that no picture shows."""


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
