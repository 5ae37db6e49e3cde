"""The API as a process: `python -m api [--host H --port P | --fd N]`."""

import argparse
import asyncio
import socket
import sys

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.service import Service
from api.settings import ApiSettings


def main(arguments: list[str] | None = None) -> int:
    """Serve the API until SIGTERM; print `ready` once it accepts requests."""
    parser = argparse.ArgumentParser(prog="api", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="a listening socket inherited from the parent")
    parsed = parser.parse_args(arguments)
    listener = (
        socket.socket(fileno=parsed.fd)
        if parsed.fd is not None
        else socket.create_server((parsed.host, parsed.port))
    )
    asyncio.run(_serve(listener))
    return 0


class _Announcing(uvicorn.Server):
    """Says `ready` on standard output as soon as requests are accepted.

    When it is to stop, open event streams end first: they would hold it up for minutes.
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


async def _serve(listener: socket.socket) -> None:
    app = create_app(ApiSettings())
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    await _Announcing(config, app).serve(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())
