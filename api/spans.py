"""Requests as spans, where the process is traced: what FastAPI is to tell of them."""

from fastapi.telemetry import TelemetryConfig
from starlette.types import Scope

from api.paths import of_codec

_PROBES = frozenset({"/metrics", "/health", "/v1/health"})


def _is_probe(scope: Scope) -> bool:
    return scope["path"] in _PROBES or of_codec(scope)


TELEMETRY: TelemetryConfig = {
    "tracing": True,
    "operation_spans": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
    "exclude": _is_probe,
}
"""One span a request, to the process's own tracing and nowhere else: FastAPI's exporters and
logs know nothing of what must not be seen."""
