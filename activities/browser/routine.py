"""Tells the requests that an act brings about from those that a page makes by itself."""

import asyncio

from playwright.async_api import Error, JSHandle
from pydantic import TypeAdapter

from activities.browser.events import PageEvents
from activities.browser.settle import left_page

_ROUTINE = TypeAdapter(list[bool])
_AT_ONCE_S = 0.15


async def own_requests(events: PageEvents, watch: JSHandle, limit_s: float) -> bool:
    """Wait for a request for data that is the act's, at most `limit_s` seconds.

    Polls go on in their rhythm, and what was asked for before is asked for again by itself;
    `watch`, of `js/watch.js`, knows what the page asked for before the act. Beacons and
    pictures tell of a click whether or not it does anything, and count for nothing.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    known = 0
    while await _more(events, known, began + limit_s):
        fresh, known = events.asked[known:], len(events.asked)
        late = loop.time() - began > _AT_ONCE_S
        asked = [{"url": url, "late": late} for url in fresh]
        try:
            told: object = await watch.evaluate("(watch, asked) => watch.routine(asked)", asked)
        except Error as error:
            if left_page(error) or events.closed or events.crashed:
                return False
            raise
        if not all(_ROUTINE.validate_python(told)):
            return True
    return False


async def _more(events: PageEvents, known: int, deadline: float) -> bool:
    left = deadline - asyncio.get_running_loop().time()
    return await events.wait(lambda: len(events.asked) > known, left)
