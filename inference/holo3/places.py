"""Where a place in a picture lies on the page, and on what."""

from typing import Final

from inference.asking import Look, Seen
from inference.decisions import Point
from inference.fresh import at_place, is_backdrop

_SCALE: Final = 1000


def on_page(look: Look, x: int, y: int) -> Point:
    """CSS pixels of the viewport for thousandths of its picture.

    The picture shows the whole viewport whatever its own size, so how many of its pixels a CSS
    pixel takes makes no difference.
    """
    return Point(x=_pixel(x, look.width), y=_pixel(y, look.height))


def _pixel(thousandths: int, size: float) -> float:
    return float(max(0, min(int(thousandths * size / _SCALE), int(size) - 1)))


def under(look: Look, point: Point) -> Seen | None:
    """What is meant by a place, as `inference.fresh` takes it; None where it is bare."""
    seen = at_place(look.elements, point.x, point.y)
    return None if seen is None or is_backdrop(look, seen) else seen
