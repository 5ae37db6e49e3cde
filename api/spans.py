"""Requests as spans; loaded only where the process is traced."""

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

_EXCLUDED = r"/health(\?|$),/metrics(\?|$)"


def instrument(app: FastAPI) -> None:
    """Let each request be one span, whatever the number of its chunks; probes are none."""
    FastAPIInstrumentor.instrument_app(
        app, excluded_urls=_EXCLUDED, exclude_spans=["receive", "send"]
    )
