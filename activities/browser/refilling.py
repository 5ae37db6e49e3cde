"""Puts field values and the scroll back into a page that was opened again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

from playwright.async_api import Error, Frame, JSHandle, Page
from pydantic import JsonValue

from activities.browser.checkpoint import FieldValue, FrameState
from activities.browser.scripts import script
from activities.browser.settle import settle
from plans.placeholders import as_text
from plans.step import Frozen

_REFILL = script("refill")
_PASSES = 4
_PAUSE_S = 0.4
"""Between two passes: pages put fields in, and take values back, a moment later."""
_SETTLE_S = 3.0
_FRAMES_S = 3.0


class _Filled(Frozen):
    """What one pass did: how many fields it had to fill, how many do not hold theirs."""

    put: int
    missing: int


async def refill(
    page: Page,
    frames: Sequence[FrameState],
    secrets: Mapping[str, JsonValue],
    *,
    timeout_s: float,
) -> int:
    """Put values back until they stay; returns how many fields do not hold theirs.

    Input and change events tell the page of each; whatever it does about them does not
    leave the document. Fields whose secrets are not known any more are left alone.

    Raises:
        Error: the page is gone.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    missing = 0
    for state in frames:
        fields = tuple(_filled(state.fields, secrets))
        if not fields and not state.scroll_x and not state.scroll_y:
            continue
        frame = await _found(page, state.path, deadline)
        if frame is None:
            missing += len(fields)
            continue
        try:
            missing += await _refill(page, frame, state, fields, deadline)
        except Error:
            if not state.path:
                raise
            missing += len(fields)
    return missing


def _filled(
    fields: Sequence[FieldValue], secrets: Mapping[str, JsonValue]
) -> Generator[FieldValue]:
    for field in fields:
        if not field.pieces:
            yield field
        elif all(not piece.secret or piece.secret in secrets for piece in field.pieces):
            texts = (
                as_text(secrets[piece.secret]) if piece.secret else piece.text
                for piece in field.pieces
            )
            yield field.model_copy(update={"value": "".join(texts)})


async def _found(page: Page, path: Sequence[int], deadline: float) -> Frame | None:
    """The frame at the end of a path, waited for a while where it comes late."""
    loop = asyncio.get_running_loop()
    limit = min(deadline, loop.time() + _FRAMES_S)
    while True:
        frame: Frame | None = page.main_frame
        for place in path:
            children = frame.child_frames
            if place >= len(children):
                frame = None
                break
            frame = children[place]
        if frame is not None or loop.time() >= limit:
            return frame
        await asyncio.sleep(_PAUSE_S)


async def _refill(
    page: Page, frame: Frame, state: FrameState, fields: Sequence[FieldValue], deadline: float
) -> int:
    loop = asyncio.get_running_loop()
    wanted = [field.model_dump(mode="json") for field in fields]
    async with _filler(frame) as filler:
        filled = _Filled(put=0, missing=0)
        for number in range(_PASSES if wanted else 0):
            told: object = await filler.evaluate("(filler, all) => filler.fill(all)", wanted)
            filled = _Filled.model_validate(told)
            if loop.time() >= deadline or (number > 0 and not filled.put and not filled.missing):
                break
            await settle(page, timeout_s=min(_SETTLE_S, max(0.1, deadline - loop.time())))
            await asyncio.sleep(_PAUSE_S)
        await filler.evaluate(
            "(filler, [x, y]) => filler.scroll(x, y)", [state.scroll_x, state.scroll_y]
        )
    return filled.missing


@contextlib.asynccontextmanager
async def _filler(frame: Frame) -> AsyncGenerator[JSHandle]:
    """`js/refill.js` in a document, which can't be left within it."""
    filler = await frame.evaluate_handle(_REFILL)
    try:
        yield filler
    finally:
        with contextlib.suppress(Error):
            await filler.evaluate("filler => filler.free()")
            await filler.dispose()
