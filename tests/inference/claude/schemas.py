"""All schemas that Claude is sent, with answers that they take and that they don't."""

from typing import Any

from inference.asking import ExtractAsk, GroundAsk
from inference.claude import checking
from inference.claude.extracting import extract_schema
from inference.claude.grounding import ground_schema
from inference.decisions import ActKind
from inference.task.calls import TOOLS
from plans.decomposition import SCHEMA
from plans.step import ExtractField
from tests.inference.claude.pages import look, step
from tests.inference.grammars import Answers, Schema

_ASK = GroundAsk(look=look(), step=step(), intent="x")
_NAMES = ("title", "Preis in €", 'a "quoted" name', "back\\slash", "new\nline", "日本", " ")


def _fields(*names: str) -> Schema:
    fields = tuple(ExtractField(name=name) for name in names)
    return extract_schema(ExtractAsk(look=look(), intent="x", fields=fields))


def _tools() -> dict[str, Any]:
    return {str(tool["name"]): tool["input_schema"] for tool in TOOLS}


KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf"}
    | {"description"}
)
SCHEMAS: dict[str, Schema] = {
    "check": checking.SCHEMA,
    "decompose": SCHEMA,
    "ground": ground_schema(_ASK),
    "ground by type": ground_schema(_ASK.model_copy(update={"act": ActKind.FILL})),
    "extract": _fields(*(f"f{number}" for number in range(60))),
    "extract odd names": _fields(*_NAMES),
    "extract freely": _fields(),
    **_tools(),
}


def _grounding(act: str = "click", **said: Any) -> dict[str, Any]:
    whole = {
        "why": "It is the \"Save\" button.\nNr. 1, für 5 €", "act": act, "target": "element",
        "element": 3, "x": -1, "y": -1, "to_element": -1, "to_x": 0, "to_y": 640, "text": "",
        "goes_on": False, "certainty": "certain", "absent": False,
    }  # fmt: skip
    return whole | said


def _records(*pairs: tuple[str, str]) -> dict[str, Any]:
    values = [{"field": field, "value": value} for field, value in pairs]
    return {"records": [{"values": values}]}


def _check(verdict: str = "holds", **said: Any) -> dict[str, Any]:
    return {"seen_in": "text", "evidence": "It is.", "verdict": verdict} | said


def _without(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key != name}


_CHECKED = {"required": True, "gate": False, "verify": "", "guard": ""}
_FIELD = {"name": "price", "type": "price", "required": True}
_READ = {
    "type": "extract_data", "intent": "Read it", "entity_name": "boat", "fields": [_FIELD],
    "max_items": 10, "required": False, "out_var": "",
}  # fmt: skip
_STEPS = (
    {"type": "navigate", "intent": "Open it", "url": "{{site}}/boats", **_CHECKED},
    {"type": "paginate", "intent": "Go on", **_CHECKED},
    {"type": "fill_field", "intent": "Fill", "label": "Name", "value": "{{auth.user_id}}"}
    | _CHECKED,
    {"type": "key_press", "intent": "Send", "keys": "Enter", **_CHECKED},
    {"type": "wait", "intent": "Wait", "seconds": 1.5, "guard": ""},
    _READ,
    {"type": "detect_visible", "intent": "Is there more?", "out_var": "more"},
    {"type": "loop", "intent": "Repeat", "loop_target": 1, "loop_count": 20},
    {
        "type": "if_else", "intent": "Whether", "condition_var": "more", "then_target": 2,
        "else_target": -1,
    },
    {"type": "request_user_input", "intent": "Ask", "prompt": "Which code?", "guard": ""},
)  # fmt: skip
"""A step of each form."""


def _plan(*steps: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"problem": "", "name": "Boats", "steps": list(steps)} | said


ANSWERS: dict[str, Answers] = {
    "check": Answers(
        good=(_check(), _check("undecided", seen_in="absence", evidence='Kein "Ü" da')),
        bad=(_check("maybe"), _without("evidence", _check()), _check(more=1)),
    ),
    "decompose": Answers(
        good=(
            _plan(),
            _plan(problem="It names no page"),
            *(_plan(one) for one in _STEPS),
            _plan(*_STEPS, *_STEPS),
        ),
        bad=(
            _plan({"type": "fly", "intent": "Away", **_CHECKED}),
            _plan({"type": "task", "intent": "All of it", **_CHECKED}),
            _plan({"type": "wait", "intent": "Wait", "seconds": "2", "guard": ""}),
            _plan({"type": "loop", "intent": "Repeat", "loop_target": 1.5, "loop_count": 2}),
            _plan(_without("fields", _READ)),
            _plan(_READ | {"fields": [_FIELD | {"type": "money"}]}),
            _plan(_STEPS[0] | {"submit": True}),
            _without("problem", _plan()),
        ),
    ),
    "ground": Answers(
        good=(_grounding(), _grounding("drag", to_x=3), _grounding("input"), _grounding("none")),
        bad=(_grounding("navigate"), _grounding(x=1.5), _grounding(absent=None), {}),
    ),
    "ground by type": Answers(
        good=(_grounding("fill"), _grounding("press", goes_on=True), _grounding("none")),
        bad=(_grounding("drag"), _grounding("select")),
    ),
    "extract": Answers(
        good=({"records": []}, _records(("f0", "x"), ("f59", "é ü 日本")), _records()),
        bad=(_records(("f60", "x")), {"records": [{}]}, {"records": [{"f0": "x"}]}),
    ),
    "extract odd names": Answers(
        good=(_records(*((name, name) for name in _NAMES)),),
        bad=(_records(("Title", "x")), _records(("", "x"))),
    ),
    "extract freely": Answers(
        good=(_records(("whatever", "x")),),
        bad=({"records": [{"values": [{"field": "a", "value": None}]}]}, {}),
    ),
    "request_user_input": Answers(
        good=({"prompt": "Which one?"},), bad=({}, {"prompt": 1}, {"prompt": "a", "more": 1})
    ),
    "task_done": Answers(good=({"summary": "Saved."},), bad=({"summary": None}, {"result": ""})),
}
