"""Composition root of a browser worker: one host, its sessions and the steps on them."""

from collections.abc import Awaitable, Callable, Sequence

from temporalio.client import Client

from activities.sessions import SessionActivities
from activities.settings import ActivitySettings
from activities.steps.runner import StepRunner
from inference.cascade import Cascade
from inference.dom.tier import DomTier
from ledger.ledger import Ledger
from plans.calls import Outcome
from workflows.interfaces import CloseRequest, Nothing, StepRequest

StepActivity = Callable[[StepRequest], Awaitable[Outcome]]
HostActivity = StepActivity | Callable[[CloseRequest], Awaitable[Nothing]]


class BrowserHost:
    """The activities of one browser worker, all on the same sessions."""

    def __init__(
        self, client: Client, ledger: Ledger, settings: ActivitySettings, host_queue: str
    ) -> None:
        self.sessions = SessionActivities(client, ledger, settings, host_queue)
        self._steps = StepRunner(ledger, self.sessions.registry, Cascade((DomTier(),)), settings)

    def step_activities(self) -> Sequence[HostActivity]:
        """What the host's own queue serves: the step types and the closing of a session."""
        return [*self._steps.activities(), self.sessions.close_session]

    async def close(self) -> None:
        """Close all sessions."""
        await self.sessions.close()
