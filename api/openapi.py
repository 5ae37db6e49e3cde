"""What the OpenAPI document says of bodies that the routes read and write themselves."""

from collections.abc import Mapping

from api.views import (
    DryRunView,
    ErrorBody,
    EventsView,
    HealthView,
    LogsView,
    ModelsView,
    QueueView,
    RunsView,
    VersionView,
)
from ledger.views import HandleView, PollView, ResultView, StatusView

Responses = dict[int | str, dict[str, object]]

_STEPS = [
    {"intent": "Go to https://example.com/boats", "type": "navigate"},
    {
        "intent": "Extract all results: title, price, url",
        "type": "extract_rows",
        "extract": {"max_items": 10},
    },
]
_RUN_ID = "20260131_120000_0a1b2c3d"


def _example(summary: str, value: dict[str, object]) -> dict[str, object]:
    return {"summary": summary, "value": value}


_EXAMPLES = {
    "steps": _example("An array of steps", {"task_suite": _STEPS}),
    "micro_plan": _example(
        "A micro-plan with its runtime options",
        {"task_suite": {"runtime": {"max_cost": 2.5}, "_micro_plan": _STEPS}},
    ),
    "plan_file": _example(
        "A plan file of the server",
        {"micro": "plans/example/extract_listings.json", "detached": True, "max_cost": 5},
    ),
    "contents": _example(
        "A plan as a JSON string",
        {"task_file_contents": '[{"intent": "Go to https://example.com", "type": "navigate"}]'},
    ),
    "tasks": _example(
        "A task suite",
        {
            "task_suite": {
                "session_name": "crm",
                "base_url": "https://crm.example.com",
                "tasks": [
                    {
                        "task_id": "open_leads",
                        "intent": "Open the list of leads",
                        "verify": {"type": "url_contains", "value": "/leads"},
                    }
                ],
            }
        },
    ),
    "plan_text": _example(
        "A plan in words", {"plan_text": "Go to example.com and note the title of each boat."}
    ),
    "status": _example("Ask for the status", {"action": "status", "run_id": _RUN_ID}),
    "cancel": _example(
        "Cancel a run", {"action": "cancel", "run_id": _RUN_ID, "reason": "no longer needed"}
    ),
}

_ANY_OBJECT = {"type": "object", "additionalProperties": True}
_TEXT = {"type": "string"}
_PREDICT_SCHEMA: dict[str, object] = {
    "type": "object",
    "title": "Predict",
    "additionalProperties": True,
    "properties": {
        "action": {"enum": ["status", "result", "logs", "cancel", "resume", "pause"]},
        "run_id": _TEXT,
        "tail": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 200},
        "reason": _TEXT,
        "user_input": {},
        "task_suite": {"oneOf": [_ANY_OBJECT, {"type": "array", "items": _ANY_OBJECT}]},
        "task_file_contents": _TEXT,
        "task_file": _TEXT,
        "micro": _TEXT,
        "plan_text": _TEXT,
        "detached": {"type": "boolean", "default": True},
        "profile_id": _TEXT,
        "workflow_id": _TEXT,
        "state_key": _TEXT,
        "resume_state": {"type": "boolean", "default": False},
        "inputs": _ANY_OBJECT,
        "max_cost": {"type": "number", "exclusiveMinimum": 0, "default": 25.0},
        "max_time_minutes": {"type": "number", "exclusiveMinimum": 0, "default": 60},
        "proxy_city": _TEXT,
        "proxy_state": _TEXT,
        "record_video": {"type": "boolean", "default": False},
        "video_format": {"enum": ["mp4", "webm", "gif"], "default": "mp4"},
        "video_fps": {"type": "integer", "default": 5},
        "callback_url": {"type": "string", "format": "uri"},
        "extraction_schema": _ANY_OBJECT,
        "perception": {"enum": ["auto", "as_planned"], "default": "auto"},
        "dry_run": {"type": "boolean", "default": False},
    },
}


def _body(schema: Mapping[str, object], *, required: bool, **more: object) -> dict[str, object]:
    content = {"application/json": {"schema": schema, **more}}
    return {"requestBody": {"required": required, "content": content}}


def _query(name: str, schema: Mapping[str, object], description: str) -> dict[str, object]:
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": schema,
                "description": description,
            }
        ]
    }


def _refusals(*codes: int) -> Responses:
    refused: Responses = {code: {"model": ErrorBody} for code in codes}
    refused["default"] = {"model": ErrorBody, "description": "One sentence."}
    return refused


def _responses(model: object, *codes: int) -> Responses:
    return {200: {"model": model}} | _refusals(*codes)


_REASON = {"type": "object", "properties": {"reason": _TEXT}}
_ANSWER = {"type": "object", "properties": {"user_input": {}, "pause_id": _TEXT}}

PREDICT_BODY = _body(_PREDICT_SCHEMA, required=True, examples=_EXAMPLES)
CANCEL_BODY = _body(_REASON, required=False)
PAUSE_BODY = _body(_REASON, required=False)
RESUME_BODY = _body(_ANSWER, required=False)
LOGS_QUERY = _query(
    "tail",
    {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 200},
    "How many lines, counted from the end.",
)
EVENTS_QUERY = _query("since", _TEXT, "ISO time: only events after it.")

RUNS_QUERY: dict[str, object] = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": schema,
            "description": description,
        }
        for name, schema, description in (
            (
                "status",
                {"enum": ["queued", "running", "paused", "succeeded", "failed", "cancelled"]},
                "Only runs that are so now.",
            ),
            (
                "limit",
                {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
                "How many runs at most.",
            ),
            ("cursor", _TEXT, "The `next_cursor` of the page before."),
        )
    ]
}

_USUAL = (400, 401, 403, 404, 503)
PREDICT_RESPONSES = _responses(
    HandleView | StatusView | ResultView | LogsView | DryRunView, *_USUAL, 409, 413, 429
)
STATUS_RESPONSES = _responses(StatusView, *_USUAL)
RESULT_RESPONSES = _responses(ResultView, *_USUAL)
POLL_RESPONSES = _responses(PollView, *_USUAL)
LOGS_RESPONSES = _responses(LogsView, *_USUAL)
EVENTS_RESPONSES = _responses(EventsView, *_USUAL)
RUNS_RESPONSES = _responses(RunsView, 400, 401, 403, 503)
QUEUE_RESPONSES = _responses(QueueView, 401, 403, 503)
ARTIFACT_RESPONSES = _refusals(*_USUAL)
CHAT_BODY = _body(_ANY_OBJECT, required=True)
CHAT_RESPONSES = {200: {"description": "The pool's answer."}} | _refusals(
    400, 401, 403, 413, 429, 502, 503
)
MODELS_RESPONSES = _responses(ModelsView)
VERSION_RESPONSES = _responses(VersionView)
HEALTH_RESPONSES = _responses(HealthView) | {503: {"model": HealthView}}
