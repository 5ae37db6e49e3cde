"""What the Messages API demands of messages: their order, their blocks, tools and their results."""

import base64
import binascii
from typing import Any

from tests.fakes.claude_refusals import Refused
from tests.fakes.pictures import head_of

MOST_PICTURE_BYTES = 10 * 1024 * 1024
MOST_PICTURES = 600
MANY_PICTURES = 20
MOST_SIDE = 8000
MOST_SIDE_OF_MANY = 2000
PICTURE_TYPES = {"image/jpeg", "image/png", "image/gif", "image/webp"}

KEYS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, {"cache_control", "citations"}),
    "image": ({"source"}, {"cache_control", "transformations"}),
    "tool_use": ({"id", "name", "input"}, {"cache_control", "caller", "toolset_name"}),
    "tool_result": ({"tool_use_id"}, {"content", "is_error", "cache_control", "toolset_name"}),
    "thinking": ({"thinking", "signature"}, set()),
    "redacted_thinking": ({"data"}, set()),
    "browser_state": ({"tabs"}, {"state_changes", "cache_control"}),
}
"""Blocks that this fake knows: the keys that they must have, and those that they may have."""
WITHIN = {
    "user": {"text", "image", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
    "system": {"text"},
    "tool_result": {"text", "image", "browser_state"},
}

Block = dict[str, Any]


def blocks_of(content: object, where: str, within: str) -> list[Block]:
    """The blocks of a message or a result; text alone is one block.

    Raises:
        Refused: they are not blocks of the kinds that may stand there.
    """
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise Refused(f"{where}: Input should be a valid string or list")
    for at, block in enumerate(content):
        _check_block(block, f"{where}.{at}", within)
    return content


def turns_of(messages: object) -> list[tuple[str, list[Block]]]:
    """Role and blocks of each turn; neighbours of the same role are one turn.

    Raises:
        Refused: the conversation is not one that can be gone on with.
    """
    if not isinstance(messages, list) or not messages:
        raise Refused("messages: at least one message is required")
    turns: list[tuple[str, list[Block]]] = []
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        if not isinstance(message, dict):
            raise Refused(f"{where}: Input should be an object")
        role = message.get("role")
        if role not in ("user", "assistant", "system"):
            raise Refused(f"{where}.role: Input should be 'user', 'assistant' or 'system'")
        extra = sorted(message.keys() - {"role", "content"})
        if extra:
            raise Refused(f"{where}.{extra[0]}: Extra inputs are not permitted")
        blocks = blocks_of(message.get("content"), f"{where}.content", role)
        if not blocks:
            raise Refused(f"{where}: all messages must have non-empty content")
        if turns and turns[-1][0] == role:
            turns[-1] = (role, [*turns[-1][1], *blocks])
        else:
            turns.append((role, blocks))
    if turns[0][0] != "user":
        raise Refused('messages: first message must use the "user" role')
    _check_calls(turns)
    _check_sizes(turns)
    return turns


def pictures_in(blocks: list[Block]) -> list[Block]:
    """The picture blocks, those in results too."""
    found = [block for block in blocks if block["type"] == "image"]
    for block in blocks:
        if block["type"] == "tool_result" and isinstance(block.get("content"), list):
            found += [inner for inner in block["content"] if inner["type"] == "image"]
    return found


def bytes_of(picture: Block) -> bytes:
    return base64.b64decode(picture["source"]["data"])


def _check_block(block: object, where: str, within: str) -> None:
    if not isinstance(block, dict):
        raise Refused(f"{where}: Input should be an object")
    kind = block.get("type")
    if kind not in WITHIN[within]:
        raise Refused(
            f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected "
            f"tags: {', '.join(sorted(WITHIN[within]))}"
        )
    must, may = KEYS[kind]
    for key in sorted(must - block.keys()):
        raise Refused(f"{where}.{kind}.{key}: Field required")
    for key in sorted(block.keys() - must - may - {"type"}):
        raise Refused(f"{where}.{kind}.{key}: Extra inputs are not permitted")
    match kind:
        case "text":
            _check_text(block, where, within)
        case "image":
            _check_picture(block["source"], f"{where}.image.source")
        case "tool_use":
            if not isinstance(block["input"], dict):
                raise Refused(f"{where}.tool_use.input: Input should be a valid dictionary")
        case "tool_result":
            _check_result(block, where)


def _check_result(block: Block, where: str) -> None:
    content = block.get("content", [])
    inner = (
        [] if content == "" else blocks_of(content, f"{where}.tool_result.content", "tool_result")
    )
    states = [one for one in inner if one["type"] == "browser_state"]
    if len(states) > 1 or (states and block.get("is_error")):
        raise Refused(f"{where}.tool_result: at most one browser_state, on a non-error result")
    if states and block.get("toolset_name") != "browser":
        raise Refused(f"{where}.tool_result: browser_state answers a browser member only")
    for state in states:
        _check_tabs(state["tabs"], where)


def _check_text(block: Block, where: str, within: str) -> None:
    text = block["text"]
    if not isinstance(text, str):
        raise Refused(f"{where}.text.text: Input should be a valid string")
    if text == "":
        raise Refused("messages: text content blocks must be non-empty")
    if not text.strip() and within != "tool_result":
        raise Refused("messages: text content blocks must contain non-whitespace text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused("The request body is not valid JSON: no low surrogate in string") from None


def _check_tabs(tabs: object, where: str) -> None:
    if not isinstance(tabs, list):
        raise Refused(f"{where}.browser_state.tabs: Input should be a valid list")
    if tabs and sum(tab.get("active") is True for tab in tabs) != 1:
        raise Refused(f"{where}.browser_state.tabs: exactly one tab must be active")
    for tab in tabs:
        for key in ("tab_id", "title", "url"):
            if not isinstance(tab.get(key), str):
                raise Refused(f"{where}.browser_state.tabs.{key}: Field required")


def _check_picture(source: object, where: str) -> None:
    if not isinstance(source, dict) or source.get("type") not in ("base64", "url", "file"):
        kind = source.get("type") if isinstance(source, dict) else source
        raise Refused(f"{where}: Input tag '{kind}' does not match any of: 'base64', 'url', 'file'")
    if source["type"] != "base64":
        raise Refused("Unable to download the file. Please verify the URL and try again.")
    media_type = source.get("media_type")
    if media_type not in PICTURE_TYPES:
        raise Refused(f"{where}.base64.media_type: Input should be one of {sorted(PICTURE_TYPES)}")
    text = source.get("data")
    if not isinstance(text, str):
        raise Refused(f"{where}.base64.data: Field required")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"{where}.base64: invalid base64 data") from None
    if len(text) > MOST_PICTURE_BYTES:
        raise Refused(f"{where}.base64: image exceeds 10 MB maximum: {len(text)} bytes")
    head = head_of(data)
    if head is None:
        raise Refused("Could not process image")
    if head.media_type != media_type:
        raise Refused(
            f"{where}.base64.data: The image was specified using the {media_type} media type, "
            f"but the image appears to be a {head.media_type} image"
        )


def _check_sizes(turns: list[tuple[str, list[Block]]]) -> None:
    pictures = [one for _, blocks in turns for one in pictures_in(blocks)]
    if len(pictures) > MOST_PICTURES:
        raise Refused(f"messages: too many images: {len(pictures)} > {MOST_PICTURES}")
    most = MOST_SIDE_OF_MANY if len(pictures) > MANY_PICTURES else MOST_SIDE
    for picture in pictures:
        head = head_of(bytes_of(picture))
        if head is not None and max(head.width, head.height) > most:
            raise Refused(
                "messages: At least one of the image dimensions exceed max allowed size"
                f"{' for many-image requests' if most == MOST_SIDE_OF_MANY else ''}: {most} pixels"
            )


def _check_calls(turns: list[tuple[str, list[Block]]]) -> None:
    """Each call of a tool has its result at the head of the next turn, and each result its call."""
    open_calls: dict[str, Block] = {}
    for role, blocks in turns:
        results = [block for block in blocks if block["type"] == "tool_result"]
        answered = {result["tool_use_id"] for result in results}
        missing = open_calls.keys() - answered
        if missing:
            raise Refused(
                "messages: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(sorted(missing))}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
        for result in results:
            call = open_calls.pop(result["tool_use_id"], None)
            if call is None:
                raise Refused(
                    "messages: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{result['tool_use_id']}. Each `tool_result` block must have a corresponding "
                    "`tool_use` block in the previous message."
                )
            if result.get("toolset_name") != call.get("toolset_name"):
                raise Refused(
                    f"messages: `tool_result` {result['tool_use_id']}: toolset_name must be "
                    f"{call.get('toolset_name')!r}, as in its `tool_use`"
                )
        kinds = [block["type"] == "tool_result" for block in blocks]
        if results and kinds != sorted(kinds, reverse=True):
            raise Refused("messages: `tool_result` blocks must come first in a user message")
        if role == "assistant":
            calls = [block for block in blocks if block["type"] == "tool_use"]
            open_calls = {call["id"]: call for call in calls}
            if len(open_calls) != len(calls):
                raise Refused("messages: `tool_use` ids must be unique")
    if open_calls and turns[-1][0] == "assistant":
        raise Refused(
            "messages: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(sorted(open_calls))}"
        )
