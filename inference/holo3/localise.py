"""Where to act, where the step says how: one picture, one target, no history."""

import json
from typing import Final

from pydantic import JsonValue

from inference.asking import GroundAsk, Grounded, Picture
from inference.decisions import ActKind
from inference.holo3 import trust
from inference.holo3.chat import Question
from inference.holo3.pictures import image
from inference.holo3.places import on_page, under
from inference.holo3.prompting import rendered
from inference.holo3.schemas import schema_of
from inference.holo3.tools import Place
from inference.marking import harmless

MAX_TOKENS: Final = 128
_KNOWN: Final = {
    ActKind.CLICK: "",
    ActKind.FILL: "The field to write into, for this: ",
    ActKind.TYPE: "The place to write at, for this: ",
    ActKind.SELECT: "The box or list to choose from, for this: ",
    ActKind.CHECK: "The box to tick or switch to turn on, for this: ",
    ActKind.UNCHECK: "The box to untick or switch to turn off, for this: ",
    ActKind.HOVER: "",
}
"""Acts on a single target, and how the target is introduced where the intent names more."""


def localises(ask: GroundAsk) -> bool:
    """Whether only the place is open: the act is known, and nothing was tried yet."""
    return ask.act in _KNOWN and not ask.turns


def question(ask: GroundAsk, picture: Picture, content: bytes) -> Question:
    """The localisation of the step's target in the picture."""
    assert ask.act is not None
    schema = schema_of(Place)
    text = rendered(
        "localise", schema=json.dumps(schema), target=_KNOWN[ask.act] + harmless(ask.intent)
    )
    content_parts: list[JsonValue] = [image(picture, content), {"type": "text", "text": text}]
    return Question(
        messages=[{"role": "user", "content": content_parts}],
        name="place",
        schema=schema,
        max_tokens=MAX_TOKENS,
        thinking=False,
        images=1,
        temperature=0.0,
    )


def grounded(ask: GroundAsk, place: Place) -> Grounded:
    """The step's act at the place; what lies there is looked up where the act is done."""
    assert ask.act is not None
    point = on_page(ask.look, place.x, place.y)
    return Grounded(
        act=ask.act,
        x=point.x,
        y=point.y,
        text=ask.value,
        confidence=trust.of_target(ask, under(ask.look, point)),
        why=f"it is at {place.x}, {place.y} of 1000",
        said=place.model_dump(mode="json"),
    )
