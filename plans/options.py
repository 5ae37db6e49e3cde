"""The options of a run, as the caller wrote them and as they are in force (contract, section 3)."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from plans.caps import Caps
from plans.errors import PlanError
from plans.parse import PlanSource, Shape
from plans.plan import Plan
from plans.refusals import read_model
from plans.step import Perception

_MAY_BE_EMPTY = frozenset({"profile_id", "proxy_city", "proxy_state", "callback_url"})
_NOT_IDENTIFIER = re.compile(r"[^A-Za-z0-9_.-]")


class VideoFormat(StrEnum):
    """Container of a recording."""

    MP4 = "mp4"
    WEBM = "webm"
    GIF = "gif"


def identifier(text: str) -> str:
    """A name that is safe in a path: `[A-Za-z0-9_.-]`, at most 128, no leading dot."""
    return _NOT_IDENTIFIER.sub("_", text[:1024]).lstrip(".")[:128]


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an http(s) URL")
    return text


def _clamp_fps(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return min(30, max(1, value))


class Options(BaseModel):
    """The options in force. Money in USD. The caller's unknown fields are kept for the echo."""

    model_config = ConfigDict(frozen=True, extra="allow")

    detached: bool = True
    profile_id: str | None = None
    workflow_id: str = ""
    state_key: str = ""
    resume_state: bool = False
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    max_cost: float = Field(default=25.0, gt=0, allow_inf_nan=False)
    max_time_minutes: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    proxy_city: str | None = None
    proxy_state: str | None = None
    record_video: bool = False
    video_format: VideoFormat = VideoFormat.MP4
    video_fps: Annotated[int, BeforeValidator(_clamp_fps)] = 5
    callback_url: Annotated[str, AfterValidator(_http_url)] | None = None
    extraction_schema: dict[str, JsonValue] | None = None
    perception: Perception = Perception.AUTO
    dry_run: bool = False


def read_options(
    body: Mapping[str, JsonValue],
    source: PlanSource,
    caps: Caps,
    presets: Mapping[str, JsonValue] | None = None,
    perception: Perception = Perception.AUTO,
) -> Options:
    """The options in force: the caller's, else those of the plan's `runtime`, else defaults.

    Inputs are merged by name in the same order, below them the operator's presets.

    Args:
        body: the request.
        source: the plan it holds.
        caps: the caps in force, which money and time are clamped to.
        presets: inputs that the operator presets.
        perception: the operator's default.

    Raises:
        PlanError: an option of the wrong type or out of range.
    """
    runtime = source.content.runtime if isinstance(source.content, Plan) else {}
    known = {name: value for name, value in runtime.items() if name in Options.model_fields}
    merged: dict[str, JsonValue] = {"perception": perception.value} | _given(known) | _given(body)
    merged["inputs"] = dict(presets or {}) | _inputs(runtime) | _inputs(body)
    asked = read_model(Options, merged, "")
    workflow_id = asked.workflow_id or asked.state_key or source.content.signature()[:12]
    return asked.model_copy(
        update={
            "profile_id": identifier(asked.profile_id or asked.state_key) or None,
            "workflow_id": identifier(workflow_id) or source.content.signature()[:12],
            "state_key": identifier(asked.state_key),
            "max_cost": min(asked.max_cost, caps.max_cost_usd),
            "max_time_minutes": min(asked.max_time_minutes, caps.max_runtime_minutes),
        }
    )


def _given(layer: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What a layer says: no plan fields, no nulls and empty names where an option may be none."""
    return {
        name: value
        for name, value in layer.items()
        if name not in list(Shape)
        and not (name in Options.model_fields and value is None)
        and not (name in _MAY_BE_EMPTY and value == "")
    }


def _inputs(layer: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    inputs = layer.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        raise PlanError("invalid request: inputs: must be an object")
    return inputs
