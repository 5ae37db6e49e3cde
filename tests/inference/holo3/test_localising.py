"""Where a step acts: one picture, one target, a place in thousandths."""

import json

import pytest

from inference.asking import Grounded, Look, NoAnswer
from inference.decisions import ActKind
from inference.holo3 import trust
from inference.observation import Box
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says
from tests.inference.holo3.asks import Clock, Shelf, asking, ground, look, said, seen
from tests.waiting import until

PAGE = look(seen(1, "Save"), seen(2, "Delete"))


async def test_a_click_is_localised_by_one_message_with_the_picture_first(pool: SGLang) -> None:
    pool.then(Says({"x": 156, "y": 150}))
    async with asking(pool.url) as model:
        answered = await model.answer(ground(PAGE, "Save the cart"), Shelf())
    body = pool.asked[0].body
    assert [message["role"] for message in body["messages"]] == ["user"]
    picture, text = body["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,")
    assert text["text"].endswith("Your target is:\nSave the cart")
    assert body["temperature"] == 0
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    schema = pool.asked[0].schema
    assert schema is not None
    assert schema["properties"]["x"] == {"maximum": 1000, "minimum": 0, "type": "integer"}
    assert json.dumps(schema) in text["text"]
    assert isinstance(answered.reply, Grounded)
    assert (answered.reply.act, answered.reply.x, answered.reply.y) == (ActKind.CLICK, 199, 120)


@pytest.mark.parametrize(
    ("thousandths", "pixels"),
    [((0, 0), (0, 0)), ((1000, 1000), (1279, 799)), ((500, 250), (640, 200)), ((57, 1), (72, 0))],
)
async def test_thousandths_become_css_pixels_within_the_viewport(
    pool: SGLang, thousandths: tuple[int, int], pixels: tuple[int, int]
) -> None:
    pool.then(Says({"x": thousandths[0], "y": thousandths[1]}))
    async with asking(pool.url) as model:
        answered = await model.answer(ground(look(), "Save"), Shelf())
    assert isinstance(answered.reply, Grounded)
    assert (answered.reply.x, answered.reply.y) == pixels
    assert answered.reply.ref is None


async def test_the_pictures_own_size_makes_no_difference(pool: SGLang) -> None:
    large = {"key": "a", "media_type": "image/png", "width": 2560, "height": 1600}
    pool.then(Says({"x": 500, "y": 500}), Says({"x": 500, "y": 500}))
    async with asking(pool.url) as model:
        one = await model.answer(ground(look(), "Save"), Shelf())
        two = await model.answer(ground(look(picture=large), "Save"), Shelf())
    assert one.reply == two.reply


async def sureness(pool: SGLang, page: Look) -> float:
    pool.then(Says({"x": 156, "y": 150}))
    async with asking(pool.url) as model:
        reply = (await model.answer(ground(page, "Save the cart"), Shelf())).reply
    assert isinstance(reply, Grounded)
    return reply.confidence


async def test_what_lies_at_the_place_says_how_sure_it_is(pool: SGLang) -> None:
    row = seen(7, "Row of Bob", box=Box(x=0, y=90, width=900, height=100))
    backdrop = seen(8, "Everything", box=Box(x=0, y=0, width=1280, height=800))
    assert await sureness(pool, look(row, seen(1, "Save"), backdrop)) == trust.NAMED
    assert await sureness(pool, look(row, backdrop)) == trust.FOREIGN
    assert await sureness(pool, look(backdrop)) == trust.BARE


async def test_the_value_of_a_field_is_not_sent_and_comes_back(pool: SGLang) -> None:
    page = look(seen(1, "Password", role="textbox"))
    ask = ground(page, "Type the password", ActKind.FILL, value="{{secret.1}}")
    pool.then(Says({"x": 156, "y": 150}))
    async with asking(pool.url) as model:
        reply = (await model.answer(ask, Shelf())).reply
    assert isinstance(reply, Grounded)
    assert (reply.act, reply.x, reply.text) == (ActKind.FILL, 199, "{{secret.1}}")
    assert "secret.1" not in pool.asked[0].text


async def test_a_look_without_a_picture_is_not_asked_about(pool: SGLang) -> None:
    async with asking(pool.url) as model:
        answered = await model.answer(ground(look(picture=None), "Save"), Shelf())
    assert isinstance(answered.reply, NoAnswer)
    assert answered.usage.gpu_ms == 0
    assert not pool.asked


async def test_an_ask_with_earlier_turns_or_an_open_act_goes_to_the_agent(pool: SGLang) -> None:
    pool.then(Says(said("done")))
    async with asking(pool.url) as model:
        answered = await model.answer(ground(PAGE, "Save the cart", None), Shelf())
    assert isinstance(answered.reply, Grounded)
    assert answered.reply.act is ActKind.DONE


async def test_time_tokens_and_pictures_are_told(pool: SGLang) -> None:
    pool.then(Says({"x": 156, "y": 150}))
    async with asking(pool.url, Clock(tick=0.4321)) as model:
        usage = (await model.answer(ground(PAGE, "Save the cart"), Shelf())).usage
    assert usage.gpu_ms == 433  # 432.1 ms, rounded up
    assert usage.images == 1
    assert usage.input_tokens == pool.asked[0].prompt_tokens
    await until(lambda: len(pool.done) == 1)
    assert usage.output_tokens == pool.done[0].completion_tokens > 0
    assert usage.model == "holo3"


async def test_a_question_costs_at_most_the_time_that_it_may_take() -> None:
    settings = {"holo3_timeout_s": 36.0, "holo3_gpu_usd_per_hour": 2.0}
    async with asking("http://127.0.0.1:1", None, **settings) as model:
        assert model.most(ground(PAGE, "Save")) == 20_000


async def test_the_key_goes_along(pool: SGLang) -> None:
    pool.api_key = "s3cret"
    pool.then(Says({"x": 156, "y": 150}))
    async with asking(pool.url, None, holo3_api_key="s3cret") as model:
        answered = await model.answer(ground(PAGE, "Save the cart"), Shelf())
    assert isinstance(answered.reply, Grounded)
