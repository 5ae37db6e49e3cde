"""The samples of several processes of one host, kept where the API can read them all."""

import logging
import os
from pathlib import Path

from prometheus_client import values

from temporal.settings import OpsSettings

log = logging.getLogger("mantis.metrics")

_KINDS = ("counter", "histogram")
_ROOM = 1024 * 1024
"""Bytes of each file, taken at the start: the files are mapped into memory, and a write into
a mapping that the disk has no room for would end the process. About 4,000 series."""


def share(settings: OpsSettings) -> None:
    """Write this process's samples under its own name, to be called before the first one.

    A process that is started again goes on with the file of its predecessor, so that nothing
    is lost and nothing grows. Without a folder, a name or the room, it keeps them to itself.
    """
    if settings.multiproc_dir is None or not settings.process_name:
        return
    name = settings.process_name
    try:
        for kind in _KINDS:
            _take_room(settings.multiproc_dir / f"{kind}_{name}.db")
    except OSError as error:
        log.warning("no room for metrics in %s: %s", settings.multiproc_dir, error.strerror)
        values.ValueClass = values.MutexValue
    else:
        values.ValueClass = values.MultiProcessValue(lambda: name)


def _take_room(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, _ROOM)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(descriptor)
