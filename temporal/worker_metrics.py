"""A worker's metrics on a port of its own, for a cluster where each worker is scraped."""

from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import start_http_server

from activities.metrics import WORKER_METRICS
from temporal.settings import OpsSettings


class PortTaken(Exception):
    """The port can't be listened on; the message says what to do."""


@contextmanager
def showing_metrics(settings: OpsSettings) -> Generator[None]:
    """Serve `/metrics` meanwhile, where `MANTIS_WORKER_OPS_PORT` names a port.

    Raises:
        PortTaken: somebody else listens there, or the address isn't this machine's.
    """
    if not settings.worker_ops_port:
        yield
        return
    host = settings.ops_host or "127.0.0.1"
    try:
        server, thread = start_http_server(settings.worker_ops_port, host, WORKER_METRICS)
    except OSError as error:
        raise PortTaken(
            f"metrics can't be shown on {host}:{settings.worker_ops_port} ({error.strerror}): "
            "set MANTIS_WORKER_OPS_PORT and MANTIS_OPS_HOST to a free one"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
