"""The checkpoint at the end of a call that acted: what another browser is brought to."""

import asyncio
import logging
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from playwright.async_api import Error

from activities.browser.capturing import capture
from activities.browser.checkpoint import BLANK, Checkpoint, Tab, fingerprint, restorable
from activities.browser.session import BrowserSession
from activities.errors import ActivityError, SessionLost
from activities.steps.context import StepContext
from ledger.models import NewCheckpoint

_CAPTURE_S = 2.0
_MISSING = Checkpoint(tabs=(Tab(url=BLANK, method="unread"),))
"""Stands for a page that could not be read: it can't be restored."""
_NEWS_S = 0.3
"""The news of a crash may come a moment later than the failure."""

log = logging.getLogger("mantis.steps")


@dataclass(frozen=True)
class Boundary:
    """A checkpoint that is not in the ledger yet, and what tells it from others."""

    checkpoint: NewCheckpoint
    mark: str

    @property
    def anchor(self) -> bool:
        """Whether the pages can be shown by another browser."""
        return self.checkpoint.restorable


class Boundaries:
    """Takes checkpoints of this host's sessions, where they have changed since the last one."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[BrowserSession, str] = WeakKeyDictionary()

    async def take(self, context: StepContext) -> Boundary | None:
        """A checkpoint after a call, None where the pages are as before.

        Where it can't be taken in time no step fails for it: that the newest one is missing is
        kept in its place, so that another browser is not taken to be where the run is.

        Raises:
            SessionLost: the pages that the call led to are gone before they could be kept. What
                follows must not be done on the pages before the call: it has to be made again.
        """
        session = context.session
        if not context.acts.marked:
            return None
        checkpoint = None if session.lost.is_set() else await _captured(context)
        if checkpoint is None:
            if await session.take_crash(_NEWS_S) or not await session.alive():
                raise SessionLost("the page was lost before it was kept")
            context.notes.append("no checkpoint was taken: the page can't be read now")
            checkpoint = _MISSING
        mark = await asyncio.to_thread(fingerprint, checkpoint)
        if self._kept.get(session) == mark:
            return None
        body = checkpoint.model_dump(mode="json")
        new = NewCheckpoint(body=body, restorable=restorable(checkpoint))
        return Boundary(new, mark)

    def written(self, context: StepContext, boundary: Boundary) -> None:
        """Remember that a checkpoint is in the ledger."""
        self._kept[context.session] = boundary.mark


async def _captured(context: StepContext) -> Checkpoint | None:
    try:
        async with asyncio.timeout(_CAPTURE_S + 0.5):
            return await capture(context.session, context.mask, timeout_s=_CAPTURE_S)
    except (Error, TimeoutError, ActivityError) as error:
        log.warning("no checkpoint after step %s: %s", context.call.key, type(error).__name__)
        return None
