"""Work that would hold up other requests, done beside the event loop."""

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi.responses import JSONResponse
from pydantic import JsonValue

from api.views import DryRunView, LogsView
from ledger.views import HandleView, Result, ResultView, View

T = TypeVar("T")

_HEAVY = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heavy")
"""One, since Python works in one thread at a time, and none of asyncio's own: what is small
never queues behind what is large."""

SMALL_PARTS = 500
SMALL_CHARACTERS = 20_000
"""A document with no more than so many values and characters takes next to no time."""


def is_small(document: JsonValue) -> bool:
    """Whether a JSON value is small; told without looking at all of a large one."""
    parts, characters = SMALL_PARTS, SMALL_CHARACTERS
    waiting: list[JsonValue] = [document]
    while waiting:
        match waiting.pop():
            case str() as text:
                characters -= len(text)
            case list() as items:
                parts -= len(items)
                waiting += items[: max(0, parts)]
            case dict() as members:
                parts -= len(members)
                if parts > 0:
                    characters -= sum(map(len, members))
                    waiting += members.values()
            case _:
                pass
        if parts < 0 or characters < 0:
            return False
    return True


async def apart(work: Callable[[], T]) -> T:
    """Do work that may be long in the thread for it, with the caller's context."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_HEAVY, context.run, work)


async def about(document: JsonValue, work: Callable[[], T]) -> T:
    """Do work whose time grows with a document: apart, where that is not small."""
    return work() if is_small(document) else await apart(work)


async def answer(view: View, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A view as an answer, encoded apart where it is not small."""

    def encoded() -> JSONResponse:
        return JSONResponse(view.document(), headers=headers)

    return await about(_what_grows(view), encoded)


def _what_grows(view: View) -> list[JsonValue]:
    """The parts of a view whose size is the caller's or the run's."""
    match view:
        case ResultView(payload=payload, result=Result() as result):
            return [payload, *result.leads, *result.steps, *result.rows]
        case HandleView(payload=payload):
            return [payload]
        case DryRunView(payload=payload, plan=plan, hosts=hosts):
            return [payload, plan, *hosts]
        case LogsView(events=events):
            return [*events]
        case _:
            return []
