"""A task suite as the plan that it is to the run: one step a task, in their order."""

from urllib.parse import urljoin

from plans.plan import Plan, PlanText
from plans.step import Params, Step, StepType
from plans.suite import Auth, Task, TaskSuite
from plans.task import TaskSpec
from plans.urls import is_relative, with_scheme

_OPEN = "{{"


def as_plan(suite: TaskSuite) -> Plan:
    """The suite's plan; a task that fails does not end it.

    Each step's params are a `TaskSpec`. Placeholders stay unfilled, secrets references.
    """
    steps = tuple(_step(suite, task, index == 0) for index, task in enumerate(suite.tasks))
    return Plan(steps=steps, name=suite.name)


def plan_of(content: Plan | TaskSuite | PlanText) -> Plan | None:
    """The steps that a run has; None where they are in words still."""
    match content:
        case Plan():
            return content
        case TaskSuite():
            return as_plan(content)
        case PlanText():
            return None


def below(base_url: str, start_url: str) -> str:
    """Where a task starts: a relative address lies below the suite's, any other stays.

    The suite's address is a folder, whether it ends with a slash or not, but where its last
    part has a point. One that begins with a placeholder is not known yet, and stays.
    """
    base, start = base_url.strip(), start_url.strip()
    if not start or not base or not is_relative(start):
        return start
    if base.startswith(_OPEN) or start.startswith(_OPEN):
        return start
    base = with_scheme(base)
    path = base.partition("://")[2].partition("/")[2]
    is_file = "." in path.rpartition("/")[2] or "?" in base or "#" in base
    if not is_file and not start.startswith(("?", "#")):
        base = f"{base.removesuffix('/')}/"
    return urljoin(base, start)


def _step(suite: TaskSuite, task: Task, first: bool) -> Step:
    start = task.start_url or ""
    spec = TaskSpec(
        task_id=task.task_id,
        start_url=below(suite.base_url, start) or (suite.base_url if first else ""),
        base_url=suite.base_url,
        session_name=suite.session_name,
        verify=task.verify,
        max_steps=task.max_steps,
        save_session=task.save_session,
        require_session=task.require_session,
        auth=suite.auth or Auth(),
    )
    written = {"task_id": task.task_id, **spec.model_dump(mode="json", exclude_defaults=True)}
    return Step(intent=task.intent, type=StepType.TASK, params=Params.model_validate(written))
