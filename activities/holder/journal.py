"""The record of requests that left and may have changed something at a site.

After a crash it answers "was it sent?" as a fact. Plain HTTP is on disk before the first byte
of its request leaves. What leaves encrypted is written as soon as Chromium tells of it; while
an act is guarded, that bytes go out through a tunnel is written before they do.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from plans.step import Frozen

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class EntryKind(StrEnum):
    """What an entry is about."""

    DOCUMENT = "document"
    """A page was asked for; those by GET are written only while an act is guarded."""
    DATA = "data"
    BEACON = "beacon"
    """Sent on the side, such as by `sendBeacon`."""
    SOCKET = "socket"
    """A message on a WebSocket, while an act is guarded."""
    TUNNEL = "tunnel"
    """Something encrypted left for a host, while an act is guarded."""
    GAP = "gap"
    """From here on Chromium could not be listened to: encrypted requests may be missing."""


class JournalEntry(Frozen):
    """One line: a request that leaves, or with `status` or `failed` what became of it.

    `url` is scheme, host, port and path, without query; `at` epoch seconds. `failed` names the
    browser's error. All lines of a request share its `number`.
    """

    number: int
    at: float
    method: str
    url: str
    kind: EntryKind = EntryKind.DATA
    status: int | None = None
    failed: str = ""

    @property
    def safe(self) -> bool:
        """Whether by its method it changes nothing at the site."""
        return self.method in _SAFE_METHODS


class Journal:
    """Append-only JSON lines at `path`, each on disk when the call that wrote it returns."""

    def __init__(self, path: Path) -> None:
        self._length = max((entry.number for entry in read_journal(path)), default=0)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = asyncio.Lock()
        self._guarded = False
        self._tunnels: set[object] = set()

    def __len__(self) -> int:
        """Entries so far."""
        return self._length

    @property
    def guarded(self) -> bool:
        """Whether an act goes on that must not happen twice: more is written then."""
        return self._guarded

    @guarded.setter
    def guarded(self, guarded: bool) -> None:
        self._guarded = guarded
        self._tunnels.clear()

    async def sent(self, method: str, url: str, kind: EntryKind = EntryKind.DATA) -> JournalEntry:
        """Write that a request is about to leave; returns its entry for `answered`."""
        self._length += 1
        entry = JournalEntry(number=self._length, at=time.time(), method=method, url=url, kind=kind)
        await self._append(entry)
        return entry

    async def answered(self, entry: JournalEntry, status: int) -> None:
        """Write that the site answered `entry` with `status`."""
        await self._append(entry.model_copy(update={"at": time.time(), "status": status}))

    async def failed(self, entry: JournalEntry, error: str) -> None:
        """Write that `entry` got no answer, by the browser's own words."""
        await self._append(entry.model_copy(update={"at": time.time(), "failed": error}))

    async def tunnelled(self, tunnel: object, host: str) -> None:
        """Write that encrypted bytes are about to leave, once for a tunnel and guarded act."""
        if tunnel not in self._tunnels:
            self._tunnels.add(tunnel)
            await self.sent("", f"https://{host}", EntryKind.TUNNEL)

    async def gap(self) -> None:
        """Write that Chromium can't be listened to."""
        await self.sent("", "", EntryKind.GAP)

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


def bare_url(url: str) -> str:
    """Scheme, host, port and path of a URL, as entries name it."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}:{port}{parts.path or '/'}"


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


def tells_all(entries: Iterable[JournalEntry], *, alive: bool) -> bool:
    """Whether no request can be missing among these last entries of a journal.

    `alive`: its session and browser live. A dead one may have taken with it the news of an
    encrypted request, unless nothing encrypted left at all.
    """
    kinds = {entry.kind for entry in entries}
    heard = alive and EntryKind.GAP not in kinds
    return heard or EntryKind.TUNNEL not in kinds
