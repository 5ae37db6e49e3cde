"""What became of a workflow, as Temporal tells it; for clients, not for workflows."""

from datetime import datetime, timedelta
from typing import assert_never

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from workflows.interfaces import Closing, RunKey, WorkflowEnd, plan_run_id

TIMEOUT = timedelta(seconds=5)


async def closing_of(temporal: Client, run: RunKey, now_ms: int) -> Closing | None:
    """How the run's workflow ended; None while it is alive.

    Args:
        temporal: the client to ask.
        run: the run.
        now_ms: when a workflow that is not there counts as missed.

    Raises:
        RPCError: Temporal can't tell: it is away, or lacks the namespace.
        RuntimeError: Temporal was never reached.
    """
    return await closing_of_workflow(temporal, plan_run_id(run.tenant_id, run.run_id), now_ms)


async def closing_of_workflow(temporal: Client, workflow_id: str, now_ms: int) -> Closing | None:
    """How the workflow of this id ended; None while it is alive. As `closing_of`."""
    handle = temporal.get_workflow_handle(workflow_id)
    try:
        described = await handle.describe(rpc_timeout=TIMEOUT)
    except RPCError as fault:
        if not is_unknown_workflow(fault):
            raise
        return Closing(how=WorkflowEnd.LOST, at_ms=now_ms)
    how = _end_of(described.status)
    if how is None:
        return None
    return Closing(how=how, at_ms=_ms(described.close_time) or now_ms)


def is_unknown_workflow(fault: RPCError) -> bool:
    """Whether Temporal knows no such workflow; a missing namespace says nothing about it."""
    if fault.status is not RPCStatusCode.NOT_FOUND:
        return False
    namespace = NamespaceNotFoundFailure.DESCRIPTOR
    return not any(detail.Is(namespace) for detail in fault.grpc_status.details)


def _end_of(status: WorkflowExecutionStatus | None) -> WorkflowEnd | None:
    match status:
        case WorkflowExecutionStatus.TERMINATED:
            return WorkflowEnd.TERMINATED
        case WorkflowExecutionStatus.TIMED_OUT:
            return WorkflowEnd.TIMED_OUT
        case WorkflowExecutionStatus.FAILED:
            return WorkflowEnd.FAILED
        case WorkflowExecutionStatus.CANCELED:
            return WorkflowEnd.CANCELLED
        case WorkflowExecutionStatus.COMPLETED:
            return WorkflowEnd.COMPLETED
        case WorkflowExecutionStatus.RUNNING | WorkflowExecutionStatus.CONTINUED_AS_NEW | None:
            return None
        case _:
            assert_never(status)


def _ms(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)
