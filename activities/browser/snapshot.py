"""Look at a page: one script per frame, joined into one observation.

Elements stay in the page as handles, found by their `ref`; nothing is written to the page.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from playwright.async_api import ElementHandle, Error, Frame, JSHandle, Page

from activities.browser.closed_roots import ROOT_DEPTH, closed_roots, without_roots
from activities.browser.joining import Placed, Starts, join
from inference.dom.script import SNAPSHOT
from inference.observation import FRAME_VIEW, FramePlace, FrameView, Observation, Rect
from inference.ocr.reading import ReadPicture, take_in
from plans.well_formed import well_formed_json

ATTEMPTS: Final = 3
"""Looks at a page that navigates under the script before it is given up."""
FRAME_TIMEOUT_S: Final = 3.0
"""How long a child frame may take to be read before it counts as unread."""
MAX_DEPTH: Final = 6
"""Frames within frames that are looked into."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame as seen: its view, the handle that holds its nodes, and its place."""

    placed: Placed
    handle: JSHandle


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame and those within it, in page order; `unread` counts those that were not read."""

    looks: tuple[_Look, ...]
    unread: int = 0


class Snapshot:
    """An observation and the live elements behind it."""

    def __init__(
        self,
        observation: Observation,
        handles: Sequence[JSHandle],
        starts: Sequence[Starts],
    ) -> None:
        self.observation = observation
        self._handles = handles
        self._starts = starts
        self._own = len(observation.elements)
        self._pictured: tuple[int, ...] = ()

    async def element(self, ref: int) -> ElementHandle:
        """The live element of `ref`; LookupError when there is none in the page any more.

        That of a text in a picture is the picture.
        """
        if (picture := self._picture_of(ref)) is not None:
            return await self.picture(picture)
        return await self._live("nodes", ref, [one.elements for one in self._starts], self._own)

    def box(self, ref: int) -> Rect:
        """Where the live element of `ref` was at the look; IndexError when there is none."""
        if (picture := self._picture_of(ref)) is not None:
            return self.observation.pictures[picture].box
        return self.observation.element(ref).box

    def take_in(self, read: Sequence[ReadPicture]) -> bool:
        """Add what was read in pictures to the observation; whether there was anything."""
        self.observation, pictured = take_in(self.observation, read)
        self._pictured += pictured
        return bool(pictured)

    def _picture_of(self, ref: int) -> int | None:
        at = ref - self._own
        return self._pictured[at] if 0 <= at < len(self._pictured) else None

    async def area(self, index: int) -> ElementHandle:
        """The live element of `observation.areas[index]`, which scrolls; LookupError: gone."""
        count = len(self.observation.areas)
        return await self._live("areas", index, [one.areas for one in self._starts], count)

    async def picture(self, index: int) -> ElementHandle:
        """The live element of `observation.pictures[index]`; LookupError: gone."""
        count = len(self.observation.pictures)
        return await self._live("pictures", index, [one.pictures for one in self._starts], count)

    async def _live(self, kind: str, at: int, starts: Sequence[int], count: int) -> ElementHandle:
        place = bisect_right(starts, at) - 1
        if place < 0 or at >= count:
            raise LookupError(f"no {at} among the {kind} of this observation")
        found = await self._handles[place].evaluate_handle(
            "(held, [kind, at]) => held[kind][at]", [kind, at - starts[place]]
        )
        element = found.as_element()
        if element is None:
            raise LookupError(f"{at} of the {kind} is gone")
        return element

    async def dispose(self) -> None:
        """Let go of the handles; the snapshot can't find elements afterwards."""
        for handle in self._handles:
            try:
                await handle.dispose()
            except Error:
                continue


async def capture(page: Page) -> Snapshot:
    """Look at all frames of the page, open and closed shadow roots included.

    Frames that can't be read are counted in `unread_frames`. Raises playwright's Error when
    the top frame can't be read, after three tries.
    """
    for attempt in range(ATTEMPTS):
        try:
            seen = await _look(page.main_frame, FramePlace(0, 1.0, 0.0, 0.0), 0)
            break
        except Error:
            if attempt == ATTEMPTS - 1:
                raise
            await page.main_frame.wait_for_load_state("domcontentloaded")
    else:
        raise AssertionError("unreachable")
    observation, starts = join([look.placed for look in seen.looks], seen.unread)
    return Snapshot(observation, [look.handle for look in seen.looks], starts)


async def _look(frame: Frame, place: FramePlace, depth: int) -> _Seen:
    """Look at a frame whose content starts at `place` on the page, and at those within it."""
    children = [child for child in frame.child_frames if not child.is_detached()]
    owners = await asyncio.gather(*(_owner(child) for child in children))
    view, handle = await _read(frame, owners)
    own = _Look(Placed(view, place.x, place.y, place.scale), handle)
    if depth >= MAX_DEPTH:
        return _Seen((own,), len(view.frames))
    inner = await asyncio.gather(
        *(_look_inside(children[one.place], _on_page(place, one), depth + 1) for one in view.frames)
    )
    looks = [own]
    for seen in inner:
        looks += seen.looks
    return _Seen(tuple(looks), sum(seen.unread for seen in inner))


async def _look_inside(frame: Frame, place: FramePlace, depth: int) -> _Seen:
    try:
        return await asyncio.wait_for(_look(frame, place, depth), FRAME_TIMEOUT_S)
    except (Error, TimeoutError):
        return _Seen((), 1)


def _on_page(outer: FramePlace, inner: FramePlace) -> FramePlace:
    return FramePlace(
        inner.place,
        outer.scale * inner.scale,
        outer.x + inner.x * outer.scale,
        outer.y + inner.y * outer.scale,
    )


async def _owner(frame: Frame) -> ElementHandle | None:
    try:
        return await frame.frame_element()
    except Error:
        return None


async def _read(frame: Frame, owners: Sequence[ElementHandle | None]) -> tuple[FrameView, JSHandle]:
    """Run the script in a frame; again, with its closed roots, where it seems to have some."""
    view, handle = await _run(frame, owners, None)
    for _ in range(ROOT_DEPTH):
        roots = await closed_roots(frame, handle) if view.suspects else None
        if roots is None:
            break
        await handle.dispose()
        view, handle = await _run(frame, owners, roots)
    return view, handle


async def _run(
    frame: Frame, owners: Sequence[ElementHandle | None], roots: JSHandle | None
) -> tuple[FrameView, JSHandle]:
    given = {"frames": list(owners), "roots": roots, "without": without_roots(frame)}
    handle = await frame.evaluate_handle(SNAPSHOT, given)
    text: str = await handle.evaluate("held => held.json")
    return FRAME_VIEW.validate_json(well_formed_json(text)), handle
