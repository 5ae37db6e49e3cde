"""Work that the API does for a run outside of any request, logged and traced as the run's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ledger.ledger import Ledger
from temporal import logs, tracing


@asynccontextmanager
async def within_run(ledger: Ledger, tenant_id: str, run_id: str) -> AsyncGenerator[None]:
    """Within it, log lines name the run, and spans belong to the trace of its submission.

    Raises:
        LedgerAway: traces are on, and the run can't be read.
    """
    with logs.about(tenant_id, run_id):
        row = await ledger.runs.get(tenant_id, run_id) if tracing.on() else None
        with tracing.continuing(row.trace_parent if row else ""):
            yield
