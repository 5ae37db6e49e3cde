"""Puts the views of a page's frames together into one observation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference.observation import (
    Block,
    Element,
    FrameView,
    Layer,
    Membership,
    Notice,
    Observation,
    Picture,
    RecordBlock,
    RecordGroup,
    Rect,
    ScrollArea,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame's view, and where on the page it lies: offset and scale in CSS pixels."""

    view: FrameView
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Starts:
    """The first ref, area and picture of a frame in the whole page's numbers."""

    elements: int
    areas: int
    pictures: int


def join(frames: Sequence[Placed], unread: int) -> tuple[Observation, tuple[Starts, ...]]:
    """The page of these frames, the top one first, and where each frame's numbers start."""
    elements: list[Element] = []
    blocks: list[Block] = []
    groups: list[RecordGroup] = []
    notices: list[Notice] = []
    layers: list[Layer] = []
    areas: list[ScrollArea] = []
    pictures: list[Picture] = []
    starts: list[Starts] = []
    forms = 0
    for index, placed in enumerate(frames):
        view = placed.view
        base = _Base(index, placed, len(elements), len(blocks), len(groups), forms, len(areas))
        starts.append(Starts(len(elements), len(areas), len(pictures)))
        forms += 1 + max((element.form for element in view.elements), default=-1)
        moved = base.moved() if index else view
        elements += moved.elements
        blocks += moved.blocks
        groups += moved.groups
        notices += moved.notices
        layers += moved.layers
        areas += moved.areas
        pictures += moved.pictures
    top = frames[0].view
    observation = Observation(
        url=top.url,
        title=top.title,
        language=top.language,
        width=top.width,
        height=top.height,
        scroll_x=top.scroll_x,
        scroll_y=top.scroll_y,
        page_height=top.page_height,
        frames=tuple(placed.view.url for placed in frames),
        elements=tuple(elements),
        blocks=tuple(blocks),
        groups=tuple(groups),
        notices=tuple(notices),
        layers=tuple(layers),
        unread_frames=unread,
        truncated=any(placed.view.truncated for placed in frames),
        areas=tuple(areas),
        pictures=tuple(pictures),
    )
    return observation, tuple(starts)


@dataclass(frozen=True, slots=True)
class _Base:
    """Where a child frame's own numbers start in the whole page's."""

    frame: int
    placed: Placed
    elements: int
    blocks: int
    groups: int
    forms: int
    areas: int

    def moved(self) -> FrameView:
        """The view in the numbers and pixels of the page."""
        view = self.placed.view
        return replace(
            view,
            elements=tuple(self._element(element) for element in view.elements),
            blocks=tuple(self._block(block) for block in view.blocks),
            groups=tuple(self._group(group) for group in view.groups),
            notices=tuple(replace(one, box=self._rect(one.box)) for one in view.notices),
            layers=tuple(replace(one, box=self._rect(one.box)) for one in view.layers),
            areas=tuple(
                replace(one, frame=self.frame, box=self._rect(one.box)) for one in view.areas
            ),
            pictures=tuple(
                replace(one, frame=self.frame, box=self._rect(one.box)) for one in view.pictures
            ),
        )

    def _rect(self, box: Rect) -> Rect:
        scale = self.placed.scale
        return Rect(
            box.x * scale + self.placed.x,
            box.y * scale + self.placed.y,
            box.width * scale,
            box.height * scale,
        )

    def _element(self, element: Element) -> Element:
        return replace(
            element,
            ref=element.ref + self.elements,
            frame=self.frame,
            block=element.block + self.blocks if element.block >= 0 else -1,
            form=element.form + self.forms if element.form >= 0 else -1,
            area=element.area + self.areas if element.area >= 0 else -1,
            records=tuple(
                Membership(member.group + self.groups, member.ordinal) for member in element.records
            ),
            box=self._rect(element.box),
        )

    def _block(self, block: Block) -> Block:
        return replace(block, parent=block.parent + self.blocks if block.parent >= 0 else -1)

    def _group(self, group: RecordGroup) -> RecordGroup:
        records = tuple(
            RecordBlock(record.text, record.title, record.sponsored, self._rect(record.box))
            for record in group.records
        )
        return replace(group, frame=self.frame, records=records)
