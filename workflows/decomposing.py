"""A plan in words, made into steps before the run opens its first browser."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority

from plans.calls import Finish
from plans.step import HaltClass
from workflows import interfaces, policies
from workflows.activity_errors import is_late, quietly, sentence_of
from workflows.asked import FROM_UI, Asked
from workflows.interfaces import Decomposed, DecomposeRequest, RunKey
from workflows.stopwatch import waited


async def decomposed(run: RunKey, asked: Asked, time_left_ms: int) -> Decomposed:
    """Have the run's words made into steps, for as long as the run has time.

    Args:
        run: the run.
        asked: a cancel ends the asking at once.
        time_left_ms: what the run's time leaves for it.

    Returns:
        what came of it; a `refusal` is the end of the run.
    """
    handle = quietly(
        workflow.start_activity(
            interfaces.DECOMPOSE,
            DecomposeRequest(run=run, time_left_ms=time_left_ms),
            result_type=Decomposed,
            task_queue=interfaces.REASONING_QUEUE,
            schedule_to_close_timeout=timedelta(milliseconds=max(time_left_ms, 1)),
            start_to_close_timeout=policies.DECOMPOSING,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.MODEL_RETRY,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(fairness_key=interfaces.fairness_key(run.tenant_id)),
            summary="claude is asked to make steps of the plan in words",
        )
    )
    try:
        await workflow.wait_condition(lambda: handle.done() or asked.to_cancel)
    except asyncio.CancelledError:
        if workflow.cancellation_reason() is None:
            raise
    if asked.to_cancel:
        reason = asked.cancelled(FROM_UI).reason or "cancelled by the caller"
        handle.cancel()
        await waited(handle.done, lambda: int(policies.SETTLING.total_seconds() * 1000))
        cancelled = Finish(status="cancelled", halt_class=HaltClass.CANCELLED, message=reason)
        return Decomposed(refusal=cancelled)
    if is_late(handle):
        return _failed(HaltClass.TIMEOUT, "the run's time was over before its plan had steps")
    if handle.cancelled() or handle.exception() is not None:
        why = sentence_of(handle) or "the worker was lost"
        return _failed(HaltClass.INTERNAL_ERROR, f"the plan could not be made into steps: {why}")
    return handle.result()


def _failed(halt: HaltClass, message: str) -> Decomposed:
    return Decomposed(refusal=Finish(status="failed", halt_class=halt, message=message))
