"""What a plan must be before it may run; each refusal is the contract's sentence."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from plans.errors import PlanError
from plans.guard import Guard
from plans.placeholders import USER_INPUT, as_text, filled_length, names_in, texts_of
from plans.plan import Plan
from plans.refusals import read_model, short
from plans.step import Step, StepType
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
    if len(items) > max_steps:
        raise PlanError(f"the plan has {len(items)} steps, more than the {max_steps} allowed")
    steps = tuple(_read_step(item, index) for index, item in enumerate(items))
    for index, step in enumerate(steps):
        _check_targets(step, index, len(steps))
        _check_conditions(step, index)
    return steps


def _read_step(item: JsonValue, index: int) -> Step:
    if not isinstance(item, dict):
        raise PlanError(f"invalid request: steps[{index}]: must be an object")
    for name in ("intent", "type"):
        given = item.get(name)
        if given is None or (isinstance(given, str) and not given.strip()):
            raise PlanError(f"step {index} missing required field '{name}'")
    kind = item["type"]
    if isinstance(kind, str) and kind not in {known.value for known in StepType}:
        known = ", ".join(StepType)
        raise PlanError(f"step {index} has unknown type '{short(kind)}', known types: {known}")
    return read_model(Step, item, f"steps[{index}]")


def _check_targets(step: Step, index: int, length: int) -> None:
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


def _check_conditions(step: Step, index: int) -> None:
    hints = step.hints
    shown = (hints.expect_url_contains, hints.expect_url_excludes, hints.expect_text_present)
    if step.gate and not (step.verify or "").strip() and not any(shown):
        raise PlanError(f"step {index} is a gate without a condition: give 'verify' or 'hints'")
    if step.guard is not None:
        try:
            Guard.parse(step.guard)
        except PlanError as error:
            raise PlanError(f"invalid request: steps[{index}].guard: {error.message}") from None


def check_placeholders(plan: Plan | TaskSuite, inputs: Mapping[str, JsonValue]) -> None:
    """Refuse a plan that uses a name which nobody gives, or grows too long when filled in.

    Args:
        plan: what is to run.
        inputs: the inputs by name.

    Raises:
        PlanError: a name is neither an input nor an `out_var` of the plan nor `user_input`,
            or a step or task has more than `MAX_FILLED` characters with the inputs in it.
    """
    lengths = {name: len(as_text(value)) for name, value in inputs.items()}
    lengths[USER_INPUT] = lengths.get(USER_INPUT, 0)
    match plan:
        case Plan(steps=steps):
            lengths = {step.out_var: 0 for step in steps if step.out_var} | lengths
            for index, step in enumerate(steps):
                _check_texts(texts_of(step), lengths, f"step {index}")
        case TaskSuite(tasks=tasks, base_url=base_url):
            _check_texts([base_url], lengths, "base_url")
            for index, task in enumerate(tasks):
                value = task.verify.value if task.verify else ""
                texts = [task.intent, task.start_url or "", value]
                _check_texts(texts, lengths, f"task {index}")


def _check_texts(texts: Iterable[str], lengths: Mapping[str, int], place: str) -> None:
    total = 0
    for text in texts:
        names = names_in(text)
        for name in names:
            if name not in lengths:
                shown = f"{{{{{short(name)}}}}}"
                raise PlanError(
                    f"{place} uses {shown}, which is neither in 'inputs' nor an 'out_var'"
                )
        total += filled_length(text, lengths) if names else 0
    if total > MAX_FILLED:
        raise PlanError(f"{place} has more than {MAX_FILLED} characters with the inputs filled in")
