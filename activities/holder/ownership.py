"""Who owns a session's folder: a lock that the kernel frees when the owner is gone.

The worker that starts a holder takes the lock and hands it to the holder, so that a session
is owned from its first moment to its last, however either of them ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path

_LOCK_NAME = "owner.lock"


@contextlib.contextmanager
def owning(session_dir: Path) -> Generator[int]:
    """Own a session's folder; yields the descriptor that a child has to inherit to own it too."""
    descriptor = _open(session_dir)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


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


def _open(session_dir: Path) -> int:
    return os.open(session_dir / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
