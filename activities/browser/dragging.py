"""Drags: picks a thing up, carries it, lets go, and checks where it came to rest.

Chromium turns the same pointer input into HTML5 drag events where the thing is draggable, so
sortable lists, thumbs of sliders and drop zones are all dragged in one way.
"""

import asyncio
import re
from dataclasses import dataclass, replace

from playwright.async_api import ElementHandle, Error, JSHandle, Page
from pydantic import TypeAdapter

from activities.browser.effects import Aim, Seen, Watch, rest, watching
from activities.browser.pointer import reach, unreachable
from activities.browser.result import ActResult, conclude, failed, gone
from activities.browser.scripts import script
from activities.browser.settle import left_page
from inference.decisions import Point
from plans.step import FailureClass

_PLACE = script("place")
_DROP = script("drop")
_BRING = "e => e.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' })"
_SIDE = """(e, onto) => e.parentElement !== onto.parentElement ? 0
  : e.compareDocumentPosition(onto) & 4 ? 1 : -1"""

_SIDE_AT = """(e, way) => {
  const box = e.getBoundingClientRect();
  const alike = (one) => one !== e && one.localName === e.localName
    && Math.abs(one.offsetHeight - e.offsetHeight) < e.offsetHeight / 2;
  const all = [...(e.parentElement?.children ?? [])].filter(alike);
  const hit = e.ownerDocument.elementFromPoint(
    box.x + box.width / 2 + way.x, box.y + box.height / 2 + way.y);
  const goal = all.length > 1 && all.find((one) => one.contains(hit));
  return !goal ? 0 : e.compareDocumentPosition(goal) & 4 ? 1 : -1;
}"""
"""The same for the neighbour that a way ends on."""

_DELTA = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")
_WAYPOINTS = 10
_LAST_STEPS = 4
_LITTLE_PX = 4.0
_FRAME_S = 0.016
_PICK_UP_PX = 8.0
_REST_MS = 1200
_EFFECT_S = 0.3
_STRONG = frozenset({"url", "leaving", "dialog", "tab", "download", "request", "forms", "layers"})


@dataclass(frozen=True)
class Drop:
    """What the page made of a drag.

    `picked`: an HTML5 drag began; `dropped`: it ended in a drop; `hit`: it was let go over the
    element that it was meant for.
    """

    picked: bool
    dropped: bool
    hit: bool


_DROPPED = TypeAdapter(Drop)
_FOUND = TypeAdapter(tuple[str, ...])


def delta(text: str) -> Point | None:
    """The way that "dx,dy" names, in CSS pixels; None where it names none."""
    found = _DELTA.fullmatch(text)
    return Point(x=float(found.group(1)), y=float(found.group(2))) if found else None


async def drag(
    page: Page,
    element: ElementHandle,
    *,
    onto: ElementHandle | None,
    text: str,
    at: Point | None,
    timeout_s: float,
) -> ActResult:
    """Drag `element` onto another, or by the way that `text` names.

    Success means that it rests elsewhere, that what it was dropped on took it, or that a value
    changed; a thing that glides back to where it was is none.
    """
    way = delta(text)
    if onto is None and way is None:
        message = "a drag needs a place to end: an element, or a way such as 120,0"
        return failed(page, FailureClass.SELECTOR_MISS, message)
    if onto is not None:
        await onto.evaluate(_BRING)
        await element.evaluate(_BRING)
    async with watching(page, element, guard=True, at=at) as watch:
        aim = await reach(watch, element)
        if aim.state != "free":
            return unreachable(page, aim)
        place = await element.evaluate_handle(_PLACE, onto)
        drop = await element.evaluate_handle(_DROP, onto)
        watch.events.acting()
        picked = await _pick_up(watch, aim)
        if not picked:
            message = "the press did not reach what is to be dragged"
            return failed(page, FailureClass.WRONG_TARGET, message)
        side = await _side(element, onto, way)
        start, end = (aim.x, aim.y), await _end(aim, onto, way, side)
        if end is not None:
            start = await _lift_off(page, aim, end[-1])
            if onto is not None and not _in_view(page, end[-1]):
                await onto.evaluate(_BRING)
                end = await _end(aim, onto, way, side)
        if end is None:
            await page.mouse.up()
            return gone(page)
        await _carry(page, start, end)
        await page.mouse.up()
        return await _judge(watch, aim, _Dragged(place, drop, onto is not None), timeout_s)


@dataclass(frozen=True)
class _Dragged:
    place: JSHandle
    drop: JSHandle
    aimed: bool


async def _pick_up(watch: Watch, aim: Aim) -> bool:
    mouse = watch.page.mouse
    await mouse.move(aim.x, aim.y)
    await mouse.down()
    report = await watch.so_far()
    if report is None or "mousedown" in report.landed or "pointerdown" in report.landed:
        return True
    await mouse.up()
    return False


async def _side(element: ElementHandle, onto: ElementHandle | None, way: Point | None) -> int:
    """1 where a thing stands before its goal in their list, -1 behind it, 0 where in none."""
    if onto is not None:
        return int(await element.evaluate(_SIDE, onto))
    return 0 if way is None else int(await element.evaluate(_SIDE_AT, {"x": way.x, "y": way.y}))


async def _end(
    aim: Aim, onto: ElementHandle | None, way: Point | None, side: int
) -> tuple[tuple[float, float], ...] | None:
    """Where to let go, in pixels of the viewport, and by which point to come there.

    Lists make room by the side that a thing comes from: one that stood before its goal comes
    from above and left and goes a little past its middle, one that stood behind it from below.
    None where the goal is gone.
    """
    if onto is None:
        assert way is not None
        x, y, back = aim.x + way.x, aim.y + way.y, side * _LITTLE_PX
        return ((x - back, y - back), (x + back, y + back)) if side else ((x, y),)
    box = await onto.bounding_box()
    if box is None:
        return None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if side == 0:
        return ((_beyond(aim.x, x, box["width"]), _beyond(aim.y, y, box["height"])),)
    across, down = side * _past(box["width"]), side * _past(box["height"])
    return (x - across, y - down), (x + across, y + down)


def _in_view(page: Page, point: tuple[float, float]) -> bool:
    size = page.viewport_size
    if size is None:
        return True
    return 0 <= point[0] < size["width"] and 0 <= point[1] < size["height"]


def _beyond(start: float, middle: float, size: float) -> float:
    """A little past the middle, seen from the start: lists make room only then."""
    past = _past(size)
    if abs(middle - start) < size / 2:
        return middle
    return middle + past if middle > start else middle - past


def _past(size: float) -> float:
    return min(size * 0.2, 12.0)


async def _lift_off(page: Page, aim: Aim, end: tuple[float, float]) -> tuple[float, float]:
    """The first few pixels: from them on it is a drag, and the page may scroll under it."""
    across, down = end[0] - aim.x, end[1] - aim.y
    first = min(1.0, _PICK_UP_PX / max(1.0, (across**2 + down**2) ** 0.5))
    for part in (first / 2, first):
        await page.mouse.move(aim.x + across * part, aim.y + down * part)
        await asyncio.sleep(_FRAME_S)
    return aim.x + across * first, aim.y + down * first


async def _carry(
    page: Page, start: tuple[float, float], end: tuple[tuple[float, float], ...]
) -> None:
    """Move in small steps with a frame between, as lists that make room need it."""
    for leg, goal in enumerate(end):
        across, down = goal[0] - start[0], goal[1] - start[1]
        steps = _WAYPOINTS if leg == 0 else _LAST_STEPS
        for step in range(1, steps + 1):
            await page.mouse.move(start[0] + across * step / steps, start[1] + down * step / steps)
            await asyncio.sleep(_FRAME_S)
        start = goal
    await page.mouse.move(*start)
    await asyncio.sleep(2 * _FRAME_S)


async def _judge(watch: Watch, aim: Aim, dragged: _Dragged, timeout_s: float) -> ActResult:
    point = (aim.x, aim.y)
    try:
        drop = _DROPPED.validate_python(await dragged.drop.evaluate("drop => drop.told()"))
        compare = "(place, limit) => place.compare(limit)"
        told: object = await dragged.place.evaluate(compare, _REST_MS)
        found = _FOUND.validate_python(told)
    except Error as error:
        if not left_page(error):
            raise
        drop, found = Drop(False, True, True), ("leaving",)
    seen = await watch.seen(0.02 if found else _EFFECT_S)
    after = await rest(watch, seen, timeout_s=timeout_s)
    strong = tuple(name for name in seen.evidence if name in _STRONG)
    seen = Seen(strong, seen.report)
    changed = tuple(name for name in found if name != "joined")
    if not (changed or strong or watch.events.evident):
        message = "it was dragged and is where it was"
        cause = FailureClass.NO_STATE_CHANGE
        return conclude(watch, seen, after, failure_class=cause, message=message, point=point)
    if dragged.aimed and not (drop.hit or strong or "joined" in found):
        message = "it was let go over something else"
        cause = FailureClass.WRONG_TARGET
        result = conclude(watch, seen, after, failure_class=cause, message=message, point=point)
        return replace(result, evidence=(*changed, *result.evidence))
    return conclude(watch, seen, after, evidence=changed, point=point)
