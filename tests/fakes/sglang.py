"""A fake of an SGLang server of Holo3: chat completions on loopback, scripted.

It refuses what the real one refuses, ignores what the real one ignores (`structured_outputs`),
and fails when it is told to. It keeps a log of what it was asked, a bill, and how much it had
to do at once.

```
with SGLang() as pool:
    pool.then(Says({"x": 500, "y": 250}), queue_full())   # the next answers, in order
    pool.answer = lambda asked: Says({"x": 1, "y": 2})     # after those
    ask(pool.url + "/v1/chat/completions", …)
    pool.asked[0].body, pool.gpu_ms, pool.high_water, pool.aborted
```
"""

import asyncio
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

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
from tests.fakes.sglang_answers import Answer, Asked, CutsOff, Fails, Hangs, Plain, Says
from tests.fakes.sglang_checks import Refused, parse, pictures_of, prompt_tokens, tokens_of

MOST_BYTES = 64 * 1024 * 1024
PROSE = "I would use the control in the upper part of the page."
"""What a model says that nothing holds to a schema."""


@dataclass(frozen=True)
class Done:
    """An answer that was delivered to its end."""

    asked: Asked
    gpu_ms: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Aborted:
    """A request whose client left: when (`time.monotonic`), and what it had used by then."""

    asked: Asked
    at: float
    gpu_ms: int


class SGLang(Loopback):
    """The server. Only `capacity` requests run at once, `most_queued` more wait for their turn."""

    def __init__(
        self,
        answer: Callable[[Asked], Answer] | None = None,
        *,
        model: str = "holo3",
        api_key: str = "",
        most_pictures: int = 3,
        context: int = 65536,
        latency_s: float = 0.0,
        capacity: int = 64,
        most_queued: int = 64,
    ) -> None:
        super().__init__(self._app)
        self.answer = answer or (lambda _: Says("nothing is scripted"))
        self.model = model
        self.api_key = api_key
        self.most_pictures = most_pictures
        self.context = context
        self.latency_s = latency_s
        self.capacity = capacity
        self.most_queued = most_queued
        self.ready = True
        self.hanging = False
        """Completions hang, while `/v1/models` and `/ready` go on answering."""
        self.asked: list[Asked] = []
        self.done: list[Done] = []
        self.aborted: list[Aborted] = []
        self.refused: list[Refused] = []
        self.complaints: list[str] = []
        """Scripted answers that the real server could not have given."""
        self.health_checks = 0
        self.running = 0
        self.high_water = 0
        self.waiting = 0
        self._next: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._turn: asyncio.Condition | None = None
        self._waking: asyncio.Task[None] | None = None

    def then(self, *answers: Answer) -> None:
        """What is answered next, in this order, before `answer` is asked again."""
        with self._lock:
            self._next.extend(answers)

    @property
    def gpu_ms(self) -> int:
        """The bill: milliseconds of a GPU for the answers that were delivered."""
        return sum(one.gpu_ms for one in self.done)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        headers = {key.decode(): value.decode("latin-1") for key, value in scope["headers"]}
        try:
            await self._route(scope["method"], scope["path"], headers, receive, send)
        except Refused as refusal:
            self.refused.append(refusal)
            await _fail(send, refusal.status, refusal.message, refusal.kind)

    async def _route(
        self, method: str, path: str, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        match method, path:
            case "POST", "/v1/chat/completions":
                self._check_key(headers)
                await self._complete(headers, receive, send)
            case "GET", "/v1/models":
                self._check_key(headers)
                card = {
                    "id": self.model,
                    "object": "model",
                    "created": int(time.time()),
                    "owned_by": "sglang",
                    "root": self.model,
                    "max_model_len": self.context,
                }
                await in_json(send, 200, {"object": "list", "data": [card]})
            case "GET", "/ready" | "/health":
                self.health_checks += 1
                await whole(send, 200 if self.ready else 503, b"", {})
            case "GET", "/get_server_info" | "/get_model_info" | "/model_info" | "/server_info":
                info = {"model_path": self.model, "served_model_name": self.model}
                await in_json(send, 200, info)
            case "GET", "/metrics":
                text = (
                    f'sglang:num_running_reqs{{model_name="{self.model}"}} {self.running}\n'
                    f'sglang:num_queue_reqs{{model_name="{self.model}"}} {self.waiting}\n'
                )
                await whole(send, 200, text.encode(), {"content-type": "text/plain"})
            case _:
                await in_json(send, 404, {"detail": "Not Found"})

    def _check_key(self, headers: Mapping[str, str]) -> None:
        if self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            raise Refused(401, "Unauthorized", "AuthenticationError")

    async def _complete(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        asked = self._admit(headers, parse(await read_body(receive, MOST_BYTES)))
        self.asked.append(asked)
        started = time.monotonic()
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            done = await unless_gone(self._in_turn(asked, send), gone)
        finally:
            gone.cancel()
        if not done:
            used = round((time.monotonic() - started) * 1000)
            self.aborted.append(Aborted(asked, time.monotonic(), used))

    def _admit(self, headers: Mapping[str, str], body: dict[str, Any]) -> Asked:
        if body.get("model") != self.model:
            message = f"The model `{body.get('model')}` does not exist."
            raise Refused(404, message, "NotFoundError")
        pictures = pictures_of(body)
        if len(pictures) > self.most_pictures:
            message = f"At most {self.most_pictures} image(s) may be provided in one prompt."
            raise Refused(400, message)
        prompt = prompt_tokens(body, pictures)
        most = body.get("max_completion_tokens") or body.get("max_tokens") or 0
        if prompt + most > self.context:
            raise Refused(
                400,
                f"Requested token count exceeds the model's maximum context length of "
                f"{self.context} tokens. You requested a total of {prompt + most} tokens: "
                f"{prompt} tokens from the input messages and {most} tokens for the completion.",
            )
        return Asked(time.monotonic(), headers, body, prompt, tuple(pictures))

    async def _in_turn(self, asked: Asked, send: Send) -> None:
        turn = self._turn = self._turn or asyncio.Condition()
        if self.running >= self.capacity:
            if self.waiting >= self.most_queued:
                await _fail(send, 503, "The request queue is full.", "ServiceUnavailableError")
                return
            self.waiting += 1
            try:
                async with turn:
                    await turn.wait_for(lambda: self.running < self.capacity)
                    self.running += 1
            finally:
                self.waiting -= 1
        else:
            self.running += 1
        self.high_water = max(self.high_water, self.running)
        try:
            await self._give(asked, send)
        finally:
            self.running -= 1
            self._waking = asyncio.ensure_future(_wake(turn))  # this task may be cancelled

    async def _give(self, asked: Asked, send: Send) -> None:
        started = time.monotonic()
        if self.hanging:
            await asyncio.Event().wait()
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
                await _fail(send, answer.status, answer.message, answer.kind, answer.headers)
            case CutsOff():
                reply = _Reply(asked, Says(answer.what, loose=True))
                await self._cut(asked, reply, answer.share, send)
            case Says():
                wrong = _misfit(asked, answer)
                if wrong:
                    self.complaints.append(wrong)
                    await _fail(send, 500, wrong, "ScriptError")
                    return
                wait_s = self.latency_s if answer.after_s is None else answer.after_s
                reply = _Reply(asked, answer)
                await self._say(asked, reply, wait_s, send)
                took = round((time.monotonic() - started) * 1000)
                gpu_ms = took if answer.gpu_ms is None else answer.gpu_ms
                self.done.append(Done(asked, gpu_ms, reply.prompt_tokens, reply.completion_tokens))

    async def _say(self, asked: Asked, reply: "_Reply", wait_s: float, send: Send) -> None:
        if not asked.body.get("stream"):
            await asyncio.sleep(wait_s)
            await in_json(send, 200, reply.whole())
            return
        await begin(send, "text/event-stream")
        events = list(reply.events())
        for event in events:
            await asyncio.sleep(wait_s / len(events))
            await part(send, event)
        await end(send)

    async def _cut(self, asked: Asked, reply: "_Reply", share: float, send: Send) -> None:
        if asked.body.get("stream"):
            await begin(send, "text/event-stream")
            events = list(reply.events())
            for event in events[: max(1, int(len(events) * share))]:
                await part(send, event)
        else:
            raw = json.dumps(reply.whole()).encode()
            await begin(send, "application/json", len(raw))
            await part(send, raw[: int(len(raw) * share)])
        await asyncio.sleep(0.02)
        raise CutOff


class _Reply:
    """A completion as it is sent: cut to `max_tokens`, thinking first."""

    def __init__(self, asked: Asked, answer: Says) -> None:
        self._id = uuid.uuid4().hex
        self._model = asked.body["model"]
        self._usage_asked = bool((asked.body.get("stream_options") or {}).get("include_usage"))
        text = answer.what if isinstance(answer.what, str) else _decoded(asked, answer.what)
        thinking = answer.thinking if asked.thinks else ""
        most = asked.body.get("max_completion_tokens") or asked.body.get("max_tokens") or 10**9
        room = max(0, most - tokens_of(thinking)) * 4
        cut = len(text) > room or (thinking and tokens_of(thinking) > most)
        self.thinking, self.text = thinking[: most * 4], text[:room]
        self.finish = answer.finish or ("length" if cut else "stop")
        self.prompt_tokens = asked.prompt_tokens
        self.completion_tokens = min(most, tokens_of(self.thinking) + tokens_of(self.text))

    def whole(self) -> dict[str, Any]:
        message = {
            "role": "assistant",
            "content": self.text,
            "reasoning_content": self.thinking or None,
            "tool_calls": None,
        }
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.finish,
            "matched_stop": None,
        }
        return self._envelope("chat.completion", [choice]) | {"usage": self._usage()}

    def events(self) -> "AsyncIterator[bytes] | Any":
        yield self._event({"role": "assistant", "content": ""}, None)
        for piece in _pieces(self.thinking):
            yield self._event({"reasoning_content": piece}, None)
        for piece in _pieces(self.text):
            yield self._event({"content": piece}, None)
        yield self._event({"content": None}, self.finish)
        if self._usage_asked:
            chunk = self._envelope("chat.completion.chunk", []) | {"usage": self._usage()}
            yield f"data: {json.dumps(chunk)}\n\n".encode()
        yield b"data: [DONE]\n\n"

    def _event(self, delta: dict[str, Any], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = self._envelope("chat.completion.chunk", [choice]) | {"usage": None}
        return f"data: {json.dumps(chunk)}\n\n".encode()

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": int(time.time()),
            "model": self._model,
            "choices": choices,
        }

    def _usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "completion_tokens": self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        }


def _decoded(asked: Asked, value: Any) -> str:
    if (asked.body.get("response_format") or {}).get("type") in ("json_schema", "json_object"):
        return json.dumps(value, separators=(", ", ": "))
    return PROSE


def _misfit(asked: Asked, answer: Says) -> str:
    """Why constrained decoding could not have ended in this answer; empty: it could."""
    schema = asked.schema
    if schema is None or answer.loose or answer.finish is not None:
        return ""
    value = answer.what
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return f"the script's answer is no JSON, but a schema constrains it: {value[:80]!r}"
    errors = [one.message for one in jsonschema_rs.iter_errors(schema, value)]
    return f"the script's answer does not fit the request's schema: {errors[0]}" if errors else ""


def _pieces(text: str, size: int = 16) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


async def _wake(turn: asyncio.Condition) -> None:
    async with turn:
        turn.notify_all()


async def _fail(
    send: Send, status: int, message: str, kind: str, headers: Mapping[str, str] | None = None
) -> None:
    error = {"object": "error", "message": message, "type": kind, "param": None, "code": status}
    await in_json(send, status, error, headers)
