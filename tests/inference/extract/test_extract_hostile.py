"""Whatever a page holds, extraction neither crashes nor takes long."""

import json
import time

import pytest

from inference.content import Content, Flag, Node
from inference.extract.record import extract_record
from inference.extract.rows import extract_rows
from plans.step import ExtractField

FIELDS = tuple(ExtractField(name=name) for name in ("title", "price", "phone", "date", "seller"))


def read(content: Content) -> float:
    """Seconds that a record and the rows of the page take."""
    started = time.monotonic()
    extract_record(content, FIELDS, "Extract title, price, phone, date and seller")
    extract_rows(content, FIELDS, "Extract all items: title, price, phone, date, seller", 100)
    return time.monotonic() - started


def node(parent: int, tag: str, text: str = "", **attrs: str) -> Node:
    flags = 0 if tag in ("#text", "a") else Flag.BLOCK
    return Node(parent, tag, text, "", attrs, 0, 0, 300, 20, flags, 14)


DEEP_JSON = '{"@type":"Product","a":' * 900 + "1" + "}" * 900
WIDE = {"@type": "Product", **{f"k{n}": {f"i{m}": "x" for m in range(60)} for n in range(60)}}


@pytest.mark.parametrize(
    "script",
    [
        "{",
        "null",
        "[[[[]]]]",
        '{"@type": ["Product", null, 7], "name": {"@value": []}}',
        '{"@graph": {"@graph": {"@graph": "x"}}, "@type": {}}',
        '{"@graph":[{"@id":"a","b":{"@id":"b"}},{"@id":"b","a":{"@id":"a"}}]}',
        "[" * 5000,
        DEEP_JSON,
        json.dumps(WIDE),
        json.dumps([{"@type": "Product", "name": "x" * 5000}] * 3000),
        '{"@type":"Product","price":NaN,"name":"\\ud800"}',
    ],
)
def test_json_ld_of_any_kind(script: str) -> None:
    body = node(-1, "body")
    content = Content(url="https://a.test/", json_ld=(script,) * 3, nodes=(body,))
    assert read(content) < 1


@pytest.mark.parametrize(
    "text",
    ["1" * 50_000, "(" * 20_000, "$" * 20_000, "a " * 20_000, "1,1." * 8_000, "+49 " * 9_000],
)
def test_long_texts(text: str) -> None:
    nodes = (node(-1, "body"), node(0, "div"), node(1, "#text", text[:8000]))
    assert read(Content(url="https://a.test/", nodes=nodes)) < 1
