"""Which fields an extract step reads: a schema's, its own, or those its intent names."""

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from plans.errors import PlanError
from plans.plan import Plan
from plans.record_schema import resolved
from plans.step import INTENT_READ, Extract, ExtractField, Step
from plans.structure import EXTRACTING

_VERB = re.compile(
    r"(?i)\b(?:extract|collect|note(?:\s+down)?|get|read|record|capture|scrape|grab|list|save|"
    r"return|gather|pull|copy|fetch|find|write\s+down|take\s+down|report|store|retrieve|"
    r"extrahiere|sammle|notiere|lies|hole|erfasse)\b"
)
_LEAD_IN = re.compile(
    r"(?i)\b(?:following(?:\s+\w+)?|(?:with|including)(?:\s+(?:the|its|their))?"
    r"(?:\s+(?:fields?|columns?|attributes?))?|such\s+as|namely)\s*:?\s+"
)
_COLON = re.compile(r":(?=\s)")
_TAIL = re.compile(
    r"(?i)\s+(?:from|for|of\s+(?:each|the|this|that|every|all|any)|on|in|at|as|if|when|where|"
    r"using|then|into|to|by|per|that|which|shown|listed|displayed|visible)\s.*$"
    r"|\s+(?:if|when|where)\s+\w+$|\s+(?:as\s+well|too|shown|listed)$"
)
_SENTENCE = re.compile(r"[.!?](?:\s|$)|\n\s*\n")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SPLIT = re.compile(r"(?i)\s*(?:[,;\n]|&|\b(?:and|or|plus|und|sowie)\b|\s[-–•*]\s)\s*")
_LEADING = re.compile(
    r"(?i)^(?:(?:the|a|an|all|any|each|every|its|their|his|her|also|both|full|exact)\s+"
    r"|(?:[\w\-]+\s+){0,3}[\w\-]+(?:'s|’s|s'|s’)\s+)+"
)
_NOT_NAME = re.compile(r"[^\w]+")
_GENERIC = re.compile(
    r"(?:(?:data|details?|info|information|fields?|everything|all|listings?|records?|contents?|"
    r"pages?|results?|rows?|spec(?:ification)?s?|items?|text|values?|it|them|this|that|table|"
    r"entry|entries|following)(?:_|$))+"
)
_ENTITY = re.compile(r"(?i)^\s*(?:(?:all|every|each)\b|(?:the\s+)?similar\b)")
_MAX_WORDS = 5
_MAX_FIELDS = 500


def field_names(intent: str) -> tuple[str, ...]:
    """The fields an intent names, as snake case in its order; empty when it names none.

    "Extract Year, Make and the seller's Phone" names year, make and phone; "Collect the
    similar boats: title, price" names title and price; "Extract the listing data" none.
    Without a verb only what follows a colon is read.
    """
    intent = intent[:INTENT_READ]
    verb = _VERB.search(intent)
    text = _BRACKETS.sub("", intent if verb is None else intent[verb.end() :])
    lead_in = _COLON.search(text) or (_LEAD_IN.search(text) if verb else None)
    if verb is None and lead_in is None:
        return ()
    if lead_in is not None:
        text = text[lead_in.end() :]
    text = _SENTENCE.split(text.strip(), maxsplit=1)[0]
    parts = [_TAIL.sub("", part) for part in _SPLIT.split(_cut_tail(text))]
    names = tuple(dict.fromkeys(name for name in map(_name, parts) if name))
    if len(names) == 1 and (_GENERIC.fullmatch(names[0]) or _ENTITY.match(text)):
        return ()
    return names


def _cut_tail(text: str) -> str:
    """Drop what follows the last field, which only the last one can be followed by."""
    *firsts, last = _SPLIT.split(text)
    kept = _TAIL.sub("", last)
    return ", ".join([*firsts, kept]) if firsts else kept


def _name(part: str) -> str:
    plain = _LEADING.sub("", part.strip().strip("\"'“”‘’`*•-– "))
    words = [word for word in _NOT_NAME.split(plain.lower()) if word]
    return "_".join(words)[:128] if len(words) <= _MAX_WORDS else ""


def schema_fields(schema: Mapping[str, JsonValue]) -> tuple[ExtractField, ...]:
    """The fields of a JSON Schema of one record, in its order.

    Raises:
        PlanError: it has no properties, or they are not as a schema has them.
    """
    properties = schema.get("properties")
    required = schema.get("required", [])
    if not isinstance(properties, dict) or not properties:
        raise PlanError("invalid request: extraction_schema: needs 'properties' with the fields")
    if len(properties) > _MAX_FIELDS:
        raise PlanError(f"invalid request: extraction_schema: has more than {_MAX_FIELDS} fields")
    if not isinstance(required, list):
        raise PlanError("invalid request: extraction_schema.required: must be an array")
    fields: list[ExtractField] = []
    for name, rule in properties.items():
        if not 1 <= len(name) <= 128:
            raise PlanError("invalid request: extraction_schema: a name has 1 to 128 characters")
        if not isinstance(rule, dict | bool):
            raise PlanError("invalid request: extraction_schema: a property must be an object")
        kind = _schema_type(schema, rule)
        fields.append(ExtractField(name=name, type=kind, required=name in required))
    return tuple(fields)


def _schema_type(schema: Mapping[str, JsonValue], given: JsonValue) -> str:
    rule = resolved(schema, given)
    kind, form = rule.get("type"), rule.get("format")
    kinds: list[JsonValue] = kind if isinstance(kind, list) else [kind]
    if form in ("uri", "url", "iri"):
        return "url"
    if form == "email":
        return "email"
    if form in ("date", "date-time"):
        return "date"
    if "integer" in kinds:
        return "int"
    if "array" in kinds:
        return "list"
    return "float" if "number" in kinds else "bool" if "boolean" in kinds else "str"


def under_schema(plan: Plan, extraction_schema: Mapping[str, JsonValue]) -> Plan:
    """The plan with the schema's fields in place of its own extract steps' fields.

    Raises:
        PlanError: the schema has no properties.
    """
    fields = schema_fields(extraction_schema)
    under = {"fields": fields, "record_schema": dict(extraction_schema)}
    steps = tuple(
        step.model_copy(update={"extract": (step.extract or Extract()).model_copy(update=under)})
        if step.type in EXTRACTING
        else step
        for step in plan.steps
    )
    return plan.model_copy(update={"steps": steps})


def step_fields(step: Step) -> tuple[ExtractField, ...]:
    """The fields a step reads; empty means the labelled pairs of the page."""
    if step.extract is not None and step.extract.fields:
        return step.extract.fields
    return tuple(ExtractField(name=name) for name in field_names(step.intent))


def plan_fields(
    plan: Plan, extraction_schema: Mapping[str, JsonValue] | None = None
) -> tuple[ExtractField, ...]:
    """The schema's fields, else those of all the plan's extract steps, each name once."""
    if extraction_schema is not None:
        return schema_fields(extraction_schema)
    extracting: Iterable[Step] = (step for step in plan.steps if step.type in EXTRACTING)
    fields: dict[str, ExtractField] = {}
    for step in extracting:
        for field in step_fields(step):
            fields.setdefault(field.name, field)
    return tuple(fields.values())
