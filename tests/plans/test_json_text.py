"""The JSON door: what it takes, and that nothing gets it to crash."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from plans.errors import PlanError
from plans.json_text import MAX_DEPTH, canonical_json, check_json, read_json


def nested(levels: int, inside: str = "") -> str:
    return "[" * levels + inside + "]" * levels


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not valid JSON"),
        ("{'a': 1}", "is not valid JSON"),
        ('{"a": 1,}', "is not valid JSON"),
        ("[1] [2]", "is not valid JSON"),
        ('"open', "is not valid JSON"),
        ("\ufeff[]", "is not valid JSON"),
        ("NaN", "holds NaN"),
        ("[-Infinity]", "holds -Infinity"),
        ("[1e999]", "not finite"),
        ("[9223372036854775808]", "beyond 64 bits"),
        ("[-9223372036854775809]", "beyond 64 bits"),
        ("9" * 5000, "a number in it is too long"),
        ('["\\ud800"]', "not valid Unicode"),
        ('{"\\ud800": 1}', "not valid Unicode"),
        ('["\\u0000"]', "NUL"),
        (nested(MAX_DEPTH + 1), "deeper than 64 levels"),
        ("[" * 100_000, "deeper than 64 levels"),
        ('{"a":' * 3000, "deeper than 64 levels"),
        ("]" * 10 + "[" * 70, "is not valid JSON"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(PlanError, match=why):
        read_json(text)


@pytest.mark.parametrize(
    "text",
    [
        nested(MAX_DEPTH),
        nested(MAX_DEPTH, "1"),
        nested(MAX_DEPTH, '"x"'),
        json.dumps({"brackets in text": "[" * 1000 + '\\"' + "{" * 1000}),
        "[9223372036854775807, -1.5e300, true, null]",
        '["\\ud83d\\ude00", "é"]',
        '{"a": 1, "a": 2}',
    ],
)
def test_what_is_taken(text: str) -> None:
    assert read_json(text) == json.loads(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='[]{}",:\\ae1-. \ud800', max_size=80) | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_json(text)
    except PlanError as error:
        assert len(error.message) < 200
    else:
        canonical_json(value).encode()


numbers = st.floats() | st.integers(min_value=-(2**70), max_value=2**70)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(deadline=None)
@given(values)
def test_a_checked_value_survives_a_round_trip(value: JsonValue) -> None:
    try:
        check_json(value)
    except PlanError:
        return
    text = canonical_json(value)
    assert read_json(text) == value
    assert not any(math.isnan(x) for x in [value] if isinstance(x, float))


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "é"}) == '{"a":"é","b":[1,2.5]}'
