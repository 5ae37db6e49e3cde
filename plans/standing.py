"""Where a run stands, as another one can go on from it."""

from typing import Literal

from plans.calls import Outcome
from plans.plan import Plan
from plans.resuming import due, go_on
from plans.state import RunLimits, RunState
from plans.step import Frozen


class Standing(Frozen):
    """The state of a run, and the one at the last page that another browser can be brought to.

    `acted`: since then an act was done that must not happen twice. Kept by the ledger.
    """

    version: Literal[1] = 1
    state: RunState
    anchor: RunState | None = None
    acted: bool = False


def due_key(plan: Plan, limits: RunLimits, ended: Standing) -> str | None:
    """Key of the call that the run had not got past, None at its plan's end."""
    call = due(plan, limits, ended.state)
    return None if call is None else call.key


def resumed(
    plan: Plan, limits: RunLimits, ended: Standing, recorded: Outcome | None
) -> Standing | None:
    """Where a run begins that goes on from this one; None: nothing is left to go on with.

    Args:
        plan: the plan of both.
        limits: those of the new run.
        ended: where the older run stood.
        recorded: the outcome of the call that was due, where it was done after all.
    """
    state = go_on(plan, limits, ended.state, recorded)
    if state is None:
        return None
    if recorded is not None and recorded.anchor:
        return Standing(state=state, anchor=state.model_copy(deep=True))
    anchor = ended.anchor
    if anchor is not None:
        anchor = anchor.go_on() or anchor.model_copy(deep=True)
    acted = ended.acted or (recorded is not None and recorded.acted)
    return Standing(state=state, anchor=anchor, acted=acted)
