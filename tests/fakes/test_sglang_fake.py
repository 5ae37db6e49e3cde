"""The fake pool refuses, ignores, fails and counts as SGLang does."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.pictures import Head, head_of, png
from tests.fakes.sglang import PROSE, SGLang
from tests.fakes.sglang_answers import (
    CutsOff,
    Hangs,
    Plain,
    Says,
    broken,
    out_of_range,
    queue_full,
    thought_too_long,
    too_many,
    truncated,
    whitespace,
    wrong_schema,
)
from tests.waiting import until

PLACE = {
    "type": "object",
    "properties": {
        "x": {"type": "integer", "minimum": 0, "maximum": 1000},
        "y": {"type": "integer", "minimum": 0, "maximum": 1000},
    },
    "required": ["x", "y"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE}}
CHAT = "/v1/chat/completions"


@pytest.fixture
def pool() -> Iterator[SGLang]:
    with SGLang(lambda _: Says({"x": 500, "y": 250})) as served:
        yield served


@pytest.fixture
async def client(pool: SGLang) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=pool.url, timeout=20) as opened:
        yield opened


def body(**more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Where is the button?"}]
    return {"model": "holo3", "messages": messages, "response_format": FORMAT, **more}


def with_pictures(*pictures: bytes, kind: str = "png") -> dict[str, Any]:
    parts = [
        {
            "type": "image_url",
            "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(one).decode()}"},
        }
        for one in pictures
    ]
    return body(messages=[{"role": "user", "content": [*parts, {"type": "text", "text": "?"}]}])


def held_to(given: dict[str, Any]) -> dict[str, Any]:
    return body(response_format={"type": "json_schema", "json_schema": given})


def content(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


async def test_an_answer_fits_the_schema_it_is_held_to(pool: SGLang, client: httpx.AsyncClient):
    answer = await client.post(CHAT, json=body())
    assert json.loads(content(answer)) == {"x": 500, "y": 250}
    assert answer.json()["usage"]["prompt_tokens"] == 4 + 5
    pool.then(Says({"x": 1500, "y": 250}))
    assert (await client.post(CHAT, json=body())).status_code == 500
    assert "1500" in pool.complaints[0]


async def test_the_field_of_another_server_is_ignored(client: httpx.AsyncClient):
    asked = body(structured_outputs={"json": PLACE}, guided_json=PLACE)
    del asked["response_format"]
    assert content(await client.post(CHAT, json=asked)) == PROSE


BAD: dict[str, tuple[int, Any]] = {
    "an unknown model": (404, body(model="holo4")),
    "no messages": (400, body(messages=[])),
    "an unknown role": (400, body(messages=[{"role": "page", "content": "x"}])),
    "a schema that is none": (
        400,
        held_to({"name": "a", "schema": {"type": "thing"}}),
    ),
    "a schema left out": (
        400,
        held_to({"name": "a"}),
    ),
    "a format of another name": (400, body(response_format={"type": "json"})),
    "too many pictures": (400, with_pictures(*[png(4, 4)] * 4)),
    "a picture that is none": (400, with_pictures(b"no picture")),
    "a context too long": (400, body(messages=[{"role": "user", "content": "x" * 300_000}])),
    "an answer too long": (400, body(max_tokens=65536)),
    "no tokens": (400, body(max_tokens=0)),
    "a temperature below nought": (400, body(temperature=-1)),
    "options of a stream that is none": (400, body(stream_options={"include_usage": True})),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_what_it_refuses(pool: SGLang, client: httpx.AsyncClient, bad: tuple[int, Any]):
    status, asked = bad
    answer = await client.post(CHAT, json=asked)
    assert answer.status_code == status, answer.text
    assert answer.json()["object"] == "error"
    assert answer.json()["code"] == status
    assert pool.asked == []
    assert (await client.post(CHAT, content=b"{no json")).status_code == 400


async def test_pictures_are_seen_and_counted(pool: SGLang, client: httpx.AsyncClient):
    answer = await client.post(CHAT, json=with_pictures(png(1280, 720)))
    assert answer.json()["usage"]["prompt_tokens"] == 900 + 4 + 1
    assert pool.asked[0].pictures == (Head("image/png", 1280, 720),)


def test_heads_of_pictures_are_read():
    assert head_of(png(3, 7)) == Head("image/png", 3, 7)
    jpeg = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffc0001108021c03c003012200")
    assert head_of(jpeg) == Head("image/jpeg", 960, 540)
    assert head_of(b"GIF89a\x05\x00\x06\x00") == Head("image/gif", 5, 6)
    assert head_of(b"%PDF") is None


async def test_answers_that_are_of_no_use(pool: SGLang, client: httpx.AsyncClient):
    answers = (out_of_range(), wrong_schema(), truncated({"x": 1, "y": 2}), whitespace())
    pool.then(*answers)
    given = [await client.post(CHAT, json=body(max_tokens=500)) for _ in answers]
    assert json.loads(content(given[0]))["x"] == 1450
    assert "answer" in json.loads(content(given[1]))
    assert content(given[2]) == '{"x": 1,'
    assert content(given[3]).strip() == "{"
    assert [one.json()["choices"][0]["finish_reason"] for one in given] == [*["stop"] * 3, "length"]
    assert given[3].json()["usage"]["completion_tokens"] == 500


async def test_thinking_can_use_up_all_tokens(pool: SGLang, client: httpx.AsyncClient):
    pool.then(thought_too_long())
    answer = await client.post(CHAT, json=body())
    assert (content(answer), answer.json()["choices"][0]["finish_reason"]) == ("", "length")
    pool.then(Says({"x": 1, "y": 1}, thinking="hm " * 200))
    answer = await client.post(CHAT, json=body(max_tokens=40))
    assert (content(answer), answer.json()["choices"][0]["finish_reason"]) == ("", "length")
    pool.then(Says({"x": 1, "y": 1}, thinking="hm " * 200))
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    answer = await client.post(CHAT, json=body(max_tokens=40, **off))
    assert json.loads(content(answer)) == {"x": 1, "y": 1}
    assert answer.json()["choices"][0]["message"]["reasoning_content"] is None


async def test_errors_it_is_told_to_give(pool: SGLang, client: httpx.AsyncClient):
    pool.then(too_many(3), queue_full(), broken(), Plain(502))
    given = [await client.post(CHAT, json=body()) for _ in range(4)]
    assert [one.status_code for one in given] == [429, 503, 500, 502]
    assert given[0].headers["retry-after"] == "3"
    assert given[3].headers["content-type"] == "text/html"
    assert pool.gpu_ms == 0
    assert pool.done == []


@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_breaks_in_the_middle(
    pool: SGLang, client: httpx.AsyncClient, stream: bool
):
    pool.then(CutsOff({"x": 1, "y": 2}))
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post(CHAT, json=body(stream=stream))
    assert pool.done == []


async def test_a_stream_ends_with_its_usage(client: httpx.AsyncClient):
    asked = body(stream=True, stream_options={"include_usage": True})
    answer = await client.post(CHAT, json=asked)
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    texts = [one["choices"][0]["delta"].get("content") for one in chunks if one["choices"]]
    assert json.loads("".join(text for text in texts if text)) == {"x": 500, "y": 250}
    assert chunks[-1]["usage"]["completion_tokens"] > 0


async def test_who_leaves_is_aborted(pool: SGLang, client: httpx.AsyncClient):
    pool.then(Hangs())
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        await client.post(CHAT, json=body(), timeout=0.3)
    left = time.monotonic()
    await until(lambda: bool(pool.aborted))
    assert began < pool.aborted[0].at < left + 5
    assert pool.running == 0
    assert pool.gpu_ms == 0


async def test_only_so_many_run_at_once():
    with SGLang(lambda _: Says("well"), capacity=2, most_queued=3, latency_s=0.4) as pool:
        async with httpx.AsyncClient(base_url=pool.url, timeout=20) as client:
            asked = body(response_format=None)
            asking = [asyncio.create_task(client.post(CHAT, json=asked)) for _ in range(5)]
            await until(lambda: (pool.running, pool.waiting) == (2, 3))
            assert (await client.post(CHAT, json=asked)).status_code == 503
            given = await asyncio.gather(*asking)
        assert [one.status_code for one in given] == [200] * 5
        assert pool.high_water == 2
        assert pool.gpu_ms >= 5 * 400 - 5


async def test_a_place_that_is_left_goes_to_the_next():
    with SGLang(lambda _: Says("well"), capacity=1) as pool:
        async with httpx.AsyncClient(base_url=pool.url, timeout=20) as client:
            pool.then(Hangs())
            asked = body(response_format=None)
            first = asyncio.create_task(client.post(CHAT, json=asked))
            await until(lambda: pool.running == 1)
            second = asyncio.create_task(client.post(CHAT, json=asked))
            await until(lambda: pool.waiting == 1)
            first.cancel()
            assert (await second).status_code == 200


async def test_its_other_routes(pool: SGLang, client: httpx.AsyncClient):
    assert (await client.get("/ready")).status_code == 200
    models = (await client.get("/v1/models")).json()
    assert models["data"][0]["id"] == "holo3"
    assert "num_running_reqs" in (await client.get("/metrics")).text
    pool.ready = False
    assert (await client.get("/ready")).status_code == 503
    pool.hanging = True
    with pytest.raises(httpx.ReadTimeout):
        await client.post(CHAT, json=body(), timeout=0.2)
    assert (await client.get("/v1/models")).status_code == 200


async def test_a_key_is_asked_for_where_there_is_one():
    with SGLang(lambda _: Says("well"), api_key="secret") as pool:
        async with httpx.AsyncClient(base_url=pool.url) as client:
            asked = body(response_format=None)
            assert (await client.post(CHAT, json=asked)).status_code == 401
            head = {"authorization": "Bearer secret"}
            assert (await client.post(CHAT, json=asked, headers=head)).status_code == 200


async def test_it_goes_away_and_comes_back(pool: SGLang, client: httpx.AsyncClient):
    pool.stop()
    with pytest.raises(httpx.ConnectError):
        await client.get("/ready")
    pool.start()
    assert (await client.get("/ready")).status_code == 200
