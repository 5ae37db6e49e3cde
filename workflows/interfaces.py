"""Names, inputs and outputs of the workflow and of its activities.

Implementations stand in `activities`; the API starts the workflow by these names alone.
"""

import hashlib
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from plans.calls import Ask, Call, Finish, Money
from plans.plan import Plan
from plans.state import RunLimits, RunState
from plans.step import Frozen, Perception, TierName
from workflows.carried import Carried
from workflows.messages import SessionRef
from workflows.turns import ModelAnswer

RUNS_QUEUE = "runs"
"""Workflow tasks and the activities that only touch the ledger and the artifact store."""
BROWSERS_QUEUE = "browsers"
"""Requests for a session; a worker polls it only while it can carry one more."""

DELIVERY_QUEUE = "delivery"
"""Deliveries of webhooks: their workflow tasks and their tries."""

PERCEPTION_QUEUE = "perception"
"""Questions to Holo3; its workers together ask as many at once as the pool can carry."""
REASONING_QUEUE = "reasoning"
"""Questions to Claude, and plans in words to decompose."""

PLAN_RUN = "PlanRun"
CLOSE_RUN = "CloseRun"
LOAD_RUN = "load_run"
HOLD_SESSION = "hold_session"
CLOSE_SESSION = "close_session"
PARK_SESSION = "park_session"
MARK_PHASE = "mark_phase"
OPEN_PAUSE = "open_pause"
CLOSE_PAUSE = "close_pause"
RETURN_TO_LIST = "return_to_list"
PERCEIVE = "perceive"
REASON = "reason"
DECOMPOSE = "decompose"
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


class RunPolicy(Frozen):
    """What the operator has set for every run (`MANTIS_*`); from `load_run`.

    `max_recoveries` of a run, `max_recoveries_of_a_call` of one call; a pause ends after
    `max_pause_ms`, and its browser is kept for `pause_hold_s`. A workflow run ends and goes
    on as a new one after `calls_per_history` calls. `search_attributes`: Temporal knows ours.
    """

    max_recoveries: int = 20
    max_recoveries_of_a_call: int = 3
    max_pause_ms: int = 168 * 3_600_000
    pause_hold_s: float = 900.0
    calls_per_history: int = 500
    search_attributes: bool = False


class RunInput(Frozen):
    """Input of PlanRun; everything else it needs is read from the ledger.

    `carried` is where the run stood when its workflow continued as new, None at first.
    """

    tenant_id: str
    run_id: str
    carried: Carried | None = None

    @property
    def key(self) -> RunKey:
        """The run's name."""
        return RunKey(tenant_id=self.tenant_id, run_id=self.run_id)


class RunSpec(Frozen):
    """What the ledger knows of an admitted run.

    `plan` None: the run is terminal already, or `refusal` tells why this build can't run it.
    `state` is the interpreter's first state, with the truth of the inputs in it. A run that goes
    on from another one has that one's `anchor` and `acted` (as in `Carried`), and its first
    call may have been `begun` by it. `models` are the model tiers that can be asked for this
    tenant. `in_words`: the plan has to be decomposed first, and the run loaded again then.
    """

    plan: Plan | None
    refusal: Finish | None = None
    in_words: bool = False
    models: tuple[TierName, ...] = ()
    state: RunState
    limits: RunLimits
    perception: Perception
    profile_id: str = ""
    plan_name: str = ""
    state_key: str = ""
    policy: RunPolicy = RunPolicy()
    anchor: RunState | None = None
    acted: bool = False
    begun: bool = False


class SessionRequest(Frozen):
    """Input of `hold_session`.

    `previous` is the session that this one takes the place of: on its machine it is adopted
    where it lives, else a new browser is brought to the run's checkpoint. None: the run's
    first session, restored too where the run has a checkpoint (of the run it goes on from).
    """

    run: RunKey
    profile_id: str = ""
    epoch: int = 1
    previous: SessionRef | None = None


class SessionEnd(Frozen):
    """Why a lease ended."""

    reason: Literal["closed", "parked", "drained", "browser_lost"]


class CloseRequest(Frozen):
    """Input of `close_session`."""

    run: RunKey
    session: SessionRef


class ParkRequest(Frozen):
    """Input of `park_session`: leave the browser to its holder for a while, held by no worker.

    After `hold_s` seconds that nobody adopts it, the holder closes it by itself.
    """

    run: RunKey
    session: SessionRef
    hold_s: float


class PhaseMark(Frozen):
    """Input of `mark_phase`: what a poll shows from now on, and a line in the log.

    `number` counts the marks of a run: the same mark again changes nothing.
    """

    run: RunKey
    number: int
    phase: Literal["running", "recovering"]
    message: str


class PauseOpening(Frozen):
    """Input of `open_pause`, an activity of the host that holds the session.

    It looks at the page (is there a field for a one-time code?), takes a checkpoint, and
    writes the pause into the ledger: status `paused`. Once for each `pause_id`.
    `call` None: asked for from outside, `reason` says why; no input is needed then. `prompt`:
    a model that works on this call (or the host itself) asks it of the user.
    """

    run: RunKey
    session: SessionRef
    pause_id: str
    call: Call | None
    reason: str = ""
    prompt: str = ""


class PauseOpened(Frozen):
    """Output of `open_pause`; `anchor` as in `Outcome`."""

    anchor: bool | None = None


class PauseClosing(Frozen):
    """Input of `close_pause`: the answer came; status `running`, a `resume` event, variables.

    `answer` names the secret that holds the answer, empty without one; `user_input` is an
    answer that came by signal and is put among the secrets first. `call` as in PauseOpening.
    `in_turns`: the call goes on with the answer, which becomes no variable and no outcome.
    """

    run: RunKey
    pause_id: str
    call: Call | None
    answer: str = ""
    user_input: JsonValue = Field(default=None, repr=False)
    in_turns: bool = False


class PauseClosed(Frozen):
    """Output of `close_pause`: truth of the answer, and when it was taken in.

    `answer` is the name of the secret that holds it, empty without one.
    """

    truth: bool
    resumed_at_ms: int
    answer: str = ""


class StepRequest(Frozen):
    """Input of every step activity, and of `loop` and `return_to_list`.

    `time_left_ms` is what the run's time budget leaves for this call. `again` counts how often
    this very call was lost with its worker or its browser before. `stepped_back`: its page could
    not be restored, an earlier one is shown. Then nothing is done: the answer is what the ledger
    holds of the call (its outcome, or what became of an act that was claimed), else
    `browser_lost` with `may_go_back`, and the run goes back. `models` as in `RunSpec`. From
    turn 1 on, `progress` is what the turn before gave back, and `answer` or `user_input` the
    answer that it waited for; `user_input` is the name of the secret that holds it.
    """

    run: RunKey
    session: SessionRef
    call: Call
    perception: Perception
    time_left_ms: int
    again: int = 0
    stepped_back: bool = False
    models: tuple[TierName, ...] = ()
    progress: JsonValue = None
    answer: ModelAnswer | None = None
    user_input: str = ""


class ModelRequest(Frozen):
    """Input of `perceive` and `reason`: one question of one turn of a call.

    Asked again (the worker was lost, the model was away), it is answered from the ledger where
    the answer had arrived: paid once. `time_left_ms` is what the run's budget leaves.
    """

    run: RunKey
    call: Call
    ask: Ask
    time_left_ms: int


class DecomposeRequest(Frozen):
    """Input of `decompose`: have the run's plan in words made into steps, in the ledger."""

    run: RunKey
    time_left_ms: int


class Decomposed(Frozen):
    """Output of `decompose`; `refusal` None: `load_run` gives the plan from now on.

    `cached`: the same words were decomposed before, no model was asked.
    """

    refusal: Finish | None = None
    cached: bool = False
    steps: int = 0
    cost: Money = Money()


class FinishRequest(Frozen):
    """Input of `finish_run`: how the run ended and its last state.

    `anchor` and `acted` as in `Carried`: another run may go on from this one.
    """

    run: RunKey
    finish: Finish
    state: RunState
    elapsed_ms: int = 0
    anchor: RunState | None = None
    acted: bool = False


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
