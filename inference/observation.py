"""What a tier sees of a page: plain data, captured by `activities.browser.snapshot`.

Boxes are CSS pixels relative to the top frame's viewport, origin top left.
"""

from dataclasses import dataclass

from pydantic import TypeAdapter

from plans.step import Frozen


class Box(Frozen):
    """A rectangle in CSS pixels of the top frame's viewport."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in CSS pixels of the top frame's viewport, light enough for every element."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Membership:
    """That an element lies in a record.

    The index of its group in `Observation.groups`, and the record's ordinal in it, from 0.
    """

    group: int
    ordinal: int


@dataclass(frozen=True, slots=True)
class Element:
    """A visible element that can be acted on, or a heading or group that can be scrolled to.

    `name` is the accessible name, `text` its own visible text. `before` and `after` are the
    nearest visible texts around it, `column` the header of its table column. `hints` holds
    what the markup says to its authors (id, name, classes, link target, icon). `layer` is the
    text of the dialog or overlay around it, `block` indexes `Observation.blocks` (-1: none),
    `records` go from the innermost record outwards. `checked` covers checkboxes, radios,
    switches and pressed buttons; None where it does not apply.
    """

    ref: int
    frame: int
    tag: str
    role: str
    type: str
    name: str
    text: str
    value: str
    placeholder: str
    description: str
    hints: str
    href: str
    before: str
    after: str
    column: str
    heading: str
    group: str
    region: str
    layer: str
    form: int
    block: int
    records: tuple[Membership, ...]
    options: tuple[str, ...]
    checked: bool | None
    expanded: bool | None
    selected: bool | None
    disabled: bool
    readonly: bool
    covered: bool
    interactive: bool
    level: int
    weight: float
    box: Rect


@dataclass(frozen=True, slots=True)
class Block:
    """A container that tells its elements apart.

    Its text, and the index of the next larger block around it, -1 at the top.
    """

    parent: int
    text: str


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """One of several alike siblings: a result, a row, a card, a comment."""

    text: str
    title: str
    sponsored: bool
    box: Rect


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """Alike siblings in page order.

    `region` is the landmark around them (main, nav, …),
    `heading` the nearest heading above, `tag` the tag of a record.
    """

    tag: str
    region: str
    heading: str
    frame: int
    records: tuple[RecordBlock, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A visible piece of text: a paragraph, heading, alert or label.

    `kind` is its tag or
    role, `layer` the dialog or overlay around it.
    """

    kind: str
    text: str
    hints: str
    layer: str
    box: Rect


@dataclass(frozen=True, slots=True)
class Layer:
    """A dialog, banner or overlay lying over the page.

    `modal`: declared so; `share` is the
    part of the viewport it takes, 0 to 1.
    """

    text: str
    hints: str
    modal: bool
    share: float
    box: Rect


@dataclass(frozen=True, slots=True)
class FrameView:
    """What one frame shows; refs, groups, blocks and forms count from 0 within the frame."""

    url: str
    title: str
    language: str
    width: float
    height: float
    scroll_x: float
    scroll_y: float
    page_height: float
    elements: tuple[Element, ...]
    blocks: tuple[Block, ...]
    groups: tuple[RecordGroup, ...]
    notices: tuple[Notice, ...]
    layers: tuple[Layer, ...]
    truncated: bool


FRAME_VIEW = TypeAdapter(FrameView)
"""Reads what `inference.dom.script.SNAPSHOT` returns in a frame."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A page at one moment: all frames together, refs unique over the page.

    `unread_frames` counts visible frames whose content could not be read.
    """

    url: str
    title: str
    language: str
    width: float
    height: float
    scroll_x: float
    scroll_y: float
    page_height: float
    frames: tuple[str, ...]
    elements: tuple[Element, ...]
    blocks: tuple[Block, ...]
    groups: tuple[RecordGroup, ...]
    notices: tuple[Notice, ...]
    layers: tuple[Layer, ...]
    unread_frames: int = 0

    def element(self, ref: int) -> Element:
        """The element with this ref; IndexError when there is none."""
        if ref < 0:
            raise IndexError(ref)
        return self.elements[ref]
