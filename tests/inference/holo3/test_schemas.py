"""Schemas keep to what constrained decoding takes; xgrammar itself compiles them, where it is.

`MANTIS_TEST_XGRAMMAR=1` uses the xgrammar of this interpreter; a path names another interpreter
that has it. It brings torch along, so it is not among our dependencies.
"""

import json
import os
import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from inference.holo3.schemas import KEYWORDS, schema_of
from inference.holo3.tools import TOOLS, AgentStep
from tests.inference.holo3.asks import said
from tests.inference.holo3.schemas import all_schemas, nodes

SCHEMAS = all_schemas()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_holds_only_what_constrained_decoding_takes(name: str) -> None:
    found = list(nodes(SCHEMAS[name]))
    for node in found:
        assert set(node) <= KEYWORDS
        assert "type" in node or "anyOf" in node
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
    text = json.dumps(SCHEMAS[name])
    for keyword in ("$ref", "$defs", "oneOf", "allOf", "pattern", "format", "default", "if"):
        assert f'"{keyword}":' not in text


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


_COMPILE = """
import json, sys, time
import xgrammar
given = json.load(sys.stdin)
vocabulary = [bytes([b]).decode("latin-1") for b in range(256)] + ["<|end|>"]
tokens = xgrammar.TokenizerInfo(vocabulary, vocab_size=257, stop_token_ids=[256])
compiler = xgrammar.GrammarCompiler(tokens)
told = {}
for name, (schema, good, bad) in given.items():
    begun = time.perf_counter()
    compiled = compiler.compile_json_schema(json.dumps(schema), any_whitespace=False)
    took = time.perf_counter() - begun
    takes = []
    for text in good + bad:
        matcher = xgrammar.GrammarMatcher(compiled)
        takes.append(matcher.accept_string(text) and matcher.is_terminated() or
                     matcher.accept_token(256))
    told[name] = {"ms": took * 1000, "takes": takes}
json.dump(told, sys.stdout)
"""


@pytest.mark.timeout(300)
def test_xgrammar_compiles_each_schema_and_takes_what_we_parse() -> None:
    wanted = os.environ.get("MANTIS_TEST_XGRAMMAR", "")
    if not wanted:
        pytest.skip("MANTIS_TEST_XGRAMMAR is not set: xgrammar brings torch along")
    python = sys.executable if wanted == "1" else wanted
    given = {name: (schema, *_examples(name)) for name, schema in SCHEMAS.items()}
    ran = subprocess.run(
        [python, "-c", _COMPILE],
        input=json.dumps(given), capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    for name, told in json.loads(ran.stdout).items():
        _, good, bad = given[name]
        assert told["takes"] == [True] * len(good) + [False] * len(bad), name
        print(f"{name}: compiled in {told['ms']:.1f} ms")


def _examples(name: str) -> tuple[list[str], list[str]]:
    """Texts that the grammar has to take, and such that it must not."""
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
    return [_text(one) for one in good], [_text(one) for one in bad]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
