"""Texts as the JSON values that a schema asks for; what can't be read is null with a reason."""

import pytest
from pydantic import JsonValue

from inference.decisions import FieldValue, Record
from inference.extract.held import hold
from inference.extract.typed import Unreadable, number_in, typed


def of(kind: str | dict[str, JsonValue], text: str, lang: str = "en") -> JsonValue:
    rule: dict[str, JsonValue] = {"type": kind} if isinstance(kind, str) else kind
    return typed({}, rule, text, lang)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "1,284", 1284),
        ("integer", "12.500 €", 12500),
        ("integer", "85 kW (116 PS)", 85),
        ("integer", "12.4K followers", 12400),
        ("integer", "3M views", 3_000_000),
        ("number", "$1.2m", 1_200_000),
        ("number", "8.5 m", 8.5),
        ("number", "Length 12m", 12),
        ("integer", "200 reviews", 200),
        ("number", "$189,900", 189900),
        ("number", "CHF 4’990.50", 4990.5),
        ("number", "1 250 € / mois", 1250),
        ("number", "4,6", 4.6),
        ("number", "4.4 out of 5", 4.4),
        ("number", "−3,5 %", -3.5),
        ("boolean", "Yes", True),
        ("boolean", "nein", False),
        ("boolean", "✓", True),
        ("string", "as it is", "as it is"),
        ({"enum": ["in_stock", "sold_out"]}, "In stock", "in_stock"),
        ({"type": "string", "format": "date"}, "12 March 2025", "2025-03-12"),
        ({"type": "string", "format": "date"}, "9. Januar 2025", "2025-01-09"),
        ({"type": "string", "format": "date"}, "9 janvier 2025", "2025-01-09"),
        ({"type": "string", "format": "date"}, "05.03.2025", "2025-03-05"),
        ({"type": ["null", "integer"]}, "7", 7),
        ({"type": ["number", "string"]}, "Call for price", "Call for price"),
        ({"type": ["string", "number"]}, "$1,250", 1250),
        ({"type": ["integer", "number"]}, "2.5", 2.5),
        ({"type": ["boolean", "string", "null"]}, "On request", "On request"),
        ({"type": "array", "items": {"type": "string"}}, "Petrol, Manual · Red", "LIST"),
        (
            {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}},
            },
            "£1,350",
            {"amount": 1350, "currency": "GBP"},
        ),
    ],
)
def test_texts_as_values(kind: str | dict[str, JsonValue], text: str, value: JsonValue) -> None:
    wanted = ["Petrol", "Manual", "Red"] if value == "LIST" else value
    got = of(kind, text)
    assert got == wanted and isinstance(got, type(wanted))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "2.5"),
        ("integer", "none given"),
        ("number", "£34,500 – £38,000"),
        ("boolean", "maybe"),
        ("object", "a text"),
    ],
)
def test_what_is_no_such_value_is_not_guessed(kind: str, text: str) -> None:
    with pytest.raises(Unreadable):
        of(kind, text)


def test_two_numbers_are_no_number() -> None:
    with pytest.raises(Unreadable, match="more than one"):
        number_in("10 ft 2 in")


def test_a_date_that_can_be_read_in_two_ways_stays_a_text() -> None:
    assert of({"type": "string", "format": "date"}, "03/04/2025") == "03/04/2025"
    assert of({"type": "string", "format": "date"}, "03/04/2025", "de") == "2025-04-03"


def record(**values: str | None) -> Record:
    return Record(
        fields={
            name: FieldValue(value=value, raw=value or "", source="label", confidence=0.9)
            for name, value in values.items()
        },
        url="https://a.test/1",
    )


def test_what_breaks_its_rule_is_null_with_the_reason_in_its_evidence() -> None:
    schema: dict[str, JsonValue] = {
        "properties": {
            "year": {"type": "integer", "minimum": 1990},
            "price": {"type": "number"},
            "sku": {"type": "string", "pattern": "^[A-Z]+$"},
            "phone": {"type": "string"},
        },
        "required": ["year"],
    }
    held = hold(record(year="1985", price="12.500 €", sku="abc", phone=None), schema, "de")
    assert held.values == {"year": None, "price": 12500, "sku": None, "phone": None}
    assert "minimum of 1990" in held.fields["year"].note and held.fields["year"].raw == "1985"
    assert "does not match" in held.fields["sku"].note
    assert held.fields["phone"].note == "" and held.broken == ""


def test_a_record_that_breaks_a_rule_as_a_whole_says_so() -> None:
    schema: dict[str, JsonValue] = {"properties": {"a": {}, "b": {}}, "minProperties": 2}
    assert "properties" in hold(record(a="x", b=None), schema).broken
    assert hold(record(a="x", b="y"), schema).broken == ""


def test_without_a_schema_values_are_the_texts() -> None:
    assert hold(record(year="2019", phone=None), None).values == {"year": "2019", "phone": None}


@pytest.mark.parametrize(
    ("lang", "text", "value"),
    [
        ("en", "1.234", 1.234),
        ("en-GB", "1,234", 1234),
        ("de", "1.234", 1234),
        ("de-AT", "1,234", 1.234),
        ("fr", "1.234", 1234),
        ("", "1.234", 1234),
        ("en", "12.500 €", 12500),
        ("en", "1.234.567", 1234567),
    ],
)
def test_a_figure_of_two_readings_follows_the_language(
    lang: str, text: str, value: JsonValue
) -> None:
    assert of("number", text, lang) == value
