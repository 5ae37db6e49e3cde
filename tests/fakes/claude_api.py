"""A fake of Claude's Messages API on loopback, scripted.

It refuses what the real one refuses, counts tokens of what was really sent, caches prompts by
their prefixes, and keeps a bill for each key, of answers alone that were delivered to their end.

```
with ClaudeApi() as claude:
    claude.then(Says({"verdict": "true"}), overloaded())   # the next answers, in order
    claude.answer = lambda asked: Says("hello")             # after those
    AsyncAnthropic(api_key="key-1", base_url=claude.url)
    claude.asked[0].body, claude.bill["key-1"], claude.high_water
```
"""

import asyncio
import hashlib
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jsonschema_rs

from tests.fakes.claude_answers import Answer, Asked, CutsOff, Fails, Hangs, Plain, Says
from tests.fakes.claude_checks import MODELS, check_headers, parse
from tests.fakes.claude_content import Block, bytes_of, pictures_in
from tests.fakes.claude_counting import Counted, PromptCache, tokens_of
from tests.fakes.claude_refusals import KINDS, Refused
from tests.fakes.pictures import head_of
from tests.fakes.replying import begin, end, in_json, part, whole
from tests.fakes.serving import (
    CutOff,
    Loopback,
    Receive,
    Scope,
    Send,
    read_body,
    unless_gone,
    until_gone,
)

MOST_BYTES = 32 * 1024 * 1024
MOST_PROMPT = 1_000_000
KEY = "sk-ant-fake-1"


@dataclass(frozen=True)
class Done:
    """An answer that was delivered to its end, and its price in micro-dollars."""

    asked: Asked
    message: dict[str, Any]
    counted: Counted
    cost: int


@dataclass(frozen=True)
class Aborted:
    """A request whose client left, and when (`time.monotonic`)."""

    asked: Asked
    at: float


class ClaudeApi(Loopback):
    """The server. `keys`: which keys there are, and whose they are (accounts share a cache)."""

    def __init__(
        self,
        answer: Callable[[Asked], Answer] | None = None,
        *,
        keys: Mapping[str, str] | None = None,
        latency_s: float = 0.0,
    ) -> None:
        super().__init__(self._app)
        self.answer = answer or (lambda _: Says("nothing is scripted"))
        self.keys = dict(keys or {KEY: "account-1"})
        self.latency_s = latency_s
        self.cache = PromptCache()
        self.asked: list[Asked] = []
        self.done: list[Done] = []
        self.aborted: list[Aborted] = []
        self.refused: list[Refused] = []
        self.complaints: list[str] = []
        """Scripted answers that the real API could not have given."""
        self.running = 0
        self.high_water = 0
        self._signed: dict[str, str] = {}
        self._next: deque[Answer] = deque()
        self._lock = threading.Lock()

    def then(self, *answers: Answer) -> None:
        """What is answered next, in this order, before `answer` is asked again."""
        with self._lock:
            self._next.extend(answers)

    @property
    def bill(self) -> dict[str, int]:
        """Micro-dollars by key."""
        sums = dict.fromkeys(self.keys, 0)
        for one in self.done:
            sums[one.asked.key] += one.cost
        return sums

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        headers = {key.decode(): value.decode("latin-1") for key, value in scope["headers"]}
        try:
            match scope["method"], scope["path"]:
                case "POST", "/v1/messages":
                    await self._message(headers, receive, send)
                case "POST", "/v1/messages/count_tokens":
                    await self._count(headers, receive, send)
                case "GET", "/v1/models":
                    check_headers(headers, self.keys)
                    cards = [_card(model) for model in MODELS]
                    page = {
                        "data": cards,
                        "has_more": False,
                        "first_id": MODELS[0],
                        "last_id": MODELS[-1],
                    }
                    await _answer(send, 200, page)
                case "GET", path if path.startswith("/v1/models/"):
                    check_headers(headers, self.keys)
                    model = path.removeprefix("/v1/models/")
                    if model not in MODELS:
                        raise Refused(f"model: {model}", 404)
                    await _answer(send, 200, _card(model))
                case _:
                    raise Refused("Not found", 404)
        except Refused as refusal:
            self.refused.append(refusal)
            await _fail(send, refusal.status, refusal.message)

    async def _count(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        check_headers(headers, self.keys)
        raw = await read_body(receive, MOST_BYTES)
        body = json.loads(raw or b"{}")
        parse(json.dumps({**body, "max_tokens": 1}).encode())
        counted = self.cache.count("", body, keep=False)
        await _answer(send, 200, {"input_tokens": counted.prompt})

    async def _message(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        key = check_headers(headers, self.keys)
        body, turns = parse(await read_body(receive, MOST_BYTES))
        self._check_thoughts(body, turns)
        heads = [head_of(bytes_of(one)) for _, blocks in turns for one in pictures_in(blocks)]
        pictures = tuple(head for head in heads if head is not None)
        asked = Asked(time.monotonic(), key, headers, body, turns, pictures)
        self.asked.append(asked)
        self.running += 1
        self.high_water = max(self.high_water, self.running)
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            done = await unless_gone(self._give(asked, send), gone)
        finally:
            gone.cancel()
            self.running -= 1
        if not done:
            self.aborted.append(Aborted(asked, time.monotonic()))

    def _check_thoughts(self, body: dict[str, Any], turns: list[tuple[str, list[Block]]]) -> None:
        """Thinking that is sent back must be as it was, for the model that thought it."""
        for _, blocks in turns:
            for block in blocks:
                if block["type"] != "thinking":
                    continue
                digest = _digest(body["model"], block["thinking"])
                if self._signed.get(block["signature"]) != digest:
                    raise Refused("messages: Invalid `signature` in `thinking` block")

    async def _give(self, asked: Asked, send: Send) -> None:
        with self._lock:
            answer = self._next.popleft() if self._next else None
        answer = answer or self.answer(asked)
        match answer:
            case Hangs():
                await asyncio.Event().wait()
            case Plain():
                head = {"content-type": answer.media_type}
                await whole(send, answer.status, answer.body, head)
            case Fails():
                await asyncio.sleep(answer.after_s or 0)
                await _fail(send, answer.status, answer.message, answer.headers)
            case CutsOff():
                reply = self._reply(asked, Says(answer.what, loose=True), keep=False)
                await _cut(asked, reply, answer.share, send)
            case Says():
                wrong = _misfit(asked, answer)
                if wrong:
                    self.complaints.append(wrong)
                    await _fail(send, 500, wrong)
                    return
                wait_s = self.latency_s if answer.after_s is None else answer.after_s
                reply = self._reply(asked, answer, keep=True)
                await _say(asked, reply, wait_s, send)
                cost = reply.counted.cost(asked.model)
                self.done.append(Done(asked, reply.message, reply.counted, cost))

    def _reply(self, asked: Asked, answer: Says, *, keep: bool) -> "_Reply":
        counted = self.cache.count(self.keys[asked.key], asked.body, keep=keep)
        if counted.prompt > MOST_PROMPT:
            raise Refused(f"prompt is too long: {counted.prompt} tokens > {MOST_PROMPT} maximum")
        reply = _Reply(asked, answer, counted)
        for block in reply.message["content"]:
            if block["type"] == "thinking":
                self._signed[block["signature"]] = _digest(asked.model, block["thinking"])
        return reply


class _Reply:
    """A message as it is sent: cut to `max_tokens`, thinking first."""

    def __init__(self, asked: Asked, answer: Says, counted: Counted) -> None:
        blocks = [_completed(block) for block in _blocks(answer.what)]
        stop = answer.stop or (
            "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
        )
        used = 0
        if asked.thinks and answer.thinks and stop != "refusal":
            used = answer.thinks
            thought = {"type": "thinking", "thinking": "", "signature": uuid.uuid4().hex}
            blocks.insert(0, thought)
        most = asked.body["max_tokens"]
        kept: list[Block] = []
        for block in blocks:
            tokens = tokens_of(block)
            if used + tokens > most:
                stop = "max_tokens"
                if block["type"] == "text" and (room := (most - used) * 4) > 0:
                    kept.append({**block, "text": block["text"][:room]})
                used = most
                break
            used += tokens
            kept.append(block)
        self.counted = replace(counted, output=max(1, used))
        self.message = {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": kept,
            "stop_reason": stop,
            "stop_sequence": None,
            "stop_details": {"type": "refusal", "category": None} if stop == "refusal" else None,
            "usage": self.counted.usage(),
        }

    def events(self) -> Iterator[bytes]:
        start = {
            **self.message,
            "content": [],
            "stop_reason": None,
            "usage": {**self.message["usage"], "output_tokens": 1},
        }
        yield _event("message_start", {"message": start})
        yield _event("ping", {})
        for at, block in enumerate(self.message["content"]):
            empty, deltas = _streamed(block)
            yield _event("content_block_start", {"index": at, "content_block": empty})
            for delta in deltas:
                yield _event("content_block_delta", {"index": at, "delta": delta})
            yield _event("content_block_stop", {"index": at})
        delta = {key: self.message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
        usage = {"output_tokens": self.counted.output}
        yield _event("message_delta", {"delta": delta, "usage": usage})
        yield _event("message_stop", {})


def _blocks(what: Any) -> list[Block]:
    if isinstance(what, str):
        return [{"type": "text", "text": what}]
    if isinstance(what, list) and all(isinstance(one, dict) and "type" in one for one in what):
        return what
    return [{"type": "text", "text": json.dumps(what, ensure_ascii=False)}]


def _completed(block: Block) -> Block:
    if block["type"] != "tool_use":
        return dict(block)
    return {"id": f"toolu_{uuid.uuid4().hex[:24]}", "caller": {"type": "direct"}, **block}


def _streamed(block: Block) -> tuple[Block, list[Block]]:
    match block["type"]:
        case "text":
            text = block["text"]
            pieces = [text[at : at + 24] for at in range(0, len(text), 24)]
            return {**block, "text": ""}, [{"type": "text_delta", "text": one} for one in pieces]
        case "thinking":
            signature = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "signature": ""}, [signature]
        case _:
            raw = json.dumps(block["input"])
            pieces = [raw[at : at + 24] for at in range(0, len(raw), 24)]
            deltas = [{"type": "input_json_delta", "partial_json": one} for one in pieces]
            return {**block, "input": {}}, deltas


def _misfit(asked: Asked, answer: Says) -> str:
    """Why constrained decoding could not have ended in this answer; empty: it could."""
    if asked.schema is None or answer.loose or answer.stop is not None:
        return ""
    value = answer.what
    if isinstance(value, list) and any(
        isinstance(one, dict) and one.get("type") == "tool_use" for one in value
    ):
        return ""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return f"the script's answer is no JSON, but a schema constrains it: {value[:80]!r}"
    errors = [one.message for one in jsonschema_rs.iter_errors(asked.schema, value)]
    return f"the script's answer does not fit the request's schema: {errors[0]}" if errors else ""


def _digest(model: str, text: str) -> str:
    return hashlib.sha256(f"{model}\x00{text}".encode()).hexdigest()


def _card(model: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model,
        "display_name": model,
        "created_at": "2026-09-22T00:00:00Z",
    }


def _event(kind: str, value: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **value})}\n\n".encode()


async def _say(asked: Asked, reply: _Reply, wait_s: float, send: Send) -> None:
    if not asked.body.get("stream"):
        await asyncio.sleep(wait_s)
        await _answer(send, 200, reply.message)
        return
    await begin(send, "text/event-stream", headers={"request-id": _request_id()})
    events = list(reply.events())
    for event in events:
        await asyncio.sleep(wait_s / len(events))
        await part(send, event)
    await end(send)


async def _cut(asked: Asked, reply: _Reply, share: float, send: Send) -> None:
    if asked.body.get("stream"):
        await begin(send, "text/event-stream", headers={"request-id": _request_id()})
        events = list(reply.events())
        for event in events[: max(1, int(len(events) * share))]:
            await part(send, event)
    else:
        raw = json.dumps(reply.message).encode()
        await begin(send, "application/json", len(raw), {"request-id": _request_id()})
        await part(send, raw[: int(len(raw) * share)])
    await asyncio.sleep(0.02)
    raise CutOff


async def _answer(
    send: Send, status: int, value: object, headers: Mapping[str, str] | None = None
) -> None:
    await in_json(send, status, value, {"request-id": _request_id(), **(headers or {})})


async def _fail(
    send: Send, status: int, message: str, headers: Mapping[str, str] | None = None
) -> None:
    error = {"type": KINDS.get(status, "api_error"), "message": message}
    value = {"type": "error", "error": error, "request_id": _request_id()}
    await _answer(send, status, value, headers)


def _request_id() -> str:
    return f"req_{uuid.uuid4().hex[:24]}"
