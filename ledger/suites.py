"""The tasks of a suite as `result` shows them, put together from the run's step records."""

from collections.abc import Sequence

from pydantic import JsonValue

from ledger.models import Document, EventRow
from ledger.records import as_text
from ledger.wire import masked
from plans.suite import Task, TaskSuite

TASK = "task"
"""The type of the steps that tasks are."""


def build_tasks(suite: TaskSuite, steps: Sequence[EventRow]) -> list[Document]:
    """One entry a task, in the suite's order; a task that the run did not come to has failed.

    Args:
        suite: the suite.
        steps: the run's events of kind `step`, oldest first; the last one of a task counts.
    """
    done = {event.step_index: event.body for event in steps if event.body.get("type") == TASK}
    return [_task(task, done.get(index)) for index, task in enumerate(suite.tasks)]


def _task(task: Task, body: Document | None) -> Document:
    """A task as its step's record tells, or as one that was never begun."""
    data = body.get("data") if body else None
    told = data if isinstance(data, dict) else {}
    verify = told.get("verify")
    return {
        "task_id": as_text(told.get("task_id")) or _shown(task.task_id),
        "success": told.get("success") is True,
        "steps": _count(told.get("steps")),
        "verify": verify if isinstance(verify, dict) else _unverified(task),
        "duration": _number(body, "duration"),
        "cost": _number(body, "cost"),
        "final_url": as_text(told.get("final_url")),
    }


def _unverified(task: Task) -> JsonValue:
    if task.verify is None:
        return None
    value = _shown(task.verify.value)
    return {"type": task.verify.type.value, "value": value, "passed": False}


def _shown(text: str) -> JsonValue:
    return masked(text)


def _count(value: JsonValue) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(body: Document | None, name: str) -> float:
    value = body.get(name) if body else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value)
