"""From a request body to what is to run: the five plan shapes, looked for in one order."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from pydantic import JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.json_text import check_json, read_json
from plans.plan import Plan, PlanText
from plans.refusals import read_model, short
from plans.step import Frozen
from plans.suite import Task, TaskSuite
from plans.validate import read_steps


class PlanFiles(Protocol):
    """Reads plan files by the names that callers use."""

    def read_plan_file(self, path: str) -> str:
        """The file's text.

        Raises:
            PlanFileError: there is no such file within the plan folders.
        """
        ...


class Shape(StrEnum):
    """The fields a plan may come in, in the order they are looked for."""

    TASK_SUITE = "task_suite"
    TASK_FILE_CONTENTS = "task_file_contents"
    TASK_FILE = "task_file"
    MICRO = "micro"
    PLAN_TEXT = "plan_text"


def given_shapes(body: Mapping[str, JsonValue]) -> list[Shape]:
    """The plan fields of a request that say something; the first one is the plan."""
    return [shape for shape in Shape if body.get(shape) not in (None, "")]


def first_shape(body: Mapping[str, JsonValue]) -> Shape | None:
    """The field that the plan of a request is in, None where it has none."""
    return next(iter(given_shapes(body)), None)


class PlanSource(Frozen):
    """What is to run, the field it came in, and the other plan fields, which were ignored."""

    content: Plan | TaskSuite | PlanText
    shape: Shape
    ignored: tuple[Shape, ...] = ()


def parse_submission(body: JsonValue, files: PlanFiles, caps: Caps) -> PlanSource:
    """Find the plan in a submission and check it.

    A null or an empty text counts as not given. Placeholders are checked apart, with the
    inputs (`validate.check_placeholders`).

    Args:
        body: the request.
        files: reads the plan files it may name.
        caps: the caps in force.

    Raises:
        PlanError: no plan, or one that is not acceptable.
    """
    if not isinstance(body, dict):
        raise PlanError("invalid request: the body must be a JSON object")
    check_json(body)
    given = given_shapes(body)
    if not given:
        raise PlanError(f"the request holds no plan: give one of {', '.join(Shape)}")
    content = _read(given[0], body[given[0]], files, caps)
    return PlanSource(content=content, shape=given[0], ignored=tuple(given[1:]))


def _read(
    shape: Shape, value: JsonValue, files: PlanFiles, caps: Caps
) -> Plan | TaskSuite | PlanText:
    if shape is Shape.TASK_SUITE:
        return read_document(value, shape, caps)
    if not isinstance(value, str):
        raise PlanError(f"invalid request: {shape}: must be a string")
    match shape:
        case Shape.TASK_FILE_CONTENTS:
            return read_document(read_json(value, shape), shape, caps)
        case Shape.TASK_FILE | Shape.MICRO:
            return _read_file(shape, value, files, caps)
        case Shape.PLAN_TEXT:
            return read_plan_text(value)


def _read_file(
    shape: Shape, path: str, files: PlanFiles, caps: Caps
) -> Plan | TaskSuite | PlanText:
    text = files.read_plan_file(path).removeprefix("\ufeff")
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    is_json = path.lower().endswith(".json") or text.lstrip()[:1] in ("{", "[")
    if shape is Shape.MICRO and not is_json:
        return read_plan_text(text, name)
    content = read_document(read_json(text, "the plan file"), shape, caps)
    if isinstance(content, Plan) and not content.name:
        return content.model_copy(update={"name": name})
    return content


def read_plan_text(text: str, name: str = "") -> PlanText:
    """A plan in words.

    Raises:
        PlanError: there are none.
    """
    if not text.strip():
        raise PlanError("the plan is empty: plan_text needs at least one sentence")
    return PlanText(text=text, name=name)


def read_document(value: JsonValue, path: str, caps: Caps) -> Plan | TaskSuite:
    """Read a parsed plan: a list of steps, an object with `steps` or `_micro_plan`, or a suite.

    Raises:
        PlanError: it is none of these, or not acceptable.
    """
    if isinstance(value, list):
        return Plan(steps=read_steps(value, caps.max_steps_per_plan))
    if not isinstance(value, dict):
        raise PlanError(f"invalid request: {path}: must be an object or an array of steps")
    if value.get("tasks") is not None:
        return _read_suite(value, path, caps)
    for key in ("_micro_plan", "steps"):
        steps = value.get(key)
        if steps is not None:
            return _read_plan(value, key, steps, caps)
    raise PlanError(f"invalid request: {path}: needs 'tasks' or 'steps'")


def _read_plan(value: dict[str, JsonValue], key: str, steps: JsonValue, caps: Caps) -> Plan:
    rest = {name: item for name, item in value.items() if name not in (key, "runtime")}
    runtime = value.get("runtime")
    if isinstance(steps, dict) and key == "_micro_plan":
        runtime = steps.get("runtime", runtime)
        steps = steps.get("steps")
    if not isinstance(steps, list):
        raise PlanError(f"invalid request: {key}: must be an array of steps")
    if runtime is not None and not isinstance(runtime, dict):
        raise PlanError("invalid request: runtime: must be an object")
    name = rest.pop("name", "")
    return Plan(
        steps=read_steps(steps, caps.max_steps_per_plan),
        name=short(name, 200) if isinstance(name, str) else "",
        runtime=runtime or {},
        metadata=rest,
    )


def _read_suite(value: dict[str, JsonValue], path: str, caps: Caps) -> TaskSuite:
    tasks = value["tasks"]
    if not isinstance(tasks, list):
        raise PlanError("invalid request: tasks: must be an array")
    if not tasks:
        raise PlanError("the task suite is empty: it needs at least one task")
    if len(tasks) > caps.max_steps_per_plan:
        most = caps.max_steps_per_plan
        raise PlanError(f"the task suite has {len(tasks)} tasks, more than the {most} allowed")
    suite = read_model(TaskSuite, {**value, "tasks": []}, path)
    read = tuple(read_task(task, index) for index, task in enumerate(tasks))
    return suite.model_copy(update={"tasks": read})


def read_task(task: JsonValue, index: int) -> Task:
    """Read one task of a suite.

    Raises:
        PlanError: a required field is missing, or a field is of a wrong type.
    """
    if not isinstance(task, dict):
        raise PlanError(f"invalid request: tasks[{index}]: must be an object")
    for name in ("task_id", "intent"):
        given = task.get(name)
        if given is None or (isinstance(given, str) and not given.strip()):
            raise PlanError(f"task {index} missing required field '{name}'")
    return read_model(Task, task, f"tasks[{index}]")
