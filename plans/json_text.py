"""JSON as it may come through the door: finite numbers, real text, bounded depth."""

import json
import math
import re

from pydantic import JsonValue

from plans.errors import PlanError

MAX_DEPTH = 64
"""Levels of arrays and objects that a document may nest."""

_MAX_INT = 2**63 - 1
_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _NOT_BRACKETS.sub("", _STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(name: str) -> None:
    raise PlanError(f"the JSON holds {name}, which is not a JSON number")


def read_json(text: str, what: str = "the body") -> JsonValue:
    """Parse one JSON document.

    Args:
        text: the document.
        what: how error sentences call it.

    Raises:
        PlanError: not JSON, nested too deep, or holding what `check_json` refuses.
    """
    if _depth(text) > MAX_DEPTH:
        raise PlanError(f"{what} nests deeper than {MAX_DEPTH} levels")
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise PlanError(f"{what} is not valid JSON: {error.msg} ({place})") from None
    except PlanError:
        raise
    except (ValueError, RecursionError):
        raise PlanError(f"{what} is not valid JSON: a number in it is too long") from None
    check_json(value, what)
    return value


def check_json(value: JsonValue, what: str = "the body") -> None:
    """Refuse what no later part should have to think of.

    Raises:
        PlanError: more than `MAX_DEPTH` levels, a number that is not finite or beyond 64 bits,
            text that is not valid Unicode or holds a NUL.
    """
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    _check_text(key, what)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            else:
                _check_scalar(item, what)
        if not below:
            return
        level = below
    if any(isinstance(item, dict | list) for item in level):
        raise PlanError(f"{what} nests deeper than {MAX_DEPTH} levels")
    for item in level:
        _check_scalar(item, what)


def _check_scalar(item: JsonValue, what: str) -> None:
    if isinstance(item, str):
        _check_text(item, what)
    elif isinstance(item, float) and not math.isfinite(item):
        raise PlanError(f"{what} holds a number that is not finite")
    elif isinstance(item, int) and abs(item) > _MAX_INT:
        raise PlanError(f"{what} holds a number beyond 64 bits")


def _check_text(text: str, what: str) -> None:
    if "\0" in text:
        raise PlanError(f"{what} holds text with a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise PlanError(f"{what} holds text that is not valid Unicode") from None


def canonical_json(value: JsonValue) -> str:
    """The one way to write a document: sorted keys, no spaces, Unicode as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
