"""Whether a run whose plan is at its end succeeded, honestly."""

from plans.calls import Finish
from plans.halts import HALT_OF
from plans.state import Failure, RunState
from plans.step import HaltClass
from plans.structure import Structure


def conclude(state: RunState, plan: Structure) -> Finish:
    """How the run ended; required steps and gates have passed, or it would have halted.

    A plan with steps that store records owes at least one viable record or a list proven
    empty, which an item that failed disproves. A suite owes all of its tasks.

    Args:
        state: the run at its plan's end.
        plan: the shape of the plan.
    """
    if plan.tasks:
        return _of_tasks(state, plan.tasks)
    if state.first_failure is not None and not state.any_success:
        return _failed(state.first_failure, "no step of the plan succeeded")
    if state.way_lost is not None:
        return _failed(state.way_lost, "the site went away and the list could not be finished")
    counters = state.counters
    nothing_there = state.list_empty and counters.rows == 0 and counters.failed_items == 0
    if not plan.extracts or counters.rows_viable > 0 or nothing_there:
        return Finish(status="succeeded")
    failure = state.navigation_failure or state.extraction_failure
    if failure is not None:
        return _failed(failure, "no viable record was extracted")
    return Finish(
        status="failed",
        halt_class=HaltClass.EXTRACT_FAILED,
        message="no viable record was extracted",
    )


def _of_tasks(state: RunState, tasks: int) -> Finish:
    passed, first = state.counters.completed_items, state.first_failure
    if passed == tasks:
        return Finish(status="succeeded")
    message = f"{passed} of {tasks} tasks passed"
    if first is not None:
        why = first.message or first.failure_class
        message = f"{message}; task {first.index} was the first that did not: {why}"
    return Finish(
        status="failed",
        halt_class=HaltClass.STEP_FAILED,
        step_index=first.index if first is not None else None,
        message=message,
    )


def _failed(failure: Failure, summary: str) -> Finish:
    return Finish(
        status="failed",
        halt_class=HALT_OF[failure.failure_class],
        step_index=failure.index,
        message=f"{summary}: {failure.message}" if failure.message else summary,
    )
