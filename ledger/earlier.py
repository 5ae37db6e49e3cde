"""What runs have done that a run goes on from."""

from ledger.content import read_content
from ledger.events import Events
from ledger.models import EventRow, RunRow
from ledger.runs import Runs
from plans.suite import TaskSuite

_MOST = 100
"""Runs that are looked back to."""


async def earlier_tasks(runs: Runs, events: Events, row: RunRow) -> tuple[EventRow, ...]:
    """Step events of the runs that a suite's run goes on from, oldest first.

    Their tasks are not done again, and belong to what came of the suite. Of any other run:
    none, its records come along by themselves.

    Args:
        runs: the ledger's.
        events: the ledger's.
        row: the run.
    """
    if row.resumed_from is None or not isinstance(row.plan, dict):
        return ()
    if not isinstance(read_content(row.plan), TaskSuite):
        return ()
    found: tuple[EventRow, ...] = ()
    before: RunRow | None = row
    for _ in range(_MOST):
        if before is None or before.resumed_from is None:
            break
        before = await runs.get(row.tenant_id, before.resumed_from)
        if before is not None:
            found = (*await events.of_kind(row.tenant_id, before.run_id, "step"), *found)
    return found
