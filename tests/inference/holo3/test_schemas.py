"""Schemas keep to what constrained decoding takes; xgrammar itself compiles them, where it is."""

import json
from typing import Any

import jsonschema_rs
import pytest

from inference.holo3.schemas import KEYWORDS, schema_of
from inference.holo3.tools import TOOLS, AgentStep
from tests.inference.grammars import Answers, check_compiled, check_subset
from tests.inference.holo3.asks import said
from tests.inference.holo3.schemas import all_schemas

SCHEMAS = all_schemas()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_holds_only_what_constrained_decoding_takes(name: str) -> None:
    check_subset(SCHEMAS[name], KEYWORDS)


def test_the_answer_comes_in_the_order_of_thought() -> None:
    assert list(SCHEMAS["step"]["properties"]) == ["note", "thought", "tool_call"]
    for tool in SCHEMAS["step"]["properties"]["tool_call"]["anyOf"]:
        assert next(iter(tool["properties"])) == "tool_name"
    assert list(SCHEMAS["verdict"]["properties"]) == ["evidence", "verdict"]


def test_each_tool_is_in_the_schema_once() -> None:
    tools = SCHEMAS["step"]["properties"]["tool_call"]["anyOf"]
    names = [tool["properties"]["tool_name"]["const"] for tool in tools]
    assert len(names) == len(set(names)) == len(TOOLS)
    assert not {"navigate", "evaluate", "javascript", "upload"} & set(names)


def test_what_the_schema_takes_and_what_is_parsed_are_the_same() -> None:
    valid = jsonschema_rs.validator_for(schema_of(AgentStep))
    good = said("click", element="Save", x=0, y=1000)
    assert valid.is_valid(good)
    AgentStep.model_validate_json(json.dumps(good))
    for bad in (said("click", element="Save", x=0, y=1001), said("done", x=1), said("fly")):
        assert not valid.is_valid(bad)
        with pytest.raises(ValueError):
            AgentStep.model_validate_json(json.dumps(bad))


@pytest.mark.opt_in
@pytest.mark.timeout(300)
def test_xgrammar_compiles_each_schema_and_takes_what_we_parse() -> None:
    check_compiled(SCHEMAS, {name: _answers(name) for name in SCHEMAS})


def _answers(name: str) -> Answers:
    good: list[Any]
    bad: list[Any]
    match name:
        case "place":
            good = [{"x": 0, "y": 1000}, {"x": 57, "y": 999}]
            bad = [{"x": 1001, "y": 0}, {"x": -1, "y": 0}, {"x": 1}, {"x": "1", "y": 2}]
        case "step":
            place = {"element": "Save", "x": 1, "y": 2}
            good = [said("done"), said("click", **place), said("press_keys", keys="Enter")]
            bad = [said("navigate", url="https://a"), {"thought": "t"}]
        case "verdict":
            good = [{"evidence": "It is.", "verdict": "holds"}]
            bad = [{"evidence": "It is.", "verdict": "maybe"}]
        case "record":
            good = [{"records": [{"title": None}]}, {"records": []}]
            bad = [{"records": [{"title": 5}]}, {"records": [{"title": "a"}, {"title": "b"}]}]
        case "records":
            names = SCHEMAS[name]["properties"]["records"]["items"]["required"]
            good = [{"records": [dict.fromkeys(names, "é ü 日本")] * 20}]
            bad = [{"records": [dict.fromkeys(names, "x")] * 21}, {"records": [{}]}]
        case _:
            good, bad = [{"records": [{}]}], [{"records": [{"a": None}]}]
    return Answers(tuple(good), tuple(bad))
