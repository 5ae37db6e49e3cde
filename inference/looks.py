"""A page as a model is shown it: its elements in view, its visible text, where secrets stand."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from inference.asking import Look, Picture, Seen
from inference.content import Content, Flag, Node
from inference.decisions import Candidate
from inference.observation import Box, Element, Observation
from inference.showing import Wording, can_be_seen, pictures_of, seen_of

MOST_TEXT: Final = 20_000
"""Characters of a page's text that a model is shown."""
_MOST_ELEMENTS: Final = 400
_LONGEST: Final = 300
_TOLD_ATTRIBUTES: Final = ("value", "label", "placeholder", "title", "alt")

Spans = Callable[[str], Sequence[tuple[int, int]]]
"""Where secrets stand in a text."""


def look_of(
    observation: Observation,
    text: str,
    picture: Picture | None,
    word: Wording,
    candidates: Iterable[Candidate] = (),
) -> Look:
    """What a model is shown of a page.

    Args:
        observation: the page.
        text: its visible text, secrets in it as their references.
        picture: of the same moment, None where there is none.
        word: writes a text of the page without its secrets.
        candidates: elements that are shown wherever they are.
    """
    wanted = {one.ref for one in candidates}
    shown = [one for one in observation.elements if one.ref in wanted or _in_view(observation, one)]
    if len(shown) > _MOST_ELEMENTS:
        first = [one for one in shown if one.interactive or one.ref in wanted][:_MOST_ELEMENTS]
        shown = first
    elements: tuple[Seen, ...] = (
        *(seen_of(observation, one, word) for one in shown),
        *pictures_of(observation, word),
    )
    look = Look(
        id="",
        url=word(observation.url),
        title=word(observation.title)[:_LONGEST],
        width=observation.width,
        height=observation.height,
        picture=picture,
        elements=elements,
        text=text,
    )
    digest = hashlib.sha256(look.model_dump_json().encode()).hexdigest()
    return look.model_copy(update={"id": digest})


def _in_view(observation: Observation, element: Element) -> bool:
    box = element.box
    if not can_be_seen(element):
        return False
    across = box.x < observation.width and box.x + box.width > 0
    return across and box.y < observation.height and box.y + box.height > 0


@dataclass(frozen=True, slots=True)
class VisibleText:
    """A page's visible text, and which node each piece of it comes from.

    `pieces` are (start in the text, index of the node), in order.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]


def visible_text(content: Content) -> VisibleText:
    """The text that people can read, a line a block; what fields hold stands in brackets."""
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    at = 0
    new_line = False
    for index, node in enumerate(content.nodes):
        if node.flags & Flag.BLOCK:
            new_line = True
        said = _said(node)
        if not said or node.flags & Flag.SR:
            continue
        if new_line and at:
            parts.append("\n")
            at += 1
        new_line = False
        pieces.append((at, index))
        parts.append(said)
        at += len(said)
    return VisibleText("".join(parts), tuple(pieces))


def _said(node: Node) -> str:
    if node.tag == "#text":
        return " ".join(node.text.split()) + (" " if node.text[-1:].isspace() else "")
    value = node.attrs.get("value", "")
    return f"[{value}] " if value and node.attrs.get("type") != "password" else ""


def secret_boxes(content: Content, text: VisibleText, spans: Spans) -> tuple[Box, ...]:
    """Where secrets can be read on a page: boxes of the elements that show them."""
    shown = {_element_of(content, index) for index in _touched(text, spans(text.text))}
    for index, node in enumerate(content.nodes):
        told = [node.attrs.get(name, "") for name in _TOLD_ATTRIBUTES]
        if node.tag != "#text" and any(one and spans(one) for one in (node.text, *told)):
            shown.add(index)
    return tuple(_box(content.nodes[index]) for index in sorted(shown) if index >= 0)


def _touched(text: VisibleText, spans: Sequence[tuple[int, int]]) -> Iterable[int]:
    """The nodes that a span has a part in."""
    starts = [*(start for start, _ in text.pieces), len(text.text)]
    for place, (start, index) in enumerate(text.pieces):
        end = starts[place + 1]
        if any(first < end and last > start for first, last in spans):
            yield index


def _element_of(content: Content, index: int) -> int:
    """The nearest element of a node that takes room."""
    while index >= 0:
        node = content.nodes[index]
        if node.tag != "#text" and node.width > 0 and node.height > 0:
            return index
        index = node.parent
    return -1


def _box(node: Node) -> Box:
    return Box(x=node.x, y=node.y, width=node.width, height=node.height)
