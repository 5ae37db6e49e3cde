"""The part of JSON Schema that Claude's constrained decoding takes."""

from typing import Any

from tests.fakes.claude_refusals import Refused

ALWAYS = {"title", "description", "default", "$defs", "definitions", "$schema", "examples"}
OF_TYPE: dict[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format", "pattern"},
    "integer": set(),
    "number": set(),
    "boolean": set(),
    "null": set(),
}
COMBINING = {"anyOf", "allOf", "enum", "const", "$ref"}
FORMATS = {
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
}
MOST_OPTIONAL = 24
MOST_UNIONS = 16


class Schemas:
    """Checks all schemas of one request: their complexity is limited together."""

    def __init__(self) -> None:
        self._optional = 0
        self._unions = 0

    def check(self, schema: object, where: str) -> None:
        """Look through a schema.

        Raises:
            Refused: it says what can't be decoded by.
        """
        if not isinstance(schema, dict):
            raise Refused(f"{where}: Input should be an object")
        self._look(schema, where, schema)
        for name, inner in _definitions(schema).items():
            self._look(inner, f"{where}.$defs.{name}", schema)
            if _reaches(inner, f"/{name}", schema, set()):
                raise Refused(f"{where}: Recursive schemas are not supported")
        if self._optional > MOST_OPTIONAL:
            raise Refused(
                f"Schemas contains too many optional parameters ({self._optional}), which would "
                f"make grammar compilation inefficient. Reduce to at most {MOST_OPTIONAL}."
            )
        if self._unions > MOST_UNIONS:
            raise Refused(
                f"Schemas contains too many parameters with union types ({self._unions} "
                f"parameters with type arrays or anyOf). Reduce to at most {MOST_UNIONS}."
            )

    def _look(self, schema: Any, where: str, root: dict[str, Any]) -> None:
        if not isinstance(schema, dict):
            raise Refused(f"{where}: Input should be an object")
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not kinds and not COMBINING & schema.keys():
            raise Refused(
                f"{where}: Schema must have a 'type', 'anyOf', 'allOf', 'enum' or 'const'"
            )
        for kind in kinds:
            if kind not in OF_TYPE:
                raise Refused(f"{where}: '{kind}' is not a supported type")
        taken = ALWAYS | COMBINING | {"type"} | {key for kind in kinds for key in OF_TYPE[kind]}
        extra = sorted(schema.keys() - taken)
        if extra:
            of = f"For '{kinds[0]}' type, " if kinds else ""
            raise Refused(f"{where}: {of}properties {', '.join(extra)} are not supported")
        if len(kinds) > 1 or "anyOf" in schema:
            self._unions += 1
        self._values(schema, where)
        if "$ref" in schema:
            _resolve(schema["$ref"], root, where)
        if "object" in kinds:
            self._object(schema, where, root)
        if "items" in schema:
            self._look(schema["items"], f"{where}.items", root)
        for word in ("anyOf", "allOf"):
            for at, inner in enumerate(schema.get(word, [])):
                self._look(inner, f"{where}.{word}.{at}", root)

    def _values(self, schema: dict[str, Any], where: str) -> None:
        for value in [*schema.get("enum", []), schema.get("const")]:
            if isinstance(value, dict | list):
                raise Refused(f"{where}: enum and const take plain values only")
        if schema.get("minItems", 0) not in (0, 1):
            raise Refused(
                f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
            )
        if "format" in schema and schema["format"] not in FORMATS:
            raise Refused(f"{where}: '{schema['format']}' is not a supported string format")
        if "(?" in str(schema.get("pattern", "")):
            raise Refused(f"{where}: lookaround in a pattern is not supported")

    def _object(self, schema: dict[str, Any], where: str, root: dict[str, Any]) -> None:
        if schema.get("additionalProperties") is not False:
            raise Refused(
                f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false"
            )
        properties = schema.get("properties", {})
        required = set(schema.get("required", []))
        if required - properties.keys():
            raise Refused(f"{where}: required names properties that are not there")
        self._optional += len(properties.keys() - required)
        for name, inner in properties.items():
            self._look(inner, f"{where}.properties.{name}", root)


def _definitions(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema.get("$defs", {}), **schema.get("definitions", {})}


def _resolve(ref: object, root: dict[str, Any], where: str) -> Any:
    if ref == "#":
        raise Refused(f"{where}: Recursive schemas are not supported")
    parts = str(ref).split("/")
    if parts[0] != "#" or len(parts) != 3 or parts[2] not in root.get(parts[1], {}):
        raise Refused(f"{where}: external or unknown $ref '{ref}' is not supported")
    return root[parts[1]][parts[2]]


def _reaches(schema: Any, target: str, root: dict[str, Any], seen: set[str]) -> bool:
    """Whether a definition refers to itself, over others too."""
    if isinstance(schema, list):
        return any(_reaches(inner, target, root, seen) for inner in schema)
    if not isinstance(schema, dict):
        return False
    ref = schema.get("$ref")
    if isinstance(ref, str):
        if ref.endswith(target):
            return True
        if ref in seen:
            return False
        return _reaches(_resolve(ref, root, "$ref"), target, root, seen | {ref})
    return any(_reaches(inner, target, root, seen) for inner in schema.values())
