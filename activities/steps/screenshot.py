"""A picture of the page on which a step failed, for people who look for the reason."""

import asyncio
from pathlib import Path

from activities.browser.picture import picture_of
from activities.steps.context import StepContext

_QUALITY = 70


async def take_screenshot(context: StepContext, folder: Path) -> str | None:
    """Write a JPEG of the viewport into the run's folder.

    Best effort: a page that can't be shown, or a disk that is full, costs the step nothing.
    Fields for secrets are covered.

    Returns:
        The file's name, None without a picture.
    """
    name = f"step_{context.call.index}_{context.call.visit}_{context.call.attempt}.jpg"
    picture = await picture_of(context.page, _QUALITY)
    if picture is None:
        return None
    try:
        await asyncio.to_thread(_write, folder / name, picture)
    except OSError:
        return None
    return name


def _write(path: Path, picture: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
