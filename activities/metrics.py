"""What the workers measure (contract, section 9): runs as they end, steps as they are done."""

import logging
import struct
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics

from ledger.models import TerminalStatus
from ledger.result import MODEL
from plans.calls import Call, CallKind, Outcome
from plans.summary import Summary
from workflows.interfaces import RETURN_TO_LIST

disable_created_metrics()

WORKER_METRICS = CollectorRegistry()
"""What a worker shows on its own port."""

log = logging.getLogger("mantis.metrics")

_OF_RUN = ("tenant_id", "model", "status")

_run_duration = Histogram(
    "mantis_run_duration_seconds",
    "From the browser's opening to the end of the run",
    _OF_RUN,
    buckets=(10, 30, 60, 120, 300, 600, 1200, 1800, 3600),
    registry=WORKER_METRICS,
)
_run_cost = Histogram(
    "mantis_run_cost_usd",
    "What the run cost in all, in US dollars",
    _OF_RUN,
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
    registry=WORKER_METRICS,
)
_step_seconds = Histogram(
    "mantis_step_seconds",
    "One call of a step, writing it down left out",
    ("type", "tier", "outcome"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=WORKER_METRICS,
)


def observe_run(tenant_id: str, status: TerminalStatus, summary: Summary) -> None:
    """Count a run that is over; for the process alone that wrote its terminal state."""
    labels = (tenant_id, MODEL, status.value)
    best_effort(lambda: _run_duration.labels(*labels).observe(summary.total_time_s))
    best_effort(lambda: _run_cost.labels(*labels).observe(summary.cost_total))


def observe_step(call: Call, outcome: Outcome) -> None:
    """Count a call of a step that is over.

    Its `outcome` is `ok` or the failure class, its `tier` `none` where none answered.
    """
    kind = RETURN_TO_LIST if call.kind is CallKind.RETURN else call.step.type.value
    tier = outcome.tier.value if outcome.tier else "none"
    ended = outcome.failure_class.value if outcome.failure_class else "ok"
    best_effort(lambda: _step_seconds.labels(kind, tier, ended).observe(outcome.duration_ms / 1000))


def best_effort(observe: Callable[[], None]) -> None:
    """Metrics never fail the work: a damaged or missing file of samples is only logged."""
    try:
        observe()
    except (OSError, ValueError, RuntimeError, struct.error) as error:
        log.warning("a sample is lost: %s", error)
