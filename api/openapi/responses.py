"""What each route answers: bodies, headers, and every status that it really has."""

from collections.abc import Mapping
from functools import reduce
from operator import or_

from pydantic import BaseModel, JsonValue

from api.openapi import examples
from api.openapi.requests import REF, TEXT
from api.views import (
    DryRunView,
    ErrorBody,
    EventsView,
    HealthView,
    LogsView,
    ModelsView,
    QueueView,
    ResumedView,
    RunsView,
    UsageView,
    VersionView,
)
from ledger.views import HandleView, PollView, ResultView, StatusView

Answer = dict[str, object]
Responses = dict[int | str, Answer]

_ERRORS: Mapping[int, tuple[str, str]] = {
    400: (
        "What the request says is not acceptable; the sentence says why.",
        "malformed run_id: it looks like YYYYMMDD_HHMMSS_xxxxxxxx",
    ),
    401: ("No token, or a wrong one.", "missing X-Mantis-Token header"),
    403: (
        "The token lacks the scope, or the plan goes where the tenant may not.",
        "the token lacks the scope 'run'",
    ),
    404: ("This tenant has no such thing.", f"unknown run_id: {examples.RUN_ID}"),
    409: (
        "It contradicts what was asked for before.",
        "this Idempotency-Key belongs to a submission with another body: send that body again, "
        "or take a new key",
    ),
    413: ("The body is too large.", "the body is larger than the 1048576 bytes allowed"),
    416: (
        "The file has no such range.",
        "the file has no such range: Content-Range says how long it is",
    ),
    429: (
        "More than the tenant may, of requests a minute or of runs at once.",
        "more than 30 submissions a minute: try again in 2 s",
    ),
    500: (
        "A fault of the server, which its log has under the id.",
        "internal error: the server's log has it under the id 5f0c1a2b3d4e",
    ),
    502: ("The model can't be reached.", "Holo3 can't be reached: try again in a moment"),
    503: (
        "A part of the service is missing or away.",
        "the run ledger can't be reached, try again in a moment",
    ),
}


def _header(description: str, minimum: int, *, required: bool = False) -> dict[str, object]:
    return {
        "description": description,
        "required": required,
        "schema": {"type": "integer", "minimum": minimum},
    }


_RATE_HEADERS: dict[str, object] = {
    "X-RateLimit-Limit": _header("Requests a minute; no such header where there is no limit.", 1),
    "X-RateLimit-Remaining": _header("Requests that may be made at once.", 0),
    "X-RateLimit-Reset": _header("Seconds until all of them may be.", 0),
}
_RETRY_AFTER = _header("Seconds to wait before asking again.", 1, required=True)


def _json_example(value: JsonValue) -> dict[str, object]:
    return {"content": {"application/json": {"example": value}}}


def _refusals(*codes: int) -> Responses:
    answers: Responses = {}
    for code in (*codes, 500):
        description, sentence = _ERRORS[code]
        answers[code] = {
            "model": ErrorBody,
            "description": description,
            **_json_example({"detail": sentence}),
        }
    if 429 in answers:
        answers[429]["headers"] = {"Retry-After": _RETRY_AFTER, **_RATE_HEADERS}
    return answers


def _ok(model: type[BaseModel], description: str) -> Responses:
    return {200: {"model": model, "description": description}}


_BINARY: Answer = {"type": "string", "format": "binary"}
_JSON_FILE: Answer = {
    "description": "The result, or the extracted rows.",
    "anyOf": [
        {"$ref": REF.format(model="ResultView")},
        {"type": "array", "items": {"type": "object", "additionalProperties": True}},
    ],
}
_FRAME: Answer = {
    "type": "object",
    "description": "One frame of the stream.",
    "properties": {
        "event": {"type": "string", "description": "`phase`, `terminal`, or the row's kind."},
        "id": {"type": "string", "description": "The row's `ts`; a phase has none."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "The row, or `{phase, run_id, halt_class?}`.",
        },
    },
    "required": ["event", "data"],
}


def _files(description: str, whole: Answer, *media_types: str) -> Responses:
    content = {name: {"schema": _BINARY} for name in media_types}
    ranges = {"Accept-Ranges": {"schema": {"const": "bytes"}, "required": True}}
    part = {"Content-Range": {"schema": {"type": "string"}, "required": False}}
    several = {"multipart/byteranges": {"schema": _BINARY}}
    return {
        200: {"description": description, "content": content | whole, "headers": ranges},
        206: {
            "description": "The part that the request's `Range` names.",
            "content": content | several,
            "headers": ranges | part,
        },
    }


_RUN = (400, 401, 403, 404, 503)
_ANSWERS: tuple[type[BaseModel], ...] = (StatusView, ResultView, LogsView, DryRunView, ResumedView)
_PREDICTED: Answer = {
    "model": reduce(or_, _ANSWERS, HandleView),
    "description": "The handle of the run; of a blocking submission its result; of a dry run "
    "the plan as understood; of an action what the action answers.",
    "headers": _RATE_HEADERS,
}
PREDICT_RESPONSES: Responses = {200: _PREDICTED, **_refusals(*_RUN, 409, 413, 429)}
STATUS_RESPONSES = _ok(StatusView, "How the run stands.") | _refusals(*_RUN)
RESULT_RESPONSES = _ok(ResultView, "The status with the result; null before the end.") | _refusals(
    *_RUN
)
CANCEL_RESPONSES = _ok(
    StatusView, "The status after it; `running` while it is stopping."
) | _refusals(*_RUN, 413)
PAUSE_RESPONSES = _ok(
    StatusView, "The status after it; `running` with `pause_requested` until it pauses."
) | _refusals(*_RUN, 413)
RESUME_RESPONSES = _ok(
    ResumedView, "The run goes on. The newest `pause_id` and the same answer again answer the same."
) | _refusals(*_RUN, 413)
RESUME_RESPONSES[503] = {
    "model": ErrorBody,
    "description": "A part of the service is away, or no workflow worker is up: it stays paused.",
    **_json_example(
        {
            "detail": "the run is still paused: no workflow worker has taken the answer in time, "
            "try again in a moment"
        }
    ),
}
POLL_RESPONSES = _ok(PollView, "Phase, and when to ask again.") | _refusals(*_RUN)
LOGS_RESPONSES = _ok(LogsView, "Lines of the log, oldest first.") | _refusals(*_RUN)
_EVENTS: Answer = {
    "model": EventsView,
    "description": "Events after the cursor; with `sse=true` a stream of them, which begins with "
    f"the phase and ends after `terminal`:\n\n```\n{examples.STREAM}```",
    "content": {"text/event-stream": {"schema": _FRAME}},
}
EVENTS_RESPONSES: Responses = {200: _EVENTS, **_refusals(*_RUN)}
RUNS_RESPONSES = _ok(RunsView, "A page of runs, newest first.") | _refusals(400, 401, 403, 503)
QUEUE_RESPONSES = _ok(QueueView, "The runs that are not over, counted.") | _refusals(401, 403, 503)
ARTIFACT_RESPONSES = _files(
    "The file.",
    {"application/json": {"schema": _JSON_FILE}},
    "application/json",
    "text/csv",
    "image/png",
    "image/jpeg",
    "image/webp",
) | _refusals(*_RUN, 416)
VIDEO_RESPONSES = _files("The recording.", {}, "video/mp4", "video/webm", "image/gif") | _refusals(
    400, 401, 404, 416, 503
)
_USAGE: Answer = {
    "model": UsageView,
    "description": "A page of records, in the order of time, of runs or of days.",
    "content": {"text/csv": {"schema": TEXT}},
    "headers": {
        "X-Next-Cursor": {
            "description": "Of a page of CSV that is not the last one: how to go on.",
            "required": False,
            "schema": TEXT,
        }
    },
}
USAGE_RESPONSES: Responses = {200: _USAGE, **_refusals(400, 401, 403, 503)}
_COMPLETION: Answer = {
    "description": "The pool's answer, chunk by chunk where the request says `stream`.",
    "content": {
        "application/json": {"schema": {"type": "object", "additionalProperties": True}},
        "text/event-stream": {"schema": {"type": "string"}},
    },
    "headers": _RATE_HEADERS,
}
CHAT_RESPONSES: Responses = {
    200: _COMPLETION,
    **_refusals(400, 401, 403, 413, 429, 502, 503),
}
MODELS_RESPONSES = _ok(ModelsView, "The models.") | _refusals()
VERSION_RESPONSES = _ok(VersionView, "The build.") | _refusals()
HEALTH_RESPONSES: Responses = {
    **_ok(HealthView, "Runs can be taken."),
    503: {"model": HealthView, "description": "They can't: `checks` says what is away."},
    **_refusals(),
}
METRICS_RESPONSES: Responses = {
    200: {
        "description": "Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    **_refusals(),
}
