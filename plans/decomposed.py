"""What a plan in words was decomposed into has to pass what every other plan passes."""

from collections.abc import Mapping

from pydantic import JsonValue

from plans.allowlist import Allowlist, hosts_of
from plans.caps import Caps
from plans.errors import PlanError
from plans.plan import Plan
from plans.validate import check_filled, check_placeholders


def accepted(plan: Plan, values: Mapping[str, JsonValue], caps: Caps, allowlist: Allowlist) -> Plan:
    """The plan as it runs: under the caps, and within the tenant's allowlist.

    Args:
        plan: as decomposed, perhaps long ago and under other caps.
        values: what its placeholders are filled with at the start, secrets included.
        caps: the operator's and the tenant's.
        allowlist: of the tenant.

    Raises:
        PlanError: the sentence for the caller.
        OutsideAllowlist: a `PlanError` too.
    """
    count = len(plan.steps)
    if not count:
        raise PlanError("the plan is empty: it needs at least one step")
    if count > caps.max_steps_per_plan:
        raise PlanError(
            f"the plan has {count} steps, more than the {caps.max_steps_per_plan} allowed"
        )
    check_placeholders(plan, values)
    check_filled(plan, values)
    allowlist.check(hosts_of(plan, values))
    return caps.clamped(plan)
