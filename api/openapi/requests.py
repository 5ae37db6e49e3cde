"""What requests may say: the models that read them, as schemas of the document."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel

from api.openapi import examples
from ledger.models import RunStatus
from plans.options import Options
from plans.step import Step
from plans.suite import Task, TaskSuite

Schema = dict[str, object]

REF = "#/components/schemas/{model}"
RUN_ID_PATTERN = "^[0-9]{8}_[0-9]{6}_[0-9a-f]{8}$"

RunId = Annotated[
    str,
    Path(
        description="The `run_id` that the submission was answered with.",
        json_schema_extra={"pattern": RUN_ID_PATTERN, "example": examples.RUN_ID},
    ),
]
"""A run's id in a path. The route itself refuses a malformed one, in its own words."""
ArtifactName = Annotated[
    str,
    Path(
        description="`result.json`, `leads.csv`, `extracted_rows.json`, `extracted_rows.csv`, or "
        "the name of a step's screenshot as the result gives it.",
        json_schema_extra={"example": "result.json"},
    ),
]

TEXT: Schema = {"type": "string"}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
_RUN_ID: Schema = {"type": "string", "pattern": RUN_ID_PATTERN}
_TAIL: Schema = {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 200}
_USER_INPUT: Schema = {"description": "The answer to the pause: any JSON value."}


def _ref(name: str) -> Schema:
    return {"$ref": REF.format(model=name)}


def _array(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _object(properties: Mapping[str, object], required: Sequence[str], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": True,
    }


def _of_models() -> dict[str, Schema]:
    """The models that read plans and options, and what they are made of."""
    found: dict[str, Schema] = {}
    models: tuple[type[BaseModel], ...] = (Step, Task, TaskSuite, Options)
    for model in models:
        schema = model.model_json_schema(ref_template=REF)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


_STEPS = _array(_ref("Step"))
_PLAN_KEYS: Schema = {"name": TEXT, "runtime": _ref("Runtime")}
_SHAPES: dict[str, Schema] = {
    "task_suite": {
        "description": "Steps, a plan or micro-plan with its runtime options, or a task suite.",
        "anyOf": [_STEPS, *map(_ref, ("PlanOfSteps", "MicroPlan", "TaskSuite"))],
    },
    "task_file_contents": {"type": "string", "description": "What `task_suite` takes, as JSON."},
    "task_file": {"type": "string", "description": "A plan file of the server, by its path."},
    "micro": {"type": "string", "description": "A plan file of the server, JSON or plain text."},
    "plan_text": {"type": "string", "description": "A plan in words, which a model decomposes."},
}


def _action(name: str, description: str, required: tuple[str, ...] = (), **more: Schema) -> Schema:
    properties = {"action": {"const": name}, "run_id": _RUN_ID, **more}
    return _object(properties, ("action", "run_id", *required), description)


_ACTIONS: dict[str, Schema] = {
    "StatusAction": _action("status", "How the run stands."),
    "ResultAction": _action("result", "The status, and what the run brought."),
    "LogsAction": _action("logs", "The last lines of the run's log.", tail=_TAIL),
    "CancelAction": _action("cancel", "Stop the run at its next boundary.", reason=TEXT),
    "PauseAction": _action("pause", "Pause the run at its next boundary.", reason=TEXT),
    "ResumeAction": _action(
        "resume", "Let a paused run go on.", user_input=_USER_INPUT, pause_id=TEXT
    ),
}


def components() -> dict[str, Schema]:
    """The schemas of requests, by name."""
    found = _of_models()
    options = found.pop("Options")
    properties = options["properties"]
    assert isinstance(properties, dict)
    found["Runtime"] = {
        "type": "object",
        "description": "Options that a plan brings along; those of the request win.",
        "properties": properties,
        "additionalProperties": True,
    }
    found["PlanOfSteps"] = _object(
        {"steps": _STEPS, **_PLAN_KEYS}, ("steps",), "A plan with its runtime options."
    )
    found["MicroPlan"] = _object(
        {"_micro_plan": _STEPS, **_PLAN_KEYS}, ("_micro_plan",), "A micro-plan."
    )
    found["Submission"] = {
        "type": "object",
        "description": "A run: one plan, and options. Unknown fields are accepted and echoed.",
        "properties": {**_SHAPES, **properties},
        "anyOf": [{"required": [shape]} for shape in _SHAPES],
        "additionalProperties": True,
    }
    found |= _ACTIONS
    return found


def _body(schema: Schema, *, required: bool, **more: object) -> dict[str, object]:
    content = {"application/json": {"schema": schema, **more}}
    return {"requestBody": {"required": required, "content": content}}


def _parameter(name: str, schema: Schema, description: str, place: str = "query") -> Schema:
    return {
        "name": name,
        "in": place,
        "required": False,
        "schema": schema,
        "description": description,
    }


_PREDICT: Schema = {"title": "Predict", "anyOf": [_ref("Submission"), *map(_ref, _ACTIONS)]}
PREDICT_BODY = _body(
    _PREDICT, required=True, examples={**examples.SUBMISSIONS, **examples.ACTIONS}
) | {
    "parameters": [
        _parameter(
            "Idempotency-Key",
            {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
            "Of a submission: the same key and body again make no second run. Kept for 24 hours.",
            "header",
        )
    ]
}
CHAT_BODY = _body(
    _object(
        {
            "model": {**TEXT, "default": "holo3"},
            "messages": {"type": "array", "items": OBJECT},
            "stream": {"type": "boolean", "default": False},
        },
        (),
        "A chat completion as OpenAI's API has it; it is passed on as it is. Pictures come as "
        "data: URLs in it.",
    ),
    required=True,
    example={"model": "holo3", "messages": [{"role": "user", "content": "Where is the button?"}]},
)
_REASON = _object({"reason": TEXT}, (), "Why; it is kept in the log and on the status.")
CANCEL_BODY = _body(_REASON, required=False, example={"reason": "no longer needed"})
PAUSE_BODY = _body(_REASON, required=False, example={"reason": "the site is being repaired"})
RESUME_BODY = _body(
    _object(
        {"user_input": _USER_INPUT, "pause_id": TEXT},
        (),
        "What the pause asked for, and which pause is meant.",
    ),
    required=False,
    example={"user_input": "482913"},
)
LOGS_QUERY: Schema = {
    "parameters": [_parameter("tail", _TAIL, "How many lines, counted from the end.")]
}
EVENTS_QUERY: Schema = {
    "parameters": [
        _parameter(
            "sse", {"type": "boolean", "default": False}, "Stream the events as they are written."
        ),
        _parameter(
            "since", TEXT, "ISO time: only events after it; unreadable: from the beginning."
        ),
        _parameter(
            "Last-Event-ID",
            TEXT,
            "The id of the last event that was read; it wins over `since`.",
            "header",
        ),
    ]
}
VIDEO_QUERY: Schema = {
    "parameters": [
        _parameter("raw", {"enum": ["0", "1"], "default": "0"}, "1: the raw recording only.")
    ]
}
RUNS_QUERY: Schema = {
    "parameters": [
        _parameter("status", {"enum": [str(one) for one in RunStatus]}, "Only runs that are so."),
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
            "How many runs at most.",
        ),
        _parameter("cursor", TEXT, "The `next_cursor` of the page before."),
    ]
}
_WHEN = "a date such as 2026-11-01, or an ISO time"
USAGE_QUERY: Schema = {
    "parameters": [
        _parameter("from", TEXT, f"Records from then on: {_WHEN}. None: from the first one."),
        _parameter(
            "to", TEXT, f"Records before then: {_WHEN}; a date counts as a whole day. None: to now."
        ),
        _parameter(
            "by",
            {"enum": ["call", "step", "run", "day"], "default": "run"},
            "What is summed up. A question belongs to the time at which it was asked first.",
        ),
        _parameter("run_id", _RUN_ID, "Only what this run asked."),
        _parameter("format", {"enum": ["json", "csv"], "default": "json"}, "How it is told."),
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": 1000, "default": 200},
            "How many records at most.",
        ),
        _parameter(
            "cursor", TEXT, "The `next_cursor` of the page before; of CSV its `X-Next-Cursor`."
        ),
    ]
}
