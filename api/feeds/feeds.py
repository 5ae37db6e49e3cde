"""The one follower of the ledger in this process, and the feeds that it keeps fresh."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from api.feeds.feed import Feed, Watch
from ledger.changes import Changes, RunName
from ledger.errors import LedgerAway
from ledger.heads import Head
from ledger.ledger import Ledger
from ledger.models import RunRow

log = logging.getLogger("mantis.feeds")

SWEEP_S = 5.0
"""How long the feeds may go without a look, whether or not a change was heard of."""
RETRY_S = 0.5
GAP_S = 0.02
"""Looks are at least this far apart, so that a run that writes fast is read in batches."""
SIDE_BY_SIDE = 4
"""Feeds that read their events at the same time."""


class Feeds:
    """Keeps a feed for each run that somebody watches.

    Whatever the number of readers, a change costs one query for the heads of the watched
    runs, and one for the events of each run that has moved.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._feeds: dict[RunName, Feed] = {}
        self._stale: set[RunName] = set()
        self._wanted = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def watched(self) -> int:
        """How many runs are watched."""
        return len(self._feeds)

    @property
    def readers(self) -> int:
        """How many readers watch them."""
        return sum(feed.readers for feed in self._feeds.values())

    @property
    def kept_bytes(self) -> int:
        """How much of their events is in memory."""
        return sum(feed.kept_bytes for feed in self._feeds.values())

    @asynccontextmanager
    async def watch(self, row: RunRow) -> AsyncGenerator[Watch]:
        """Watch a run whose row was read just now, for as long as the context lasts.

        Of a new feed the head is read once more: a change between the reading of the row and
        the feed's beginning was heard by nobody.

        Raises:
            LedgerAway: the database can't be reached.
        """
        run, head = (row.tenant_id, row.run_id), Head.of(row)
        known = self._feeds.get(run)
        feed = known or Feed(run, self._ledger.events, head)
        if known is None:
            self._feeds[run] = feed
            self._wanted.set()
        watch = Watch(feed, self._stopping)
        feed.join(watch.bell)
        try:
            if known is None:
                head = (await self._ledger.heads.read([run])).get(run, head)
                await feed.refresh(head)
            await feed.meet(head)
            yield watch
        finally:
            feed.leave(watch.bell)
            if not feed.readers and self._feeds.get(run) is feed:
                del self._feeds[run]

    def stop(self) -> None:
        """Let every reader end now, and those that come later at once."""
        self._stopping.set()
        for feed in self._feeds.values():
            feed.wake()

    async def run(self) -> None:
        """Keep the feeds fresh until cancelled; an absence of the ledger is sat out."""
        while True:
            try:
                async with self._ledger.changes() as changes:
                    self._stale.update(self._feeds)
                    await self._follow(changes)
            except LedgerAway as away:
                log.warning("%s", away)
            except Exception:  # the edge of a background task: it must outlive any fault
                log.exception("the feeds lost their place; their readers come back by cursor")
                for feed in self._feeds.values():
                    feed.give_up()
                self._feeds.clear()
            await asyncio.sleep(RETRY_S)

    async def _follow(self, changes: Changes) -> None:
        while True:
            if not self._feeds:
                self._wanted.clear()
                await self._wanted.wait()
            touched = await changes.wait(RETRY_S if self._stale else SWEEP_S)
            self._stale.update(touched & self._feeds.keys() if touched else self._feeds)
            if self._stale:
                with suppress(LedgerAway):
                    await self._look()
                await asyncio.sleep(GAP_S)

    async def _look(self) -> None:
        """Read what is new in the stale feeds; what can't be read stays stale."""
        stale = [run for run in self._stale if run in self._feeds]
        self._stale.intersection_update(stale)
        heads = await self._ledger.heads.read(stale)
        for start in range(0, len(stale), SIDE_BY_SIDE):
            await asyncio.gather(
                *(self._freshen(run, heads.get(run)) for run in stale[start : start + SIDE_BY_SIDE])
            )

    async def _freshen(self, run: RunName, head: Head | None) -> None:
        feed = self._feeds.get(run)
        try:
            if feed is not None and head is not None:
                await feed.refresh(head)
        except LedgerAway:
            raise
        except Exception:  # one run's fault must not reach the readers of another
            log.exception("run %s can't be followed", run[1])
            head = None
        if feed is not None and head is None:
            feed.give_up()
        self._stale.discard(run)
