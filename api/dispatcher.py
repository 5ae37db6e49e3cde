"""Tells Temporal what the ledger's outbox holds: starts, cancels, webhooks, closings.

A run is committed before Temporal hears of it. Whatever a crash or an absence of Temporal
left behind is carried out later; every errand may safely be carried out twice.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import assert_never

from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from api.within_run import within_run
from ledger.clock import Micros, now_micros
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.models import Errand
from workflows.interfaces import (
    CLOSE_RUN,
    DELIVER_WEBHOOK,
    DELIVERY_QUEUE,
    PLAN_RUN,
    RUNS_QUEUE,
    WEBHOOK_DUE,
    CloseInput,
    Closing,
    DeliveryKey,
    RunInput,
    RunKey,
    close_run_id,
    fairness_key,
    plan_run_id,
    webhook_workflow_id,
)
from workflows.messages import CancelRequest, PauseRequest
from workflows.observing import closing_of, is_unknown_workflow

log = logging.getLogger("mantis.dispatcher")

PATIENCE_S = 2.5
"""How long Temporal may take for one errand; the client asks again and again within it."""
AT_ONCE = 8
"""More errands at once take the processor from the submissions that they come of."""
POLL_S = 1.0
KNOCK_S = 0.5
"""How often an absent Temporal is asked whether it is back."""
KNOCK_WITHIN_S = 2.0


class Dispatcher:
    """Carries out errands until it is stopped; any number of them may work side by side.

    An errand that can't be carried out is put off, longer each time, and holds up no other.
    While Temporal is away none is taken; when it is back all go on at once.
    """

    def __init__(
        self, ledger: Ledger, temporal: Client, clock: Callable[[], Micros] = now_micros
    ) -> None:
        self._ledger = ledger
        self._temporal = temporal
        self._clock = clock
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._away = False
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
        try:
            while not self._stopping:
                self._woken.clear()
                if self._away and not await self._is_back():
                    await self._rest(KNOCK_S)
                elif not await self._take():
                    await self._rest(POLL_S)
            await self._drain()
        finally:
            for task in self._under_way:
                task.cancel()
            await self._drain()

    async def carry_out(self, errand: Errand) -> None:
        """Carry out one errand, or put it off; twice does no harm.

        Raises:
            LedgerAway: the ledger can't be told what became of it; it is due again by itself.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                why_not = await self._tell(errand)
        except (RPCError, RuntimeError, TimeoutError) as fault:
            why_not = f"{type(fault).__name__}: {fault or 'Temporal did not answer in time'}"
            if not await is_there(self._temporal):
                self._away = True
                errand = errand.model_copy(update={"attempts": 0})
        if why_not:
            log.warning("%s of run %s put off: %s", errand.kind, errand.run_id, why_not)
            await self._ledger.outbox.failed(errand, why_not, self._clock())
        else:
            await self._ledger.outbox.done(errand.id)

    async def _take(self) -> bool:
        """Set out with what is due, as much as there are hands for; False: all is quiet."""
        free = AT_ONCE - len(self._under_way)
        if not free:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            return True
        try:
            errands = await self._ledger.outbox.pending(free, self._clock())
        except LedgerAway as away:
            log.warning("%s", away)
            return False
        except Exception:  # the loop of a process: one fault must not end it
            _log_fault("the outbox can't be read")
            return False
        for errand in errands:
            self._set_out(self._guarded(errand))
        return len(errands) == free

    def _set_out(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _guarded(self, errand: Errand) -> None:
        """One errand's fault is its own: it is logged, and the others go on."""
        try:
            async with within_run(self._ledger, errand.tenant_id, errand.run_id):
                await self.carry_out(errand)
        except LedgerAway as away:
            log.warning("%s", away)
        except Exception as fault:  # the edge of an errand
            number = _log_fault("%s of run %s failed", errand.kind, errand.run_id)
            why = f"{number}: {type(fault).__name__}: {fault}"
            try:
                await self._ledger.outbox.failed(errand, why, self._clock())
            except Exception:  # it is due again when its lease is over
                _log_fault("%s of run %s can't be put off", errand.kind, errand.run_id)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    async def _drain(self) -> None:
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _is_back(self) -> bool:
        self._away = not await is_there(self._temporal)
        if not self._away:
            log.info("Temporal is back")
        return not self._away

    async def _tell(self, errand: Errand) -> str:
        """Why the errand can't be carried out yet; empty: it was."""
        match errand.kind:
            case "start":
                await self._start(errand)
            case "cancel":
                return await self._cancel(errand)
            case "pause":
                await self._pause(errand)
            case "webhook":
                await self._deliver(errand)
            case "close":
                await self._close(errand)
            case _:
                assert_never(errand.kind)
        return ""

    async def _start(self, errand: Errand) -> None:
        try:
            await self._temporal.start_workflow(
                PLAN_RUN,
                RunInput(tenant_id=errand.tenant_id, run_id=errand.run_id),
                id=plan_run_id(errand.tenant_id, errand.run_id),
                task_queue=RUNS_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                priority=_turn(errand),
            )
        except WorkflowAlreadyStartedError:
            log.info("run %s had been started and is closed", errand.run_id)

    async def _cancel(self, errand: Errand) -> str:
        """Signal the run; where its workflow is gone, have the run closed."""
        handle = self._temporal.get_workflow_handle(plan_run_id(errand.tenant_id, errand.run_id))
        try:
            await handle.signal("cancel", CancelRequest(reason=errand.reason))
        except RPCError as fault:
            if not is_unknown_workflow(fault):
                raise
            return await self._cancel_unheard(errand)
        return ""

    async def _cancel_unheard(self, errand: Errand) -> str:
        outbox = self._ledger.outbox
        if await outbox.awaits(errand.tenant_id, errand.run_id, "start"):
            return "the workflow has not started yet"
        key = RunKey(tenant_id=errand.tenant_id, run_id=errand.run_id)
        now = self._clock()
        closing = await closing_of(self._temporal, key, now // 1000)
        run = await self._ledger.runs.get(errand.tenant_id, errand.run_id)
        if run is None or run.status.terminal:
            return ""
        if closing is None:
            return "the workflow was closed a moment ago and is alive again"
        await outbox.add(errand.tenant_id, errand.run_id, "close", now, closing.model_dump_json())
        self.wake()
        return ""

    async def _pause(self, errand: Errand) -> None:
        """Signal the run; one whose workflow is gone is past pausing, the reconciler ends it."""
        handle = self._temporal.get_workflow_handle(plan_run_id(errand.tenant_id, errand.run_id))
        try:
            await handle.signal("pause", PauseRequest(reason=errand.reason))
        except RPCError as fault:
            if not is_unknown_workflow(fault):
                raise

    async def _deliver(self, errand: Errand) -> None:
        """One at a time for a delivery; one that is ending goes through another round."""
        await self._temporal.start_workflow(
            DELIVER_WEBHOOK,
            DeliveryKey(
                tenant_id=errand.tenant_id, run_id=errand.run_id, delivery_id=errand.reason
            ),
            id=webhook_workflow_id(errand.tenant_id, errand.reason),
            task_queue=DELIVERY_QUEUE,
            start_signal=WEBHOOK_DUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=_turn(errand),
        )

    async def _close(self, errand: Errand) -> None:
        await self._temporal.start_workflow(
            CLOSE_RUN,
            CloseInput(
                run=RunKey(tenant_id=errand.tenant_id, run_id=errand.run_id),
                closing=Closing.model_validate_json(errand.reason),
            ),
            id=close_run_id(errand.tenant_id, errand.run_id),
            task_queue=RUNS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=_turn(errand),
        )


async def is_there(temporal: Client) -> bool:
    """Whether Temporal answers, asked once."""
    try:
        async with asyncio.timeout(KNOCK_WITHIN_S):
            return await temporal.service_client.check_health(retry=False)
    except (RPCError, RuntimeError, TimeoutError):
        return False


def _turn(errand: Errand) -> Priority:
    return Priority(fairness_key=fairness_key(errand.tenant_id))


def _log_fault(message: str, *values: str) -> str:
    """Log the exception at hand under a number that is answered."""
    number = secrets.token_hex(4)
    log.exception("fault %s: %s", number, message % values)
    return number
