"""What a plan must be before it may run; each refusal is the contract's sentence."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from pydantic import JsonValue

from plans.errors import PlanError
from plans.guard import Guard
from plans.placeholders import USER_INPUT, as_text, base_name, filled_length, names_in, texts_of
from plans.plan import Plan
from plans.refusals import read_model, short
from plans.step import WRITTEN, Step, StepType
from plans.suite import TaskSuite

MAX_FILLED = 200_000
"""Characters that the texts of one step may have once the inputs are filled in."""


def read_steps(items: list[JsonValue], max_steps: int) -> tuple[Step, ...]:
    """Read and check a plan's steps.

    Raises:
        PlanError: no steps, too many, or one of them is not acceptable.
    """
    if not items:
        raise PlanError("the plan is empty: it needs at least one step")
    steps = tuple(read_step(item, index) for index, item in enumerate(items))
    if len(items) > max_steps:
        raise PlanError(f"the plan has {len(items)} steps, more than the {max_steps} allowed")
    for index, step in enumerate(steps):
        check_targets(step, index, len(steps))
        check_conditions(step, index)
    return steps


def read_step(item: JsonValue, index: int) -> Step:
    """Read one step, by itself.

    Raises:
        PlanError: a required field is missing, the type is unknown, a field is of a wrong type.
    """
    if not isinstance(item, dict):
        raise PlanError(f"invalid request: steps[{index}]: must be an object")
    for name in ("intent", "type"):
        given = item.get(name)
        if given is None or (isinstance(given, str) and not given.strip()):
            raise PlanError(f"step {index} missing required field '{name}'")
    kind = item["type"]
    if isinstance(kind, str) and kind not in {known.value for known in WRITTEN}:
        known = ", ".join(WRITTEN)
        raise PlanError(f"step {index} has unknown type '{short(kind)}', known types: {known}")
    return read_model(Step, item, f"steps[{index}]")


def check_targets(step: Step, index: int, length: int) -> None:
    """Refuse a step that leads out of its plan of `length` steps.

    Raises:
        PlanError: a loop without a target before it, or a branch out of range.
    """
    if step.type is StepType.LOOP:
        if step.loop_target is None:
            raise PlanError(f"step {index} missing required field 'loop_target'")
        if not 0 <= step.loop_target < index:
            raise PlanError(
                f"step {index}: loop_target out of range: it must name a step before the loop"
            )
    for name, target in (("then_target", step.then_target), ("else_target", step.else_target)):
        if target is not None and not 0 <= target <= length:
            raise PlanError(f"step {index}: {name} out of range: it must lie in 0..{length}")


def check_conditions(step: Step, index: int) -> None:
    """Refuse a gate without a condition and a guard that names no variable.

    Raises:
        PlanError: it is one.
    """
    hints = step.hints
    shown = (hints.expect_url_contains, hints.expect_url_excludes, hints.expect_text_present)
    if step.gate and not (step.verify or "").strip() and not any(shown):
        raise PlanError(f"step {index} is a gate without a condition: give 'verify' or 'hints'")
    if step.guard is not None:
        try:
            Guard.parse(step.guard)
        except PlanError as error:
            raise PlanError(f"invalid request: steps[{index}].guard: {error.message}") from None


def check_placeholders(plan: Plan | TaskSuite, given: Collection[str]) -> None:
    """Refuse a plan that uses a name which nobody gives.

    Args:
        plan: what is to run.
        given: names of the inputs.

    Raises:
        PlanError: a name is neither an input nor an `out_var` of the plan nor `user_input`.
    """
    known, read = {*given, USER_INPUT}, set[str]()
    if isinstance(plan, Plan):
        read = {step.out_var for step in plan.steps if step.out_var}
    for place, texts in _places(plan):
        for name in (name for text in texts for name in names_in(text)):
            if name not in known | read and base_name(name) not in read:
                shown = f"{{{{{short(name)}}}}}"
                raise PlanError(
                    f"{place} uses {shown}, which is neither in 'inputs' nor an 'out_var'"
                )


def check_filled(plan: Plan | TaskSuite, inputs: Mapping[str, JsonValue]) -> None:
    """Refuse a plan that the inputs blow up.

    Raises:
        PlanError: the texts of a step or task that hold placeholders have more than
            `MAX_FILLED` characters with the inputs in them.
    """
    lengths = {name: len(as_text(value)) for name, value in inputs.items()}
    for place, texts in _places(plan):
        if sum(filled_length(text, lengths) for text in texts if "{{" in text) > MAX_FILLED:
            raise PlanError(
                f"{place} has more than {MAX_FILLED} characters with the inputs filled in"
            )


def _places(plan: Plan | TaskSuite) -> Iterator[tuple[str, Iterable[str]]]:
    match plan:
        case Plan(steps=steps):
            for index, step in enumerate(steps):
                yield f"step {index}", texts_of(step)
        case TaskSuite(tasks=tasks, base_url=base_url):
            yield "base_url", (base_url,)
            for index, task in enumerate(tasks):
                value = task.verify.value if task.verify else ""
                yield f"task {index}", (task.intent, task.start_url or "", value)
