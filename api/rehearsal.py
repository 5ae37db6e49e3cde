"""What a submission will run and cost, as far as it can be told without running it."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from api.errors import BadRequest, Forbidden
from api.metrics import Outcome, note
from api.service import Service
from api.tenants import Tenant
from ledger.content import read_content
from ledger.models import Decomposition
from plans.allowlist import hosts_of
from plans.caps import Caps
from plans.cost import usd
from plans.decomposed import accepted
from plans.decomposition import PROMPT_VERSION
from plans.errors import OutsideAllowlist, PlanError
from plans.estimate import Tariff, estimate
from plans.plan import Plan, PlanText
from plans.price_table import BadPrices, UnknownPrice, read_prices
from plans.step import Frozen
from plans.submission import Submission
from plans.suite import TaskSuite
from plans.words import words_key


class Steps(Frozen):
    """The steps that a plan in words was made into before, and the hosts they name."""

    plan: Plan
    hosts: frozenset[str]
    note: str


class Estimate(Frozen):
    """What a run will cost, USD, and how that is known."""

    cost: float
    note: str


@contextmanager
def refusing(checked: Submission) -> Generator[None]:
    """Refuse what is found wrong with a submission's plan within it, without its secrets.

    Raises:
        Forbidden: the plan goes where the tenant may not.
        BadRequest: any other `PlanError`.
    """
    try:
        yield
    except OutsideAllowlist as error:
        note(outcome=Outcome.DENIED_ALLOWLIST)
        raise Forbidden(checked.shown(error.message)) from None
    except PlanError as error:
        raise BadRequest(checked.shown(error.message)) from None


async def steps_of_words(
    service: Service, tenant: Tenant, checked: Submission, caps: Caps
) -> Steps | None:
    """The steps that a plan in words was decomposed into before, which its run will take.

    Raises:
        BadRequest: they break the caps of now.
        Forbidden: they go where the tenant may not.
    """
    text = checked.source.content
    if not isinstance(text, PlanText):
        return None
    found = await service.ledger.decompositions.get(
        tenant.tenant_id,
        words_key(text, checked.options.inputs),
        service.settings.claude_planner_model,
        PROMPT_VERSION,
    )
    plan = None if found is None else read_content(found.plan)
    if found is None or not isinstance(plan, Plan):
        return None
    with refusing(checked):
        ready = accepted(plan, checked.values, caps, tenant.allowlist)
    return Steps(plan=ready, hosts=hosts_of(plan, checked.values), note=_told(found))


def _told(found: Decomposition) -> str:
    day = datetime.fromtimestamp(found.created_at // 1_000_000, UTC)
    return (
        f"these words were made into steps before, by {found.model} on {day:%Y-%m-%d}: the run "
        "takes those and asks no model for them"
    )


async def estimated(
    service: Service, tenant: Tenant, checked: Submission, content: Plan | TaskSuite | PlanText
) -> Estimate:
    """What the run will cost: as runs of this plan did, else as far as the plan tells.

    Args:
        service: the service.
        tenant: who submits.
        checked: the submission.
        content: what runs, of a plan in words that was decomposed before its steps.
    """
    options = checked.options
    before = await service.ledger.usage.of_plan(
        tenant.tenant_id, options.workflow_id, checked.signature
    )
    if before:
        runs = "the last run" if len(before) == 1 else f"the last {len(before)} runs"
        mean = round(sum(before) / len(before))
        return Estimate(
            cost=usd(min(mean, checked.limits.max_cost_micro)),
            note=f"estimated_cost is what {runs} of this plan that succeeded cost on average",
        )
    settings = service.settings
    has_claude = await asyncio.to_thread(service.anthropic_key, tenant) is not None
    tariff = Tariff(
        holo3=bool(settings.holo3_url),
        gpu_usd_per_hour=settings.holo3_gpu_usd_per_hour,
        claude_model=settings.claude_model if has_claude else "",
        planner_model=settings.claude_planner_model if has_claude else "",
    )
    try:
        prices = await asyncio.to_thread(read_prices, settings.prices_path)
        micro = estimate(content, options.perception, checked.limits, tariff, prices)
    except (UnknownPrice, BadPrices) as error:
        return Estimate(cost=0.0, note=f"estimated_cost can't be told: {error}")
    what = "making steps of the words, not their run" if isinstance(content, PlanText) else ""
    counted = what or "the questions that a model is asked for certain, at their usual prices"
    return Estimate(cost=usd(micro), note=f"estimated_cost counts {counted}")
