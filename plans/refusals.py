"""From pydantic's findings to one sentence for the caller."""

import json
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from plans.errors import PlanError

M = TypeVar("M", bound=BaseModel)


def read_model(model: type[M], value: JsonValue, path: str) -> M:
    """Read a model strictly (a boolean is no number, "8" is none either).

    A null stands for a field that was left out.

    Args:
        model: the model.
        value: a JSON object.
        path: where it stands in the request, for error sentences.

    Raises:
        PlanError: `invalid request: <path>.<field>: <what is wrong>`.
    """
    if not isinstance(value, dict):
        raise PlanError(f"invalid request: {path}: must be an object")
    try:
        return read_strictly(model, value)
    except ValidationError as error:
        raise PlanError(sentence(error, path)) from None


def findings(model: type[BaseModel], value: dict[str, JsonValue], path: str) -> dict[str, str]:
    """Everything that `read_model` would find, as sentences by their place below `path`."""
    try:
        read_strictly(model, value)
    except ValidationError as error:
        return {place: f"invalid request: {place}: {what}" for place, what in _told(error, path)}
    return {}


def read_strictly(model: type[M], value: dict[str, JsonValue]) -> M:
    """Read a model strictly, a null standing for a field that was left out.

    Raises:
        ValidationError: pydantic's own findings.
    """
    given = {
        key: item
        for key, item in value.items()
        if item is not None or key not in model.model_fields
    }
    return model.model_validate_json(json.dumps(given), strict=True)


def sentence(error: ValidationError, path: str) -> str:
    """The first finding as `invalid request: <place>: <what>`, no value of the caller in it."""
    told = _told(error, path)
    place, what = told[0]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return f"invalid request: {place}: {what}{more}"


def _told(error: ValidationError, path: str) -> list[tuple[str, str]]:
    """All findings: where, and what is wrong there."""
    told: list[tuple[str, str]] = []
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        place = path
        for part in found["loc"]:
            place += f"[{part}]" if isinstance(part, int) else f".{short(part)}"
        told.append((place.lstrip("."), short(found["msg"], 160)))
    return told


def short(text: str, most: int = 40) -> str:
    """A text cut to what a sentence can carry, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
