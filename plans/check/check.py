"""The whole check of a plan file, in the order in which a reader goes through it."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from plans.allowlist import hosts_of
from plans.caps import Caps
from plans.check.doubts import doubts, private_hosts, unknown_fields
from plans.check.problems import Findings, Problem, error, in_order, meant, note
from plans.check.steps import step_errors
from plans.check.suites import suite_errors, task_doubts, task_errors
from plans.errors import PlanError, PlanFileError
from plans.fields import schema_fields
from plans.json_text import read_json
from plans.options import Options, read_options
from plans.parse import PlanSource, Shape, parse_submission, read_plan_text
from plans.placeholders import USER_INPUT, base_name, names_in, names_in_step
from plans.plan import Plan
from plans.record_schema import check_record_schema
from plans.step import Step, StepType
from plans.submission import understand
from plans.suite import TaskSuite
from plans.validate import read_steps

Document = dict[str, JsonValue]

_HARMLESS = (Step(intent="?", type=StepType.WAIT),)
_KINDS = ("array of steps", "object with 'steps'", "object with 'tasks'", "whole request")


class _NoFiles:
    """There is no plan folder to look into here."""

    def read_plan_file(self, path: str) -> str:
        raise PlanFileError("a request that names a plan file: check that file itself")


def check_text(text: str, name: str, inputs: Mapping[str, JsonValue], caps: Caps) -> Findings:
    """Check a plan as it stands in a file.

    Args:
        text: what the file holds.
        name: its name; `.json`, or a first bracket, says that it is JSON.
        inputs: values for its placeholders, as far as they are known.
        caps: the caps of the service that is to run it.
    """
    text = text.removeprefix("\ufeff")
    if name.lower().endswith(".json") or text.lstrip()[:1] in ("[", "{"):
        try:
            document = read_json(text, "the plan file")
        except PlanError as refused:
            return _nothing(refused.message, "write it as JSON: double quotes, no trailing commas")
        return check_document(document, inputs, caps)
    return _check_words({"plan_text": text}, text, inputs, caps)


def check_document(document: JsonValue, inputs: Mapping[str, JsonValue], caps: Caps) -> Findings:
    """Check a plan, a task suite or a whole request."""
    request: Document = {"task_suite": document}
    if isinstance(document, dict):
        given = [shape for shape in Shape if document.get(shape) not in (None, "")]
        if given:
            request = document
            document = document[given[0]]
            if given[0] is Shape.PLAN_TEXT:
                words = document if isinstance(document, str) else ""
                return _check_words(request, words, inputs, caps)
            if given[0] is not Shape.TASK_SUITE:
                return _check_nested(request, given[0], document, inputs, caps)
    if isinstance(document, list):
        return _check_plan(request, {"steps": document}, "steps", inputs, caps)
    if not isinstance(document, dict):
        return _nothing("it is neither an object nor an array of steps", _one_of())
    if document.get("tasks") is not None:
        return _check_suite(request, document, inputs, caps)
    key = next((key for key in ("_micro_plan", "steps") if document.get(key) is not None), None)
    if key is None:
        near = next(filter(None, (meant(name, ("steps", "tasks")) for name in document)), "")
        return _nothing("it needs 'tasks' or 'steps'", near or _one_of())
    return _check_plan(request, document, key, inputs, caps)


def _check_nested(
    request: Document, shape: Shape, value: JsonValue, inputs: Mapping[str, JsonValue], caps: Caps
) -> Findings:
    """A request whose plan is a text of JSON, or a file of the service."""
    if shape is not Shape.TASK_FILE_CONTENTS or not isinstance(value, str):
        return _nothing("the request names a plan file", "check that file itself")
    try:
        inner = read_json(value, shape)
    except PlanError as refused:
        return _nothing(refused.message, "")
    rest = {name: item for name, item in request.items() if name not in list(Shape)}
    return check_document({**rest, "task_suite": inner}, inputs, caps)


def _check_words(
    request: Document, text: str, inputs: Mapping[str, JsonValue], caps: Caps
) -> Findings:
    problems = [*_options(request, {}, caps)]
    try:
        content = read_plan_text(text)
    except PlanError as refused:
        problems.append(error("plan", refused.message, "write what is to be done"))
        return Findings(
            kind="nothing", name="", steps=0, inputs=(), hosts=(), problems=tuple(problems)
        )
    told = "a plan in words: Claude decomposes it when the run starts"
    problems.append(note("plan", told, "it needs an Anthropic key on the service"))
    hosts = tuple(sorted(hosts_of(content, inputs)))
    return Findings(
        kind="plan in words",
        name="",
        steps=0,
        inputs=_missing(names_in(text), inputs, request),
        hosts=hosts,
        problems=(*problems, *private_hosts(hosts)),
    )


def _check_plan(
    request: Document, document: Document, key: str, inputs: Mapping[str, JsonValue], caps: Caps
) -> Findings:
    steps, runtime = document[key], document.get("runtime")
    if isinstance(steps, dict) and key == "_micro_plan":
        runtime, steps = steps.get("runtime", runtime), steps.get("steps")
    if not isinstance(steps, list):
        text = f"invalid request: {key}: must be an array of steps"
        return _nothing(text, "write the steps in brackets")
    problems: list[Problem] = []
    if runtime is not None and not isinstance(runtime, dict):
        problems.append(error("runtime", "invalid request: runtime: must be an object"))
    runtime = runtime if isinstance(runtime, dict) else {}
    if not 0 < len(steps) <= caps.max_steps_per_plan:
        try:
            read_steps(steps, caps.max_steps_per_plan)
        except PlanError as refused:
            problems.append(error("plan", refused.message, "split the plan" if steps else ""))
    problems += _options(request, runtime, caps)
    found, readable = step_errors(steps)
    problems += found
    known = {**_inputs_of(runtime), **_inputs_of(request), **inputs}
    whole = [step for step in readable if step is not None]
    needed = _needed(whole, known)
    plan = Plan(steps=tuple(whole), runtime=runtime) if whole else None
    hosts = tuple(sorted(hosts_of(plan, known))) if plan else ()
    if plan is not None and len(whole) == len(steps) and not _bad(found):
        problems += doubts(plan, caps)
    else:
        for index, step in enumerate(readable):
            problems += unknown_fields(step, index) if step is not None else ()
    problems += private_hosts(hosts)
    problems += _last_word(request, problems, known, needed, caps)
    name = document.get("name")
    return Findings(
        kind="micro-plan",
        name=name if isinstance(name, str) else "",
        steps=len(steps),
        inputs=needed,
        hosts=hosts,
        problems=in_order(problems),
    )


def _check_suite(
    request: Document, document: Document, inputs: Mapping[str, JsonValue], caps: Caps
) -> Findings:
    tasks = document["tasks"]
    if not isinstance(tasks, list):
        return _nothing("invalid request: tasks: must be an array", "write the tasks in brackets")
    known = {**_inputs_of(request), **inputs}
    problems = [*_options(request, {}, caps), *suite_errors(document), *task_errors(tasks)]
    needed: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    try:
        content = parse_submission({"task_suite": document}, _NoFiles(), caps).content
    except PlanError as refused:
        if not problems:
            problems.append(error("plan", refused.message))
    else:
        if isinstance(content, TaskSuite):
            texts = [content.base_url]
            for task in content.tasks:
                texts += [task.intent, task.start_url or ""]
                texts.append(task.verify.value if task.verify else "")
            names = tuple(name for text in texts for name in names_in(text))
            needed = _missing(names, known, {})
            hosts = tuple(sorted(hosts_of(content, known)))
    problems += task_doubts(document, tasks)
    problems += private_hosts(hosts)
    problems += _last_word(request, problems, known, needed, caps)
    name = document.get("session_name")
    return Findings(
        kind="task suite",
        name=name if isinstance(name, str) else "",
        steps=len(tasks),
        inputs=needed,
        hosts=hosts,
        problems=in_order(problems),
    )


def _options(request: Document, runtime: Document, caps: Caps) -> Iterator[Problem]:
    """Each option of the request and of the plan's `runtime`, read by itself."""
    source = PlanSource(content=Plan(steps=_HARMLESS), shape=Shape.TASK_SUITE)
    given = [(name, value, name) for name, value in request.items() if name not in list(Shape)]
    given += [(name, value, f"runtime.{name}") for name, value in runtime.items()]
    for name, value, place in given:
        try:
            options = read_options({name: value}, source, caps)
            if options.extraction_schema is not None:
                schema_fields(options.extraction_schema)
                check_record_schema(options.extraction_schema)
        except PlanError as refused:
            yield error(place, refused.message)
        near = "" if name in Options.model_fields else meant(name, Options.model_fields)
        if near:
            yield note(place, f"unknown option '{name[:40]}'", near)


def _last_word(
    request: Document,
    problems: list[Problem],
    known: Mapping[str, JsonValue],
    needed: tuple[str, ...],
    caps: Caps,
) -> Iterator[Problem]:
    """What the door says of a plan in which nothing was found, with all its inputs given."""
    if _bad(problems):
        return
    inputs: Document = {**dict.fromkeys(needed, "?"), **known}
    try:
        understand({**request, "inputs": inputs}, _NoFiles(), caps)
    except PlanError as refused:
        yield error("plan", refused.message)


def _bad(problems: list[Problem]) -> bool:
    return any(problem.level == "error" for problem in problems)


def _needed(steps: list[Step], known: Mapping[str, JsonValue]) -> tuple[str, ...]:
    set_here = {step.out_var for step in steps if step.out_var}
    names = (name for step in steps for name in names_in_step(step))
    missing = _missing(tuple(names), known, {})
    return tuple(name for name in missing if not {name, base_name(name)} & set_here)


def _missing(
    names: tuple[str, ...], known: Mapping[str, JsonValue], request: Document
) -> tuple[str, ...]:
    given = {*known, *_inputs_of(request), USER_INPUT}
    return tuple(dict.fromkeys(name for name in names if name not in given))


def _inputs_of(layer: Document) -> Document:
    inputs = layer.get("inputs")
    return inputs if isinstance(inputs, dict) else {}


def _one_of() -> str:
    return f"write one of: {', '.join(_KINDS)}"


def _nothing(message: str, way_out: str) -> Findings:
    return Findings(
        kind="nothing",
        name="",
        steps=0,
        inputs=(),
        hosts=(),
        problems=(error("plan", message, way_out),),
    )
