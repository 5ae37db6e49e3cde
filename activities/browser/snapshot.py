"""Look at a page: one script per frame, joined into one observation.

Elements stay in the page as handles, found by their `ref`; nothing is written to the page.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Final

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

from inference.dom.script import SNAPSHOT
from inference.observation import (
    FRAME_VIEW,
    Block,
    Element,
    FrameView,
    Layer,
    Membership,
    Notice,
    Observation,
    RecordBlock,
    RecordGroup,
    Rect,
)

ATTEMPTS: Final = 3
"""Looks at a page that navigates under the script before it is given up."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame as seen: its view, the handle that holds its nodes, and its place."""

    view: FrameView
    handle: JSHandle
    x: float
    y: float


class Snapshot:
    """An observation and the live elements behind it."""

    def __init__(self, observation: Observation, handles: tuple[tuple[int, JSHandle], ...]) -> None:
        self.observation = observation
        self._handles = handles

    async def element(self, ref: int) -> ElementHandle:
        """The live element of `ref`; LookupError when there is none in the page any more."""
        starts = [start for start, _ in self._handles]
        place = bisect_right(starts, ref) - 1
        if place < 0 or ref >= len(self.observation.elements):
            raise LookupError(f"no element {ref} in this observation")
        start, handle = self._handles[place]
        found = await handle.evaluate_handle("(held, at) => held.nodes[at]", ref - start)
        element = found.as_element()
        if element is None:
            raise LookupError(f"element {ref} is gone")
        return element

    async def dispose(self) -> None:
        """Let go of the handles; the snapshot can't find elements afterwards."""
        for _, handle in self._handles:
            try:
                await handle.dispose()
            except Error:
                continue


async def capture(page: Page) -> Snapshot:
    """Look at all frames of the page.

    Frames that can't be read are counted in `unread_frames`. Raises playwright's Error when
    the top frame can't be read, after three tries.
    """
    top = await _look_patiently(page.main_frame)
    looks = [top]
    unread = 0
    for frame in page.frames:
        if frame == page.main_frame or frame.is_detached():
            continue
        try:
            look = await _look_inside(frame)
        except Error:
            unread += 1
            continue
        if look is not None:
            looks.append(look)
    return _join(looks, unread)


async def _look_patiently(frame: Frame) -> _Look:
    for attempt in range(ATTEMPTS):
        try:
            return await _look(frame, 0.0, 0.0)
        except Error:
            if attempt == ATTEMPTS - 1:
                raise
            await frame.wait_for_load_state("domcontentloaded")
    raise AssertionError("unreachable")


async def _look_inside(frame: Frame) -> _Look | None:
    """Look at a child frame; None when it takes no room on the page."""
    owner = await frame.frame_element()
    box = await owner.bounding_box()
    if box is None or box["width"] < 3 or box["height"] < 3 or not await owner.is_visible():
        return None
    left, top = await _inset(owner)
    return await _look(frame, box["x"] + left, box["y"] + top)


async def _inset(owner: ElementHandle) -> tuple[float, float]:
    """Border and padding of a frame's element, left and top, in CSS pixels."""
    inset: list[float] = await owner.evaluate(
        """e => { const s = getComputedStyle(e);
        return [e.clientLeft + parseFloat(s.paddingLeft),
          e.clientTop + parseFloat(s.paddingTop)] }"""
    )
    return inset[0], inset[1]


async def _look(frame: Frame, x: float, y: float) -> _Look:
    handle = await frame.evaluate_handle(SNAPSHOT)
    text: str = await handle.evaluate("held => held.json")
    return _Look(FRAME_VIEW.validate_json(text), handle, x, y)


def _join(looks: list[_Look], unread: int) -> Snapshot:
    top = looks[0].view
    elements: list[Element] = []
    blocks: list[Block] = []
    groups: list[RecordGroup] = []
    notices: list[Notice] = []
    layers: list[Layer] = []
    handles: list[tuple[int, JSHandle]] = []
    forms = 0
    for index, look in enumerate(looks):
        base = _Base(index, look.x, look.y, len(elements), len(blocks), len(groups), forms)
        handles.append((len(elements), look.handle))
        view = look.view
        forms += 1 + max((element.form for element in view.elements), default=-1)
        if index == 0:
            elements += view.elements
            blocks += view.blocks
            groups += view.groups
            notices += view.notices
            layers += view.layers
            continue
        elements += [base.element(element) for element in view.elements]
        blocks += [base.block(block) for block in view.blocks]
        groups += [base.group(group) for group in view.groups]
        notices += [replace(notice, box=base.rect(notice.box)) for notice in view.notices]
        layers += [replace(layer, box=base.rect(layer.box)) for layer in view.layers]
    observation = Observation(
        url=top.url,
        title=top.title,
        language=top.language,
        width=top.width,
        height=top.height,
        scroll_x=top.scroll_x,
        scroll_y=top.scroll_y,
        page_height=top.page_height,
        frames=tuple(look.view.url for look in looks),
        elements=tuple(elements),
        blocks=tuple(blocks),
        groups=tuple(groups),
        notices=tuple(notices),
        layers=tuple(layers),
        unread_frames=unread,
    )
    return Snapshot(observation, tuple(handles))


@dataclass(frozen=True, slots=True)
class _Base:
    """Where a child frame's own numbers start in the whole page's."""

    frame: int
    x: float
    y: float
    elements: int
    blocks: int
    groups: int
    forms: int

    def rect(self, box: Rect) -> Rect:
        return Rect(box.x + self.x, box.y + self.y, box.width, box.height)

    def element(self, element: Element) -> Element:
        return replace(
            element,
            ref=element.ref + self.elements,
            frame=self.frame,
            block=element.block + self.blocks if element.block >= 0 else -1,
            form=element.form + self.forms if element.form >= 0 else -1,
            records=tuple(
                Membership(member.group + self.groups, member.ordinal) for member in element.records
            ),
            box=self.rect(element.box),
        )

    def block(self, block: Block) -> Block:
        return replace(block, parent=block.parent + self.blocks if block.parent >= 0 else -1)

    def group(self, group: RecordGroup) -> RecordGroup:
        records = tuple(
            RecordBlock(record.text, record.title, record.sponsored, self.rect(record.box))
            for record in group.records
        )
        return replace(group, frame=self.frame, records=records)
