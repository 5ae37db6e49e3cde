"""Scripted models read labelled pages and find what is named."""

import re
from typing import Any

from tests.fakes import claude_answers, sglang_answers
from tests.fakes.pictures import Head
from tests.fakes.readers import claude_reads, holo3_finds, values_in

PLACE: dict[str, Any] = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
    "required": ["x", "y"],
}
RECORDS: dict[str, Any] = {
    "type": "object",
    "properties": {"records": {"type": "array", "items": {"type": "object"}}},
}
VERDICT: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"enum": ["undecided", "holds", "fails"]}},
}
ACT: dict[str, Any] = {
    "type": "object",
    "properties": {"act": {"enum": ["none", "click"]}, "element": {"type": "integer"}},
}


def said(answer: Any) -> Any:
    return answer.what


def holo3(text: str) -> sglang_answers.Asked:
    body = {
        "messages": [{"role": "user", "content": text}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": PLACE}},
    }
    return sglang_answers.Asked(0, {}, body, 0, (Head("image/jpeg", 800, 400),))


def claude(text: str, schema: dict[str, Any]) -> claude_answers.Asked:
    form = {"format": {"type": "json_schema", "schema": schema}}
    body = {"model": "claude-sonnet-5-5", "output_config": form}
    turns: list[tuple[str, list[dict[str, Any]]]] = [("user", [{"type": "text", "text": text}])]
    return claude_answers.Asked(0, "", {}, body, turns)


def test_holo3_finds_the_title_that_is_named():
    places = {"Sea Ray 240": (200.0, 100.0)}
    finds = holo3_finds(places.get)
    asked = holo3('Localize.\nYour target is:\nthe title "Sea Ray 240" of the list')
    assert said(finds(asked)) == {"x": 250, "y": 250}
    assert said(finds(holo3('Your target is:\nthe title "Bayliner"'))) == {"x": 0, "y": 0}


def test_values_stand_beside_or_below_their_label():
    text = "Year: 2019\nMake\nSea Ray\nPrice $ 9,000\n"
    assert values_in(text, "year") == ["2019"]
    assert values_in(text, "Make") == ["Sea Ray"]
    assert values_in(text, "price") == []


def test_claude_reads_what_is_labelled():
    text = (
        "<page>\n<address>https://x.example/1</address>\n<text>\nYear: 2019\nAsking price: $9,000\n"
        "</text>\n</page>\n\nFields:\n- year (number)\n- price (text, required)\n- url (url)\n- "
        "phone (text)\n"
    )
    answer = claude_reads({"price": "Asking price"})(claude(text, RECORDS))
    (record,) = said(answer)["records"]
    assert {one["field"]: one["value"] for one in record["values"]} == {
        "year": "2019",
        "price": "$9,000",
        "url": "https://x.example/1",
    }


def test_claude_reads_by_a_pattern_what_no_label_tells():
    text = "<text>\nA 2019 Sea Ray for $9,000\n</text>\nFields:\n- year (number)\n"
    answer = claude_reads({"year": re.compile(r"\b((?:19|20)\d\d)\b")})(claude(text, RECORDS))
    assert said(answer)["records"] == [{"values": [{"field": "year", "value": "2019"}]}]


def test_claude_judges_what_is_quoted():
    page = '<text>\nYour cart is empty\n</text><condition>\n"cart is empty"\n</condition>'
    assert said(claude_reads()(claude(page, VERDICT))) == {"verdict": "holds"}
    page = '<text>\nYour cart\n</text><condition>\n"cart is empty"\n</condition>'
    assert said(claude_reads()(claude(page, VERDICT))) == {"verdict": "fails"}


def test_claude_finds_or_confirms_an_element():
    page = '<step>\nClick the title "Save"\n</step>\n[7] button "Save" at 1,2'
    assert said(claude_reads()(claude(page, ACT))) == {"act": "click", "element": 7}
    page = "<step>\nSave it\n</step>\nAnother model would do `click` at 3,4 in the picture, on [9]."
    assert said(claude_reads()(claude(page, ACT))) == {"act": "click", "element": 9}
