"""Where a run begins and where it stood, from what the ledger kept of it and of the one before."""

import asyncio

from activities.settings import ActivitySettings
from ledger.ledger import Ledger
from ledger.models import Document, RecordedOutcome, RunRow
from plans.calls import Outcome
from plans.plan import Plan
from plans.retelling import Told, retell
from plans.standing import Standing, due_key, resumed
from plans.state import RunLimits, RunState


def limits_of(row: RunRow, settings: ActivitySettings) -> RunLimits:
    """The limits of a run as the interpreter has them."""
    return RunLimits(
        max_run_steps=row.limits.max_run_steps,
        max_loop_iterations=settings.max_loop_iterations,
        max_cost_micro=row.limits.max_cost_micro,
        max_time_ms=row.limits.max_time_ms,
    )


async def first_standing(
    ledger: Ledger, row: RunRow, plan: Plan | None, limits: RunLimits, inputs: Document
) -> Standing:
    """Where the run begins: at the start, or where the run before it stood.

    Args:
        ledger: has what the run before left.
        row: the run.
        plan: its plan, None where it has none of steps.
        limits: its limits.
        inputs: values of its inputs; those that a step has stored since are the older run's.
    """
    fresh = RunState.start(inputs)
    if plan is None or row.resumed_from is None or row.state is None:
        return Standing(state=fresh)
    ended = Standing.model_validate(row.state)
    due = due_key(plan, limits, ended)
    before = (row.tenant_id, row.resumed_from)
    known = None if due is None else await ledger.outcomes.get(*before, due)
    standing = resumed(plan, limits, ended, None if known is None else outcome_of(known))
    if standing is None:
        return Standing(state=fresh)
    stored = await ledger.variables.get_all(row.tenant_id, row.run_id)
    for state in (standing.state, standing.anchor):
        if state is not None:
            state.variables |= {
                name: truth for name, truth in fresh.variables.items() if name not in stored
            }
    return standing


async def last_standing(
    ledger: Ledger, row: RunRow, plan: Plan, limits: RunLimits, first: Standing
) -> Standing:
    """Where the run stood after the last call whose outcome was recorded."""
    outcomes = await ledger.outcomes.read(row.tenant_id, row.run_id)
    told = [Told(one.call_key, outcome_of(one)) for one in outcomes]
    return await asyncio.to_thread(retell, plan, limits, first, told)


def outcome_of(recorded: RecordedOutcome) -> Outcome:
    """The outcome that the interpreter takes in."""
    counts = recorded.counts
    outcome = Outcome.model_validate(recorded.outcome)
    return outcome.model_copy(
        update={
            "rows_added": counts.added,
            "rows_viable": counts.viable_added,
            "rows_total": counts.total_of_step,
        }
    )
