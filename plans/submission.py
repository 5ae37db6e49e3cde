"""A submission understood: the whole check of what a request says, in the contract's order."""

from collections.abc import Mapping

from pydantic import JsonValue

from plans.allowlist import hosts_of
from plans.caps import Caps
from plans.errors import PlanError
from plans.fields import schema_fields
from plans.options import Options, read_options
from plans.parse import PlanFiles, PlanSource, parse_submission
from plans.plan import Plan, PlanText
from plans.state import RunLimits
from plans.step import Frozen, Perception, StepType
from plans.structure import Structure
from plans.suite import TaskSuite
from plans.validate import check_filled, check_placeholders


class Submission(Frozen):
    """What is to run and how. `hosts` are those that the plan names, for the allowlist."""

    source: PlanSource
    options: Options
    limits: RunLimits
    signature: str
    hosts: frozenset[str]

    @property
    def name(self) -> str:
        """What the plan is called, empty when nobody named it."""
        return self.source.content.name


def understand(
    body: JsonValue,
    files: PlanFiles,
    caps: Caps,
    presets: Mapping[str, JsonValue] | None = None,
    perception: Perception = Perception.AUTO,
) -> Submission:
    """Read and check a submission.

    Args:
        body: the parsed request.
        files: reads the plan files it may name.
        caps: the caps in force for this tenant.
        presets: inputs that the operator presets.
        perception: the operator's default.

    Raises:
        PlanError: the sentence for the caller.
    """
    source = parse_submission(body, files, caps)
    if not isinstance(body, dict):
        raise PlanError("invalid request: the body must be a JSON object")
    options = read_options(body, source, caps, presets, perception)
    if options.extraction_schema is not None:
        schema_fields(options.extraction_schema)
    content = source.content
    if isinstance(content, Plan | TaskSuite):
        check_placeholders(content, options.inputs)
        check_filled(content, options.inputs)
    return Submission(
        source=source,
        options=options,
        limits=caps.limits(options.max_cost, options.max_time_minutes),
        signature=content.signature(),
        hosts=hosts_of(content, options.inputs),
    )


def most_steps(content: Plan | TaskSuite | PlanText, limits: RunLimits) -> int:
    """Steps that a run executes at most: loops multiplied out, then the run's cap."""
    match content:
        case TaskSuite(tasks=tasks):
            return min(sum(task.max_steps for task in tasks), limits.max_run_steps)
        case PlanText():
            return limits.max_run_steps
        case Plan(steps=steps):
            structure = Structure(steps)
            cap = limits.max_loop_iterations
            total = 0
            for index, step in enumerate(steps):
                if step.type is StepType.LOOP:
                    continue
                passes = 1
                for loop in structure.around(index):
                    passes *= min(steps[loop.index].loop_count or cap, cap)
                total += passes
            return min(total, limits.max_run_steps)
