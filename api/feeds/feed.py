"""One watched run: its newest events, encoded once, and the readers to wake."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from api.feeds.frames import event_frame
from ledger.changes import RunName
from ledger.clock import Micros
from ledger.events import Events
from ledger.heads import Head
from ledger.models import EventRow, RunStatus

SEED = 256
"""Events that a new feed reads at once."""
KEPT = 1024
KEPT_BYTES = 512 * 1024
PAGE = 256
"""Events read from the ledger in one query."""
BATCH_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames to send, and the cursor after them."""

    last: Micros
    frames: bytes


class Feed:
    """The newest events of a run. What is older than `_start` stands in the ledger alone.

    Head and events are set in one go between two awaits: a reader that sees the run over
    sees all that was written up to its end.
    """

    def __init__(self, run: RunName, events: Events, head: Head) -> None:
        self.run = run
        self.head = head
        self.broken = False
        self._events = events
        self._turn = asyncio.Lock()
        self._loaded = False
        self._kept: deque[tuple[Micros, bytes]] = deque()
        self._bytes = 0
        self._start: Micros = 0
        self._last: Micros = 0
        self._readers: set[asyncio.Event] = set()

    @property
    def readers(self) -> int:
        """How many watch it."""
        return len(self._readers)

    @property
    def kept_bytes(self) -> int:
        """How much of its events is in memory."""
        return self._bytes

    def join(self, reader: asyncio.Event) -> None:
        """Wake this reader from now on."""
        self._readers.add(reader)

    def leave(self, reader: asyncio.Event) -> None:
        """Wake this reader no more."""
        self._readers.discard(reader)

    def wake(self) -> None:
        """Wake all readers."""
        for reader in self._readers:
            reader.set()

    def give_up(self) -> None:
        """Let all readers end: the run can't be followed any longer."""
        self.broken = True
        self.wake()

    async def meet(self, head: Head) -> None:
        """Take in the head that a new reader has read, where it is news.

        Raises:
            LedgerAway: the database can't be reached.
        """
        if not self._is_loaded_for(head):
            async with self._turn:
                if not self._is_loaded_for(head):
                    await self._advance(head)

    async def refresh(self, head: Head) -> None:
        """Read what is new, given the head that the follower has read just now.

        The follower reads heads one after the other: of two with the same last event, its
        later one is right.

        Raises:
            LedgerAway: the database can't be reached; nothing is lost by trying again.
        """
        async with self._turn:
            if head != self.head and head.last_event_at >= self.head.last_event_at:
                await self._advance(head)

    def _is_loaded_for(self, head: Head) -> bool:
        return self._loaded and head.last_event_at <= self.head.last_event_at

    async def _advance(self, head: Head) -> None:
        if not self._loaded:
            await self._seed()
        while self._last < head.last_event_at:
            found = await self._events.read(*self.run, self._last, PAGE)
            self._keep(found)
            if len(found) < PAGE:
                break
        self.head = head
        self.wake()

    async def _seed(self) -> None:
        newest = await self._events.tail(*self.run, SEED)
        if len(newest) == SEED:
            self._start = newest[0].ts - 1
        self._keep(newest)
        self._loaded = True

    def _keep(self, events: Iterable[EventRow]) -> None:
        for event in events:
            frame = event_frame(event)
            self._kept.append((event.ts, frame))
            self._bytes += len(frame)
            self._last = event.ts
        while len(self._kept) > KEPT or (self._bytes > KEPT_BYTES and len(self._kept) > 1):
            self._start, oldest = self._kept.popleft()
            self._bytes -= len(oldest)

    async def after(self, cursor: Micros) -> Batch | None:
        """The next frames after a cursor; None where there are no more.

        Raises:
            LedgerAway: they are not in memory, and the database can't be reached.
        """
        if cursor >= self._start:
            return _batch(self._newer(cursor))
        page = await self._events.read(*self.run, cursor, PAGE)
        return _batch((event.ts, event_frame(event)) for event in page)

    def _newer(self, cursor: Micros) -> list[tuple[Micros, bytes]]:
        found: list[tuple[Micros, bytes]] = []
        for entry in reversed(self._kept):
            if entry[0] <= cursor:
                break
            found.append(entry)
        return found[::-1]


def _batch(entries: Iterable[tuple[Micros, bytes]]) -> Batch | None:
    frames: list[bytes] = []
    last, size = 0, 0
    for ts, frame in entries:
        frames.append(frame)
        last, size = ts, size + len(frame)
        if size >= BATCH_BYTES:
            break
    return Batch(last, b"".join(frames)) if frames else None


class Watch:
    """One reader's view of a feed. Wait, clear, look: what happens in between is not missed."""

    def __init__(self, feed: Feed, stopping: asyncio.Event) -> None:
        self._feed = feed
        self._stopping = stopping
        self._woken = asyncio.Event()
        self._gone = False

    @property
    def head(self) -> Head:
        """How the run stands."""
        return self._feed.head

    @property
    def settled(self) -> bool:
        """Whether the run is over or paused."""
        return self.head.status.terminal or self.head.status is RunStatus.PAUSED

    @property
    def closed(self) -> bool:
        """Whether there is no sense in reading on: reader gone, API stopping, feed broken."""
        return self._gone or self._stopping.is_set() or self._feed.broken

    @property
    def bell(self) -> asyncio.Event:
        """What the feed rings."""
        return self._woken

    def leave(self) -> None:
        """The reader is gone."""
        self._gone = True
        self._woken.set()

    async def after(self, cursor: Micros) -> Batch | None:
        """The next frames after a cursor; None where there are no more.

        Raises:
            LedgerAway: they are not in memory, and the database can't be reached.
        """
        return await self._feed.after(cursor)

    def clear(self) -> None:
        """From here on, what happens ends the next wait."""
        self._woken.clear()

    async def wait(self, timeout_s: float) -> None:
        """Return when something may have happened since `clear`, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return
