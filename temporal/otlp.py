"""Tracing with OpenTelemetry, sent by OTLP over HTTP; loaded only where it is asked for.

Only names, times and a closed list of attributes leave: no URL, no query, no header, and of
an exception its type alone, since any of them may carry a secret.
"""

import logging
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import context, propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from temporalio.client import Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor

from temporal import logs
from temporal.at_work import subject_of
from temporal.logs import Subject

log = logging.getLogger("mantis.tracing")

STOP_WITHIN_S = 2.0
_SILENT_S = 300.0
"""How long a collector that stays away is not mentioned again."""

_TENANT = "mantis.tenant"
_RUN = "mantis.run_id"
_KEPT = frozenset(
    {
        _TENANT,
        _RUN,
        "temporalWorkflowID",
        "temporalRunID",
        "temporalActivityID",
        "http.method",
        "http.request.method",
        "http.route",
        "http.status_code",
        "http.response.status_code",
        "http.scheme",
        "url.scheme",
        "server.address",
        "server.port",
        "net.peer.name",
        "net.peer.port",
        "error.type",
        "exception.type",
    }
)
_PROPAGATOR = TraceContextTextMapPropagator()


def trace_process(service: str) -> "Otlp":
    """Set OpenTelemetry up for this process."""
    return Otlp(service, OTLPSpanExporter())


class Otlp:
    """The tracing of this process."""

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(_Names())
        self._provider.add_span_processor(BatchSpanProcessor(Careful(exporter)))
        self._tracer = self._provider.get_tracer("mantis")
        trace.set_tracer_provider(self._provider)
        propagate.set_global_textmap(_PROPAGATOR)
        HTTPXClientInstrumentor().instrument(tracer_provider=self._provider)

    def interceptors(self) -> Sequence[Interceptor]:
        """Temporal's own interceptor, which carries traces through workflows."""
        return (TracingInterceptor(self._provider.get_tracer("temporal")),)

    def trace_parent(self) -> str:
        """The current span as a `traceparent`."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent", "")

    @contextmanager
    def continuing(self, trace_parent: str) -> Generator[None]:
        """Make the span that a `traceparent` names the parent of what follows."""
        if not trace_parent:
            yield
            return
        token = context.attach(_PROPAGATOR.extract({"traceparent": trace_parent}))
        try:
            yield
        finally:
            context.detach(token)

    def name_span(self, subject: Subject) -> None:
        """Put tenant and run on the current span."""
        trace.get_current_span().set_attributes(_names(subject))

    @contextmanager
    def request(self, method: str, host: str, port: int) -> Generator["_Request"]:
        """A span of the kind that httpx' own have."""
        with self._tracer.start_as_current_span(
            method,
            kind=SpanKind.CLIENT,
            attributes={"http.method": method, "server.address": host, "server.port": port},
        ) as span:
            carrier: dict[str, str] = {}
            _PROPAGATOR.inject(carrier)
            yield _Request(tuple(carrier.items()), span)

    def stop(self) -> None:
        """Send what is left, without waiting for a collector that is away."""
        HTTPXClientInstrumentor().uninstrument()
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(STOP_WITHIN_S)


@dataclass(frozen=True)
class _Request:
    headers: Sequence[tuple[str, str]]
    span: trace.Span

    def answered(self, status: int) -> None:
        self.span.set_attribute("http.status_code", status)
        if status >= 400:
            self.span.set_status(StatusCode.ERROR)


class _Names(SpanProcessor):
    """Puts tenant and run on every span that begins where they are known."""

    def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
        workflow_id = (span.attributes or {}).get("temporalWorkflowID")
        named = logs.current()
        if not named.tenant_id and isinstance(workflow_id, str):
            named = subject_of(workflow_id)
        span.set_attributes(_names(named))


class Careful(SpanExporter):
    """Sends nothing but what may be seen, and says once that nobody takes it."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._told_at = float("-inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send what may be seen of some spans."""
        result = self._exporter.export([_shown(span) for span in spans])
        if result is not SpanExportResult.SUCCESS and self._told_at + _SILENT_S < time.monotonic():
            self._told_at = time.monotonic()
            log.warning("the collector does not take traces: they are lost until it does")
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is buffered, of which there is nothing."""
        return self._exporter.force_flush(timeout_millis)


def _shown(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(span.attributes or {}),
        events=[
            Event(event.name, _kept(event.attributes or {}), event.timestamp)
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {name: value for name, value in attributes.items() if name in _KEPT}


def _names(subject: Subject) -> dict[str, AttributeValue]:
    named = {_TENANT: subject.tenant_id, _RUN: subject.run_id}
    return {name: value for name, value in named.items() if value}
