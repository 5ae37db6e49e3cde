"""Looks and contents made by hand for questions to Claude."""

from collections.abc import Sequence
from typing import Any

from inference.asking import Look, Picture, Seen
from inference.content import Content, Flag, Node
from inference.observation import Box
from plans.step import Step, StepType
from tests.fakes.pictures import png

PICTURE = Picture(key="asks/one.png", media_type="image/png", width=640, height=400)


class Shelf:
    """Pictures by their keys, and how often each was read."""

    def __init__(self) -> None:
        self.read_keys: list[str] = []

    async def read(self, key: str) -> bytes:
        self.read_keys.append(key)
        return png(PICTURE.width, PICTURE.height)


def seen(ref: int, name: str, role: str = "button", **said: Any) -> Seen:
    box = Box(x=20, y=40 * ref + 20, width=200, height=30)
    return Seen(**({"ref": ref, "frame": 0, "role": role, "name": name, "box": box} | said))


def look(*elements: Seen, text: str = "Welcome to the shop", **said: Any) -> Look:
    base = {
        "id": "0" * 64, "url": "https://shop.example/list", "title": "Shop", "width": 1280.0,
        "height": 800.0, "picture": PICTURE, "elements": elements, "text": text,
    }  # fmt: skip
    return Look(**(base | said))


def step(intent: str = "Press the Save button", kind: str = "click", **said: Any) -> Step:
    return Step(intent=intent, type=StepType(kind), **said)


def content(*lines: str | tuple[str, dict[str, Any]], **said: Any) -> Content:
    """A page of these lines; a pair is a line and more of its element (`tag`, `flags`, `attrs`)."""
    nodes = [Node(-1, "body", "", "", {}, 0, 0, 1280, 800, Flag.BLOCK, 16)]
    for line in lines:
        text, more = (line, {}) if isinstance(line, str) else line
        flags = more.get("flags", 0) | Flag.BLOCK
        nodes.append(
            Node(0, more.get("tag", "div"), more.get("name", ""), more.get("cls", ""),
                 more.get("attrs", {}), 0, 0, 400, 20, flags, 16)
        )  # fmt: skip
        nodes.append(
            Node(
                len(nodes) - 1, "#text", text, "", {}, 0, 0, 0, 0, more.get("flags", 0) & Flag.SR, 0
            )
        )
    return Content(
        **({"url": "https://shop.example/boats/7", "lang": "en", "nodes": tuple(nodes)} | said)
    )


def texts(body: dict[str, Any]) -> Sequence[str]:
    """All text blocks of a request."""
    return [
        block["text"]
        for message in body["messages"]
        for block in message["content"]
        if block["type"] == "text"
    ]
