"""What a list page shows beside its items: the filters that the plan has set."""

import asyncio

from activities.browser.content import capture_content
from activities.steps.context import StepContext
from inference.content import Content
from inference.extract.filters import filters_present
from ledger.content import read_content
from plans.calls import Present
from plans.filters import list_filters
from plans.plan import Plan


async def filters_shown(context: StepContext, content: Content | None = None) -> Present | None:
    """Whether this page shows all filters that the run's plan has set; None: it sets none."""
    row = await context.ledger.runs.get(context.run.tenant_id, context.run.run_id)
    plan = read_content(row.plan) if row is not None else None
    if row is None or not isinstance(plan, Plan):
        return None
    inputs = row.payload.get("inputs")
    filters = list_filters(plan, inputs if isinstance(inputs, dict) else {})
    if not filters:
        return None
    seen = content or await capture_content(context.page)
    return await asyncio.to_thread(filters_present, seen, filters)
