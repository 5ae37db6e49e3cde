"""The API as a process: `python -m api [--host H --port P | --fd N]`."""

import argparse
import asyncio
import socket
import sys

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.ops_port import OpsPort
from api.service import Service
from api.settings import ApiSettings
from temporal import logs, tracing
from temporal.core_logs import forward_core_logs
from temporal.metrics_share import share
from temporal.settings import LogSettings, OpsSettings, TracingSettings

SERVICE = "mantis-api"

KEEP_ALIVE_S = 75
"""An idle connection is kept longer than proxies and clients do: who closes last resets none."""


def main(arguments: list[str] | None = None) -> int:
    """Serve the API until SIGTERM; print `ready` once it accepts requests."""
    parser = argparse.ArgumentParser(prog="api", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="a listening socket inherited from the parent")
    parsed = parser.parse_args(arguments)
    ops = OpsSettings()
    logs.configure(LogSettings(), SERVICE)
    forward_core_logs()
    share(ops)
    tracing.start(TracingSettings(), SERVICE)
    listener = (
        socket.socket(fileno=parsed.fd)
        if parsed.fd is not None
        else socket.create_server((parsed.host, parsed.port))
    )
    app = create_app(ApiSettings())
    listeners = [listener, *_ops_listeners(app, ops, listener)]
    try:
        asyncio.run(_serve(app, listeners))
    finally:
        tracing.stop()
    return 0


def _ops_listeners(app: FastAPI, ops: OpsSettings, main: socket.socket) -> list[socket.socket]:
    """Where `/metrics` is shown instead of on the API's own port, if anywhere."""
    if not ops.ops_port:
        return []
    host: str = ops.ops_host or main.getsockname()[0]
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, ops.ops_port), family=family)
    except OSError as error:
        raise SystemExit(
            f"metrics can't be shown on {host}:{ops.ops_port} ({error.strerror}): "
            "set MANTIS_OPS_PORT and MANTIS_OPS_HOST to a free one"
        ) from error
    app.add_middleware(OpsPort, port=ops.ops_port)
    return [listener]


class _Announcing(uvicorn.Server):
    """Says `ready` on standard output as soon as requests are accepted.

    When it is to stop, event streams end first: waiting for them would take minutes.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write("ready\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        service: Service = self._app.state.service
        service.feeds.stop()
        await super().shutdown(sockets)


async def _serve(app: FastAPI, listeners: list[socket.socket]) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    await _Announcing(config, app).serve(sockets=listeners)


if __name__ == "__main__":
    sys.exit(main())
