"""Which machine this is, and which of its browser workers live."""

import contextlib
import fcntl
import hashlib
import os
import platform
import uuid
from collections.abc import Generator
from pathlib import Path


def machine_queue(data_dir: Path) -> str:
    """The task queue of all browser workers of this machine.

    It stays the same over restarts; two machines that share a data folder differ by name.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = data_dir / "machine_id"
    with contextlib.suppress(FileExistsError):
        made = kept.with_name(f"machine_id.{uuid.uuid4().hex}")
        made.write_text(uuid.uuid4().hex)
        try:
            os.link(made, kept)
        finally:
            made.unlink()
    name = f"{kept.read_text().strip()} {platform.node()}"
    return f"machine-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


@contextlib.contextmanager
def alive_as(hosts_dir: Path, host_queue: str) -> Generator[None]:
    """Hold the lock that tells other workers of this machine that this one lives."""
    hosts_dir.mkdir(parents=True, exist_ok=True)
    path = hosts_dir / host_queue
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        partial.rename(path)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def is_alive(hosts_dir: Path, host_queue: str) -> bool:
    """Whether the worker of a host queue lives on this machine; a stopped one does."""
    try:
        descriptor = os.open(hosts_dir / host_queue, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def any_alive(hosts_dir: Path) -> bool:
    """Whether any browser worker of this machine lives."""
    if not hosts_dir.is_dir():
        return False
    names = [path.name for path in hosts_dir.glob("host-*") if path.suffix != ".partial"]
    return any(is_alive(hosts_dir, name) for name in names)


def sweep_hosts(hosts_dir: Path) -> None:
    """Remove the locks of workers that live no more."""
    if not hosts_dir.is_dir():
        return
    for path in hosts_dir.glob("host-*"):
        if path.suffix != ".partial" and not is_alive(hosts_dir, path.name):
            path.unlink(missing_ok=True)
