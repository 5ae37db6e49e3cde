"""The chat proxy over a real socket, with a pool that behaves and one that does not."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from api.app import create_app
from api.chat_body import NOT_PASSED
from api.settings import ApiSettings
from ledger.database import Database
from ledger.errors import LedgerAway
from ledger.schema import model_calls
from ledger.settings import LedgerSettings
from temporal.settings import TemporalSettings
from tests.fakes.serving import Loopback as Served
from tests.fakes.serving import Receive, Scope, Send
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import (
    CutsOff,
    Fails,
    Hangs,
    Plain,
    Says,
    broken,
    queue_full,
    too_many,
)
from tests.serving import served
from tests.waiting import until

CHAT = "/v1/chat/completions"
HELLO = {"model": "holo3", "messages": [{"role": "user", "content": "Where is the button?"}]}
TOKEN = {"X-Mantis-Token": "acme-1"}


@pytest.fixture
def pool() -> Iterator[SGLang]:
    with SGLang(lambda _: Says("It is at the top."), api_key="pool-key") as opened:
        yield opened


Calls = list[dict[str, Any]]


class Proxy:
    """A caller of the proxy, and what the ledger and the metrics say."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.http = http
        self.app = app

    async def post(self, body: Any = None, **headers: str) -> httpx.Response:
        head = {**TOKEN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.http.post(CHAT, json=HELLO if body is None else body, headers=head)

    async def calls(self) -> Calls:
        database: Database = self.app.state.service.ledger.spending._database
        async with database.read() as connection:
            rows = await connection.execute(select(model_calls).order_by(model_calls.c.created_at))
            return [dict(row) for row in rows.mappings()]

    async def settled(self, count: int = 1) -> Calls:
        """The calls in the ledger once none is open any more."""
        deadline = time.monotonic() + 20
        while True:
            calls = await self.calls()
            if len(calls) == count and all(one["state"] != "reserved" for one in calls):
                return calls
            assert time.monotonic() < deadline, calls
            await asyncio.sleep(0.02)

    async def counted(self) -> dict[str, int]:
        text = (await self.http.get("/metrics")).text
        found: dict[str, int] = {}
        for line in text.splitlines():
            if line.startswith("mantis_chat_completions_total{"):
                outcome = line.split('outcome="')[1].split('"')[0]
                found[outcome] = found.get(outcome, 0) + int(float(line.rsplit(" ", 1)[1]))
        return found


@pytest.fixture
def start(
    settings: ApiSettings, ledger_settings: LedgerSettings, nowhere: str, keys_path: Path
) -> Any:
    @asynccontextmanager
    async def started(url: str, **given: Any) -> AsyncIterator[Proxy]:
        update = {"tenant_keys_path": str(keys_path), "holo3_url": url, **given}
        app = create_app(
            settings.model_copy(update=update), ledger_settings, TemporalSettings(address=nowhere)
        )
        async with AsyncExitStack() as parts:
            await parts.enter_async_context(app.router.lifespan_context(app))
            address = await parts.enter_async_context(served(app))
            client = httpx.AsyncClient(base_url=address, timeout=30)
            yield Proxy(await parts.enter_async_context(client), app)

    return started


@pytest.fixture
async def proxy(start: Any, pool: SGLang) -> AsyncIterator[Proxy]:
    async with start(pool.url + "/v1", holo3_api_key=SecretStr("pool-key")) as opened:
        yield opened


async def test_body_status_and_content_pass_through(proxy: Proxy, pool: SGLang):
    asked = {**HELLO, "temperature": 0, "chat_template_kwargs": {"enable_thinking": False}}
    answer = await proxy.post(asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["content"] == "It is at the top."
    assert pool.asked[0].body == asked
    assert await proxy.counted() == {"ok": 1}


async def test_the_body_reaches_the_pool_byte_for_byte(start: Any):
    seen: list[bytes] = []

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        seen.append(body)
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b'{"a" :  1.50}'})

    sent = b'{ "model":"holo3",\n "messages":[ ], "x": 1.0e2, "\\u00e9": "\xc3\xa9" }'
    with Served(echo) as upstream:
        async with start(upstream.url + "/v1/") as proxy:
            answer = await proxy.http.post(CHAT, content=sent, headers=TOKEN)
    assert answer.content == b'{"a" :  1.50}'
    assert seen == [sent]


PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk"


def seeing(part: dict[str, Any]) -> dict[str, Any]:
    return {"model": "holo3", "messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest/meta-data"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": "http://10.0.0.1/a.png"},
        {"type": "image_url", "image_url": {"url": "/etc/logo.png"}},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url", "image_url": {"url": " http://10.0.0.1/"}},
        {"type": "image_url", "image_url": {"url": "data:image/x;base64,../../../a.png"}},
        {"type": "image_url", "image_url": {"url": "data:text/html,<b>"}},
        {"type": "image_url", "image_url": {"url": ["http://10.0.0.1/"]}},
        {"type": "image_url", "image_url": {}},
        {"type": "video_url", "video_url": {"url": "http://10.0.0.1/a.mp4"}},
        {"type": "audio_url", "audio_url": {"url": "http://10.0.0.1/a.wav"}},
        {"type": "image", "image": "http://10.0.0.1/a.png"},
    ],
)
async def test_the_pool_fetches_nothing_for_a_caller(
    proxy: Proxy, pool: SGLang, part: dict[str, Any]
):
    answer = await proxy.post(seeing(part))
    assert answer.status_code == 400
    assert "must be a data: URL in base64" in answer.json()["detail"]
    assert pool.asked == [] and await proxy.calls() == []


async def test_a_picture_in_the_body_is_passed_on(start: Any):
    seen: list[Any] = []

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        seen.append(json.loads(message["body"]))
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{}"})

    asked = seeing({"type": "image_url", "image_url": {"url": PNG, "detail": "high"}})
    with Served(echo) as upstream:
        async with start(upstream.url + "/v1/") as proxy:
            assert (await proxy.post(asked)).status_code == 200
    assert seen == [asked]


@pytest.mark.parametrize("name", sorted(NOT_PASSED))
async def test_what_reaches_beyond_the_request_itself_is_refused(
    proxy: Proxy, pool: SGLang, name: str
):
    for body in ({name: 0}, {"extra_body": {name: "x"}}, {"extra_json": {name: [1]}}):
        answer = await proxy.post({**HELLO, **body})
        assert answer.status_code == 400
        assert answer.json()["detail"] == f"the pool takes no {name} from a caller: leave it out"
    assert pool.asked == []
    assert (await proxy.post({**HELLO, name: None})).status_code == 200


async def test_credentials_cookies_and_hop_by_hop_headers_stay_here(proxy: Proxy, pool: SGLang):
    await proxy.post(
        Authorization="Api-Key gateway",
        Cookie="session=1",
        Proxy_Authorization="Basic x",
        X_Api_Key="k",
        TE="trailers",
        Keep_Alive="timeout=5",
        Upgrade="h2c",
        X_Forwarded_For="10.0.0.1",
        X_Request_Id="abc",
    )
    (asked,) = pool.asked
    names = set(asked.headers)
    assert asked.headers["authorization"] == "Bearer pool-key"
    assert asked.headers["x-request-id"] == "abc"
    assert not names & {
        "x-mantis-token",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "te",
        "keep-alive",
        "upgrade",
        "x-forwarded-for",
    }


async def test_the_pools_cookies_and_server_stay_there(start: Any):
    async def chatty(scope: Scope, receive: Receive, send: Send) -> None:
        head = [
            (b"content-type", b"application/json"),
            (b"set-cookie", b"pool=1"),
            (b"x-internal", b"10.0.0.7"),
            (b"retry-after", b"9"),
        ]
        await send({"type": "http.response.start", "status": 429, "headers": head})
        await send({"type": "http.response.body", "body": b'{"error": "busy"}'})

    with Served(chatty) as upstream:
        async with start(upstream.url + "/v1") as proxy:
            answer = await proxy.post()
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "9"
    assert "set-cookie" not in answer.headers
    assert "x-internal" not in answer.headers


async def test_a_cookie_of_the_pool_is_not_sent_with_the_next_tenants_request(start: Any):
    seen: list[bool] = []

    async def sets(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(any(name == b"cookie" for name, _ in scope["headers"]))
        head = [
            (b"content-type", b"application/json"),
            (b"set-cookie", b"route=worker-1; Path=/"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"{}"})

    with Served(sets) as upstream:
        async with start(upstream.url + "/v1") as proxy:
            for _ in range(2):
                await proxy.post()
    assert seen == [False, False]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_pool_has_packed_comes_unpacked(start: Any, stream: bool):
    said = b'data: {"a": 1}\n\n' if stream else b'{"a": 1}'
    media_type = b"text/event-stream" if stream else b"application/json"

    async def packing(scope: Scope, receive: Receive, send: Send) -> None:
        head = [(b"content-type", media_type), (b"content-encoding", b"gzip")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": gzip.compress(said)})

    with Served(packing) as upstream:
        async with start(upstream.url + "/v1") as proxy:
            answer = await proxy.post({**HELLO, "stream": stream})
    assert answer.content == said
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("url", ["gpu:30000/v1", "ftp://gpu/v1", "http://no such host/v1", "/v1"])
async def test_an_address_that_is_none_is_502(start: Any, url: str):
    async with start(url) as proxy:
        answer = await proxy.post()
        assert answer.status_code == 502
        assert "can't be reached" in answer.json()["detail"]
        assert await proxy.counted() == {"upstream_error": 1}


async def test_an_answer_without_end_is_given_up(start: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.proxying.MOST_ANSWER", 100_000)

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for _ in range(100):
            body = b" " * 10_000
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"{}"})

    with Served(endless) as upstream:
        async with start(upstream.url + "/v1") as proxy:
            answer = await proxy.post()
    assert answer.status_code == 502
    assert "larger than" in answer.json()["detail"]


async def test_a_stream_comes_chunk_by_chunk(proxy: Proxy, pool: SGLang):
    pool.then(Says("one two three four five six", after_s=1.0))
    asked = {**HELLO, "stream": True, "stream_options": {"include_usage": True}}
    times: list[float] = []
    parts: list[bytes] = []
    async with proxy.http.stream("POST", CHAT, json=asked, headers=TOKEN) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-accel-buffering"] == "no"
        async for part in answer.aiter_raw():
            times.append(time.monotonic())
            parts.append(part)
    assert times[-1] - times[0] > 0.5, "the chunks came at once"
    text = b"".join(parts).decode()
    assert text.endswith("data: [DONE]\n\n")
    events = [json.loads(one[6:]) for one in text.split("\n\n") if one.startswith("data: {")]
    said = [one["choices"][0]["delta"].get("content") or "" for one in events if one["choices"]]
    assert "".join(said) == "one two three four five six"
    (call,) = await proxy.settled()
    assert call["output_tokens"] == events[-1]["usage"]["completion_tokens"] > 0
    assert await proxy.counted() == {"ok": 1}


@pytest.mark.parametrize(
    ("given", "status", "outcome"),
    [
        (Fails(400, "no such thing", "BadRequestError"), 400, "status_4xx"),
        (too_many(4), 429, "status_4xx"),
        (broken(), 500, "status_5xx"),
        (queue_full(), 503, "status_5xx"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_errors_of_the_pool_are_passed_on(
    proxy: Proxy, pool: SGLang, given: Fails, status: int, outcome: str, stream: bool
):
    pool.then(given)
    answer = await proxy.post({**HELLO, "stream": stream})
    assert answer.status_code == status
    assert answer.json()["message"] == given.message
    assert answer.headers.get("retry-after") == given.headers.get("retry-after")
    assert await proxy.counted() == {outcome: 1}


@pytest.mark.parametrize(
    ("given", "status", "outcome"),
    [
        (Plain(200), 502, "upstream_error"),
        (Plain(502), 502, "status_5xx"),
        (Plain(404), 404, "status_4xx"),
        (Plain(302, b'{"moved": true}', "application/json"), 502, "upstream_error"),
        (Plain(200, b"", "application/json"), 502, "upstream_error"),
        (Plain(200, b'{"x": NaN}', "application/json"), 502, "upstream_error"),
        (Plain(200, b"data: {}\n\n", "text/event-stream"), 502, "upstream_error"),
        (Plain(500, b"\xff\xfe" * 3000, "text/plain"), 500, "status_5xx"),
    ],
)
async def test_what_is_not_json_is_told_in_the_form_of_an_error(
    proxy: Proxy, pool: SGLang, given: Plain, status: int, outcome: str
):
    pool.then(given)
    answer = await proxy.post()
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error == {
        "message": given.body.decode(errors="replace")[:1000],
        "type": "upstream_error",
    }
    assert await proxy.counted() == {outcome: 1}


async def test_a_stream_that_is_none_is_told_so(proxy: Proxy, pool: SGLang):
    pool.then(Plain(200))
    answer = await proxy.post({**HELLO, "stream": True})
    assert answer.status_code == 502
    assert answer.json()["error"]["type"] == "upstream_error"


async def test_a_pool_that_is_away_is_502(proxy: Proxy, pool: SGLang):
    pool.stop()
    answer = await proxy.post()
    assert answer.status_code == 502
    assert answer.json() == {"detail": "Holo3 can't be reached: try again in a moment"}
    (call,) = await proxy.settled()
    assert (call["state"], call["gpu_micro"]) == ("released", 0)
    pool.start()
    assert (await proxy.post()).status_code == 200
    assert await proxy.counted() == {"upstream_error": 1, "ok": 1}


async def test_a_pool_that_is_silent_is_502(start: Any, pool: SGLang):
    pool.hanging = True
    pool.api_key = ""
    async with start(pool.url + "/v1", chat_timeout_s=0.5) as proxy:
        answer = await proxy.post()
        assert answer.status_code == 502
        assert answer.json() == {"detail": "Holo3 does not answer: try again in a moment"}
        await until(lambda: bool(pool.aborted))
        (call,) = await proxy.settled()
        assert call["state"] == "released"
        assert 400 <= call["gpu_ms"] < 10_000, "the pool was busy with it"


async def test_an_answer_that_breaks_off_is_502(proxy: Proxy, pool: SGLang):
    pool.then(CutsOff("half of it"))
    answer = await proxy.post()
    assert answer.status_code == 502
    assert answer.json() == {"detail": "Holo3 broke its answer off: try again in a moment"}
    assert await proxy.counted() == {"upstream_error": 1}


async def test_a_stream_that_breaks_off_ends_with_an_error(proxy: Proxy, pool: SGLang):
    pool.then(CutsOff("half of it, which was to be longer"))
    answer = await proxy.post({**HELLO, "stream": True})
    assert answer.status_code == 200
    events = [one for one in answer.text.split("\n\n") if one]
    assert json.loads(events[-1].removeprefix("data: "))["error"]["type"] == "upstream_error"
    assert "[DONE]" not in answer.text
    assert await proxy.counted() == {"upstream_error": 1}
    (call,) = await proxy.settled()
    assert call["state"] == "released"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_who_leaves_frees_the_pool(proxy: Proxy, pool: SGLang, stream: bool):
    pool.then(Hangs())
    asking = asyncio.create_task(proxy.post({**HELLO, "stream": stream}))
    await until(lambda: pool.running == 1)
    left = time.monotonic()
    asking.cancel()
    await until(lambda: bool(pool.aborted))
    assert pool.aborted[0].at - left < 1
    (call,) = await proxy.settled()
    assert call["state"] == "released"
    assert await proxy.counted() == {"status_4xx": 1}


async def test_a_caller_who_leaves_a_stream_frees_the_pool(proxy: Proxy, pool: SGLang):
    pool.then(Says("word " * 400, after_s=60))
    asked = {**HELLO, "stream": True}
    async with proxy.http.stream("POST", CHAT, json=asked, headers=TOKEN) as answer:
        async for _ in answer.aiter_raw():
            break
        left = time.monotonic()
    await until(lambda: bool(pool.aborted))
    assert pool.aborted[0].at - left < 1
    (call,) = await proxy.settled()
    assert call["state"] == "released"
    assert call["gpu_micro"] > 0 or call["gpu_ms"] == 0
    assert await proxy.counted() == {"ok": 1}


async def test_what_the_pool_was_busy_is_metered(proxy: Proxy, pool: SGLang):
    pool.latency_s = 0.3
    await proxy.post()
    await proxy.post({**HELLO, "stream": True})
    calls = await proxy.settled(2)
    for call, done in zip(calls, pool.done, strict=True):
        assert (call["tenant_id"], call["run_id"], call["kind"]) == ("acme", "", "chat")
        assert (call["tier"], call["model"], call["state"]) == ("holo3", "holo3", "settled")
        assert done.gpu_ms <= call["gpu_ms"] < done.gpu_ms + 2000
        assert call["gpu_micro"] == -(-call["gpu_ms"] * 2_500_000 // 3_600_000)
        assert call["reserved_micro"] == -(-300_000 * 2_500_000 // 3_600_000)
    assert calls[0]["input_tokens"] == pool.done[0].prompt_tokens


async def test_a_ledger_that_is_away_for_a_moment_loses_no_completion(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.metering._PAUSE_S", 0.01)
    spending = proxy.app.state.service.ledger.spending
    settle, away = spending.settle, [LedgerAway("it is away")] * 2

    async def late(*given: Any, **named: Any) -> str:
        if away:
            raise away.pop()
        return await settle(*given, **named)

    monkeypatch.setattr(spending, "settle", late)
    assert (await proxy.post()).status_code == 200
    (call,) = await proxy.settled()
    assert call["state"] == "settled"
    assert away == []


async def test_without_a_ledger_the_pool_is_not_asked(
    proxy: Proxy, pool: SGLang, monkeypatch: pytest.MonkeyPatch
):
    async def gone(*_: Any) -> None:
        raise LedgerAway("it is away")

    monkeypatch.setattr(proxy.app.state.service.ledger.spending, "reserve", gone)
    assert (await proxy.post()).status_code == 503
    assert pool.asked == []


async def test_what_the_pool_refuses_costs_nothing(proxy: Proxy, pool: SGLang):
    await proxy.post({**HELLO, "model": "another"})
    (call,) = await proxy.settled()
    assert (call["state"], call["gpu_ms"], call["model"]) == ("released", 0, "another")


async def test_a_tenant_has_only_so_many_under_way(start: Any, pool: SGLang):
    pool.then(Hangs(), Hangs())
    pool.api_key = ""
    async with start(pool.url + "/v1", chat_concurrency=2) as proxy:
        streaming = {**HELLO, "stream": True}
        asking = [asyncio.create_task(proxy.post(streaming)) for _ in range(2)]
        await until(lambda: pool.running == 2)
        refused = await proxy.post()
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "5"
        other = await proxy.http.post(CHAT, json=HELLO, headers={"X-Mantis-Token": "zeta-1"})
        assert other.status_code == 200
        for one in asking:
            one.cancel()
        await until(lambda: pool.running == 0)
        assert (await proxy.post()).status_code == 200


async def test_a_rate_is_kept_and_shown(proxy: Proxy, pool: SGLang):
    head = {"X-Mantis-Token": "slow-1"}
    given = [await proxy.http.post(CHAT, json=HELLO, headers=head) for _ in range(4)]
    assert [one.status_code for one in given] == [200, 200, 200, 429]
    assert given[0].headers["x-ratelimit-limit"] == "3"
    assert given[0].headers["x-ratelimit-remaining"] == "2"
    assert len(pool.asked) == 3


async def test_what_is_refused_never_reaches_the_pool(proxy: Proxy, pool: SGLang):
    bad: list[tuple[bytes, int]] = [
        (b"[]", 400),
        (b"{", 400),
        (b'{"x": NaN}', 400),
        (b"\xff", 400),
        (b'{"x": "' + b"x" * 1024 * 1024 + b'"}', 413),
    ]
    for body, status in bad:
        answer = await proxy.http.post(CHAT, content=body, headers=TOKEN)
        assert answer.status_code == status
    for token, status in (("", 401), ("wrong", 401), ("acme-status", 403)):
        head = {"X-Mantis-Token": token} if token else {}
        answer = await proxy.http.post(CHAT, json=HELLO, headers=head)
        assert answer.status_code == status
    assert pool.asked == []
    assert await proxy.calls() == []
    assert await proxy.counted() == {}


async def test_a_hundred_streams_at_once(proxy: Proxy, pool: SGLang):
    pool.capacity = 200
    pool.latency_s = 2.0
    asked = {**HELLO, "stream": True}
    given = await asyncio.gather(*(proxy.post(asked) for _ in range(100)))
    assert [one.status_code for one in given] == [200] * 100
    assert all(one.text.endswith("data: [DONE]\n\n") for one in given)
    assert pool.high_water > 50
    calls = await proxy.settled(100)
    assert all(one["state"] == "settled" for one in calls)
