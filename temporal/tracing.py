"""Traces of the service: from a request over its workflow and activities to outgoing HTTP.

They are sent where OpenTelemetry's own variables name a collector. Where none is named,
nothing of OpenTelemetry is loaded and everything here does nothing.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from temporalio.client import Interceptor

from temporal.logs import Subject
from temporal.settings import TracingSettings


class Outgoing(Protocol):
    """A request that is about to be made to somebody else."""

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """What to send along, so that the receiver can go on with the trace."""
        ...

    def answered(self, status: int) -> None:
        """Keep the status of the answer."""
        ...


class Tracing(Protocol):
    """What a process does for its traces."""

    def interceptors(self) -> Sequence[Interceptor]:
        """For the Temporal client, which hands them to its workers."""
        ...

    def trace_parent(self) -> str:
        """The current span as a `traceparent`; empty without one."""
        ...

    def continuing(self, trace_parent: str) -> AbstractContextManager[None]:
        """Within it, spans belong to the trace of a `traceparent`."""
        ...

    def name_span(self, subject: Subject) -> None:
        """Put tenant and run on the current span."""
        ...

    def request(self, method: str, host: str, port: int) -> AbstractContextManager[Outgoing]:
        """A span for a request to somebody else."""
        ...

    def stop(self) -> None:
        """Send what is left, within two seconds."""
        ...


class Untraced:
    """A request that nobody traces."""

    headers = ()

    def answered(self, status: int) -> None:
        """Nothing."""


class NoTracing:
    """Does nothing."""

    def interceptors(self) -> Sequence[Interceptor]:
        """None."""
        return ()

    def trace_parent(self) -> str:
        """Empty."""
        return ""

    def continuing(self, trace_parent: str) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def name_span(self, subject: Subject) -> None:
        """Nothing."""

    def request(self, method: str, host: str, port: int) -> AbstractContextManager[Outgoing]:
        """Nothing."""
        return nullcontext(Untraced())

    def stop(self) -> None:
        """Nothing."""


@dataclass
class _Process:
    tracing: Tracing


_process = _Process(NoTracing())


def start(settings: TracingSettings, service: str) -> None:
    """Trace this process from now on, where a collector is named.

    Args:
        settings: whether one is.
        service: `service.name` of the spans, such as `mantis-api`.
    """
    if settings.on:
        _process.tracing = import_module("temporal.otlp").trace_process(service)


def stop() -> None:
    """Send what is left and trace no more; takes two seconds at most."""
    _process.tracing.stop()
    _process.tracing = NoTracing()


def interceptors() -> Sequence[Interceptor]:
    """What a Temporal client of this process needs, for itself and for its workers."""
    return _process.tracing.interceptors()


def on() -> bool:
    """Whether this process is traced."""
    return not isinstance(_process.tracing, NoTracing)


def current_trace_parent() -> str:
    """The current span as a W3C `traceparent`, for a run to keep; empty without one."""
    return _process.tracing.trace_parent()


def continuing(trace_parent: str) -> AbstractContextManager[None]:
    """Within it, spans belong to the trace that a run has kept; an empty one changes nothing."""
    return _process.tracing.continuing(trace_parent)


def name_span(subject: Subject) -> None:
    """Put tenant and run on the current span, where they became known after its start."""
    _process.tracing.name_span(subject)


def request(method: str, host: str, port: int) -> AbstractContextManager[Outgoing]:
    """A span for a request to somebody else, made by other means than httpx."""
    return _process.tracing.request(method, host, port)
