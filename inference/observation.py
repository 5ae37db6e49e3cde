"""What a tier sees of a page: plain data, captured by `activities.browser.snapshot`.

Boxes are CSS pixels relative to the top frame's viewport, origin top left.
"""

from plans.step import Frozen


class Box(Frozen):
    """A rectangle in CSS pixels of the top frame's viewport."""

    x: float
    y: float
    width: float
    height: float
