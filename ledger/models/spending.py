"""Questions to models and what they cost. Money is micro-dollars, times are microseconds."""

from typing import Literal

from pydantic import Field

from ledger.text import Key
from plans.calls import Money
from plans.prices import Usage
from plans.step import Frozen, TierName

NO_STEP = -1
"""Step index of what no step asks: a plan in words to decompose, a call of the chat proxy."""
NO_RUN = ""
"""Run id of the chat proxy's calls."""

ModelCallState = Literal["reserved", "settled", "released"]


class NewModelCall(Frozen):
    """A question that is about to be asked.

    `call_id` names it in its run: the same question asked again (its worker was lost, the model
    was away) has the same one. `kind` is what is asked: ground, check, extract, task, decompose,
    chat. `reserved_micro` is the most that asking it once may cost. `usd_per_hour` is the price
    of its time, where time is all that it costs: a try that is lost has cost no more than the
    time from its reservation until it is asked again.
    """

    tenant_id: str
    run_id: str
    call_id: Key
    step_index: int = NO_STEP
    tier: TierName
    model: str
    kind: str
    reserved_micro: int = Field(ge=0)
    usd_per_hour: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Reserved(Frozen):
    """The question may be asked; its price is reserved until this try is settled or released.

    `attempt` counts the tries from 1. `taken_over`: an earlier try was never heard of again;
    what it can have cost at most stays held against the budget until it is.
    """

    tenant_id: str
    run_id: str
    call_id: Key
    attempt: int
    taken_over: bool = False


class Known(Frozen):
    """The question has its answer already, for so much in all: nothing must be asked."""

    answer: str
    cost: Money


class OverBudget(Frozen):
    """The run has no money left. `spent` and `held` (tries not accounted for) reach `limit`."""

    spent: int
    held: int
    limit: int


class RunOver(Frozen):
    """The run is over: nothing is asked for it any more."""


Reservation = Reserved | Known | OverBudget | RunOver


class Spent(Frozen):
    """What was metered so far, and what open tries may cost at most, micro-dollars."""

    cost: Money = Money()
    held: int = 0


class ModelCall(Frozen):
    """A question as the ledger keeps it, all its tries in one.

    `open_tries` of its `tries` are not accounted for: in flight, or lost with their workers;
    they hold `held`. `usage` and `cost` sum up the others. `created_at` is when it was first
    asked, by which it belongs to a day.
    """

    run_id: str
    call_id: str
    step_index: int
    tier: TierName
    model: str
    kind: str
    state: ModelCallState
    tries: int
    open_tries: int
    held: int
    usage: Usage
    cost: Money
    answer: str
    created_at: int
    settled_at: int | None


class UsageFilter(Frozen):
    """Which questions: of a tenant, first asked at or after `since` and before `until`."""

    tenant_id: str
    since: int | None = None
    until: int | None = None
    run_id: str | None = None


class UsageSum(Frozen):
    """What several questions used and cost together.

    `run_id`, `step_index` and `day` (its first microsecond, UTC) tell which; None where the
    sum goes over all of them.
    """

    run_id: str | None = None
    step_index: int | None = None
    day: int | None = None
    calls: int
    tries: int
    open_tries: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    gpu_ms: int
    images: int
    cost: Money
    held: int


class UsageCalls(Frozen):
    """A page of questions, oldest first, and where to go on; None: these were the last."""

    calls: tuple[ModelCall, ...]
    next_cursor: str | None


class UsageSums(Frozen):
    """A page of sums in order, and where to go on; None: these were the last."""

    sums: tuple[UsageSum, ...]
    next_cursor: str | None
