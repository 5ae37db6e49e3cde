"""The record of requests that left and may have changed something at a site.

After a crash it answers "was it sent?" as a fact: a line is on disk before the first byte
of its request leaves.
"""

import asyncio
import os
import time
from pathlib import Path

from pydantic import ValidationError

from plans.step import Frozen


class JournalEntry(Frozen):
    """One line: a request that leaves (`status` None), or the answer to it.

    `url` is scheme, host, port and path, without query; `at` epoch seconds. Both lines of a
    request share its `number`.
    """

    number: int
    at: float
    method: str
    url: str
    status: int | None = None


class Journal:
    """Append-only JSON lines at `path`, each on disk when the call that wrote it returns."""

    def __init__(self, path: Path) -> None:
        self._length = max((entry.number for entry in read_journal(path)), default=0)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = asyncio.Lock()

    def __len__(self) -> int:
        """Requests that left so far."""
        return self._length

    async def sent(self, method: str, url: str) -> JournalEntry:
        """Write that a request is about to leave; returns its entry for `answered`."""
        self._length += 1
        entry = JournalEntry(number=self._length, at=time.time(), method=method, url=url)
        await self._append(entry)
        return entry

    async def answered(self, entry: JournalEntry, status: int) -> None:
        """Write that the site answered `entry` with `status`."""
        await self._append(entry.model_copy(update={"at": time.time(), "status": status}))

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    async def _append(self, entry: JournalEntry) -> None:
        line = entry.model_dump_json().encode() + b"\n"
        async with self._lock:
            await asyncio.to_thread(self._write, line)

    def _write(self, line: bytes) -> None:
        os.write(self._descriptor, line)
        os.fsync(self._descriptor)


def read_journal(path: Path) -> tuple[JournalEntry, ...]:
    """The entries at `path`, oldest first; a line cut off by a crash is left out."""
    if not path.exists():
        return ()
    entries: list[JournalEntry] = []
    for line in path.read_bytes().splitlines():
        try:
            entries.append(JournalEntry.model_validate_json(line))
        except ValidationError:
            continue
    return tuple(entries)
