"""What a page says to machines: JSON-LD, microdata, OpenGraph, as named values."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from pydantic import JsonValue

from inference.content import Content, Node
from inference.extract.tree import Tree
from inference.extract.words import name_words

Origin = Literal["json-ld", "microdata", "opengraph"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value. `name` is the property's path without types, such as `offers price`."""

    name: str
    value: str
    origin: Origin
    node: int = -1


_ENTITIES = frozenset({
    "product", "vehicle", "car", "boat", "recipe", "offer", "jobposting", "realestatelisting",
    "apartment", "house", "residence", "accommodation", "article", "newsarticle", "blogposting",
    "event", "book", "person", "softwareapplication", "movie", "course", "motorcycle", "place",
    "localbusiness", "organization", "singlefamilyresidence", "individualproduct",
    "productgroup", "hotel", "restaurant",
})  # fmt: skip
_ENDINGS = ("event", "product", "listing", "posting", "article", "recipe", "business", "vehicle")
_MOST_ENTITIES, _MOST_FACTS, _DEEPEST = 200, 1000, 8
_MINOR = frozenset({
    "breadcrumblist", "website", "webpage", "organization", "searchaction", "itemlist",
    "imageobject", "review", "collectionpage", "searchresultspage",
})  # fmt: skip
_SCHEMA_URL = re.compile(r"^https?://schema\.org/")


def facts(tree: Tree) -> tuple[Fact, ...]:
    """All facts about the page's main entity, the most trusted first."""
    return (*_json_ld(tree.content), *_microdata(tree), *_open_graph(tree.content))


def _json_ld(content: Content) -> Iterator[Fact]:
    entities: list[dict[str, JsonValue]] = []
    for script in content.json_ld:
        try:
            parsed: JsonValue = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        entities.extend(islice(_entities(parsed), _MOST_ENTITIES))
    main = [entity for entity in entities if _is_entity(entity)] or entities
    main = [entity for entity in main if not _types(entity) & _MINOR or len(main) == 1]
    kinds = {frozenset(_types(entity)) for entity in main}
    if len(main) > 1 and len(kinds) == 1:
        return
    for entity in main[:3]:
        for name, value in islice(_flatten(entity, ()), _MOST_FACTS):
            yield Fact(name, value, "json-ld")


def _is_entity(entity: dict[str, JsonValue]) -> bool:
    """Whether it is a thing that pages are about: a product, any kind of event."""
    return any(kind in _ENTITIES or kind.endswith(_ENDINGS) for kind in _types(entity))


def _entities(value: JsonValue, depth: int = 0) -> Iterator[dict[str, JsonValue]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value[:_MOST_ENTITIES]:
            yield from _entities(item, depth + 1)
    elif isinstance(value, dict):
        graph = value.get("@graph")
        main = value.get("mainEntity")
        if graph is not None:
            yield from _entities(graph, depth + 1)
        if isinstance(main, dict):
            yield from _entities(main, depth + 1)
        if "@type" in value:
            yield value


def _types(entity: dict[str, JsonValue]) -> set[str]:
    kind = entity.get("@type")
    names = kind if isinstance(kind, list) else [kind]
    return {str(name).rsplit("/", 1)[-1].casefold() for name in names}


def _flatten(value: JsonValue, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(path) > 5 or value is None:
        return
    if isinstance(value, dict):
        name = value.get("name")
        number = value.get("value")
        if path and path[-1] == "additionalProperty" and isinstance(name, str):
            if isinstance(number, str | int | float):
                unit = value.get("unitText")
                yield name, f"{number} {unit}".strip() if isinstance(unit, str) else str(number)
            return
        for key, inner in value.items():
            if not key.startswith("@"):
                yield from _flatten(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value[:20]:
            yield from _flatten(inner, path)
    elif not isinstance(value, bool):
        yield " ".join(path), _SCHEMA_URL.sub("", str(value)).strip()


def _microdata(tree: Tree) -> Iterator[Fact]:
    tops: dict[int, int] = {}
    for index, node in enumerate(tree.nodes):
        if not _property(node):
            continue
        scopes = [a for a in tree.ancestors(index) if _is_scope(tree.nodes[a])]
        if not scopes or tree.in_aside(index):
            continue
        tops.setdefault(scopes[-1], len(tops))
        if _is_scope(node) or _nested_list(tree, scopes):
            continue
        path = [_property(tree.nodes[s]) for s in reversed(scopes[:-1])]
        value = _said(tree, index)
        if value and tops[scopes[-1]] == 0:
            name = " ".join(p for p in (*path, _property(node)) if p)
            yield Fact(name, _SCHEMA_URL.sub("", value), "microdata", index)


def _property(node: Node) -> str:
    """The property that microdata or RDFa names an element, without its prefix."""
    return node.attrs.get("itemprop") or node.attrs.get("property", "").rsplit(":", 1)[-1]


def _is_scope(node: Node) -> bool:
    return "itemscope" in node.attrs or "typeof" in node.attrs


def _said(tree: Tree, index: int) -> str:
    """The value as it is shown; as machines get it where the text has no figures of it."""
    node = tree.nodes[index]
    given = node.attrs.get("content") or node.attrs.get("datetime") or node.attrs.get("value", "")
    shown = tree.text(tree.scope(index), commands=False, quiet=True)
    if node.tag in ("a", "link") and "href" in node.attrs:
        return node.attrs["href"] if node.tag == "link" else shown or node.attrs["href"]
    figures = any(c.isdigit() for c in given)
    return shown if shown and (not figures or any(c.isdigit() for c in shown)) else given


def _nested_list(tree: Tree, scopes: list[int]) -> bool:
    """Whether the value lies in one of several alike items, such as the reviews."""
    marks = [_property(tree.nodes[s]) for s in scopes[:-1]]
    return any(mark in ("review", "reviews", "itemListElement", "comment") for mark in marks)


def _open_graph(content: Content) -> Iterator[Fact]:
    for key, value in content.meta.items():
        if value and key.startswith(("og:", "product:", "article:")):
            name = " ".join(name_words(key.split(":", 1)[1].replace(":", " ")))
            if name in (
                "title",
                "description",
                "url",
                "price amount",
                "price currency",
                "brand",
            ) or key.startswith(("product:", "article:")):
                yield Fact(name, value, "opengraph")
