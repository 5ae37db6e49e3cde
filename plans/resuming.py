"""How a run goes on after an older one of the same plan that failed or was cancelled."""

from plans.calls import Call, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.state import RunLimits, RunState


def due(plan: Plan, limits: RunLimits, ended: RunState) -> Call | None:
    """The call that the older run had not got past when it ended, None at its plan's end."""
    return Interpreter(plan, limits, (ended.before or ended).model_copy(deep=True)).pending()


def go_on(
    plan: Plan, limits: RunLimits, ended: RunState, recorded: Outcome | None
) -> RunState | None:
    """The first state of a run that goes on where the older one ended.

    Args:
        plan: the plan of both.
        limits: those of the new run.
        ended: the last state of the older run.
        recorded: what the ledger holds under the key of the call that was `due`: it may have
            been done without the older run's workflow hearing of it, and is not done again.

    Returns:
        None where the older run's plan came to its end, so that nothing is left to go on with.
    """
    state = ended.go_on()
    call = due(plan, limits, ended)
    if state is None or call is None or recorded is None:
        return state
    machine = Interpreter(plan, limits, state.model_copy(deep=True))
    machine.state.attempt = call.attempt
    machine.apply(call, recorded, 0)
    if machine.state.finish is not None:
        return state
    machine.state.counters.cost = state.counters.cost
    machine.state.counters.steps_executed = 0
    machine.state.counters.tiers = {}
    return machine.state
