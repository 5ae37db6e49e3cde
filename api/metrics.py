"""What the API counts (contract, section 9), and what it knows of a request meanwhile.

Every request is counted once, by what was answered: whatever happened on the way. Handlers
only say what can't be seen from outside: `note(...)`.
"""

import asyncio
import logging
import struct
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.paths import logged_path
from temporal import logs, tracing

disable_created_metrics()

log = logging.getLogger("mantis.metrics")
access = logging.getLogger("mantis.access")

UNREADABLE = (OSError, ValueError, RuntimeError, struct.error)
"""What the prometheus client raises for files of samples that are gone or damaged."""

PREDICT_PATHS = frozenset({"/v1/predict", "/predict"})

Rejection = Literal["rate", "concurrent"]
Completion = Literal["ok", "status_4xx", "status_5xx", "upstream_error"]


class Mode(StrEnum):
    """What a request to `POST /v1/predict` asks for; `run` also where that can't be told."""

    RUN = "run"
    STATUS = "status"
    RESULT = "result"
    LOGS = "logs"
    CANCEL = "cancel"
    RESUME = "resume"
    PAUSE = "pause"


class Outcome(StrEnum):
    """What became of it."""

    OK = "ok"
    BAD_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    DENIED_ALLOWLIST = "denied_allowlist"
    IDEMPOTENT_HIT = "idempotent_hit"
    NOT_FOUND = "not_found"
    ERROR = "error"


@dataclass
class Exchange:
    """A request and its answer. `tenant_id` is empty until a token was right."""

    tenant_id: str = ""
    mode: Mode = Mode.RUN
    outcome: Outcome | None = None
    rejected: Rejection | None = None
    status: int = 500


_exchange: ContextVar[Exchange | None] = ContextVar("mantis_exchange", default=None)


def note(
    *,
    tenant_id: str = "",
    run_id: str = "",
    mode: str = "",
    outcome: Outcome | None = None,
    rejected: Rejection | None = None,
) -> None:
    """Say something of the request being answered, for its metrics, its log lines and trace.

    Args:
        tenant_id: whose token it was, once that is proven.
        run_id: the run that it is about, once it is known to be the tenant's.
        mode: the action of `POST /v1/predict`, one of `Mode`.
        outcome: what its status code does not tell: `idempotent_hit`, `denied_allowlist`.
        rejected: which limit refused it.
    """
    if tenant_id or run_id:
        logs.name(tenant_id=tenant_id, run_id=run_id)
        tracing.name_span(logs.current())
    exchange = _exchange.get()
    if exchange is None:
        return
    exchange.tenant_id = tenant_id or exchange.tenant_id
    exchange.mode = Mode(mode) if mode else exchange.mode
    exchange.outcome = outcome or exchange.outcome
    exchange.rejected = rejected or exchange.rejected


class Metrics:
    """The counters of one API process, and the text that shows them."""

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        self._own = CollectorRegistry()
        self._open = _OpenRuns()
        self._predict = Counter(
            "mantis_predict_requests",
            "Requests to POST /v1/predict by what they ask for and what became of them",
            ("tenant_id", "mode", "outcome"),
            registry=self._own,
        )
        self._chat = Counter(
            "mantis_chat_completions",
            "Requests to POST /v1/chat/completions",
            ("tenant_id", "outcome"),
            registry=self._own,
        )
        self._rejections = Counter(
            "mantis_rate_limit_rejections",
            "Requests refused by the rate or by the number of open runs",
            ("tenant_id", "kind"),
            registry=self._own,
        )

    def count(self, exchange: Exchange, *, predict: bool) -> None:
        """Count a request that was answered; `predict`: it was one to `POST /v1/predict`."""
        if predict:
            outcome = exchange.outcome or outcome_of(exchange.status)
            _count(self._predict, exchange.tenant_id, exchange.mode, outcome)
        if exchange.rejected is not None:
            _count(self._rejections, exchange.tenant_id, exchange.rejected)

    def completed(self, tenant_id: str, outcome: Completion) -> None:
        """Count a chat completion."""
        _count(self._chat, tenant_id, outcome)

    async def text(
        self, open_runs: Mapping[str, int] | None, models_up: Mapping[str, bool] | None = None
    ) -> bytes:
        """Everything in Prometheus' text format.

        Args:
            open_runs: queued and running runs of each tenant as the ledger counts them;
                None leaves the gauge out.
            models_up: whether each model's server answers, by tier.
        """
        gauge = b""
        if open_runs is not None:
            self._open.seen(open_runs)
            gauge = generate_latest(self._open)
        if models_up:
            gauge += generate_latest(_ModelsUp(models_up))
        return await asyncio.to_thread(self._counters) + gauge

    def _counters(self) -> bytes:
        if self._shared is None:
            return generate_latest(self._own)
        registry = CollectorRegistry()
        try:
            MultiProcessCollector(registry, str(self._shared))
            return generate_latest(registry)
        except UNREADABLE as error:
            log.warning("the samples of the workers can't be read: %s", error)
            return generate_latest(self._own)


class _OpenRuns(Collector):
    """`mantis_concurrent_runs`; a tenant that had runs is shown with 0 afterwards."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def seen(self, counts: Mapping[str, int]) -> None:
        self._counts = {**dict.fromkeys(self._counts, 0), **counts}

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "mantis_concurrent_runs",
            "Queued and running runs in the ledger, which all replicas share: take the maximum",
            labels=["tenant_id"],
        )
        for tenant_id, count in sorted(self._counts.items()):
            family.add_metric([tenant_id], count)
        yield family


class _ModelsUp(Collector):
    """`mantis_model_up`, as the workers of the pools have found the servers last."""

    def __init__(self, up: Mapping[str, bool]) -> None:
        self._up = up

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(
            "mantis_model_up",
            "Whether the model's server has answered the last look of a worker (1) or not (0)",
            labels=["tier"],
        )
        for tier, up in sorted(self._up.items()):
            family.add_metric([tier], float(up))
        yield family


class Accounting:
    """The outermost layer of the application: each request is counted and logged, once."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, access_log: bool = False) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and take down what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            await send(message)

        token = _exchange.set(exchange)
        started = time.monotonic()
        try:
            with logs.about():
                try:
                    await self._app(scope, receive, noting)
                finally:
                    if self._access_log:
                        _log_access(scope, exchange, time.monotonic() - started)
        finally:
            _exchange.reset(token)
            predict = scope["method"] == "POST" and scope["path"] in PREDICT_PATHS
            self._metrics.count(exchange, predict=predict)


def _count(counter: Counter, *labels: str) -> None:
    """Metrics never fail a request: a damaged or missing file of samples is only logged."""
    try:
        counter.labels(*labels).inc()
    except UNREADABLE as error:
        log.warning("a sample is lost: %s", error)


def outcome_of(status: int) -> Outcome:
    """What a status code alone says.

    A wrong token, a missing scope, a conflict and a body too large are the caller's mistakes,
    `bad_request`; `error` is ours alone.
    """
    match status:
        case 404:
            return Outcome.NOT_FOUND
        case 429:
            return Outcome.RATE_LIMITED
        case _ if status < 400:
            return Outcome.OK
        case _ if status < 500:
            return Outcome.BAD_REQUEST
        case _:
            return Outcome.ERROR


def _log_access(scope: Scope, exchange: Exchange, took_s: float) -> None:
    """One line, without query string and headers."""
    access.info(
        "%s %s %d",
        scope["method"],
        logged_path(scope),
        exchange.status,
        extra={"status": exchange.status, "took_ms": round(took_s * 1000, 1)},
    )
