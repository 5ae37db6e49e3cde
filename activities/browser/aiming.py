"""From what a tier decided to the live elements and the place in them."""

from dataclasses import dataclass

from playwright.async_api import ElementHandle, Page

from activities.browser.snapshot import Snapshot
from inference.decisions import Decision, Point

_AT_POINT = """({ x, y }) => {
  let hit = document.elementFromPoint(x, y);
  while (hit && hit.shadowRoot) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}"""


@dataclass(frozen=True)
class Target:
    """What an act is done to; `at` and `called` as in `activities.browser.act.perform`."""

    element: ElementHandle | None
    onto: ElementHandle | None = None
    at: Point | None = None
    called: str = ""


async def aim(page: Page, snapshot: Snapshot, decision: Decision) -> Target:
    """The live target of a decision; LookupError where it is not in the page any more.

    A point is kept relative to its element, so that it stays where it is when the page scrolls.
    """
    onto = None if decision.onto is None else await snapshot.element(decision.onto)
    if decision.ref is None:
        if decision.point is None:
            return Target(None, onto)
        element = await _at_point(page, decision.point)
        box = None if element is None else await element.bounding_box()
        if box is None:
            return Target(None, onto)
        return Target(element, onto, _within(decision.point, box["x"], box["y"]))
    element = await snapshot.element(decision.ref)
    if decision.point is None:
        return Target(element, onto, called=snapshot.observation.element(decision.ref).text)
    seen = snapshot.box(decision.ref)
    return Target(element, onto, _within(decision.point, seen.x, seen.y))


async def _at_point(page: Page, point: Point) -> ElementHandle | None:
    """The innermost element at a point of the viewport, in whichever frame it is."""
    frame, at = page.main_frame, point
    while True:
        handle = await frame.evaluate_handle(_AT_POINT, {"x": at.x, "y": at.y})
        element = handle.as_element()
        inner = None if element is None else await element.content_frame()
        if element is None or inner is None:
            return element
        root = await (await inner.query_selector("html") or element).bounding_box()
        if root is None:
            return element
        scrolled: list[float] = await inner.evaluate("[scrollX, scrollY]")
        at = Point(x=point.x - root["x"] - scrolled[0], y=point.y - root["y"] - scrolled[1])
        frame = inner


def _within(point: Point, left: float, top: float) -> Point:
    return Point(x=point.x - left, y=point.y - top)
