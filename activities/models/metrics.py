"""What the workers of the models' pools measure: each question that was asked."""

from collections.abc import Callable
from typing import Literal

from prometheus_client import Counter, Histogram

from activities.metrics import WORKER_METRICS, best_effort
from plans.prices import Usage

CallOutcome = Literal["answered", "away", "refused", "unusable", "cancelled"]

_seconds = Histogram(
    "mantis_model_seconds",
    "One try of a question to a model, from its sending to its answer",
    ("tier", "kind", "outcome"),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120),
    registry=WORKER_METRICS,
)
_calls = Counter(
    "mantis_model_calls",
    "Questions asked of models, tries that brought no answer included",
    ("tenant_id", "tier", "outcome"),
    registry=WORKER_METRICS,
)
_tokens = Counter(
    "mantis_model_tokens",
    "Tokens of questions to models: input, output, cache_read, cache_write",
    ("tenant_id", "tier", "direction"),
    registry=WORKER_METRICS,
)
_cost = Counter(
    "mantis_model_cost_microusd",
    "What questions to models have cost, in millionths of a US dollar",
    ("tenant_id", "tier", "outcome"),
    registry=WORKER_METRICS,
)


def observe_call(
    tenant_id: str,
    tier: str,
    kind: str,
    outcome: CallOutcome,
    seconds: float,
    usage: Usage | None,
    cost_micro: int,
) -> None:
    """Count a try of a question that is over."""
    best_effort(lambda: _seconds.labels(tier, kind, outcome).observe(seconds))
    best_effort(lambda: _calls.labels(tenant_id, tier, outcome).inc())
    if cost_micro:
        best_effort(lambda: _cost.labels(tenant_id, tier, outcome).inc(cost_micro))
    if usage is None:
        return
    for direction, count in (
        ("input", usage.input_tokens),
        ("output", usage.output_tokens),
        ("cache_read", usage.cache_read_tokens),
        ("cache_write", usage.cache_write_tokens),
    ):
        if count:
            best_effort(_adding(tenant_id, tier, direction, count))


def _adding(tenant_id: str, tier: str, direction: str, count: int) -> Callable[[], None]:
    return lambda: _tokens.labels(tenant_id, tier, direction).inc(count)
