"""What is wrong with the tasks of a task suite, and what is likely not meant."""

from collections import Counter
from collections.abc import Iterator

from pydantic import BaseModel, JsonValue, ValidationError

from plans.check.problems import Problem, error, meant, warning
from plans.errors import PlanError
from plans.parse import read_task
from plans.refusals import findings, read_strictly
from plans.suite import Task, TaskSuite
from plans.urls import is_relative

_STAND_INS: dict[str, JsonValue] = {"task_id": "?", "intent": "?"}


def task_errors(items: list[JsonValue]) -> Iterator[Problem]:
    """All errors of the tasks."""
    for index, item in enumerate(items):
        place = f"task {index}"
        if not isinstance(item, dict):
            yield from _refused(place, item, index, "write each task as an object")
            continue
        repaired = dict(item)
        for name, stand_in in _STAND_INS.items():
            missing = [*_refused(place, {**_STAND_INS, name: item.get(name)}, index, "")]
            if missing:
                yield from missing
                repaired[name] = stand_in
        for refused in findings(Task, repaired, f"tasks[{index}]").values():
            yield error(place, refused)


def suite_errors(document: dict[str, JsonValue]) -> Iterator[Problem]:
    """Errors of what a suite says beside its tasks."""
    for refused in findings(TaskSuite, {**document, "tasks": []}, "suite").values():
        yield error("plan", refused)


def task_doubts(document: dict[str, JsonValue], items: list[JsonValue]) -> Iterator[Problem]:
    """What is accepted and likely not meant, of tasks that can be read."""
    tasks = {index: task for index, item in enumerate(items) if (task := _read(item)) is not None}
    again = Counter(task.task_id for task in tasks.values())
    for index, task in tasks.items():
        place = f"task {index}"
        if again[task.task_id] > 1:
            yield warning(place, f"task_id '{task.task_id}' is used twice", "name each differently")
        if task.verify is None:
            way_out = 'give "verify": {"type": "url_contains", "value": …}'
            yield warning(place, "nothing says when it is done", way_out)
        elif not task.verify.value and task.verify.type != "download_exists":
            yield warning(place, "verify has an empty value, which is always met", "give a value")
        base = document.get("base_url")
        if task.start_url and is_relative(task.start_url) and not base:
            text = f"start_url '{task.start_url[:60]}' is relative and there is no base_url"
            yield warning(place, text, "give base_url, or the whole address")
        parts: list[tuple[str, BaseModel]] = [("", task)]
        if task.verify is not None:
            parts.append(("verify.", task.verify))
        for path, part in parts:
            for name in part.model_extra or {}:
                way_out = meant(name, type(part).model_fields) or "leave it out, or check its name"
                yield warning(place, f"unknown field '{path}{name[:40]}'", way_out)


def _read(item: JsonValue) -> Task | None:
    try:
        return read_strictly(Task, item) if isinstance(item, dict) else None
    except ValidationError:
        return None


def _refused(place: str, item: JsonValue, index: int, way_out: str) -> Iterator[Problem]:
    try:
        read_task(item, index)
    except PlanError as refused:
        yield error(place, refused.message, way_out)
