"""The deep check: a real completion about a tiny picture."""

import asyncio
import time

import pytest

from inference.holo3.chat import connections
from inference.holo3.health import DeepCheck, deep_check, red_square
from inference.settings import ModelSettings
from tests.fakes.pictures import head_of
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Answer, Fails, Hangs, Plain, Says, broken, queue_full
from tests.inference.holo3.asks import Clock


def settings(url: str, **set: object) -> ModelSettings:
    return ModelSettings.model_validate({"holo3_url": f"{url}/v1"} | set)


async def test_a_server_that_says_what_it_sees_is_well(pool: SGLang) -> None:
    pool.then(Says("Red"))
    found = await deep_check(settings(pool.url))
    assert found.ok
    assert found.configured
    assert found.seconds is not None
    assert "Red" in found.message
    body = pool.asked[0].body
    assert body["max_tokens"] <= 16
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert len(pool.asked[0].pictures) == 1


def test_the_picture_is_one() -> None:
    head = head_of(red_square(16))
    assert head is not None
    assert (head.media_type, head.width, head.height) == ("image/png", 16, 16)


@pytest.mark.parametrize(
    "answer", [broken(), queue_full(), Fails(401), Plain(200), Says(""), Plain(404)]
)
async def test_whatever_is_wrong_is_told(pool: SGLang, answer: Answer) -> None:
    pool.then(answer)
    found = await deep_check(settings(pool.url))
    assert not found.ok
    assert found.message
    assert found.seconds is None


async def test_nobody_there_is_told() -> None:
    found = await deep_check(settings("http://127.0.0.1:9"))
    assert (found.ok, found.configured) == (False, True)
    assert "can't be reached" in found.message


async def test_without_an_address_there_is_no_such_tier() -> None:
    found = await deep_check(ModelSettings(holo3_url=""))
    assert (found.ok, found.configured) == (False, False)


async def test_a_server_that_lists_its_models_but_hangs_is_not_well(pool: SGLang) -> None:
    pool.hanging = True
    begun = time.monotonic()
    found = await deep_check(settings(pool.url), patience_s=0.5)
    assert time.monotonic() - begun < 10
    assert not found.ok


async def test_a_look_is_kept_for_a_while_and_is_made_once_at_a_time(pool: SGLang) -> None:
    pool.answer = lambda asked: Says("Red", after_s=0.2)
    clock = Clock()
    given = settings(pool.url)
    async with connections(given) as client:
        check = DeepCheck(client, given, clock, keep_s=30)
        found = await asyncio.gather(*(check.look() for _ in range(5)))
        assert len(pool.asked) == 1
        assert len(set(map(repr, found))) == 1
        clock.now += 29
        await check.look()
        assert len(pool.asked) == 1
        clock.now += 2
        await check.look()
        assert len(pool.asked) == 2


async def test_a_failure_is_kept_no_longer_than_a_success(pool: SGLang) -> None:
    pool.then(Hangs(), Says("Red"))
    clock = Clock()
    given = settings(pool.url)
    async with connections(given) as client:
        check = DeepCheck(client, given, clock, keep_s=30, patience_s=0.3)
        assert not (await check.look()).ok
        assert not (await check.look()).ok
        clock.now += 31
        assert (await check.look()).ok
