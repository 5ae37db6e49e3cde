"""The parts of a submission: where secrets stand in it, and what must stay as it is."""

from collections.abc import Mapping
from enum import Enum, auto

from pydantic import JsonValue

from plans.secret_names import is_secret_name


class Place(Enum):
    """What a part of a submission is."""

    BODY = auto()
    """The request, or the options that a plan brings along."""
    PLAN = auto()
    ITEM = auto()
    """A step or a task."""
    SECRET_ITEM = auto()
    """A step that types into a password or code field."""
    PARAMS = auto()
    SECRET_PARAMS = auto()
    INPUTS = auto()
    VERIFY = auto()
    TEXT = auto()
    """A known field: its texts may hold a secret, its numbers have a meaning."""
    FREE = auto()
    """Anything else that a caller may say."""
    SECRET = auto()
    KEPT = auto()
    """Words of the contract, and names."""


def _all(place: Place, *names: str) -> dict[str, Place]:
    return dict.fromkeys(names, place)


_BODY: Mapping[str, Place] = {
    "task_suite": Place.PLAN,
    "inputs": Place.INPUTS,
    **_all(Place.TEXT, "callback_url", "proxy_city", "proxy_state", "plan_text"),
    **_all(Place.KEPT, "detached", "profile_id", "workflow_id", "state_key", "resume_state"),
    **_all(Place.KEPT, "max_cost", "max_time_minutes", "record_video", "video_format", "video_fps"),
    **_all(Place.KEPT, "extraction_schema", "perception", "dry_run", "task_file", "micro"),
    **_all(Place.KEPT, "action", "run_id"),
}
_PLAN: Mapping[str, Place] = {
    "runtime": Place.BODY,
    **_all(Place.ITEM, "steps", "tasks"),
    **_all(Place.TEXT, "session_name", "base_url", "name"),
}
_ITEM: Mapping[str, Place] = {
    "params": Place.PARAMS,
    "verify": Place.VERIFY,
    **_all(Place.TEXT, "intent", "url", "start_url", "hints"),
    **_all(Place.KEPT, "type", "section", "required", "gate", "claude_only", "grounding", "budget"),
    **_all(Place.KEPT, "loop_target", "loop_count", "stop_var", "out_var", "condition_var"),
    **_all(Place.KEPT, "then_target", "else_target", "guard", "extract", "task_id", "max_steps"),
    **_all(Place.KEPT, "save_session", "require_session"),
}
_PARAMS: Mapping[str, Place] = {
    **_all(Place.KEPT, "seconds", "count"),
    **_all(Place.TEXT, "url", "label", "dropdown_label", "option_label", "keys", "prompt"),
    **_all(Place.TEXT, "reason", "selector"),
}
_INNER: Mapping[Place, Mapping[str, Place]] = {
    Place.BODY: _BODY,
    Place.PLAN: _PLAN,
    Place.ITEM: _ITEM,
    Place.SECRET_ITEM: {**_ITEM, "params": Place.SECRET_PARAMS},
    Place.PARAMS: _PARAMS,
    Place.SECRET_PARAMS: {**_PARAMS, "value": Place.SECRET},
    Place.VERIFY: {"type": Place.KEPT, "value": Place.TEXT},
}
PLAN_WORDS = frozenset(
    name
    for table in (_BODY, _ITEM, _PARAMS)
    for name, place in table.items()
    if place is Place.KEPT
)
"""Members of requests and plans that hold words of the contract, numbers and names."""

_THROUGHOUT = frozenset({Place.TEXT, Place.SECRET, Place.KEPT})


def inner(place: Place, key: str, value: JsonValue) -> Place:
    """What a member of an object is."""
    if place in (Place.SECRET, Place.KEPT):
        return place
    if is_secret_name(key) or (key.casefold() == "auth" and isinstance(value, dict | list)):
        return Place.SECRET
    if place is Place.PLAN and key == "_micro_plan":
        return Place.PLAN if isinstance(value, dict) else Place.ITEM
    if place in _THROUGHOUT:
        return place
    return _INNER.get(place, {}).get(key, Place.FREE)


def in_list(place: Place) -> Place:
    """What an item of an array is: a plan that is an array holds steps."""
    return Place.ITEM if place is Place.PLAN else place
