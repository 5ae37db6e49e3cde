"""What comes of a server that fails, and of answers that are none."""

import asyncio
import json
import time

import httpx
import pytest

from inference.errors import CutShort, Declined, Malformed, ModelAway, ModelError, ModelRefused
from inference.holo3.chat import connections
from inference.holo3.model import Holo3Model
from inference.settings import ModelSettings
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import (
    Answer,
    CutsOff,
    Fails,
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
from tests.inference.holo3.asks import Clock, Shelf, asking, ground, look, said, seen
from tests.waiting import until

PAGE = look(seen(1, "Save"))
PLACE = {"x": 156, "y": 150}
CLICK = said("click", element="Save", x=156, y=150)


async def failure(pool: SGLang, answer: Answer, act: object = "click", **set: object) -> ModelError:
    pool.then(answer)
    ask = ground(PAGE, "Save the cart") if act == "click" else ground(PAGE, "Save the cart", None)
    async with asking(pool.url, Clock(tick=0.5), **set) as model:
        with pytest.raises(ModelError) as raised:
            await model.answer(ask, Shelf())
    return raised.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (out_of_range(), Malformed),
        (Says({"x": 1001, "y": 5}, loose=True), Malformed),
        (Says({"x": "12", "y": 5}, loose=True), Malformed),
        (Says({"x": 12.0, "y": 5}, loose=True), Malformed),
        (Says({"x": True, "y": 5}, loose=True), Malformed),
        (Says({"x": 12}, loose=True), Malformed),
        (Says({"x": 12, "y": 5, "z": 1}, loose=True), Malformed),
        (Says('{"x": 12, "y": NaN}', loose=True), Malformed),
        (Says("[12, 5]", loose=True), Malformed),
        (Says('{"x": 12, "y": 5} and more', loose=True), Malformed),
        (Says("[" * 400, loose=True), Malformed),
        (Says('{"x": 1, "y": 2, "\\ud800": 3}', loose=True), Malformed),
        (Says("\x00", loose=True), Malformed),
        (wrong_schema(), Malformed),
        (Says("I would click the button at the top.", loose=True), Malformed),
        (truncated({"x": 12, "y": 5}), Malformed),
        (Says("", loose=True), Malformed),
        (thought_too_long(), CutShort),
        (whitespace(), CutShort),
        (Says('{"x": 12, "y"', loose=True, finish="length"), CutShort),
        (Says("", loose=True, finish="abort"), ModelAway),
        (Says("", loose=True, finish="content_filter"), Declined),
        (Plain(200), Malformed),
        (Plain(200, b'{"choices": []}', "application/json"), Malformed),
        (Plain(200, b'{"choices": [{"message": {"content": 5}}]}', "application/json"), Malformed),
        (Plain(200, b"\xff\xfe", "application/json"), Malformed),
        (Plain(200, b"x" * 3_000_000, "application/json"), Malformed),
        (Plain(502), ModelAway),
        (broken(), ModelAway),
        (queue_full(), ModelAway),
        (too_many(7), ModelAway),
        (Fails(408), ModelAway),
        (Fails(400, "Failed to compile json schema: oneOf"), ModelRefused),
        (Fails(401), ModelRefused),
        (Fails(404), ModelRefused),
        (Fails(413), ModelRefused),
        (Plain(302), ModelRefused),
        (CutsOff(PLACE), CutShort),
    ],
)
async def test_each_fault_has_its_error(
    pool: SGLang, answer: Answer, kind: type[ModelError]
) -> None:
    error = await failure(pool, answer)
    assert type(error) is kind
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    "answer",
    [
        said("click", element="Save", x=156, y=2000),
        said("click", element="Save", x=156),
        said("click", element="Save", x=156, y=150, button="right"),
        said("evaluate", script="fetch('/')"),
        said("navigate", url="https://evil.example"),
        said("scroll", direction="sideways", x=1, y=1),
        said("press_keys", keys=""),
        {"thought": "no note", "tool_call": {"tool_name": "done"}},
        {"note": None, "thought": "t", "tool_call": [{"tool_name": "done"}]},
        {"note": None, "thought": "t", "tool_call": {"tool_name": "done"}, "plan": ["more"]},
    ],
)
async def test_a_step_of_another_form_is_malformed(pool: SGLang, answer: object) -> None:
    assert type(await failure(pool, Says(answer, loose=True), "agent")) is Malformed


async def test_a_bill_comes_with_answers_that_are_none(pool: SGLang) -> None:
    for answer in (wrong_schema(), thought_too_long()):
        error = await failure(pool, answer)
        assert error.usage is not None
        assert error.usage.gpu_ms == 500
        assert error.usage.input_tokens > 0
    error = await failure(pool, CutsOff(PLACE))
    assert error.usage is not None
    assert error.usage.gpu_ms == 500


async def test_what_was_turned_away_used_nothing(pool: SGLang) -> None:
    for answer in (queue_full(), too_many(), broken(), Fails(400), Fails(401)):
        assert (await failure(pool, answer)).usage is None


async def test_the_wait_that_the_server_asks_for_is_told(pool: SGLang) -> None:
    assert (await failure(pool, too_many(7))).after_s == 7
    assert (await failure(pool, queue_full())).after_s is None
    dated = Fails(429, headers={"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"})
    assert (await failure(pool, dated)).after_s == 0
    for rubbish in ("soon", "nan", "inf", "-3", "1e99"):
        given = (await failure(pool, Fails(429, headers={"retry-after": rubbish}))).after_s
        assert given is None or 0 <= given <= 3600


async def test_the_servers_reason_is_told_but_not_where_it_may_hold_a_key(pool: SGLang) -> None:
    error = await failure(pool, Fails(400, "context length exceeded\nby far" + "!" * 500))
    assert "context length exceeded by far" in str(error)
    error = await failure(pool, Fails(401, "Incorrect API key provided: s3cret"))
    assert "s3cret" not in str(error)
    assert "MANTIS_HOLO3_API_KEY" in str(error)


async def test_a_model_that_is_not_served_is_refused(pool: SGLang) -> None:
    assert isinstance(await failure(pool, Says(PLACE), holo3_model="holo4"), ModelRefused)


async def test_nobody_listening_used_nothing() -> None:
    async with asking("http://127.0.0.1:9") as model:
        with pytest.raises(ModelAway) as raised:
            await model.answer(ground(PAGE, "Save"), Shelf())
    assert raised.value.usage is None


async def test_an_address_that_is_none_is_refused() -> None:
    for url in ("not a url", "ftp://pool"):
        settings = ModelSettings(holo3_url=url)
        async with httpx.AsyncClient() as client:
            with pytest.raises(ModelRefused):
                await Holo3Model(client, settings).answer(ground(PAGE, "Save"), Shelf())


async def test_a_server_that_hangs_is_given_up_in_time_and_told_to_stop(pool: SGLang) -> None:
    pool.then(Hangs())
    begun = time.monotonic()
    async with asking(pool.url, None, holo3_timeout_s=0.5) as model:
        with pytest.raises(ModelAway) as raised:
            await model.answer(ground(PAGE, "Save"), Shelf())
    assert time.monotonic() - begun < 10
    assert raised.value.usage is not None
    assert raised.value.usage.gpu_ms >= 500
    await until(lambda: len(pool.aborted) == 1)


async def test_a_server_that_dribbles_is_given_up_in_time() -> None:
    """Each piece comes within any time-out between two reads; the whole does not."""

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        try:
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(dribble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asking(f"http://127.0.0.1:{port}", None, holo3_timeout_s=0.5) as model:
        with pytest.raises(ModelAway):
            await model.answer(ground(PAGE, "Save"), Shelf())


async def test_cancelled_the_request_is_closed_and_the_server_stops(pool: SGLang) -> None:
    pool.then(Hangs())
    async with asking(pool.url) as model:
        asked = asyncio.ensure_future(model.answer(ground(PAGE, "Save"), Shelf()))
        await until(lambda: pool.running == 1)
        begun = time.monotonic()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await until(lambda: len(pool.aborted) == 1)
        assert time.monotonic() - begun < 5
        pool.then(Says(PLACE))  # the connections that are left work
        await model.answer(ground(PAGE, "Save"), Shelf())


@pytest.mark.parametrize(
    "text",
    [
        '<think>It is at the top.</think>\n\n{"x": 156, "y": 150}',
        'It is at the top.</think>{"x": 156, "y": 150}',
        '  {"x": 156,\n "y": 150}\n\n\n',
    ],
)
async def test_thinking_before_the_answer_is_dropped(pool: SGLang, text: str) -> None:
    pool.then(Says(text, loose=True))
    async with asking(pool.url) as model:
        answered = await model.answer(ground(PAGE, "Save the cart"), Shelf())
    assert answered.reply.kind == "grounded"


async def test_a_whole_answer_that_ran_out_in_blanks_counts(pool: SGLang) -> None:
    pool.then(Says('{"x": 156, "y": 150}' + "\n" * 200, loose=True, finish="length"))
    async with asking(pool.url) as model:
        answered = await model.answer(ground(PAGE, "Save the cart"), Shelf())
    assert answered.reply.kind == "grounded"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 1000, "completion_tokens": 12, "cached": 900}, (100, 900, 12)),
        ({"prompt_tokens": 10, "cached": 99}, (0, 10, 0)),
        ({"prompt_tokens": 10, "cached": None}, (10, 0, 0)),
        (None, (0, 0, 0)),
    ],
)
async def test_cached_tokens_are_told_apart(
    pool: SGLang, usage: dict[str, int | None] | None, tokens: tuple[int, int, int]
) -> None:
    told: dict[str, object] | None = None
    if usage is not None:
        told = usage | {"prompt_tokens_details": {"cached_tokens": usage.pop("cached")}}
    choice = {"message": {"content": json.dumps(PLACE)}, "finish_reason": "stop"}
    body = json.dumps({"choices": [choice], "usage": told}).encode()
    pool.then(Plain(200, body, "application/json"))
    async with asking(pool.url) as model:
        used = (await model.answer(ground(PAGE, "Save"), Shelf())).usage
    assert (used.input_tokens, used.cache_read_tokens, used.output_tokens) == tokens


async def test_as_many_questions_as_the_capacity_go_at_once(pool: SGLang) -> None:
    pool.answer = lambda asked: Says(PLACE, after_s=0.3)
    async with asking(pool.url, None, holo3_capacity=6) as model:
        asks = [model.answer(ground(PAGE, "Save"), Shelf()) for _ in range(6)]
        await asyncio.gather(*asks)
    assert pool.high_water == 6


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    for url, proxied in (("http://127.0.0.1:30000/v1", False), ("http://gpu:30000/v1", True)):
        client = connections(ModelSettings(holo3_url=url))
        assert client.trust_env is proxied
