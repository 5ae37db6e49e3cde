"""Schemas of answers: the part of JSON Schema that decoding takes, and xgrammar on them."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.inference.opt_in import in_xgrammar

Schema = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """Values that the grammar of a schema has to take, and such that it must not."""

    good: tuple[Any, ...]
    bad: tuple[Any, ...]


def nodes(schema: Schema) -> Iterator[Schema]:
    """Every schema in a schema."""
    yield schema
    for one in schema.get("properties", {}).values():
        yield from nodes(one)
    for one in schema.get("anyOf", []):
        yield from nodes(one)
    if "items" in schema:
        yield from nodes(schema["items"])


def check_subset(schema: Schema, keywords: Collection[str]) -> None:
    """Look that a schema has no other keywords, and that its objects are closed and whole."""
    for node in nodes(schema):
        assert set(node) <= set(keywords)
        assert "type" in node or "anyOf" in node
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


_COMPILE = """
import json, sys, time
import xgrammar
given = json.load(sys.stdin)
vocabulary = [bytes([b]).decode("latin-1") for b in range(256)] + ["<|end|>"]
tokens = xgrammar.TokenizerInfo(vocabulary, vocab_size=257, stop_token_ids=[256])
compiler = xgrammar.GrammarCompiler(tokens)
told = {}
for name, (schema, texts) in given.items():
    begun = time.perf_counter()
    compiled = compiler.compile_json_schema(json.dumps(schema), any_whitespace=False)
    took = time.perf_counter() - begun
    takes = []
    for text in texts:
        matcher = xgrammar.GrammarMatcher(compiled)
        takes.append(matcher.accept_string(text) and matcher.is_terminated() or
                     matcher.accept_token(256))
    told[name] = {"ms": took * 1000, "takes": takes}
print(json.dumps(told))
"""


def check_compiled(schemas: Mapping[str, Schema], answers: Mapping[str, Answers]) -> None:
    """Look that xgrammar compiles each schema, and takes the good answers alone (opt-in)."""
    assert schemas.keys() == answers.keys()
    given = {
        name: (schema, [_text(one) for one in (*answers[name].good, *answers[name].bad)])
        for name, schema in schemas.items()
    }
    for name, told in in_xgrammar(_COMPILE, given).items():
        good, bad = answers[name].good, answers[name].bad
        assert good
        assert bad
        assert told["takes"] == [True] * len(good) + [False] * len(bad), name
        print(f"{name}: compiled in {told['ms']:.1f} ms")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
