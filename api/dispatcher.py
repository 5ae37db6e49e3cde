"""Tells Temporal what the ledger's outbox holds: starts and cancels of runs.

A run is committed before Temporal hears of it. Whatever a crash or an absence of Temporal
left behind is carried out later; every errand may safely be carried out twice.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import assert_never

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from ledger.clock import now_micros
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.models import Errand
from workflows.interfaces import PLAN_RUN, RUNS_QUEUE, RunInput, plan_run_id
from workflows.messages import CancelRequest

log = logging.getLogger("mantis.dispatcher")

RPC_TIMEOUT = timedelta(seconds=10)
BATCH = 16
POLL_S = 1.0


class Dispatcher:
    """Carries out errands until it is stopped; any number of them may work side by side."""

    def __init__(self, ledger: Ledger, temporal: Client) -> None:
        self._ledger = ledger
        self._temporal = temporal
        self._woken = asyncio.Event()
        self._stopping = False

    def stop(self) -> None:
        """Let `run` return once the errands at hand are carried out."""
        self._stopping = True
        self._woken.set()

    def wake(self) -> None:
        """Look at once: something was put into the outbox."""
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped. Woken at once by this process, within a second otherwise."""
        while not self._stopping:
            self._woken.clear()
            if await self._round() == BATCH:
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_S)

    async def _round(self) -> int:
        try:
            errands = await self._ledger.outbox.pending(BATCH, now_micros())
            await asyncio.gather(*(self.carry_out(errand) for errand in errands))
        except LedgerAway as away:
            log.warning("%s", away)
            return 0
        return len(errands)

    async def carry_out(self, errand: Errand) -> None:
        """Carry out one errand, or put it off; twice does no harm."""
        try:
            match errand.kind:
                case "start":
                    await self._start(errand)
                case "cancel":
                    if not await self._cancel(errand):
                        return await self._again(errand, "the workflow has not started yet")
                case _:
                    assert_never(errand.kind)
        except (RPCError, RuntimeError) as fault:
            return await self._again(errand, f"{type(fault).__name__}: {fault}")
        await self._ledger.outbox.done(errand.id)

    async def _again(self, errand: Errand, why: str) -> None:
        log.warning("%s of run %s put off: %s", errand.kind, errand.run_id, why)
        await self._ledger.outbox.failed(errand, why, now_micros())

    async def _start(self, errand: Errand) -> None:
        try:
            await self._temporal.start_workflow(
                PLAN_RUN,
                RunInput(tenant_id=errand.tenant_id, run_id=errand.run_id),
                id=plan_run_id(errand.tenant_id, errand.run_id),
                task_queue=RUNS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            log.info("run %s had been started and is closed", errand.run_id)

    async def _cancel(self, errand: Errand) -> bool:
        """Signal the run; False where there is no workflow to hear it and the run isn't over."""
        handle = self._temporal.get_workflow_handle(plan_run_id(errand.tenant_id, errand.run_id))
        try:
            await handle.signal(
                "cancel", CancelRequest(reason=errand.reason), rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as fault:
            if fault.status is not RPCStatusCode.NOT_FOUND:
                raise
            run = await self._ledger.runs.get(errand.tenant_id, errand.run_id)
            return run is None or run.status.terminal
        return True
