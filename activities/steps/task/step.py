"""The code of a step that is a task of a suite."""

from typing import Final

from pydantic import ValidationError

from activities.browser.navigate import navigate
from activities.steps.context import StepContext
from activities.steps.report import Report, failed
from activities.steps.task import sessions
from activities.steps.task.agent import Agent
from activities.steps.task.ending import end, refused
from activities.steps.task.unaided import work_unaided
from plans.sites import Hosts
from plans.step import FailureClass, TierName
from plans.suite_plan import below
from plans.task import TaskSpec
from plans.urls import with_scheme

_LOAD_S: Final = 30.0
_NO_SESSION: Final = (
    "this task needs a saved session, and no task before it has saved one: let one that signs"
    " in come first, with save_session"
)


async def run_task(context: StepContext) -> Report:
    """Work on the task, in turns where a model works on it, and judge what has come of it.

    Raises:
        Suspended: an answer is due.
    """
    try:
        task = TaskSpec.of(context.step)
    except ValidationError:
        return failed(FailureClass.UNKNOWN, "the step holds no task")
    if context.call.turn == 0 and (report := await _begin(context, task)) is not None:
        return refused(context, task, report)
    hosts = await _hosts(context)
    if context.asks.can(TierName.CLAUDE):
        stopped = await Agent(context, task, hosts).work()
    else:
        stopped = await work_unaided(context, task, hosts)
    report = await end(context, task, stopped)
    if report.success and task.save_session:
        await sessions.save(context, task)
    return report


async def _begin(context: StepContext, task: TaskSpec) -> Report | None:
    """Have the session and the first page that the task asks for; why not, where it can't."""
    if task.require_session and not await sessions.present(context, task):
        return failed(FailureClass.UNKNOWN, _NO_SESSION)
    if not task.start_url:
        return None
    await context.acts.mark()
    # A base that is a placeholder in the plan is known only now.
    start = with_scheme(below(task.base_url, task.start_url))
    load = await navigate(context.page, start, timeout_s=context.time_left(_LOAD_S))
    if load.success:
        return None
    return failed(load.failure_class or FailureClass.NAV_BLOCKED, load.message)


async def _hosts(context: StepContext) -> Hosts:
    """The hosts of the plan as it was submitted, and the tenant's allowlist."""
    run = context.run
    row = await context.ledger.runs.get(run.tenant_id, run.run_id)
    if row is None:
        return Hosts(frozenset())
    inputs = row.payload.get("inputs")
    return Hosts.of(row.plan, inputs if isinstance(inputs, dict) else {}, row.allowed_hosts)
