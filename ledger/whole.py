"""Operations that are not given up half-way.

A task may be cancelled at any await. In the middle of a database operation that would
leave the connection, and on SQLite the lock of the writer, to the garbage collector.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_running: set[asyncio.Task[object]] = set()


def whole(operation: Callable[P, Coroutine[None, None, T]]) -> Callable[P, Awaitable[T]]:
    """Let a begun operation end before the cancellation of its caller takes effect.

    The caller then still sees `CancelledError`; whether the operation has happened is for
    the caller to find out, or not to mind, since writing again is harmless.
    """

    @wraps(operation)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.create_task(operation(*args, **kwargs))
        _running.add(task)
        task.add_done_callback(_running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                await asyncio.wait([task])
            if not task.cancelled():
                task.exception()
            raise

    return run
