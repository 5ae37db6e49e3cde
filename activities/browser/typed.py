"""Looks for a field that takes a one-time code, in all frames of a page."""

import asyncio

from playwright.async_api import Error, Frame, Page
from pydantic import TypeAdapter

from activities.browser.scripts import script
from inference.one_time_code import CodeAsked, TypedField, code_asked
from plans.well_formed import well_formed_json

_TYPED = script("typed")
_FIELDS = TypeAdapter(tuple[TypedField, ...])
_FRAME_TIME_S = 2.0
_MOST_FRAMES = 10


async def code_on(page: Page) -> CodeAsked | None:
    """What a page says of the one-time code that it asks for; None where it asks for none.

    Frames that can't be read in time count as empty.
    """
    frames = [frame for frame in page.frames if not frame.is_detached()]
    found = await asyncio.gather(*(_fields(frame) for frame in frames[:_MOST_FRAMES]))
    return next((asked for fields in found if (asked := code_asked(fields)) is not None), None)


async def _fields(frame: Frame) -> tuple[TypedField, ...]:
    try:
        async with asyncio.timeout(_FRAME_TIME_S):
            text: str = await frame.evaluate(_TYPED)
            return _FIELDS.validate_json(well_formed_json(text))
    except (Error, TimeoutError):
        return ()
