"""Where a place in a picture lies on the page, and on what."""

from typing import Final

from inference.asking import Look, Seen
from inference.decisions import Point

_SCALE: Final = 1000
_DRAWN: Final = frozenset({"canvas", "img", "image", "figure", "graphics-document", "application"})
"""Roles of what has parts that are only painted: there the very place is what is meant."""


def on_page(look: Look, x: int, y: int) -> Point:
    """CSS pixels of the viewport for thousandths of its picture.

    The picture shows the whole viewport whatever its own size, so how many of its pixels a CSS
    pixel takes makes no difference.
    """
    return Point(x=_pixel(x, look.width), y=_pixel(y, look.height))


def _pixel(thousandths: int, size: float) -> float:
    return float(max(0, min(int(thousandths * size / _SCALE), int(size) - 1)))


def under(look: Look, point: Point) -> Seen | None:
    """What lies at a place: the smallest control there, else the smallest thing at all."""
    there = [seen for seen in look.elements if _holds(seen, point)]
    controls = [seen for seen in there if seen.interactive]
    return min(controls or there, key=lambda seen: (_area(seen), -seen.ref), default=None)


def target(seen: Seen | None) -> tuple[int | None, bool]:
    """The element to name in an answer, and whether the very place has to be told as well.

    Pictures that are no elements of the look have negative numbers: their place alone counts.
    """
    if seen is None or seen.ref < 0:
        return None, True
    return seen.ref, seen.role in _DRAWN


def _holds(seen: Seen, point: Point) -> bool:
    box = seen.box
    within = box.x <= point.x < box.x + box.width
    return within and box.y <= point.y < box.y + box.height


def _area(seen: Seen) -> float:
    return seen.box.width * seen.box.height
