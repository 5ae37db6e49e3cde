"""Looks at what Temporal's namespace keeps, and what runs can be searched by in it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from temporal.client import connect
from temporal.doctor.finding import Finding, hint, ok
from temporal.search_attributes import command, missing
from temporal.settings import TemporalSettings

ENOUGH_RETENTION = timedelta(hours=168)
PATIENCE_S = 8.0


async def namespace(settings: TemporalSettings, data_dir: Path) -> Sequence[Finding]:
    """Search attributes and retention, where a Temporal answers; nothing where none does."""
    address = settings.address
    if "address" not in settings.model_fields_set:
        address = await asyncio.to_thread(_embedded, data_dir)
    if not address:
        return ()
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await connect(settings.model_copy(update={"address": address}), None)
            return await _search_attributes(client), await _retention(client)
    except (RPCError, RuntimeError, TimeoutError):
        return ()


def _embedded(data_dir: Path) -> str:
    """Where the embedded Temporal of the data folder listens while it runs; "" without one."""
    ports = data_dir / "temporal.ports"
    words = ports.read_text().split() if ports.exists() else []
    return f"127.0.0.1:{words[0]}" if words else ""


async def _search_attributes(client: Client) -> Finding:
    lacking = await missing(client)
    if lacking:
        detail = f"the namespace lacks {', '.join(lacking)}: a worker adds them, where it may"
        return hint("search", detail, command(client.namespace))
    return ok("search", "the namespace has the search attributes of runs")


async def _retention(client: Client) -> Finding:
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    hours = f"{kept / timedelta(hours=1):.0f} h"
    if kept < ENOUGH_RETENTION:
        way_out = (
            f"temporal operator namespace update --namespace {client.namespace} --retention 168h"
        )
        return hint("retention", f"closed workflows are kept for {hours} only", way_out)
    return ok("retention", f"closed workflows are kept for {hours}")
