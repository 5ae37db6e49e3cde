"""A picture of the page on which a step failed, for people who look for the reason."""

import asyncio
from pathlib import Path

from playwright.async_api import Error

from activities.steps.context import StepContext

_TIME_S = 3.0
_QUALITY = 70


async def take_screenshot(context: StepContext, folder: Path) -> str | None:
    """Write a JPEG of the viewport into the run's folder.

    Best effort: a page that can't be shown, or a disk that is full, costs the step nothing.
    Password fields are covered.

    Returns:
        The file's name, None without a picture.
    """
    name = f"step_{context.call.index}_{context.call.visit}_{context.call.attempt}.jpg"
    try:
        picture = await context.page.screenshot(
            type="jpeg",
            quality=_QUALITY,
            timeout=_TIME_S * 1000,
            mask=[context.page.locator("input[type=password]")],
        )
        await asyncio.to_thread(_write, folder / name, picture)
    except (Error, OSError):
        return None
    return name


def _write(path: Path, picture: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
