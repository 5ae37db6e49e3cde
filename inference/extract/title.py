"""The grammar of titles such as "2019 Boston Whaler 330 Outrage": year, make, model."""

import re
from dataclasses import dataclass
from importlib import resources

from pydantic import TypeAdapter

from inference.extract.structured import Fact
from inference.extract.tree import Tree
from inference.extract.words import label_score, plain

_TITLE = re.compile(r"^(?:(?:used|new|for sale:?)\s+)?((?:19|20)\d\d)\s+(.+)$", re.IGNORECASE)
_TRAILING = re.compile(r"\s+(?:for sale|in [A-Z].*|[-–—|].*)$")
_TRAILING_YEAR = re.compile(r"^(.+?),?\s+\(?((?:19|20)\d\d)\)?$")


_MAKES = frozenset(
    plain(name)
    for name in TypeAdapter(list[str]).validate_json(
        resources.files("inference.extract").joinpath("makes.json").read_text(encoding="utf-8")
    )
)
"""Makers whose names tell where the make ends in a title, the longest first."""


@dataclass(frozen=True, slots=True)
class Title:
    """A title taken apart.

    `make` and `model` are None where the page does not tell where one ends.
    """

    raw: str
    node: int
    year: str
    make: str | None
    model: str | None


def title_parts(text: str) -> dict[str, str]:
    """Year, and make and model where the maker is a well-known one, of a title in a list."""
    leading, trailing = _TITLE.match(text), _TRAILING_YEAR.match(text)
    if leading:
        year, rest = leading[1], _TRAILING.sub("", leading[2]).strip()
    elif trailing:
        year, rest = trailing[2], trailing[1].strip()
    else:
        return {}
    make = known_make(rest)
    parts = {"year": year}
    if make:
        parts |= {"make": make, "model": rest[len(make) :].strip(" ,-–")}
    return {name: value for name, value in parts.items() if value}


def read_title(tree: Tree, facts: tuple[Fact, ...]) -> Title | None:
    """Take the page's main title apart, None where it is no such title."""
    heading = next((h for h in tree.headings if h.rank == 1 and not tree.in_aside(h.node)), None)
    if heading is None:
        heading = next(
            (h for h in tree.headings if _TITLE.match(h.text) and not tree.in_aside(h.node)), None
        )
    if heading is None:
        return None
    leading = _TITLE.match(heading.text)
    trailing = _TRAILING_YEAR.match(heading.text)
    if leading:
        year, rest = leading[1], _TRAILING.sub("", leading[2]).strip()
    elif trailing:
        year, rest = trailing[2], trailing[1].strip()
    else:
        return None
    make = _make(tree, rest, facts, heading.node)
    known = known_make(rest)
    make = known if known and len(known) > len(make or "") else make
    model = rest[len(make) :].strip(" ,-–") if make else None
    return Title(heading.text, heading.node, year, make, model or None)


def known_make(text: str) -> str | None:
    """The maker of vehicles or boats that a text begins with, where it is a well-known one."""
    words = text.split()
    for count in range(min(3, len(words)), 0, -1):
        start = " ".join(words[:count])
        if plain(start) in _MAKES:
            return start
    return None


def _make(tree: Tree, rest: str, facts: tuple[Fact, ...], heading: int) -> str | None:
    """The longest start of the title that the page names on its own elsewhere."""
    words = rest.split()
    known = {
        plain(f.value)
        for f in facts
        if label_score("make", f.name.split(" ")[0]) >= 0.85 or f.name.startswith("brand")
    }
    standing = {
        plain(node.attrs["value"])
        for node in tree.nodes
        if node.attrs.get("value") and node.tag != "input"
    }
    for node, line in tree.lines:
        if node != heading and len(line) <= 60:
            standing.update(plain(part) for part in re.split(r"\s*[·•|›/»>,:]\s*", line))
    paths = " ".join(plain(n.attrs["href"]) for n in tree.nodes if "href" in n.attrs)
    for count in range(len(words) - 1, 0, -1):
        if plain(" ".join(words[:count])) in known:
            return " ".join(words[:count])
    for count in range(min(4, len(words) - 1), 0, -1):
        start = plain(" ".join(words[:count]))
        if any(
            s == start
            or s
            in (
                f"{start} boats",
                f"more {start}",
                f"all {start}",
                f"used {start}",
                f"{start} for sale",
            )
            for s in standing
        ):
            return " ".join(words[:count])
    if len(words) == 2:
        return words[0]
    for count in range(min(3, len(words) - 1), 0, -1):
        start = plain(" ".join(words[:count]))
        slug = f" {start} " in f" {paths} " and f" {plain(rest)} " not in f" {paths} "
        if slug:
            return " ".join(words[:count])
    return None
