"""How the elements, pictures and addresses of a page are shown to a model."""

from collections.abc import Callable
from typing import Final

from inference.asking import Seen
from inference.observation import Box, Element, Observation, Rect

LONGEST: Final = 300
"""Characters of one text of an element that a model is shown."""
_OPTIONS: Final = 40
_LEAST_PX: Final = 2.0

Wording = Callable[[str], str]
"""How a text of the page is written for a model: secrets as their references."""


def can_be_seen(element: Element) -> bool:
    """Whether an element shows where it is, or what lies there instead."""
    least = min(element.box.width, element.box.height)
    return not element.hidden and not element.covered and least >= _LEAST_PX


def seen_of(observation: Observation, element: Element, word: Wording) -> Seen:
    """An element as a model is shown it."""
    options = tuple(word(one)[:LONGEST] for one in element.options[:_OPTIONS])
    return Seen(
        ref=element.ref,
        frame=element.frame,
        role=element.role,
        name=word(element.name)[:LONGEST],
        text=word(element.text)[:LONGEST],
        value="" if element.type == "password" else word(element.value)[:LONGEST],
        placeholder=word(element.placeholder)[:LONGEST],
        href=word(element.href)[: 2 * LONGEST],
        path=word(element.path),
        box=box_of(element.box),
        interactive=element.interactive,
        disabled=element.disabled,
        checked=element.checked,
        options=options,
        record=word(record_of(observation, element))[:LONGEST],
    )


def pictures_of(observation: Observation, word: Wording) -> tuple[Seen, ...]:
    """The pictures and canvases in view as a model is shown them: refs -1, -2, ….

    Their frame and kind, and which of these they are, tell them again.
    """
    count: dict[tuple[int, str], int] = {}
    found: list[Seen] = []
    for index, one in enumerate(observation.pictures):
        nth = count[one.frame, one.kind] = count.get((one.frame, one.kind), 0) + 1
        seen = Seen(
            ref=-1 - index,
            frame=one.frame,
            role="canvas" if one.kind == "canvas" else "img",
            name=word(one.name)[:LONGEST],
            path=f"{one.kind}.{nth}",
            box=box_of(one.box),
            interactive=False,
        )
        found.append(seen)
    return tuple(found)


def same_page(one: str, other: str) -> bool:
    """Whether two addresses are the same document; a fragment counts only where it is a route."""
    return document_of(one) == document_of(other)


def document_of(url: str) -> str:
    """The address of a document: without its fragment, save one that is a route."""
    plain, _, fragment = url.partition("#")
    return url if fragment.startswith(("/", "!")) else plain


def record_of(observation: Observation, element: Element) -> str:
    """What the innermost record that an element belongs to is called; empty for none."""
    if not element.records:
        return ""
    inner = element.records[0]
    records = observation.groups[inner.group].records
    block = records[inner.ordinal] if inner.ordinal < len(records) else None
    return "" if block is None else (block.title or block.text)


def box_of(rect: Rect) -> Box:
    """A place of a page as models are told it."""
    return Box(x=rect.x, y=rect.y, width=rect.width, height=rect.height)
