"""Who owns a folder: a lock that the kernel frees when the owner is gone.

The worker that starts a holder takes the lock of the session's folder and hands it to the
holder, so that a session is owned from its first moment to its last, however either of them
ends. The holder does the same with the profile and its Chromium.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

_LOCK_NAME = "owner.lock"
_POLL_S = 0.05


@contextlib.contextmanager
def owning(session_dir: Path) -> Generator[int]:
    """Own a session's folder; yields the descriptor that a child has to inherit to own it too."""
    descriptor = _open(session_dir)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


async def own_profile(profile_dir: Path, patience_s: float) -> int | None:
    """Own a profile, waiting for the browser that is still closing it.

    Returns:
        The descriptor that holds the lock, for Chromium to inherit; None: not in time.
    """
    descriptor = await asyncio.to_thread(_open_made, profile_dir)
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                os.close(descriptor)
                return None
            await asyncio.sleep(_POLL_S)
        else:
            return descriptor


def is_owned(session_dir: Path) -> bool:
    """Whether a process that owns the folder lives."""
    descriptor = _open(session_dir)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open_made(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _open(folder)


def _open(folder: Path) -> int:
    return os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
