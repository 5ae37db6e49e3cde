"""What a plan in words is made into: the form of a planner's answer, and the plan in it."""

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

from pydantic import JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.parse import read_document
from plans.placeholders import SECRET, names_in, names_in_step, reference
from plans.plan import Plan
from plans.refusals import short
from plans.step import Frozen, StepType
from plans.validate import check_placeholders

PROMPT_VERSION: Final = "aa7f018d0593"
"""Which prompt, schema and reading of answers plans in words are decomposed with: a part of the
cache's key, so that a change of them has words decomposed anew."""

_FieldType = Literal[
    "str", "int", "float", "bool", "price", "phone", "email", "url", "date", "list"
]
_PlannedType = Literal[
    "navigate", "click", "scroll", "submit", "navigate_back", "paginate", "filter", "fill_field",
    "select_option", "type_text", "key_press", "wait", "extract_url", "extract_data",
    "extract_rows", "detect_visible", "loop", "if_else", "request_user_input",
]  # fmt: skip


class PlannedField(Frozen):
    """A field to extract."""

    name: str
    type: _FieldType
    required: bool


class PlannedStep(Frozen):
    """A step as a planner says it; what its type does not have is left out."""

    type: _PlannedType
    intent: str
    required: bool = False
    gate: bool = False
    verify: str = ""
    guard: str = ""
    url: str = ""
    label: str = ""
    value: str = ""
    keys: str = ""
    seconds: float = 0
    prompt: str = ""
    entity_name: str = ""
    fields: tuple[PlannedField, ...] = ()
    max_items: int = 0
    out_var: str = ""
    condition_var: str = ""
    loop_target: int = -1
    loop_count: int = 0
    then_target: int = -1
    else_target: int = -1


class PlannedPlan(Frozen):
    """A planner's answer; `problem` says why there are no steps."""

    problem: str
    name: str
    steps: tuple[PlannedStep, ...]


_TEXT: Final[dict[str, JsonValue]] = {"type": "string"}
_WHOLE: Final[dict[str, JsonValue]] = {"type": "integer"}
_TRUTH: Final[dict[str, JsonValue]] = {"type": "boolean"}


def _choice(*names: str) -> dict[str, JsonValue]:
    members: list[JsonValue] = [*names]
    return {"type": "string", "enum": members}


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    names: list[JsonValue] = [*properties]
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
    }


_FIELD: Final = _object(
    {
        "name": _TEXT,
        "type": _choice(*get_args(_FieldType)),
        "required": _TRUTH,
    }
)
_FORMS: Final[dict[str, JsonValue]] = {
    "fields": {"type": "array", "items": _FIELD},
    "seconds": {"type": "number"},
    "required": _TRUTH,
    "gate": _TRUTH,
    "max_items": _WHOLE,
    "loop_target": _WHOLE,
    "loop_count": _WHOLE,
    "then_target": _WHOLE,
    "else_target": _WHOLE,
}
"""The form of each field; text where none is named."""
_CHECKED: Final = ("required", "gate", "verify", "guard")
VARIANTS: Final[tuple[tuple[tuple[_PlannedType, ...], tuple[str, ...]], ...]] = (
    (("navigate",), ("url", *_CHECKED)),
    (("click", "scroll", "submit", "navigate_back", "paginate"), _CHECKED),
    (("filter", "fill_field", "select_option", "type_text"), ("label", "value", *_CHECKED)),
    (("key_press",), ("keys", *_CHECKED)),
    (("wait",), ("seconds", "guard")),
    (
        ("extract_data", "extract_rows"),
        ("entity_name", "fields", "max_items", "required", "out_var"),
    ),
    (("extract_url", "detect_visible"), ("out_var",)),
    (("loop",), ("loop_target", "loop_count")),
    (("if_else",), ("condition_var", "then_target", "else_target")),
    (("request_user_input",), ("prompt", "guard")),
)  # fmt: skip
"""Which types of steps have which fields, beside `type` and `intent`."""


def _variant(types: tuple[_PlannedType, ...], names: tuple[str, ...]) -> JsonValue:
    said: dict[str, JsonValue] = {name: _FORMS.get(name, _TEXT) for name in names}
    return _object({"type": _choice(*types), "intent": _TEXT, **said})


SCHEMA: Final[dict[str, JsonValue]] = _object(
    {
        "problem": _TEXT,
        "name": _TEXT,
        "steps": {
            "type": "array",
            "items": {"anyOf": [_variant(types, names) for types, names in VARIANTS]},
        },
    }
)
"""The form of the answer, in the part of JSON Schema that constrained decoding takes."""


def planned(answer: PlannedPlan, text: str, names: Collection[str], caps: Caps) -> Plan:
    """The plan of an answer, checked as any other plan is.

    Args:
        answer: the planner's.
        text: the plan in words.
        names: the inputs of the run.
        caps: the caps in force.

    Raises:
        PlanError: what is wrong with it, as a sentence that the planner can mend it by.
    """
    if not answer.steps:
        raise PlanError(answer.problem.strip() or "the plan is empty: it needs at least one step")
    document: dict[str, JsonValue] = {
        "name": short(answer.name, 80),
        "steps": [_step(step) for step in answer.steps],
    }
    plan = read_document(document, "the plan", caps)
    if not isinstance(plan, Plan):
        raise PlanError("the plan is no list of steps")
    given = names_in(text)
    check_placeholders(plan, {*names, *given})
    _check_secrets(plan, given)
    _check_loops(answer)
    return plan


def _check_secrets(plan: Plan, given: Collection[str]) -> None:
    """Refuse a plan that leaves out a secret of its text: the values are known by nothing else."""
    used = {name for step in plan.steps for name in names_in_step(step)}
    for name in given:
        if name.startswith(SECRET) and name not in used:
            raise PlanError(f"the text gives {reference(name)}, which no step uses")


def _check_loops(answer: PlannedPlan) -> None:
    """Refuse loops that cross: one begins within the other and ends after it."""
    loops = [
        (step.loop_target, end) for end, step in enumerate(answer.steps) if step.type == "loop"
    ]
    for start, end in loops:
        for other, last in loops:
            if start < other < end < last:
                raise PlanError(
                    f"the loops of steps {end} and {last} cross: the one of step {last} has to"
                    f" begin at step {start} or before, or after step {end}"
                )


def _step(step: PlannedStep) -> JsonValue:
    """A step in the words of a plan; what is empty is left out."""
    kind = StepType(step.type)
    said: dict[str, JsonValue] = {"intent": step.intent, "type": kind.value}
    said |= _kept({"required": step.required, "gate": step.gate, "verify": step.verify.strip()})
    said |= _kept({"guard": step.guard.strip(), "out_var": step.out_var.strip()})
    params = _kept(_params(step, kind))
    if params:
        said["params"] = params
    match kind:
        case StepType.NAVIGATE:
            said |= _kept({"url": step.url.strip()})
        case StepType.EXTRACT_DATA | StepType.EXTRACT_ROWS:
            said["extract"] = _extract(step)
        case StepType.LOOP:
            said["loop_target"] = step.loop_target
            said |= _kept({"loop_count": max(0, step.loop_count)})
        case StepType.IF_ELSE:
            said |= _kept({"condition_var": step.condition_var.strip()})
            said |= {
                name: target
                for name, target in (
                    ("then_target", step.then_target),
                    ("else_target", step.else_target),
                )
                if target >= 0
            }
        case _:
            pass
    return said


def _params(step: PlannedStep, kind: StepType) -> dict[str, JsonValue]:
    label, value = step.label.strip(), step.value
    match kind:
        case StepType.SELECT_OPTION:
            return {"dropdown_label": label, "option_label": value}
        case StepType.FILL_FIELD | StepType.TYPE_TEXT:
            return {"label": label, "value": value}
        case StepType.FILTER:
            return {"label": label, "value": value}
        case StepType.KEY_PRESS:
            return {"keys": step.keys.strip()}
        case StepType.WAIT:
            return {"seconds": step.seconds}
        case StepType.REQUEST_USER_INPUT:
            return {"prompt": step.prompt}
        case _:
            return {}


def _extract(step: PlannedStep) -> JsonValue:
    fields: list[JsonValue] = [
        _kept({"name": one.name, "type": one.type, "required": one.required}) for one in step.fields
    ]
    entity, most = step.entity_name.strip(), max(0, step.max_items)
    return _kept({"entity_name": entity, "fields": fields, "max_items": most})


def _kept(said: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What says something: no empty texts, zeros and falses."""
    return {name: value for name, value in said.items() if value}
