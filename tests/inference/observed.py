"""Observations made by hand: what a page would show, without a browser."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from inference.observation import Element, Observation, Rect

_EMPTY: dict[Any, Any] = {str: "", bool: False, int: -1, float: 0.0, tuple: ()}


def element(ref: int, name: str, role: str = "button", **said: object) -> Element:
    """A visible button, or what its fields say instead."""
    base: dict[str, object] = {
        "ref": ref, "frame": 0, "tag": "button", "role": role, "name": name, "text": name,
        "interactive": True, "weight": 14.0, "level": 0, "box": Rect(20, 40 * ref + 20, 200, 30),
    }  # fmt: skip
    return Element(**_filled(Element, base | said))


def page_of(elements: Sequence[Element | str], **said: object) -> Observation:
    """A page of these elements; a text stands for a button of that name."""
    made = tuple(
        element(ref, one) if isinstance(one, str) else one for ref, one in enumerate(elements)
    )
    base: dict[str, object] = {
        "url": "https://shop.example/list", "title": "Shop", "language": "en", "width": 1280.0,
        "height": 800.0, "page_height": 800.0, "elements": made, "unread_frames": 0,
    }  # fmt: skip
    return Observation(**_filled(Observation, base | said))


def _filled(kind: type, values: dict[str, object]) -> dict[str, Any]:
    """The values, and an empty one for each field without a default."""
    hints = get_type_hints(kind)
    filled: dict[str, Any] = dict(values)
    for field in fields(kind):
        if field.name in filled or field.default is not MISSING:
            continue
        hint = hints[field.name]
        origin = getattr(hint, "__origin__", hint)
        filled[field.name] = _EMPTY.get(origin)
    return filled
