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
    given = {
        key: item
        for key, item in value.items()
        if item is not None or key not in model.model_fields
    }
    try:
        return model.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise PlanError(sentence(error, path)) from None


def sentence(error: ValidationError, path: str) -> str:
    """The first finding as `invalid request: <place>: <what>`, no value of the caller in it."""
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    first = findings[0]
    place = path
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{short(part)}"
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"invalid request: {place.lstrip('.')}: {short(first['msg'], 160)}{more}"


def short(text: str, most: int = 40) -> str:
    """A text cut to what a sentence can carry, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
