"""Reads the pictures that a look has found in view."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence

from playwright.async_api import Error, FloatRect, Page

from activities.browser.snapshot import Snapshot
from inference.observation import Observation, Rect
from inference.ocr.reading import PictureReader, PictureText, ReadPicture, worth_reading

_KEPT = 64
_SHOT_TIMEOUT_MS = 3_000
_LEAST_PX = 12.0


class PictureTexts:
    """Reads pictures for the steps of a host; each picture once, while it looks the same."""

    def __init__(self, reader: PictureReader | None) -> None:
        self._reader = reader
        self._read: OrderedDict[str, Sequence[PictureText]] = OrderedDict()

    @property
    def equipped(self) -> bool:
        """Whether there is a reader at all."""
        return self._reader is not None

    async def take_in(self, page: Page, snapshot: Snapshot) -> bool:
        """Add the texts of the pictures in view to the snapshot; whether there are any.

        A picture that can't be taken is left out.
        """
        if self._reader is None:
            return False
        read: list[ReadPicture] = []
        for index in worth_reading(snapshot.observation):
            clip = _visible(snapshot.observation, index)
            if clip is None:
                continue
            try:
                png = await page.screenshot(
                    clip=FloatRect(x=clip.x, y=clip.y, width=clip.width, height=clip.height),
                    scale="css",
                    timeout=_SHOT_TIMEOUT_MS,
                )
            except Error:
                continue
            texts = await self._texts(self._reader, png)
            read.append(ReadPicture(index, clip.x, clip.y, 1.0, texts))
        return snapshot.take_in(read)

    async def _texts(self, reader: PictureReader, png: bytes) -> Sequence[PictureText]:
        key = hashlib.sha256(png).hexdigest()
        if key in self._read:
            self._read.move_to_end(key)
            return self._read[key]
        texts = await asyncio.to_thread(reader.read, png)
        self._read[key] = texts
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return texts


def _visible(observation: Observation, index: int) -> Rect | None:
    """The part of the picture that is in the viewport, None where it is too small to read."""
    box = observation.pictures[index].box
    left, top = max(0.0, box.x), max(0.0, box.y)
    right = min(observation.width, box.x + box.width)
    bottom = min(observation.height, box.y + box.height)
    if right - left < _LEAST_PX or bottom - top < _LEAST_PX:
        return None
    return Rect(left, top, right - left, bottom - top)
