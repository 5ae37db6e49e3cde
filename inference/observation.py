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

    `area` indexes `Observation.areas`: what has to be scrolled to bring it into view (-1: it
    never moves). `draggable` and `droppable` are what the markup declares. `hidden`: people
    can't read it (its text has the colour of what lies behind it, or next to no size).
    `testid` is the name that the markup gives it for tests, `path` its place from the nearest
    ancestor with a stable id, such as "#orders>table>tr.3>td.2".
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
    area: int = -1
    draggable: bool = False
    droppable: bool = False
    hidden: bool = False
    testid: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class ScrollArea:
    """What scrolls: the document of a frame (`page`), or an element with a scrolled content.

    `above`, `below`, `left` and `right` are the CSS pixels of it that are out of sight;
    `virtual`: it shows only a part of its rows at a time and makes the others when scrolled.
    `box` is the part that shows its content.
    """

    frame: int
    page: bool
    name: str
    above: float
    below: float
    left: float
    right: float
    virtual: bool
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

    `region` is the landmark around them (main, nav, …), `heading` the nearest heading above,
    `tag` the tag of a record. `whole` is False where siblings were left out of a page too
    large to be taken in full: records can't be counted there, save from the start.
    """

    tag: str
    region: str
    heading: str
    frame: int
    records: tuple[RecordBlock, ...]
    whole: bool = True


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
class Picture:
    """A visible image or canvas (`kind`: its tag) that may hold text; `name` is its alternative."""

    frame: int
    kind: str
    name: str
    box: Rect


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a child frame shows its content, and how much larger than it thinks itself.

    `place` indexes the child frames that the script was given.
    """

    place: int
    scale: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class FrameView:
    """What one frame shows; refs, groups, blocks and forms count from 0 within the frame.

    `frames` are its visible child frames. `suspects` counts the elements that may hold a closed
    shadow root: they take room, and nothing in them is seen.
    """

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
    areas: tuple[ScrollArea, ...] = ()
    pictures: tuple[Picture, ...] = ()
    frames: tuple[FramePlace, ...] = ()
    suspects: int = 0


FRAME_VIEW = TypeAdapter(FrameView)
"""Reads what `inference.dom.script.SNAPSHOT` returns in a frame."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A page at one moment: all frames together, refs unique over the page.

    `unread_frames` counts visible frames whose content could not be read. `truncated`: the page
    is too large to be taken in full; what is in view, single controls and the titles of
    records are taken first, and what is not found may be there all the same. `pictures` are
    images and canvases in view whose text, if any, only a reader of pictures can tell.
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
    truncated: bool = False
    areas: tuple[ScrollArea, ...] = ()
    pictures: tuple[Picture, ...] = ()

    def element(self, ref: int) -> Element:
        """The element with this ref; IndexError when there is none."""
        if ref < 0:
            raise IndexError(ref)
        return self.elements[ref]
