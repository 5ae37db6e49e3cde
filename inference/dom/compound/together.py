"""Which boxes belong together: of one group, one list, one part of a form."""

import re
from collections.abc import Sequence

from inference.observation import Element


def of_one_set(one: Element, chosen: Sequence[Element], ticks: Sequence[Element]) -> bool:
    """Whether a box stands in the group, the list or the part of the form of those named."""
    own = _set_of(one, ticks)
    return any(
        (own == _set_of(other, ticks)) and (one.frame, one.form) == (other.frame, other.form)
        for other in chosen
    )


def _set_of(one: Element, ticks: Sequence[Element]) -> tuple[str | int, ...]:
    """What boxes that belong together have in common."""
    if one.group:
        return ("group", one.group, one.layer)
    if one.records:
        inner = one.records[0]
        several = sum(inner in other.records for other in ticks) > 1
        return ("record", inner.group, inner.ordinal) if several else ("list", inner.group)
    place = re.sub(r"\.\d+", "", one.path) if ">" in one.path else ""
    return ("place", one.heading, one.layer, place)
