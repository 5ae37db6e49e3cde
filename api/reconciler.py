"""Ends or starts again the runs whose workflow is gone, so that none waits for ever; webhooks too.

An operator may terminate a workflow in the Temporal UI, a workflow may fail, Temporal may
have lost its data. Several reconcilers may work side by side: all they do is put errands
into the outbox, where each stands once.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from api.dispatcher import Dispatcher, is_there
from ledger.clock import Micros, now_micros
from ledger.ledger import Ledger
from ledger.models import OpenRun, RunStatus
from ledger.rounds import rounds
from workflows.interfaces import RunKey, WorkflowEnd, webhook_workflow_id
from workflows.observing import closing_of, closing_of_workflow

log = logging.getLogger("mantis.reconciler")

EVERY = timedelta(seconds=10)
QUIET = timedelta(seconds=10)
"""A run that was touched more recently is left alone."""
DELIVERY_QUIET = timedelta(seconds=60)
"""A delivery is left alone for longer than the longest wait between its tries."""
BATCH = 200
PAUSE_S = 0.05
"""Between two questions, so that many open runs do not weigh on Temporal."""


class Reconciler:
    """Compares the open runs with their workflows until it is stopped.

    A workflow that Temporal does not know counts as lost only when it is missed twice in
    succession, in two rounds: a Temporal that has just started may not know all it should.
    """

    def __init__(
        self,
        ledger: Ledger,
        temporal: Client,
        dispatcher: Dispatcher,
        every: timedelta = EVERY,
        quiet: timedelta = QUIET,
        delivery_quiet: timedelta = DELIVERY_QUIET,
        clock: Callable[[], Micros] = now_micros,
    ) -> None:
        self._ledger = ledger
        self._temporal = temporal
        self._dispatcher = dispatcher
        self._every = every
        self._quiet = quiet
        self._delivery_quiet = delivery_quiet
        self._clock = clock
        self._stopping = asyncio.Event()
        self._missed: frozenset[RunKey] = frozenset()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopping.set()

    async def run(self) -> None:
        """Compare, then rest, until stopped; no fault ends it."""
        what = "comparing the runs with their workflows"
        await rounds(self.compare, self._every.total_seconds(), log, what, self._stopping)

    async def compare(self) -> None:
        """Look once at what is open and quiet; nothing where Temporal is away.

        Raises:
            LedgerAway: the ledger can't be reached.
        """
        released = await self._ledger.runs.stuck_waiting()
        if released:
            log.warning("%d runs waited for a profile that was free", len(released))
            self._dispatcher.wake()
        if not await is_there(self._temporal):
            return
        try:
            self._missed = await self._compare_all()
            await self._compare_deliveries()
        except (RPCError, RuntimeError) as fault:
            log.info("Temporal can't tell about the runs: %s", fault)
            self._missed = frozenset()

    async def _compare_all(self) -> frozenset[RunKey]:
        missed: set[RunKey] = set()
        after: OpenRun | None = None
        while not self._stopping.is_set():
            batch = await self._ledger.runs.open_runs(self._ago(self._quiet), BATCH, after)
            for run in batch:
                if await self._look(run):
                    missed.add(RunKey(tenant_id=run.tenant_id, run_id=run.run_id))
                await asyncio.sleep(PAUSE_S)
            if len(batch) < BATCH:
                break
            after = batch[-1]
        return frozenset(missed)

    async def _look(self, run: OpenRun) -> bool:
        """Act on one run; True where its workflow is missed for the first time.

        The order is what makes it right: a start leaves the outbox only when the workflow
        is there, and a workflow ends only when the ledger knows how the run did.
        """
        outbox = self._ledger.outbox
        if await outbox.awaits(run.tenant_id, run.run_id, "start", "close"):
            return False
        key = RunKey(tenant_id=run.tenant_id, run_id=run.run_id)
        now = self._clock()
        closing = await closing_of(self._temporal, key, now // 1000)
        if closing is None:
            return False
        if closing.how is WorkflowEnd.LOST and key not in self._missed:
            return True
        row = await self._ledger.runs.get(run.tenant_id, run.run_id)
        if row is None or row.status.terminal:
            return False
        if closing.how is WorkflowEnd.LOST and row.status is RunStatus.QUEUED:
            log.warning("run %s is started again: Temporal has lost it", run.run_id)
            await outbox.add(run.tenant_id, run.run_id, "start", now)
        else:
            log.warning("run %s is closed: its workflow was %s", run.run_id, closing.how)
            await outbox.add(run.tenant_id, run.run_id, "close", now, closing.model_dump_json())
        self._dispatcher.wake()
        return False

    async def _compare_deliveries(self) -> None:
        """Start again what is to be delivered and has no workflow.

        A delivery ends in the ledger before its workflow does: one that is pending after its
        workflow was seen closed is lost. To start it once too often does no harm.
        """
        outbox, deliveries = self._ledger.outbox, self._ledger.deliveries
        for quiet in await deliveries.quiet(self._ago(self._delivery_quiet), BATCH):
            if self._stopping.is_set():
                return
            workflow_id = webhook_workflow_id(quiet.tenant_id, quiet.delivery_id)
            now = self._clock()
            if await closing_of_workflow(self._temporal, workflow_id, now // 1000) is None:
                continue
            delivery = await deliveries.get(quiet.tenant_id, quiet.delivery_id)
            if delivery is None or delivery.state != "pending":
                continue
            log.warning("webhook %s is started again: its workflow is gone", quiet.delivery_id)
            await outbox.add(quiet.tenant_id, quiet.run_id, "webhook", now, quiet.delivery_id)
            self._dispatcher.wake()
            await asyncio.sleep(PAUSE_S)

    def _ago(self, span: timedelta) -> Micros:
        return self._clock() - span // timedelta(microseconds=1)
