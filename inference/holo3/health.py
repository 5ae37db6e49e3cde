"""Whether the Holo3 server really answers: a tiny picture is shown to it.

A server can list its models while completions hang; only a completion tells.
"""

import asyncio
import struct
import time
import zlib
from collections.abc import Callable
from typing import Final

import httpx

from inference.asking import Picture
from inference.errors import ModelError
from inference.holo3.chat import ChatServer, Question, connections
from inference.holo3.pictures import image
from inference.settings import ModelSettings
from plans.step import Frozen

KEEP_S: Final = 30.0
PATIENCE_S: Final = 15.0
_SIDE: Final = 32
"""Pixels: the least that the model's picture processor takes without enlarging a lot."""
_ANSWER_TOKENS: Final = 8


class Deep(Frozen):
    """What the deep check found.

    `configured`: whether there is such a tier at all; where not, `ok` is False. `seconds`: how
    long the answer took, None without one.
    """

    ok: bool
    message: str
    seconds: float | None = None
    configured: bool = True


class DeepCheck:
    """Looks at most once in `keep_s` seconds, by one request at a time; never raises."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: ModelSettings,
        clock: Callable[[], float] = time.monotonic,
        *,
        keep_s: float = KEEP_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        patient = min(patience_s, settings.holo3_timeout_s)
        self._settings = settings.model_copy(update={"holo3_timeout_s": patient})
        self._server = ChatServer(client, self._settings, clock)
        self._clock = clock
        self._keep_s = keep_s
        self._lock = asyncio.Lock()
        self._last: tuple[float, Deep] | None = None

    async def look(self) -> Deep:
        """What the last look found, or a new one where that is too old."""
        if not self._settings.holo3_url:
            return Deep(ok=False, configured=False, message="MANTIS_HOLO3_URL is not set")
        async with self._lock:
            if self._last is not None and self._clock() - self._last[0] < self._keep_s:
                return self._last[1]
            found = await self._ask()
            self._last = (self._clock(), found)
            return found

    async def _ask(self) -> Deep:
        began = self._clock()
        try:
            told = await self._server.ask(_question())
        except ModelError as error:
            return Deep(ok=False, message=str(error))
        seconds = self._clock() - began
        word = " ".join(told.text.split())[:40]
        return Deep(ok=True, message=f"answers in {seconds:.1f} s ({word!r})", seconds=seconds)


async def deep_check(settings: ModelSettings, *, patience_s: float = PATIENCE_S) -> Deep:
    """One look, with a connection of its own."""
    async with connections(settings) as client:
        return await DeepCheck(client, settings, patience_s=patience_s).look()


def _question() -> Question:
    picture = Picture(key="", media_type="image/png", width=_SIDE, height=_SIDE)
    text = "Which colour is this picture? Answer with one word."
    return Question(
        messages=[
            {
                "role": "user",
                "content": [image(picture, red_square()), {"type": "text", "text": text}],
            }
        ],
        name="",
        schema=None,
        max_tokens=_ANSWER_TOKENS,
        thinking=False,
        images=1,
        temperature=0.0,
    )


def red_square(side: int = _SIDE) -> bytes:
    """A red PNG, `side` pixels wide and high."""
    row = b"\x00" + b"\xd0\x10\x10" * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(row * side)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
