"""Reaping orphans: processes whose own parents were killed, which would stay as zombies.

In a container without an init nobody else does it.
"""

import asyncio
import contextlib
import ctypes
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_EVERY_S = 2.0
_LIBC = ctypes.CDLL(None)


@contextlib.asynccontextmanager
async def reaping(every_s: float = _EVERY_S) -> AsyncGenerator[None]:
    """Become the parent of all orphans below this process, and reap them, on Linux.

    Whoever started a process waits for it: a zombie that is still there at the second look
    has nobody.
    """
    if sys.platform != "linux":
        yield
        return
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    task = asyncio.create_task(_reap_on(every_s), name="reaping")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0)


async def _reap_on(every_s: float) -> None:
    before: set[int] = set()
    while True:
        now = set(_zombies())
        for pid in before & now:
            _reap(pid)
        before = now
        await asyncio.sleep(every_s)


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _zombies() -> Iterator[int]:
    """Our children that have ended and were not waited for."""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            for word in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    state = Path("/proc", word, "stat").read_text().rpartition(")")[2].split()
                    if state[0] == "Z":
                        yield int(word)
