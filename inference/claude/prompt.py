"""One request to the Messages API before its pictures are read in, and what it may cost."""

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pydantic import JsonValue

from inference.asking import Picture, Pictures
from plans.prices import Prices, Usage, cost_of
from plans.step import TierName

Block = dict[str, JsonValue]
"""A message or a content block, as the Messages API takes it."""

BYTES_A_TOKEN: Final = 2.5
"""UTF-8 bytes a token has at least, on average: prose has 4 to 5, figures and URLs about 3."""
_OVERHEAD: Final = 600
"""Tokens around a request, and those that the API adds to constrain its answer."""
_TOOLSET: Final = 6000
"""Tokens that a toolset which the API describes itself may have."""
_PIXELS_A_TOKEN: Final = 750
_MOST_IMAGE: Final = 4784
"""Tokens of a picture at most: larger ones are made smaller by the API."""
_MARK: Final[Block] = {"cache_control": {"type": "ephemeral"}}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: `messages` as in `TaskAsk`, pictures named by their keys.

    `schema` is what the answer is constrained to. `cached` marks the system prompt and the end
    of the history for the prompt cache, whose reading costs a tenth or less and whose writing a
    quarter more: worth it where the same beginning is sent again within minutes. `tail` is text
    at the very end that later requests will not send again. `sizes` are the tokens of the
    pictures whose size is known. `effort` is how much is thought before the answer.
    """

    model: str
    system: str
    messages: tuple[Block, ...]
    max_tokens: int
    schema: Block | None = None
    tools: tuple[Block, ...] = ()
    cached: bool = False
    tail: str = ""
    effort: Literal["low", "medium", "high"] = "low"
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def followed_by(self, *messages: Block) -> "Prompt":
        """The prompt with messages after its own."""
        asked = self.messages
        if self.tail and asked:
            asked = (*asked[:-1], _with_tail(asked[-1], self.tail))
        return replace(self, messages=(*asked, *messages), tail="")

    def most(self, prices: Prices) -> int:
        """Micro-dollars that a request may cost: nothing in the cache yet, a full answer."""
        usage = Usage(tier=TierName.CLAUDE, model=self.model, output_tokens=self.max_tokens)
        sent = {"cache_write_tokens" if self.cached else "input_tokens": self.tokens()}
        return cost_of(usage.model_copy(update=sent), 0.0, prices).total

    def tokens(self) -> int:
        """Tokens of input at most."""
        bare: list[JsonValue] = [self.system, *self.messages, self.tail, *self.tools, self.schema]
        text = len(json.dumps(bare, ensure_ascii=False).encode("utf-8", "replace"))
        pictures = sum(self.sizes.get(key, _MOST_IMAGE) for key in self.pictures())
        toolsets = sum("name" not in tool for tool in self.tools)
        return math.ceil(text / BYTES_A_TOKEN) + pictures + toolsets * _TOOLSET + _OVERHEAD

    def pictures(self) -> tuple[str, ...]:
        """Keys of the pictures, as often as each is sent."""
        return tuple(_keys(list(self.messages)))

    async def filled(self, pictures: Pictures) -> tuple[Block, ...]:
        """The messages as they are sent: pictures in them, the end marked for the cache."""
        read = {key: await pictures.read(key) for key in dict.fromkeys(self.pictures())}
        sent = [_filled_block(message, read) for message in self.messages]
        if self.cached and sent:
            sent[-1] = _marked(sent[-1])
        if self.tail and sent:
            sent[-1] = _with_tail(sent[-1], self.tail)
        return tuple(sent)

    def system_blocks(self) -> tuple[Block, ...]:
        """The system prompt as it is sent; nothing where there is none."""
        if not self.system:
            return ()
        block: Block = {"type": "text", "text": self.system}
        return (block | _MARK if self.cached else block,)

    def form(self) -> Block:
        """`output_config` of the request."""
        form: Block = {"effort": self.effort}
        if self.schema is not None:
            form["format"] = {"type": "json_schema", "schema": self.schema}
        return form


def text_block(text: str) -> Block:
    """A piece of text."""
    return {"type": "text", "text": text}


def picture_block(picture: Picture) -> Block:
    """A picture of the artifact store."""
    source: Block = {"type": "artifact", "key": picture.key, "media_type": picture.media_type}
    return {"type": "image", "source": source}


def picture_tokens(picture: Picture) -> int:
    """What a picture is counted as."""
    return min(_MOST_IMAGE, math.ceil(picture.width * picture.height / _PIXELS_A_TOKEN))


def user(*content: Block) -> Block:
    """A message of the user."""
    blocks: list[JsonValue] = [*content]
    return {"role": "user", "content": blocks}


def assistant(text: str) -> Block:
    """An earlier answer."""
    return {"role": "assistant", "content": [text_block(text)]}


def _artifact(value: JsonValue) -> tuple[str, str] | None:
    """Key and media type, where a block's source is a picture of the artifact store."""
    match value:
        case {"type": "artifact", "key": str(key), "media_type": str(media_type)}:
            return key, media_type
        case _:
            return None


def _keys(value: JsonValue) -> Iterator[str]:
    if found := _artifact(value):
        yield found[0]
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _keys(item)


def _filled(value: JsonValue, read: Mapping[str, bytes]) -> JsonValue:
    if found := _artifact(value):
        data = base64.b64encode(read[found[0]]).decode("ascii")
        return {"type": "base64", "media_type": found[1], "data": data}
    if isinstance(value, list):
        return [_filled(item, read) for item in value]
    return _filled_block(value, read) if isinstance(value, dict) else value


def _filled_block(block: Block, read: Mapping[str, bytes]) -> Block:
    return {name: _filled(item, read) for name, item in block.items()}


def _marked(message: Block) -> Block:
    """A message whose last block ends what the cache keeps."""
    match message:
        case {"content": [*before, dict(last)]} if last.get("type") not in _NOT_CACHED:
            blocks: list[JsonValue] = [*before, last | _MARK]
            return {**message, "content": blocks}
        case {"content": str(text)} if text:
            return {**message, "content": [text_block(text) | _MARK]}
        case _:
            return message


def _with_tail(message: Block, tail: str) -> Block:
    match message:
        case {"content": [*before]}:
            blocks: list[JsonValue] = [*before, text_block(tail)]
            return {**message, "content": blocks}
        case _:
            return message


_NOT_CACHED: Final = frozenset({"thinking", "redacted_thinking"})
