"""What the door would refuse in the steps of a micro-plan, each step by itself."""

from collections.abc import Callable, Iterator

from pydantic import JsonValue, ValidationError

from plans.check.problems import Problem, error, meant
from plans.errors import PlanError
from plans.refusals import findings, read_strictly
from plans.step import Step, StepType
from plans.validate import check_conditions, check_targets, read_step

_STAND_INS: dict[str, JsonValue] = {"intent": "?", "type": StepType.WAIT.value}
_WAYS_OUT = {
    "intent": "say in plain words what on the page is meant",
    "type": f"give one of {', '.join(StepType)}",
    "loop_target": "give the index of the first step of the loop's body, counted from 0",
    "then_target": "give the index of a step, or the number of steps for the plan's end",
    "else_target": "give the index of a step, or the number of steps for the plan's end",
    "gate": "give 'verify' with the sentence that must hold on the page",
    "guard": "give a variable's name, or '!' and the name",
}


def step_errors(items: list[JsonValue]) -> tuple[list[Problem], tuple[Step | None, ...]]:
    """All errors of the steps, and each step as far as it can be read, else None."""
    problems: list[Problem] = []
    steps: list[Step | None] = []
    for index, item in enumerate(items):
        found, step = _step_errors(item, index, len(items))
        problems += found
        steps.append(step)
    return problems, tuple(steps)


def _step_errors(item: JsonValue, index: int, length: int) -> tuple[list[Problem], Step | None]:
    place = f"step {index}"
    if not isinstance(item, dict):
        refused = _refusal(lambda: read_step(item, index)) or ""
        return [error(place, refused, "write each step as an object")], None
    problems: list[Problem] = []
    repaired = dict(item)
    for name, stand_in in _STAND_INS.items():
        alone = {**_STAND_INS, name: item.get(name)}
        refused = _refusal(lambda step=alone: read_step(step, index))
        if refused is not None:
            way_out = meant(str(item.get(name)), StepType) if name == "type" else ""
            problems.append(error(place, refused, way_out or _WAYS_OUT[name]))
            repaired[name] = stand_in
    path = f"steps[{index}]"
    for where, refused in findings(Step, repaired, path).items():
        field = where.removeprefix(path).lstrip(".").partition(".")[0].partition("[")[0]
        problems.append(error(place, refused))
        repaired.pop(field, None)
    try:
        step = read_strictly(Step, repaired)
    except ValidationError:
        return problems, None
    problems += _consistency(step, item, index, length)
    intact = all(repaired.get(name) == item.get(name) for name in _STAND_INS)
    return problems, step if intact else None


def _consistency(
    step: Step, item: dict[str, JsonValue], index: int, length: int
) -> Iterator[Problem]:
    """What is wrong between the fields of a step, each apart from the others."""
    off: dict[str, None] = {"then_target": None, "else_target": None}
    apart: dict[str, Callable[[], object]] = {}
    if step.loop_target is not None or item.get("loop_target") is None:
        apart["loop_target"] = lambda: check_targets(step.model_copy(update=off), index, length)
    for name in off:
        kept = {"type": StepType.WAIT, **off, name: getattr(step, name)}
        apart[name] = lambda kept=kept: check_targets(step.model_copy(update=kept), index, length)
    apart["gate"] = lambda: check_conditions(step.model_copy(update={"guard": None}), index)
    apart["guard"] = lambda: check_conditions(step.model_copy(update={"gate": False}), index)
    for name, check in apart.items():
        refused = _refusal(check)
        if refused is not None:
            yield error(f"step {index}", refused, _WAYS_OUT[name])


def _refusal(check: Callable[[], object]) -> str | None:
    """What a check refuses with, None where it doesn't."""
    try:
        check()
    except PlanError as refused:
        return refused.message
    return None
