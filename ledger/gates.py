"""What an admission checks, and how it may come out."""

from collections.abc import Callable
from typing import Literal

from ledger.models import RunRow
from ledger.text import Key
from plans.plan import Plan
from plans.step import Frozen


class Gate(Frozen):
    """What an admission checks beside the run; by default nothing."""

    idempotency_key: Key | None = None
    fingerprint: str = ""
    idempotency_ttl_us: int = 24 * 3_600 * 1_000_000
    rate_limit_per_minute: int = 0
    """0: no limit."""
    max_concurrent_runs: int | None = None
    resume_state: bool = False
    """Whether the run goes on from the one before it under its state key."""
    accept: Callable[[Plan], Plan] | None = None
    """Makes of the steps that a plan in words goes on in those that run now; raises `PlanError`
    where they may not run any more."""


RateBucket = Literal["submit", "read"]


class RateState(Frozen):
    """A token bucket after a request. Seconds are whole ones, rounded up."""

    limit: int
    remaining: int
    reset_s: int
    """Until the bucket is full."""
    retry_after_s: int
    """Until there is a token; 0 where this request got one."""
    allowed: bool


class Admitted(Frozen):
    """The run was written."""

    run: RunRow
    rate: RateState | None


class Replayed(Frozen):
    """The key's run was admitted before; nothing was written and no token taken."""

    run: RunRow
    rate: RateState | None


class KeyConflict(Frozen):
    """The key belongs to a submission with another body."""

    rate: RateState | None


class StillOpen(Frozen):
    """It would go on from what a run that is not over may still change."""

    run_id: str


class PlanChanged(Frozen):
    """It would go on from a run of another plan."""

    run_id: str


class RateLimited(Frozen):
    """No token was left."""

    rate: RateState


class TooManyRuns(Frozen):
    """The tenant has as many queued and running runs as it may; the token is spent."""

    rate: RateState | None


Admission = Admitted | Replayed | KeyConflict | StillOpen | PlanChanged | RateLimited | TooManyRuns
