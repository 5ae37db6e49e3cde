"""`{{name}}`: found, filled, and left alone where nothing is known."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.placeholders import fill, fill_step, fill_text, names_in, names_in_step
from plans.step import Step

STEP = Step.model_validate(
    {
        "intent": "Type {{ who }} and {{who}}",
        "type": "type_text",
        "url": "https://{{host}}/",
        "verify": "Page shows {{who}}",
        "params": {"value": {"deep": ["{{code}}", 5]}, "seconds": 2, "extra": "{{more}}"},
        "hints": {"expect_url_contains": "{{path}}"},
        "extract": {"entity_name": "{{not_filled}}"},
    }
)


def test_names_are_found_once_in_order() -> None:
    assert names_in("{{a}} {{ b.c }} {{a}} {{}} {{ }} {d} {{e f}}") == ("a", "b.c", "e f")
    assert set(names_in_step(STEP)) == {"who", "host", "code", "more", "path"}


def test_a_step_is_filled_in_all_its_texts() -> None:
    values: dict[str, JsonValue] = {
        "who": "Ann",
        "host": "a.example",
        "code": {"n": 1},
        "more": True,
        "path": "/x",
    }
    filled = fill_step(STEP, values)
    assert filled.intent == "Type Ann and Ann"
    assert filled.url == "https://a.example/"
    assert filled.verify == "Page shows Ann"
    assert filled.params.value == {"deep": ['{"n": 1}', 5]}
    assert filled.params.seconds == 2
    assert filled.params.model_extra == {"extra": "true"}
    assert filled.hints.expect_url_contains == "/x"
    assert names_in_step(filled) == ()
    assert STEP.intent == "Type {{ who }} and {{who}}"


def test_a_value_is_not_filled_again() -> None:
    assert fill_text("{{a}}", {"a": "{{b}}", "b": "c"}) == "{{b}}"
    assert fill_text("{{nobody}}", {}) == "{{nobody}}"


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.text(), lambda x: st.lists(x, max_size=3)))
def test_a_document_without_placeholders_stays(value: JsonValue) -> None:
    if "{{" not in json.dumps(value):
        assert fill(value, {"a": "b"}) == value


def test_a_field_of_what_was_read_is_filled_in() -> None:
    values: dict[str, JsonValue] = {
        "page": {"Year of Birth": "1970", "none": None, "n": 3},
        "page.n": "whole",
        "text": "x",
    }
    assert fill_text("Enter {{page.Year of Birth}}", values) == "Enter 1970"
    assert fill_text("{{page.n}}", values) == "whole"
    for name in ("{{page.none}}", "{{page.other}}", "{{text.length}}", "{{other.n}}"):
        assert fill_text(name, values) == name
