"""One request to the Messages API: sent, its answer read, its usage counted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

import anthropic
from anthropic.types import MessageParam, OutputConfigParam, TextBlockParam, ToolUnionParam
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from inference.asking import Pictures
from inference.claude.failures import told
from inference.claude.prompt import Block, Prompt, text_block, user
from inference.errors import CutShort, Declined, Malformed, ModelError, ModelRefused
from inference.tally import Tally
from plans.errors import PlanError
from plans.json_text import read_json
from plans.prices import Usage
from plans.step import TierName

_PAUSES: Final = 3
"""How often an answer that the API has broken off (`pause_turn`) is asked to go on."""
_GO_ON: Final = "Go on, and give your answer."


class _WireUsage(BaseModel):
    """`usage` of a message; a cache that was not used is null or left out."""

    model_config = ConfigDict(frozen=True)

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _WireMessage(BaseModel):
    """What we read of a message."""

    model_config = ConfigDict(frozen=True)

    content: list[dict[str, JsonValue]]
    stop_reason: str | None = None
    usage: _WireUsage


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer as it came: content blocks, why it stopped, what it used."""

    content: tuple[Block, ...]
    stop_reason: str
    usage: Usage

    @property
    def text(self) -> str:
        """Its text; thinking left out."""
        texts = (block.get("text") for block in self.content if block.get("type") == "text")
        return "".join(text for text in texts if isinstance(text, str))


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends prompts under one key; `secret` is its name, for messages."""

    client: anthropic.AsyncAnthropic
    key: str
    secret: str
    timeout_s: float

    async def once(self, prompt: Prompt, pictures: Pictures) -> Sent:
        """Send one request.

        Raises:
            ModelAway: it can't be reached, or takes no request now.
            ModelRefused: it does not take this one.
            Malformed: what came is no message of the API.
        """
        form = prompt.form()
        system, tools = prompt.system_blocks(), prompt.tools
        messages = await prompt.filled(pictures)
        try:
            raw = await self.client.messages.with_raw_response.create(
                model=prompt.model,
                max_tokens=prompt.max_tokens,
                system=cast("Iterable[TextBlockParam]", system) if system else anthropic.omit,
                messages=cast("Iterable[MessageParam]", messages),
                tools=cast("Iterable[ToolUnionParam]", tools) if tools else anthropic.omit,
                output_config=cast("OutputConfigParam", form),
                timeout=self.timeout_s,
            )
        except anthropic.APIError as error:
            raise told(error, self.secret, self.key) from None
        try:
            message = _WireMessage.model_validate_json(raw.http_response.content)
        except ValidationError:
            raise Malformed("what Claude's address answers is no message of its API") from None
        return Sent(
            content=tuple(message.content),
            stop_reason=message.stop_reason or "",
            usage=_usage(message.usage, prompt),
        )

    async def whole(self, prompt: Prompt, pictures: Pictures, tally: Tally) -> Sent:
        """Send a prompt and have an answer that was broken off go on.

        Its usage, and that of errors, is the whole tally.

        Args:
            prompt: what is asked.
            pictures: those that it names.
            tally: counts each request as its answer comes.

        Raises:
            ModelError: no answer, or none that is whole.
        """
        for _ in range(1 + _PAUSES):
            try:
                sent = await self.once(prompt, pictures)
            except ModelError as error:
                tally.add(error.usage)
                error.usage = tally.usage
                raise
            tally.add(sent.usage)
            if sent.stop_reason != "pause_turn":
                _refuse_partial(sent.stop_reason, tally.usage)
                return Sent(sent.content, sent.stop_reason, tally.usage or sent.usage)
            if not sent.content:
                break
            prompt = prompt.followed_by(answered(sent), user(text_block(_GO_ON)))
        raise CutShort("Claude pauses and does not come to an end", usage=tally.usage)


def answered(sent: Sent) -> Block:
    """An answer as an earlier message, thinking and all as it came."""
    blocks: list[JsonValue] = [*sent.content]
    return {"role": "assistant", "content": blocks}


def _refuse_partial(stop_reason: str, usage: Usage | None) -> None:
    match stop_reason:
        case "max_tokens":
            raise CutShort("Claude's answer ran into its limit of tokens", usage=usage)
        case "refusal":
            raise Declined("Claude declines to answer this", usage=usage)
        case "model_context_window_exceeded":
            raise ModelRefused("the question is longer than Claude can take in", usage=usage)
        case "":
            raise CutShort("Claude's answer was broken off", usage=usage)
        case _:
            return


def read_answer(sent: Sent) -> JsonValue:
    """The JSON document that an answer is.

    Raises:
        Malformed: it is empty, or not one.
    """
    if not sent.text.strip():
        raise Malformed("Claude's answer is empty", usage=sent.usage)
    try:
        return read_json(sent.text, "Claude's answer")
    except PlanError as error:
        raise Malformed(error.message, usage=sent.usage) from None


def _usage(wire: _WireUsage, prompt: Prompt) -> Usage:
    return Usage(
        tier=TierName.CLAUDE,
        model=prompt.model,
        input_tokens=max(0, wire.input_tokens),
        output_tokens=max(0, wire.output_tokens),
        cache_read_tokens=max(0, wire.cache_read_input_tokens or 0),
        cache_write_tokens=max(0, wire.cache_creation_input_tokens or 0),
        images=len(prompt.pictures()),
    )
