"""Reads the pictures that a look has found in view."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from playwright.async_api import Error, FloatRect, Page

from activities.browser.snapshot import Snapshot
from inference.observation import Observation, Rect
from inference.ocr.reading import PictureReader, PictureText, ReadPicture, worth_reading

_KEPT = 64
_SHOT_TIMEOUT_MS = 3_000
_LEAST_PX = 12.0
TIME_S: Final = 5.0
"""How long the pictures of one look may take."""


class PictureTexts:
    """Reads pictures for the steps of a host; each picture once, while it looks the same.

    One is read at a time, in a thread of its own, so that nothing else waits for it.
    """

    def __init__(self, reader: PictureReader | None) -> None:
        self._reader = reader
        self._read: OrderedDict[str, Sequence[PictureText]] = OrderedDict()
        self._reading: dict[str, asyncio.Future[Sequence[PictureText]]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    @property
    def equipped(self) -> bool:
        """Whether there is a reader at all."""
        return self._reader is not None

    async def take_in(self, page: Page, snapshot: Snapshot, *, time_s: float = TIME_S) -> bool:
        """Add the texts of the pictures in view to the snapshot; whether there are any.

        A picture that can't be taken is left out.

        Raises:
            TimeoutError: where they were not read within `time_s`; the snapshot is as before,
                and what is being read is known at a later look.
        """
        if self._reader is None:
            return False
        async with asyncio.timeout(time_s):
            read = await self._pictures(self._reader, page, snapshot)
        return snapshot.take_in(read)

    async def _pictures(
        self, reader: PictureReader, page: Page, snapshot: Snapshot
    ) -> list[ReadPicture]:
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
            texts = await self._texts(reader, png)
            read.append(ReadPicture(index, clip.x, clip.y, 1.0, texts))
        return read

    async def _texts(self, reader: PictureReader, png: bytes) -> Sequence[PictureText]:
        key = hashlib.sha256(png).hexdigest()
        if key in self._read:
            self._read.move_to_end(key)
            return self._read[key]
        if key not in self._reading:
            reading = asyncio.get_running_loop().run_in_executor(self._thread, reader.read, png)
            reading.add_done_callback(partial(self._keep, key))
            self._reading[key] = reading
        return await asyncio.shield(self._reading[key])

    def _keep(self, key: str, reading: asyncio.Future[Sequence[PictureText]]) -> None:
        """Keep what was read, also where nobody waits for it any more."""
        self._reading.pop(key, None)
        if reading.cancelled() or reading.exception() is not None:
            return
        self._read[key] = reading.result()
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)


def _visible(observation: Observation, index: int) -> Rect | None:
    """The part of the picture that is in the viewport, None where it is too small to read."""
    box = observation.pictures[index].box
    left, top = max(0.0, box.x), max(0.0, box.y)
    right = min(observation.width, box.x + box.width)
    bottom = min(observation.height, box.y + box.height)
    if right - left < _LEAST_PX or bottom - top < _LEAST_PX:
        return None
    return Rect(left, top, right - left, bottom - top)
