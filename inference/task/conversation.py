"""The conversation with the agent of a task: it grows at its end, and is cut only when it must.

Servers keep what they have read of a prompt as long as it begins the same. So nothing is
rewritten until there is too much of it, and then a good part goes at once.
"""

from collections.abc import Iterable
from typing import Final

from pydantic import JsonValue

from inference.task.calls import Block

Messages = tuple[Block, ...]

MOST_PICTURES: Final = 20
KEPT_PICTURES: Final = 4
MOST_CHARACTERS: Final = 240_000
KEPT_CHARACTERS: Final = 100_000
_LONG: Final = 1_500
"""Characters of a text from which on it is worth cutting."""

_NO_PICTURE: Final = "[an earlier screenshot, left out]"
_NO_TEXT: Final = "[an earlier result, left out: look again if it is needed]"


def asked(messages: Messages, text: str, picture: Block | None) -> Messages:
    """The conversation with a message of the user: a text, and what the page looks like."""
    content: list[JsonValue] = [] if picture is None else [picture]
    content.append({"type": "text", "text": text})
    return (*messages, {"role": "user", "content": content})


def answered(messages: Messages, content: Iterable[Block]) -> Messages:
    """The conversation with the assistant's content, as it came. Empty content is left out."""
    blocks = list[JsonValue](content)
    return (*messages, {"role": "assistant", "content": blocks}) if blocks else messages


def resulted(messages: Messages, results: Iterable[Block]) -> Messages:
    """The conversation with the results of its last tool calls."""
    return trimmed((*messages, {"role": "user", "content": list[JsonValue](results)}))


def trimmed(messages: Messages) -> Messages:
    """The conversation without old pictures and long old results, where there is too much.

    The first message, with the task, stays as it is, and so does what the assistant said.
    """
    pictures = sum(_pictures(message) for message in messages)
    if pictures > MOST_PICTURES:
        messages = _without(messages, pictures - KEPT_PICTURES, pictures=True)
    size = sum(_size(message.get("content")) for message in messages)
    if size > MOST_CHARACTERS:
        messages = _without(messages, size - KEPT_CHARACTERS, pictures=False)
    return messages


def _without(messages: Messages, surplus: int, *, pictures: bool) -> Messages:
    """Leave out, from the oldest on, until the surplus is gone; the newest message stays."""
    kept: list[Block] = []
    for at, message in enumerate(messages):
        first_or_last = at in (0, len(messages) - 1)
        if surplus <= 0 or message.get("role") != "user" or (first_or_last and not pictures):
            kept.append(message)
            continue
        before = _pictures(message) if pictures else _size(message.get("content"))
        content = _cut(message.get("content"), pictures=pictures)
        message = {**message, "content": content}
        after = _pictures(message) if pictures else _size(content)
        surplus -= before - after
        kept.append(message)
    return tuple(kept)


def _cut(content: JsonValue, *, pictures: bool) -> JsonValue:
    match content:
        case {"type": "image"} if pictures:
            return {"type": "text", "text": _NO_PICTURE}
        case {"type": "text", "text": str(text)} if not pictures and len(text) > _LONG:
            return {"type": "text", "text": _NO_TEXT}
        case {"type": "tool_result", "content": inner}:
            return {**content, "content": _cut(inner, pictures=pictures)}
        case str() if not pictures and len(content) > _LONG:
            return _NO_TEXT
        case list():
            return [_cut(block, pictures=pictures) for block in content]
        case _:
            return content


def _pictures(message: Block) -> int:
    return _count(message.get("content"))


def _count(content: JsonValue) -> int:
    match content:
        case {"type": "image"}:
            return 1
        case {"type": "tool_result", "content": inner}:
            return _count(inner)
        case list():
            return sum(_count(block) for block in content)
        case _:
            return 0


def _size(content: JsonValue) -> int:
    match content:
        case str():
            return len(content)
        case list():
            return sum(_size(block) for block in content)
        case dict():
            return sum(_size(value) for value in content.values())
        case _:
            return 0
