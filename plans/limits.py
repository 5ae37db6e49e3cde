"""Whether a run may make another call: its money, its time, its steps."""

from plans.calls import CallKind, Finish
from plans.state import RunLimits, RunState
from plans.step import HaltClass


def ended(state: RunState, halt: HaltClass, message: str) -> Finish:
    """A run that fails at the step where it stands."""
    return Finish(status="failed", halt_class=halt, step_index=state.pc, message=message)


def spent(state: RunState, limits: RunLimits) -> Finish | None:
    """How the run ends instead of making its pending call, None when it may make it."""
    if state.counters.cost.total >= limits.max_cost_micro:
        return ended(state, HaltClass.MAX_COST_EXCEEDED, "the run's money is spent")
    if state.elapsed_ms >= limits.max_time_ms:
        return ended(state, HaltClass.TIMEOUT, "the run's time is over")
    executes = state.pending in (CallKind.STEP, CallKind.PAUSE) and state.attempt == 1
    return steps_spent(state, limits) if executes else None


def steps_spent(state: RunState, limits: RunLimits) -> Finish | None:
    """How the run ends instead of executing another step, None when it may."""
    if state.counters.steps_executed < limits.max_run_steps:
        return None
    message = f"the run has executed the {limits.max_run_steps} steps it may"
    return ended(state, HaltClass.LIMIT_EXCEEDED, message)
