"""Whatever a page holds, extraction neither crashes nor takes long."""

import json
import random
import time

import pytest

from inference.content import Content, Flag, Node
from inference.extract.record import extract_record
from inference.extract.rows import extract_rows
from plans.step import ExtractField

FIELDS = tuple(ExtractField(name=name) for name in ("title", "price", "phone", "date", "seller"))


def read(content: Content) -> float:
    """Seconds of the processor that a record and the rows of the page take."""
    started = time.process_time()
    extract_record(content, FIELDS, "Extract title, price, phone, date and seller")
    extract_rows(content, FIELDS, "Extract all items: title, price, phone, date, seller", 100)
    return time.process_time() - started


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


NESTED = {
    "links in links": ("a",),
    "tables": ("table", "tr", "td"),
    "lists": ("ul", "li"),
    "all": ("div", "a", "table", "tr", "td", "dl", "dd", "label", "button", "ul", "li"),
}


def cpu_seconds(nodes: list[Node]) -> float:
    return read(Content(url="https://a.test/", nodes=tuple(nodes)))


@pytest.mark.parametrize("tags", NESTED.values(), ids=NESTED.keys())
def test_deep_trees(tags: tuple[str, ...]) -> None:
    nodes = [node(-1, "body")]
    while len(nodes) < 1500:
        parent = max(0, len(nodes) - 2)
        nodes.append(node(parent, tags[len(nodes) // 2 % len(tags)]))
        nodes.append(node(len(nodes) - 1, "#text", f"Label: {len(nodes)}"))
    assert cpu_seconds(nodes) < 5


def test_lists_within_the_records_of_lists() -> None:
    nodes, at = [node(-1, "body")], 0
    while len(nodes) < 600:
        nodes += [node(at, "ul"), node(len(nodes), "li"), node(len(nodes) + 1, "#text", "$12")]
        nodes.append(node(len(nodes) - 3, "li"))
        at = len(nodes) - 1
        nodes.append(node(at, "#text", f"Seller {at} Ltd"))
    assert cpu_seconds(nodes) < 5


@pytest.mark.parametrize("seed", range(6))
def test_random_trees(seed: int) -> None:
    chance = random.Random(seed)
    tags = ("div", "a", "table", "tr", "td", "ul", "li", "dl", "dt", "dd", "button", "h2", "form")
    texts = ("Price: $12", "Seller", "5 km", "Contact us", "12.05.2024", "+49 30 123456")
    nodes, stack = [node(-1, "body")], [0]
    while len(nodes) < 1500:
        while len(stack) > 1 and chance.random() < (0.5 if seed % 2 else 0.1):
            stack.pop()
        if chance.random() < 0.4:
            nodes.append(node(stack[-1], "#text", chance.choice(texts)))
        else:
            nodes.append(node(stack[-1], chance.choice(tags)))
            stack.append(len(nodes) - 1)
    assert cpu_seconds(nodes) < 5
