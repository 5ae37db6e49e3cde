"""What the Messages API counts and charges: tokens of what was sent, its prompt cache, prices.

Prices are those of the public price list of October 2026, in micro-dollars a million tokens,
written down here on their own: nothing of the service is asked.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.claude_content import Block, bytes_of
from tests.fakes.pictures import head_of

CHARS_A_TOKEN = 4
PIXELS_A_TOKEN = 750
LOOKBACK = 20
"""Blocks before a mark at which an entry of the cache is looked for."""
LEAST_CACHED = {"claude-sonnet-5-5": 1024, "claude-opus-5-5": 512, "claude-haiku-5-5": 4096}
KEPT_S = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True)
class Rates:
    """Micro-dollars a million tokens."""

    input: int
    output: int
    write_5m: int
    write_1h: int
    read: int


PRICES = {
    "claude-sonnet-5-5": Rates(2_000_000, 10_000_000, 2_500_000, 4_000_000, 100_000),
    "claude-opus-5-5": Rates(4_000_000, 20_000_000, 5_000_000, 8_000_000, 200_000),
    "claude-haiku-5-5": Rates(100_000, 500_000, 125_000, 200_000, 10_000),
}
LONG_PROMPT = 100_000
LONG_PRICES = {"claude-haiku-5-5": Rates(500_000, 2_500_000, 625_000, 1_000_000, 50_000)}
"""Of requests whose prompt, cache included, is longer than `LONG_PROMPT` tokens."""


@dataclass(frozen=True)
class Counted:
    """Tokens of one call. `input`: neither read from nor written to the cache."""

    input: int
    written_5m: int
    written_1h: int
    read: int
    output: int = 0

    @property
    def prompt(self) -> int:
        return self.input + self.written_5m + self.written_1h + self.read

    def cost(self, model: str) -> int:
        """Micro-dollars, rounded up once."""
        rates = PRICES[model]
        if self.prompt > LONG_PROMPT:
            rates = LONG_PRICES.get(model, rates)
        parts = (
            self.input * rates.input,
            self.output * rates.output,
            self.written_5m * rates.write_5m,
            self.written_1h * rates.write_1h,
            self.read * rates.read,
        )
        return -(-sum(parts) // 1_000_000)

    def usage(self) -> dict[str, Any]:
        """In the words of the API."""
        return {
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
            "output_tokens": self.output,
            "service_tier": "standard",
        }


@dataclass(frozen=True)
class _Piece:
    """A block of the prompt: the digest of all up to it, its tokens, its mark."""

    digest: str
    tokens: int
    ttl: str


class PromptCache:
    """Prefixes of prompts by account and model: tools, then system, then messages."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str, str], tuple[float, str]] = {}

    def count(self, account: str, body: dict[str, Any], *, keep: bool = True) -> Counted:
        """Tokens of a prompt, by how they are charged; `keep`: enter it into the cache."""
        model = body["model"]
        pieces = _pieces(body)
        sums = [0]
        for piece in pieces:
            sums.append(sums[-1] + piece.tokens)
        marks = [at for at, piece in enumerate(pieces) if piece.ttl]
        read = max((self._found(account, model, pieces, at) for at in marks), default=-1)
        read_tokens = sums[read + 1]
        written = {"5m": 0, "1h": 0}
        upto = read_tokens
        for at in marks:
            whole = sums[at + 1]
            if whole < LEAST_CACHED[model]:
                continue
            if whole > upto:
                written[pieces[at].ttl] += whole - upto
                upto = whole
            if keep:
                self._enter(account, model, pieces[at])
        return Counted(sums[-1] - upto, written["5m"], written["1h"], read_tokens)

    def _found(self, account: str, model: str, pieces: list[_Piece], mark: int) -> int:
        """Index of the last block of the longest prefix known at a mark; -1: none."""
        for at in range(mark, max(-1, mark - LOOKBACK), -1):
            key = (account, model, pieces[at].digest)
            until, ttl = self._until.get(key, (0.0, ""))
            if until > self._clock():
                self._until[key] = (self._clock() + KEPT_S[ttl], ttl)
                return at
        return -1

    def _enter(self, account: str, model: str, piece: _Piece) -> None:
        key = (account, model, piece.digest)
        self._until[key] = (self._clock() + KEPT_S[piece.ttl], piece.ttl)


def tokens_of(block: Block) -> int:
    """Tokens of one block of content."""
    match block.get("type"):
        case "image":
            head = head_of(bytes_of(block))
            assert head is not None
            return math.ceil(head.width * head.height / PIXELS_A_TOKEN)
        case "text":
            return text_tokens(block["text"])
        case "tool_result" if isinstance(block.get("content"), list):
            return 8 + sum(tokens_of(inner) for inner in block["content"])
        case "thinking":
            return text_tokens(block["thinking"])
        case _:
            return text_tokens(json.dumps(_plain(block), ensure_ascii=False))


def text_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARS_A_TOKEN)


def _pieces(body: dict[str, Any]) -> list[_Piece]:
    system = body.get("system") or []
    system = [{"type": "text", "text": system}] if isinstance(system, str) else system
    blocks: list[tuple[str, Block]] = [("tool", tool) for tool in body.get("tools") or []]
    blocks += [("system", block) for block in system]
    form = (body.get("output_config") or {}).get("format")
    if form:
        blocks.append(("system", {"type": "format", **form}))
    for message in body["messages"]:
        content = message["content"]
        content = [{"type": "text", "text": content}] if isinstance(content, str) else content
        blocks += [(message["role"], block) for block in content]
    last = len(blocks) - 1
    digest = hashlib.sha256()
    pieces: list[_Piece] = []
    for at, (place, block) in enumerate(blocks):
        digest.update(f"{place}\x00{json.dumps(_plain(block), sort_keys=True)}\x01".encode())
        mark = _mark(block) or (body.get("cache_control") if at == last else None)
        ttl = mark.get("ttl", "5m") if mark else ""
        pieces.append(_Piece(digest.hexdigest(), tokens_of(block), ttl))
    return pieces


def _mark(block: Block) -> dict[str, Any] | None:
    """The mark of a block; one within a result counts as the result's own."""
    if block.get("cache_control"):
        return block["cache_control"]
    content = block.get("content")
    inner = [one.get("cache_control") for one in content] if isinstance(content, list) else []
    return next((mark for mark in reversed(inner) if mark), None)


def _plain(block: Any) -> Any:
    """Without the marks: they are no part of what is cached."""
    if isinstance(block, dict):
        return {key: _plain(value) for key, value in block.items() if key != "cache_control"}
    if isinstance(block, list):
        return [_plain(one) for one in block]
    return block
