"""The JSON Schema of one record (`extraction_schema`): checked at the door, applied to records."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jsonschema_rs import RegexOptions, ValidationError, Validator, validator_for
from pydantic import JsonValue

from plans.errors import PlanError
from plans.json_text import canonical_json
from plans.step import Frozen

_PLACE = "invalid request: extraction_schema"
_MOST_CHARACTERS = 64 * 1024
_DEEPEST = 24
MOST_PROPERTIES = 60
"""Fields of one record: each is looked for on its own, on every page that is read."""
_MOST_VISITS = 5000
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_IDS = ("$id", "$anchor", "$dynamicAnchor")
_REGEX_BYTES = 1_000_000
_LONGEST_REASON = 200

Schema = Mapping[str, JsonValue]


class Breach(Frozen):
    """A rule that a record breaks.

    `field` is the property that breaks it, "" where it is the record as a whole.
    """

    field: str
    reason: str


def check_record_schema(schema: Schema) -> None:
    """Refuse a schema that is malformed or could do harm; nothing is fetched for it.

    Its patterns are matched by an engine that takes linear time: look-around and
    back-references are not supported. References may only lead to other places in it, and
    never back to where they stand.

    Raises:
        PlanError: what is wrong with it, and where.
    """
    text = canonical_json(dict(schema))
    if len(text) > _MOST_CHARACTERS:
        raise PlanError(f"{_PLACE}: is larger than {_MOST_CHARACTERS // 1024} KiB")
    if schema.get("type", "object") != "object":
        raise PlanError(f"{_PLACE}.type: must be 'object', the schema is that of one record")
    properties = schema.get("properties")
    if isinstance(properties, dict) and len(properties) > MOST_PROPERTIES:
        raise PlanError(
            f"{_PLACE}.properties: has {len(properties)} fields, at most {MOST_PROPERTIES}"
            " can be extracted"
        )
    _check_references(schema)
    try:
        _compile(text)
    except (ValidationError, ValueError) as error:
        raise PlanError(f"{_PLACE}: {_first_line(error)}") from None


def breaches(schema: Schema, record: Mapping[str, JsonValue]) -> tuple[Breach, ...]:
    """The rules of a checked schema that a record breaks; a null is a value left out.

    What `required` asks for is not among them: whether a record is viable tells that.
    """
    given = {name: value for name, value in record.items() if value is not None}
    found: list[Breach] = []
    for error in _compile(canonical_json(dict(schema))).iter_errors(given):
        field = str(error.instance_path[0]) if error.instance_path else ""
        if field or list(error.schema_path)[-1:] != ["required"]:
            found.append(Breach(field=field, reason=_first_line(error)))
    return tuple(found)


def property_rules(schema: Schema) -> dict[str, Schema]:
    """The rules of each property, references followed; {} for one without any."""
    properties = schema.get("properties")
    rules = properties if isinstance(properties, dict) else {}
    return {name: resolved(schema, rule) for name, rule in rules.items()}


def resolved(schema: Schema, rule: JsonValue) -> Schema:
    """A rule, or what it refers to in the schema."""
    for _ in range(_DEEPEST):
        if not isinstance(rule, dict):
            return {}
        reference = rule.get("$ref")
        if not isinstance(reference, str):
            return rule
        rule = _target(schema, reference)
    return {}


def rule_types(rule: Schema) -> tuple[str, ...]:
    """The types that a rule allows, null aside; () where it does not say."""
    kind = rule.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return tuple(one for one in kinds if isinstance(one, str) and one != "null")


@lru_cache(maxsize=64)
def _compile(text: str) -> Validator:
    return validator_for(
        text,
        validate_formats=True,
        offline=True,
        pattern_options=RegexOptions(size_limit=_REGEX_BYTES, dfa_size_limit=_REGEX_BYTES),
    )


def _check_references(schema: Schema) -> None:
    visits = 0
    waiting: list[tuple[JsonValue, int, frozenset[str]]] = [(dict(schema), 0, frozenset())]
    while waiting:
        value, depth, behind = waiting.pop()
        visits += 1
        if visits > _MOST_VISITS or depth > _DEEPEST:
            raise PlanError(f"{_PLACE}: is too large or nested too deeply")
        if isinstance(value, list):
            waiting += [(inner, depth + 1, behind) for inner in value]
        elif isinstance(value, dict):
            waiting += [(inner, depth + 1, behind) for inner in value.values()]
            for reference in _references(value):
                if reference in behind:
                    raise PlanError(f"{_PLACE}: the reference '{reference[:80]}' leads in a circle")
                target = _target(schema, reference)
                waiting.append((target, depth + 1, behind | {reference}))


def _references(value: dict[str, JsonValue]) -> Iterator[str]:
    """The references of one subschema.

    Raises:
        PlanError: one leads out of the schema, or a name would change what they lead to.
    """
    for name in _REFERENCES:
        reference = value.get(name)
        if isinstance(reference, str):
            if name != "$ref" or not (reference == "#" or reference.startswith("#/")):
                raise PlanError(
                    f"{_PLACE}: '{reference[:80]}' leads elsewhere: only references into the"
                    " schema itself, such as '#/$defs/price', are followed"
                )
            yield reference
    for name in _IDS:
        if isinstance(value.get(name), str):
            raise PlanError(f"{_PLACE}: '{name}' is not supported, leave it out")


def _target(schema: Schema, reference: str) -> JsonValue:
    at: JsonValue = dict(schema)
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict) and name in at:
            at = at[name]
        elif isinstance(at, list) and name.isdecimal() and int(name) < len(at):
            at = at[int(name)]
        else:
            raise PlanError(f"{_PLACE}: there is nothing at '{reference[:80]}'")
    return at


def _first_line(error: Exception) -> str:
    line = " ".join(str(error).strip().split("\n\n", 1)[0].split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
