"""`extraction_schema`: what is refused at the door, and which rules a record breaks."""

import time

import pytest
from pydantic import JsonValue

from plans.errors import PlanError
from plans.fields import schema_fields
from plans.record_schema import MOST_PROPERTIES, breaches, check_record_schema

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$", "minLength": 4},
        "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
        "state": {"enum": ["New", "Used"]},
        "listed": {"type": "string", "format": "date"},
        "price": {"$ref": "#/$defs/price"},
    },
    "required": ["id"],
    "$defs": {"price": {"type": "number", "exclusiveMinimum": 0}},
}


def test_a_record_within_the_rules_breaks_none() -> None:
    check_record_schema(SCHEMA)
    good = {"id": "AB-1", "year": 2019, "state": "New", "listed": "2025-01-02", "price": 1.5}
    assert breaches(SCHEMA, good) == ()
    assert breaches(SCHEMA, dict.fromkeys(good)) == ()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("id", "nope", "does not match"),
        ("year", 1800, "less than the minimum"),
        ("year", "2019", 'not of type "integer"'),
        ("state", "Broken", "not one of"),
        ("listed", "2025-13-01", 'not a "date"'),
        ("price", 0, "less than or equal to"),
    ],
)
def test_each_rule_names_its_field(name: str, value: JsonValue, reason: str) -> None:
    (breach,) = breaches(SCHEMA, {"id": "AB-1", name: value})
    assert breach.field == name and reason in breach.reason


def test_a_rule_of_the_record_as_a_whole_names_no_field() -> None:
    schema: dict[str, JsonValue] = {"properties": {"a": {}}, "minProperties": 2}
    (breach,) = breaches(schema, {"a": "x"})
    assert breach.field == ""


DEEP: dict[str, JsonValue] = {"properties": {"a": {}}}
for _ in range(40):
    DEEP = {"properties": {"a": DEEP}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array"}, "must be 'object'"),
        ({"properties": {"a": {"type": "text"}}}, '"text"'),
        ({"properties": {"a": {"minimum": "x"}}}, '"x"'),
        ({"properties": {"a": {"pattern": "("}}}, '"("'),
        ({"properties": {"a": {"pattern": r"(a+)+(?=b)"}}}, "regex"),
        ({"properties": {"a": {"pattern": "((a{1,999}){1,999}){1,999}"}}}, "regex"),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}, "leads elsewhere"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "leads elsewhere"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, "leads elsewhere"),
        ({"properties": {"a": {"$ref": "#/nowhere"}}}, "nothing at"),
        ({"properties": {"a": {"$ref": "#"}}}, "in a circle"),
        ({"$schema": "http://127.0.0.1:9/meta", "properties": {"a": {}}}, "meta-schema"),
        ({"$id": "http://127.0.0.1:9/", "properties": {"a": {}}}, "$id"),
        (DEEP, "nested too deeply"),
        ({"properties": {"a": {"enum": ["x" * 70_000]}}}, "larger than 64 KiB"),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/x0"}},
                "$defs": {
                    "x18": {},
                    **{f"x{i}": {"allOf": [{"$ref": f"#/$defs/x{i + 1}"}] * 2} for i in range(18)},
                },
            },
            "too large",
        ),
    ],
)
def test_a_malformed_or_hostile_schema_is_refused_at_once(
    schema: dict[str, JsonValue], said: str
) -> None:
    started = time.process_time()
    with pytest.raises(PlanError, match="invalid request: extraction_schema") as refused:
        check_record_schema(schema)
    assert said in refused.value.message
    assert time.process_time() - started < 1


def test_a_pattern_that_would_take_ages_elsewhere_is_matched_in_linear_time() -> None:
    schema: dict[str, JsonValue] = {"properties": {"a": {"pattern": "^(a+)+$"}}}
    check_record_schema(schema)
    started = time.process_time()
    assert breaches(schema, {"a": "a" * 4000 + "b"})
    assert time.process_time() - started < 1


def test_properties_may_be_called_as_keywords_are() -> None:
    schema: dict[str, JsonValue] = {
        "properties": {"id": {"type": "string", "default": "$ref"}, "$ref": {"type": "string"}}
    }
    check_record_schema(schema)
    assert [field.name for field in schema_fields(schema)] == ["id", "$ref"]


def test_references_decide_a_fields_type() -> None:
    assert {field.name: field.type for field in schema_fields(SCHEMA)}["price"] == "float"


def test_no_more_fields_are_taken_than_can_be_read() -> None:
    properties: dict[str, JsonValue] = {f"field_{n}": {} for n in range(MOST_PROPERTIES)}
    check_record_schema({"properties": properties})
    with pytest.raises(PlanError, match=r"properties: has 61 fields, at most 60 can be"):
        check_record_schema({"properties": properties | {"one_more": {}}})
