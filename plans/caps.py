"""What one run may ask for at most: the operator's caps, the tenant's, and clamping to them."""

from plans.cost import micro
from plans.plan import Plan
from plans.state import RunLimits
from plans.step import Frozen, StepType


class Caps(Frozen):
    """The operator's caps; the defaults are the contract's. Money in USD, time in minutes."""

    max_steps_per_plan: int = 200
    max_loop_iterations: int = 50
    max_run_steps: int = 20_000
    max_runtime_minutes: float = 60.0
    max_cost_usd: float = 25.0

    def for_tenant(self, max_cost_usd: float | None, max_minutes: float | None) -> "Caps":
        """The caps of a tenant whose own values are given: the smaller of each pair."""
        cost = self.max_cost_usd if max_cost_usd is None else min(self.max_cost_usd, max_cost_usd)
        minutes = self.max_runtime_minutes
        minutes = minutes if max_minutes is None else min(minutes, max_minutes)
        return self.model_copy(update={"max_cost_usd": cost, "max_runtime_minutes": minutes})

    def limits(self, max_cost: float, max_time_minutes: float) -> RunLimits:
        """The limits of a run that asked for so much money (USD) and time (minutes)."""
        return RunLimits(
            max_run_steps=self.max_run_steps,
            max_loop_iterations=self.max_loop_iterations,
            max_cost_micro=max(1, micro(min(self.max_cost_usd, max_cost))),
            max_time_ms=max(1, int(min(self.max_runtime_minutes, max_time_minutes) * 60_000)),
        )

    def clamped(self, plan: Plan) -> Plan:
        """The plan as it will be run: every loop has a count, none above the cap."""
        most = self.max_loop_iterations
        return plan.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"loop_count": min(step.loop_count or most, most)})
                    if step.type is StepType.LOOP
                    else step
                    for step in plan.steps
                )
            }
        )
