"""A submission understood: the whole check of what a request says, in the contract's order."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, JsonValue

from plans.allowlist import hosts_of
from plans.caps import Caps
from plans.errors import PlanError
from plans.estimate import executions
from plans.fields import schema_fields
from plans.json_text import check_json
from plans.occurrences import MASK, Occurrences
from plans.options import Options, read_options
from plans.parse import PlanFiles, PlanSource, Shape, first_shape, parse_submission
from plans.placeholders import as_text, restored, without_references
from plans.plan import Plan, PlanText
from plans.record_schema import check_record_schema
from plans.secrets import Document, Taken, take_out
from plans.state import RunLimits
from plans.step import Frozen, Perception
from plans.suite import TaskSuite
from plans.validate import check_filled, check_placeholders

_NAMES = ("profile_id", "workflow_id", "state_key", "task_file", "micro")
"""Options that work as they were given, and show no secret all the same."""


class Submission(Frozen):
    """What is to run and how.

    `source`, `options` (its `callback_url` too) and `payload`, which is the request with its
    defaults, hold references in the place of secrets; `secrets` are the values by name.
    `hosts` are those that the plan names, for the allowlist.
    """

    source: PlanSource
    options: Options
    limits: RunLimits
    signature: str
    hosts: frozenset[str]
    payload: Document
    secrets: Document = Field(repr=False)

    @property
    def values(self) -> Document:
        """What placeholders are filled with, before the run has variables of its own."""
        return _values(self.options, self.secrets)

    @property
    def name(self) -> str:
        """What the plan is called, empty when nobody named it."""
        return self.source.content.name

    def shown(self, text: str) -> str:
        """A text with this submission's secrets as `***`: for sentences and names of hosts."""
        return _shown(text, self.secrets)


def understand(
    body: JsonValue,
    files: PlanFiles,
    caps: Caps,
    presets: Mapping[str, JsonValue] | None = None,
    perception: Perception = Perception.AUTO,
    callback_url: str = "",
) -> Submission:
    """Take the secrets out of a submission, then read and check it.

    Args:
        body: the parsed request.
        files: reads the plan files it may name.
        caps: the caps in force for this tenant.
        presets: inputs that the operator presets.
        perception: the operator's default.
        callback_url: the tenant's own, for a run that has none.

    Raises:
        PlanError: the sentence for the caller; it holds no secret.
    """
    if not isinstance(body, dict):
        raise PlanError("invalid request: the body must be a JSON object")
    check_json(body)
    try:
        text = _plan_file(body, files)
    except PlanError as error:
        raise _told(error, take_out(body).secrets) from None
    taken = take_out(body, text, presets, callback_url)
    try:
        return _read(taken, caps, perception)
    except PlanError as error:
        raise _told(error, taken.secrets) from None


def _told(error: PlanError, secrets: Document) -> PlanError:
    return type(error)(_shown(error.message, secrets))


def _read(taken: Taken, caps: Caps, perception: Perception) -> Submission:
    source = parse_submission(taken.body, _Redacted(taken.plan_file or ""), caps)
    options = read_options(taken.body, source, caps, taken.presets, perception)
    if not options.callback_url and taken.callback_url:
        options = options.model_copy(update={"callback_url": taken.callback_url})
    if options.extraction_schema is not None:
        schema_fields(options.extraction_schema)
        check_record_schema(options.extraction_schema)
    content = source.content
    values = _values(options, taken.secrets)
    if isinstance(content, Plan | TaskSuite):
        check_placeholders(content, values)
        check_filled(content, values)
    return Submission(
        source=source,
        options=options,
        limits=caps.limits(options.max_cost, options.max_time_minutes),
        signature=content.signature(),
        hosts=hosts_of(content, values),
        payload=_payload(taken, options),
        secrets=taken.secrets,
    )


@dataclass(frozen=True)
class _Redacted:
    """The one plan file of a submission, its secrets taken out."""

    text: str

    def read_plan_file(self, path: str) -> str:
        """The file's text."""
        return self.text


def _plan_file(body: Mapping[str, JsonValue], files: PlanFiles) -> str | None:
    """The text of the plan file that is to run, where the plan comes in one."""
    shape = first_shape(body)
    path = body[shape] if shape is Shape.TASK_FILE or shape is Shape.MICRO else None
    return files.read_plan_file(path) if isinstance(path, str) else None


def _values(options: Options, secrets: Document) -> Document:
    """What placeholders are filled with, before the run has variables of its own."""
    return {name: restored(value, secrets) for name, value in options.inputs.items()} | secrets


def _payload(taken: Taken, options: Options) -> Document:
    plan_fields = {shape.value: taken.body[shape] for shape in Shape if shape in taken.body}
    payload: Document = {**plan_fields, **options.model_dump(mode="json")}
    for name in _NAMES:
        value = payload.get(name)
        if isinstance(value, str):
            payload[name] = _shown(value, taken.secrets)
    return payload


def _shown(text: str, secrets: Mapping[str, JsonValue]) -> str:
    values = Occurrences(as_text(value) for value in secrets.values())
    return without_references(values.masked(text), MASK)


def most_steps(content: Plan | TaskSuite | PlanText, limits: RunLimits) -> int:
    """Steps that a run executes at most: loops multiplied out, then the run's cap."""
    match content:
        case TaskSuite(tasks=tasks):
            return min(sum(task.max_steps for task in tasks), limits.max_run_steps)
        case PlanText():
            return limits.max_run_steps
        case Plan():
            return min(sum(executions(content, limits)), limits.max_run_steps)
