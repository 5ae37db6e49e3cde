"""Names, inputs and outputs of the workflow and of its activities.

Implementations stand in `activities`; the API starts the workflow by these names alone.
"""

import hashlib
from enum import StrEnum
from typing import Literal

from plans.calls import Call, Finish
from plans.plan import Plan
from plans.state import RunLimits, RunState
from plans.step import Frozen, Perception
from workflows.messages import SessionRef

RUNS_QUEUE = "runs"
"""Workflow tasks and the activities that only touch the ledger and the artifact store."""
BROWSERS_QUEUE = "browsers"
"""Requests for a session; a worker polls it only while it can carry one more."""

DELIVERY_QUEUE = "delivery"
"""Deliveries of webhooks: their workflow tasks and their tries."""

PLAN_RUN = "PlanRun"
CLOSE_RUN = "CloseRun"
LOAD_RUN = "load_run"
HOLD_SESSION = "hold_session"
CLOSE_SESSION = "close_session"
RETURN_TO_LIST = "return_to_list"
FINISH_RUN = "finish_run"
CLOSE_ACCOUNT = "close_account"

DELIVER_WEBHOOK = "DeliverWebhook"
SEND_WEBHOOK = "send_webhook"
RECORD_WEBHOOK = "record_webhook"
WEBHOOK_DUE = "due"
"""Signal to DeliverWebhook, sent with its start: a round of tries is asked for."""


_MOST_FAIRNESS_BYTES = 64


def plan_run_id(tenant_id: str, run_id: str) -> str:
    """Temporal workflow id of a run."""
    return f"run/{tenant_id}/{run_id}"


def webhook_workflow_id(tenant_id: str, delivery_id: str) -> str:
    """Temporal workflow id of a delivery, the same when it is sent again."""
    return f"webhook/{tenant_id}/{delivery_id}"


def close_run_id(tenant_id: str, run_id: str) -> str:
    """Temporal workflow id of what ends a run whose own workflow is gone."""
    return f"close/{tenant_id}/{run_id}"


def fairness_key(tenant_id: str) -> str:
    """Under which key a tenant takes its turn on a shared queue: Temporal allows 64 bytes."""
    if len(tenant_id.encode()) <= _MOST_FAIRNESS_BYTES:
        return tenant_id
    return hashlib.sha256(tenant_id.encode()).hexdigest()


class RunKey(Frozen):
    """Names one run of one tenant."""

    tenant_id: str
    run_id: str


class RunInput(Frozen):
    """Input of PlanRun; everything else it needs is read from the ledger."""

    tenant_id: str
    run_id: str

    @property
    def key(self) -> RunKey:
        """The run's name."""
        return RunKey(tenant_id=self.tenant_id, run_id=self.run_id)


class RunSpec(Frozen):
    """What the ledger knows of an admitted run.

    `plan` None: the run is terminal already, or `refusal` tells why this build can't run it.
    `state` is the interpreter's first state, with the truth of the inputs in it.
    """

    plan: Plan | None
    refusal: Finish | None = None
    state: RunState
    limits: RunLimits
    perception: Perception
    profile_id: str = ""


class SessionRequest(Frozen):
    """Input of `hold_session`."""

    run: RunKey
    profile_id: str = ""
    epoch: int = 1


class SessionEnd(Frozen):
    """Why a lease ended."""

    reason: Literal["closed", "browser_lost"]


class CloseRequest(Frozen):
    """Input of `close_session`."""

    run: RunKey
    session: SessionRef


class StepRequest(Frozen):
    """Input of every step activity, and of `loop` and `return_to_list`.

    `time_left_ms` is what the run's time budget leaves for this call.
    """

    run: RunKey
    session: SessionRef
    call: Call
    perception: Perception
    time_left_ms: int


class FinishRequest(Frozen):
    """Input of `finish_run`: how the run ended and its last state."""

    run: RunKey
    finish: Finish
    state: RunState
    elapsed_ms: int = 0


class WorkflowEnd(StrEnum):
    """How a run's workflow ended without ending the run."""

    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    LOST = "lost"
    """Temporal knows no such workflow (any more)."""


class Closing(Frozen):
    """How and when a run's workflow ended, milliseconds since the epoch; lost: when missed."""

    how: WorkflowEnd
    at_ms: int


class CloseInput(Frozen):
    """Input of CloseRun and of `close_account`."""

    run: RunKey
    closing: Closing


class Nothing(Frozen):
    """Output of an activity that returns nothing."""


class DeliveryKey(Frozen):
    """Input of DeliverWebhook and of `send_webhook`: names one delivery of one tenant."""

    tenant_id: str
    run_id: str
    delivery_id: str


class WebhookTry(Frozen):
    """What came of one try. `error` is empty exactly when it was delivered.

    `number` counts from 1 over all tries of the delivery, those of earlier rounds included.
    """

    number: int
    code: int | None = None
    error: str = ""

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.error


class WebhookSent(Frozen):
    """Output of `send_webhook`; without a try the delivery was not due any more."""

    tried: WebhookTry | None


class RecordRequest(Frozen):
    """Input of `record_webhook`; `last` says that a failed try is not followed by another."""

    delivery: DeliveryKey
    tried: WebhookTry
    last: bool
