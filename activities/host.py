"""Composition root of a browser worker: one host, its sessions and the steps on them."""

import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import Client
from temporalio.worker import Interceptor

from activities.browser.picture_texts import PictureTexts
from activities.holder.reaping import reaping
from activities.leftovers import sweeping
from activities.machine import alive_as, machine_queue
from activities.sessions import SessionActivities
from activities.settings import ActivitySettings
from activities.steps.pausing import PauseOpener
from activities.steps.runner import StepRunner
from activities.unclaimed import Unclaimed
from inference.cascade import Cascade
from inference.dom.tier import DomTier
from inference.memory.tier import MemoryTier
from inference.ocr.equipped import equipped
from ledger.ledger import Ledger

HostActivity = Callable[..., Awaitable[Any]]


class BrowserHost:
    """The activities of one browser worker, all on the same sessions.

    Attributes:
        queue: the worker's own task queue, served as long as it lives.
        machine_queue: that of all browser workers of this machine.
    """

    def __init__(self, client: Client, ledger: Ledger, settings: ActivitySettings) -> None:
        self.queue = f"host-{uuid.uuid4().hex}"
        self.machine_queue = machine_queue(settings.data_dir)
        self.sessions = SessionActivities(client, ledger, settings, self.queue, self.machine_queue)
        self._settings = settings
        self._steps = StepRunner(
            ledger,
            self.sessions.registry,
            Cascade((MemoryTier(), DomTier())),
            settings,
            pictures=PictureTexts(equipped()),
        )
        self._pauses = PauseOpener(ledger, self.sessions.registry)
        self._unclaimed = Unclaimed(
            client, settings, self.queue, self.machine_queue, self.sessions.discard
        )

    @asynccontextmanager
    async def at_home(self) -> AsyncGenerator[None]:
        """Live on this machine: seen by its other workers, minding what nobody minds."""
        with alive_as(self._settings.hosts_dir, self.queue):
            async with (
                reaping(),
                sweeping(self._settings),
                self._steps.memory.forgetting(),
                self._unclaimed.watching(),
            ):
                yield

    @property
    def interceptors(self) -> Sequence[Interceptor]:
        """What the worker of the host's own queue needs."""
        return [self.sessions.steps]

    def step_activities(self) -> Sequence[HostActivity]:
        """What the host's own queue serves: steps and pauses, the end of a session or a park."""
        sessions = self.sessions
        return [
            *self._steps.activities(),
            self._pauses.open_pause,
            sessions.close_session,
            sessions.park_session,
        ]

    def machine_activities(self) -> Sequence[HostActivity]:
        """What any worker of this machine can do: adopt a session, or close a parked one."""
        return [self.sessions.hold_session, self.sessions.close_session]

    async def drain(self, within_s: float) -> None:
        """Take no more sessions and hand over those that are here."""
        await self.sessions.drain(within_s)

    async def close(self) -> None:
        """Wait for browsers that are closing, and for what steps have taught."""
        await self._steps.memory.written()
        await self.sessions.close()
