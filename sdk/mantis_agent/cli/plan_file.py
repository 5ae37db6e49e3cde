"""From what the command line names as a plan to a request."""

import json
import sys
from pathlib import Path
from typing import Any

from mantis_agent.cli.errors import UsageError

PLAN_FIELDS = ("task_suite", "task_file_contents", "task_file", "micro", "plan_text")
"""The fields that a plan may come in; an object with one of them is a whole request."""


def read_plan(name: str) -> dict[str, Any]:
    """A request with the plan in it.

    Args:
        name: a `.json` file (an array of steps, an object with `steps` or `tasks`, or a whole
            request), any other text file (a plan in words), `-` for standard input, or the
            name of a plan file of the service.

    Raises:
        UsageError: it can't be read, or is not JSON where it should be.
    """
    if name == "-":
        return _request(_text(sys.stdin.buffer.read(), "standard input"), "standard input")
    path = Path(name)
    if not path.exists() and _is_plan_name(path):
        return {"micro": name}
    try:
        return _request(_text(path.read_bytes(), name), name)
    except OSError as error:
        raise UsageError(f"can't read {name}: {error.strerror or error}") from error


def is_of_the_service(request: dict[str, Any]) -> bool:
    """Whether the plan is a file of the service, not of this machine."""
    return isinstance(request.get("micro"), str)


def _is_plan_name(path: Path) -> bool:
    inside = not path.is_absolute() and ".." not in path.parts and len(path.parts) > 1
    return inside and path.suffix.lower() in (".json", ".txt")


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text") from error


def _request(text: str, name: str) -> dict[str, Any]:
    if not text.strip():
        raise UsageError(f"{name} is empty")
    is_json = name.lower().endswith(".json") or text.lstrip()[:1] in ("[", "{")
    if not is_json:
        return {"plan_text": text}
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{name} is not valid JSON: {error.msg} ({place})") from error
    except RecursionError as error:
        raise UsageError(f"{name} is not valid JSON: it nests too deep") from error
    if isinstance(document, dict) and any(document.get(field) for field in PLAN_FIELDS):
        return document
    if isinstance(document, dict | list):
        return {"task_suite": document}
    raise UsageError(f"{name} holds no plan: it must be an array of steps or an object")


def read_inputs(given: list[str]) -> dict[str, Any]:
    """Inputs from `name=text` and `name:=JSON`.

    Raises:
        UsageError: one of them is neither.
    """
    inputs: dict[str, Any] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name.strip(":"):
            raise UsageError(f"--input takes name=text or name:=JSON, not '{word}'")
        if not name.endswith(":"):
            inputs[name] = value
            continue
        inputs[name[:-1]] = read_json(value, f"--input {name}=")
    return inputs


def read_json(text: str, what: str) -> Any:
    """A JSON value of the command line.

    Raises:
        UsageError: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} needs a JSON value") from error
