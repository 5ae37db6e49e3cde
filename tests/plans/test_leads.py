"""Leads: the line, viability, the CSV."""

import csv
import io

import pytest

from plans.leads import LeadRecord, is_viable, label, lead_line, leads_csv, with_phone
from plans.step import ExtractField

NAMES = ("year", "make", "phone_number", "url")
BOAT = LeadRecord(
    fields={
        "year": "2019",
        "make": "Boston\nWhaler | 330",
        "phone_number": None,
        "url": "https://x/1",
    },
    url="https://x/1",
    raw={"year": "2019 Boston"},
)


def test_a_line_has_the_plans_fields_in_order_and_ends_with_the_url() -> None:
    assert lead_line(BOAT, NAMES) == (
        "VIABLE | Year: 2019 | Make: Boston Whaler / 330 | Phone Number: none | URL: https://x/1"
    )
    assert lead_line(BOAT, ("make",)).startswith("VIABLE | Make: ")
    assert lead_line(LeadRecord(fields={"a": "b"}), ()) == "VIABLE | A: b | URL: none"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x | | Phone: 1", "x / / Phone: 1"),
        ("| Phone: 1", "/ Phone: 1"),
        ("x |", "x /"),
        ("x\t|\u202e | \u200b|\u200b Phone: 1", "x / / / Phone: 1"),
        ("a\x00b\x1b[2K\u2066c\u2069", "ab[2Kc"),
        ("a|b || c", "a|b || c"),
        ("\u202e", "none"),
    ],
)
def test_no_value_can_forge_a_field_of_its_line(value: str, shown: str) -> None:
    line = lead_line(LeadRecord(fields={"make": value}), ("make",))
    assert line == f"VIABLE | Make: {shown} | URL: none"


def test_labels() -> None:
    assert label("phone_number") == "Phone Number"
    assert label("Engine hours") == "Engine Hours"
    assert label("VIN") == "VIN"


def test_viable_is_every_required_field_or_any_field() -> None:
    required = (ExtractField(name="a", required=True), ExtractField(name="b"))
    assert is_viable({"a": "1", "b": None}, required)
    assert not is_viable({"a": " ", "b": "1"}, required)
    assert not is_viable({"b": "1"}, required)
    assert is_viable({"a": None, "b": "1"}, (ExtractField(name="b"),))
    assert not is_viable({"a": None, "b": ""}, ())
    assert not is_viable({}, ())


def test_phones_are_counted_by_record() -> None:
    with_one = LeadRecord(fields={"seller_phone": "+1 555 0100"})
    assert with_phone([BOAT, with_one, LeadRecord(fields={"price": "5"})]) == 1


def test_the_csv_keeps_values_exactly() -> None:
    odd = LeadRecord(fields={"year": '=1+1,"x"', "make": "a\r\nb", "phone_number": "+1 555"})
    text = leads_csv([(BOAT, True), (odd, False)], NAMES)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["status", "year", "make", "phone_number", "url", "raw"]
    assert rows[1] == [
        "VIABLE",
        "2019",
        "Boston\nWhaler | 330",
        "",
        "https://x/1",
        '{"year":"2019 Boston"}',
    ]
    assert rows[2] == ["REJECTED", '=1+1,"x"', "a\r\nb", "+1 555", "", "{}"]
    assert text.endswith("\r\n")


def test_without_named_fields_the_columns_are_those_of_the_records() -> None:
    records = [(LeadRecord(fields={"a": "1"}), True), (LeadRecord(fields={"b": "2"}), True)]
    assert leads_csv(records, ()).splitlines()[0] == "status,a,b,url,raw"
