"""Sole use of a data folder: by one `mantis serve`, and by nobody while its children live."""

import asyncio
import fcntl
from pathlib import Path
from typing import TextIO

_POLL_S = 0.1
_PATIENCE_S = 45.0
"""Longer than the children of a killed `mantis serve` need to drain."""


class FolderInUse(Exception):
    """The data folder is another's; the message says what to do."""


class FolderLock:
    """Two locks that the kernel frees with their owners; made by `take`.

    Attributes:
        family: descriptor for the children to inherit, so that the folder stays taken until
            the last of them has ended, even where `mantis serve` itself was killed.
    """

    def __init__(self, serve: TextIO, family: TextIO) -> None:
        self._files = (serve, family)
        self.family = family.fileno()

    @classmethod
    async def take(cls, data_dir: Path, patience_s: float = _PATIENCE_S) -> "FolderLock":
        """Take the folder, waiting for the children of a `mantis serve` that was killed.

        Raises:
            FolderInUse: another `mantis serve` uses it, or such children do not end.
        """
        serve = (data_dir / "serve.lock").open("w")
        if not _taken(serve):
            serve.close()
            raise FolderInUse(
                f"another mantis serve uses the data folder {data_dir}: "
                "stop it, or give this one a folder of its own with --data-dir"
            )
        family = (data_dir / "children.lock").open("w")
        deadline = asyncio.get_running_loop().time() + patience_s
        while not _taken(family):
            if asyncio.get_running_loop().time() > deadline:
                serve.close()
                family.close()
                raise FolderInUse(
                    f"processes of an earlier mantis serve still use the data folder {data_dir}: "
                    "end them, or give this one a folder of its own with --data-dir"
                )
            await asyncio.sleep(_POLL_S)
        return cls(serve, family)

    def release(self) -> None:
        """Give the folder up; children that live keep it."""
        for file in self._files:
            file.close()


def _taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
