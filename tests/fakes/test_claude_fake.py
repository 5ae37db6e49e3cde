"""The fake of the Messages API refuses, fails, counts and charges as the real one does."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import httpx
import pytest
from anthropic import AsyncAnthropic

from tests.fakes.claude_answers import (
    CutsOff,
    Fails,
    Hangs,
    Says,
    broken,
    call,
    calls,
    cut_short,
    member,
    overloaded,
    paused,
    rate_limited,
    refusal,
    silence,
    timed_out,
    truncated,
    wrong_schema,
)
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.fakes.claude_counting import Counted
from tests.fakes.pictures import png
from tests.waiting import until

HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["true", "false", "unknown"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
BROWSER = {"type": "browser_toolset_20260801"}


@pytest.fixture
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi() as served:
        yield served


@pytest.fixture
async def client(claude: ClaudeApi) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(api_key=KEY, base_url=claude.url, max_retries=0) as opened:
        yield opened


async def ask(client: AsyncAnthropic, **given: Any) -> Any:
    asked = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": HELLO, **given}
    extra = {key: asked.pop(key) for key in ("temperature", "top_p", "top_k") if key in asked}
    return await client.messages.create(**asked, extra_body=extra or None)


def picture(width: int = 300, height: int = 250, media_type: str = "image/png") -> dict[str, Any]:
    data = base64.b64encode(png(width, height)).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def user(*blocks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(blocks)}]


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def of(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    whole = {
        "type": "object",
        "properties": {kind: schema},
        "required": [kind],
        "additionalProperties": False,
    }
    return {"output_config": {"format": {"type": "json_schema", "schema": whole}}}


def nullable(count: int) -> dict[str, Any]:
    fields = {f"f{at}": {"type": ["string", "null"]} for at in range(count)}
    return {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            },
        }
    }


async def test_a_message_is_answered_with_its_usage(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(Says("Good day"))
    message = await ask(client)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[1].text == "Good day"
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens == 2
    assert message.usage.output_tokens == 24 + 2


REFUSED: dict[str, dict[str, Any]] = {
    "temperature": {"temperature": 0},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 3},
    "a forced tool": {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "look"}},
    "any tool forced": {"tools": [TOOL], "tool_choice": {"type": "any"}},
    "a forced tool of opus": {
        "model": "claude-opus-5-5",
        "tools": [TOOL],
        "tool_choice": {"type": "any"},
    },
    "a budget of thinking": {"thinking": {"type": "enabled", "budget_tokens": 2000}},
    "no thinking": {"thinking": {"type": "disabled"}},
    "no thinking up front of opus": {
        "model": "claude-opus-5-5",
        "thinking": {"type": "between_tools"},
    },
    "much effort without thinking": {
        "thinking": {"type": "between_tools"},
        "output_config": {"effort": "max"},
    },
    "the computer tool of last year": {
        "tools": [
            {
                "type": "computer_20251124",
                "name": "computer",
                "display_width_px": 9,
                "display_height_px": 9,
            }
        ]
    },
    "the computer tool before it": {"tools": [{"type": "computer_20250124", "name": "computer"}]},
    "a toolset with a name": {"tools": [{**BROWSER, "name": "browser"}]},
    "a member that is not there": {"tools": [{**BROWSER, "configs": {"fly": {"enabled": True}}}]},
    "two tools of one name": {"tools": [TOOL, TOOL]},
    "a tool without a schema": {"tools": [{"name": "look"}]},
    "a tool with a bad name": {"tools": [{**TOOL, "name": "look here"}]},
    "a choice without tools": {"tool_choice": {"type": "auto"}},
    "an answer begun": {"messages": [*HELLO, {"role": "assistant", "content": "Well"}]},
    "the assistant first": {"messages": [{"role": "assistant", "content": "Well"}, *HELLO]},
    "no messages": {"messages": []},
    "an unknown role": {"messages": [{"role": "tool", "content": "x"}]},
    "empty text": {"messages": user(text(""))},
    "blank text": {"messages": user(text("  "))},
    "a field too many": {"messages": user({**text("x"), "look": 1})},
    "a picture of the store": {
        "messages": user({"type": "image", "source": {"type": "artifact", "key": "a"}})
    },
    "a picture called otherwise": {"messages": user(picture(media_type="image/jpeg"))},
    "a picture that is none": {
        "messages": user(
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
            }
        )
    },
    "a picture badly encoded": {
        "messages": user(
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "A*A"},
            }
        )
    },
    "a picture too large": {"messages": user(picture(8001, 2))},
    "one of many pictures too large": {"messages": user(*[picture(2001, 1)] * 21)},
    "a minimum": of("n", {"type": "integer", "minimum": 0}),
    "a length": of("s", {"type": "string", "maxLength": 3}),
    "a number of items": of("a", {"type": "array", "items": {"type": "null"}, "maxItems": 3}),
    "two items at least": of("a", {"type": "array", "items": {"type": "null"}, "minItems": 2}),
    "one of": of("x", {"oneOf": [{"type": "null"}]}),
    "a schema that says nothing": of("x", {}),
    "an open object": of("o", {"type": "object", "properties": {}}),
    "a map": of("o", {"type": "object", "additionalProperties": {"type": "string"}}),
    "a schema in itself": of("x", {"$ref": "#"}),
    "a schema from elsewhere": of("x", {"$ref": "https://example.com/x.json"}),
    "an unknown format": of("x", {"type": "string", "format": "phone"}),
    "too many unions": {"output_config": nullable(17)},
    "an unknown effort": {"output_config": {"effort": "some"}},
    "a strict tool with a minimum": {
        "tools": [
            {
                "name": "look",
                "strict": True,
                "input_schema": {
                    "type": "object",
                    "properties": {"n": {"type": "integer", "minimum": 1}},
                    "additionalProperties": False,
                },
            }
        ]
    },
    "five marks of the cache": {
        "messages": user(*[text("x", cache_control={"type": "ephemeral"})] * 5)
    },
    "an unknown mark": {"messages": user(text("x", cache_control={"type": "for ever"}))},
    "too many tokens": {"max_tokens": 200_000},
    "no tokens": {"max_tokens": 0},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_what_the_api_refuses_is_a_400(
    claude: ClaudeApi, client: AsyncAnthropic, given: dict[str, Any]
):
    given = {"timeout": 60.0, **given}
    with pytest.raises(anthropic.BadRequestError) as refused:
        await ask(client, **given)
    assert refused.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index]
    assert claude.bill == {KEY: 0}
    assert claude.asked == []


ACCEPTED: dict[str, dict[str, Any]] = {
    "thinking left to the model": {"thinking": {"type": "adaptive"}},
    "no thinking up front": {"thinking": {"type": "between_tools"}},
    "no thinking of haiku": {"model": "claude-haiku-5-5", "thinking": {"type": "disabled"}},
    "a toolset with members off": {
        "tools": [{**BROWSER, "configs": {"javascript_exec": {"enabled": False}}}, TOOL],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
    "sixteen unions": {"output_config": {**nullable(16), "effort": "low"}, "say": "loose"},
    "a schema with definitions": {
        **of("x", {"anyOf": [{"type": "null"}, {"type": "string", "format": "uri"}]}),
        "say": "loose",
    },
    "neighbours of one role": {"messages": [*HELLO, *HELLO]},
    "twenty large pictures": {"messages": user(*[picture(2001, 1)] * 20)},
}


@pytest.mark.parametrize("given", ACCEPTED.values(), ids=ACCEPTED)
async def test_what_the_api_takes_is_taken(
    claude: ClaudeApi, client: AsyncAnthropic, given: dict[str, Any]
):
    claude.answer = lambda _: Says("well", loose=True)
    message = await ask(client, **{key: value for key, value in given.items() if key != "say"})
    assert message.content[-1].text == "well"


async def test_keys_headers_and_models_are_looked_at(claude: ClaudeApi):
    body = {"model": "claude-sonnet-5-5", "max_tokens": 9, "messages": HELLO}
    head = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    async with httpx.AsyncClient(base_url=claude.url) as http:

        async def post(headers: dict[str, str], **more: Any) -> tuple[int, str]:
            answer = await http.post("/v1/messages", headers=headers, json={**body, **more})
            return answer.status_code, answer.json().get("error", {}).get("type", "")

        assert await post({"anthropic-version": "2023-06-01"}) == (401, "authentication_error")
        assert await post({**head, "x-api-key": "other"}) == (401, "authentication_error")
        assert await post({"x-api-key": KEY}) == (400, "invalid_request_error")
        assert (await post({**head, "anthropic-beta": "who-knows"}))[0] == 400
        assert (await post({**head, "anthropic-beta": "context-1m-2025-08-07"}))[0] == 200
        assert await post(head, model="claude-3-opus-20240229") == (404, "not_found_error")
        large = await http.post("/v1/messages", headers=head, content=b" " * (33 * 1024 * 1024))
        assert (large.status_code, large.json()["error"]["type"]) == (413, "request_too_large")
        assert (await http.post("/v1/messages", headers=head, content=b"{")).status_code == 400
        del body["max_tokens"]
        assert (await post(head))[0] == 400


async def test_calls_and_results_belong_together(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(calls(call("look"), member("screenshot")))
    tools = [TOOL, BROWSER]
    message = await ask(client, tools=tools)
    assert message.stop_reason == "tool_use"
    look, shot = [block for block in message.content if block.type == "tool_use"]
    said = {"role": "assistant", "content": message.content}

    def results(*blocks: dict[str, Any]) -> list[Any]:
        return [*HELLO, said, *user(*blocks)]

    first = {"type": "tool_result", "tool_use_id": look.id, "content": "a page"}
    second = {
        "type": "tool_result",
        "tool_use_id": shot.id,
        "toolset_name": "browser",
        "content": [picture(), {"type": "browser_state", "tabs": []}],
    }
    unnamed = {key: value for key, value in second.items() if key != "toolset_name"}
    stray = {**first, "tool_use_id": "toolu_other"}
    wrong = [
        results(first),
        results(first, unnamed),
        results(text("So"), first, second),
        results(first, second, stray),
        results(first, {**second, "is_error": True}),
        [*HELLO, *user(first)],
    ]
    for messages in wrong:
        with pytest.raises(anthropic.BadRequestError):
            await ask(client, tools=tools, messages=messages)
    with pytest.raises(anthropic.BadRequestError, match="must define tools"):
        await ask(client, messages=results(first, second))
    claude.then(Says("Done"))
    message = await ask(client, tools=tools, messages=results(first, second, text("Go on")))
    assert message.content[-1].text == "Done"


async def test_thoughts_go_back_as_they_were(claude: ClaudeApi, client: AsyncAnthropic):
    message = await ask(client)
    thought = message.content[0]
    going_on = [*HELLO, {"role": "assistant", "content": message.content}, *HELLO]
    await ask(client, messages=going_on)
    changed = [thought.model_copy(update={"thinking": "other"}), message.content[1]]
    for messages, model in (
        ([*HELLO, {"role": "assistant", "content": changed}, *HELLO], "claude-sonnet-5-5"),
        (going_on, "claude-opus-5-5"),
    ):
        with pytest.raises(anthropic.BadRequestError, match="signature"):
            await ask(client, messages=messages, model=model)


FAILURES = {
    "rate": (rate_limited(7), anthropic.RateLimitError, 429),
    "overloaded": (overloaded(), anthropic.OverloadedError, 529),
    "broken": (broken(), anthropic.InternalServerError, 500),
    "timed out": (timed_out(), anthropic.APIStatusError, 504),
    "no money": (Fails(402, "Your credit balance is too low"), anthropic.APIStatusError, 402),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_it_fails_as_it_is_told(
    claude: ClaudeApi, client: AsyncAnthropic, failure: tuple[Fails, type[Exception], int]
):
    answer, kind, status = failure
    claude.then(answer)
    with pytest.raises(kind) as failed:
        await ask(client)
    assert isinstance(failed.value, anthropic.APIStatusError)
    assert failed.value.status_code == status
    assert failed.value.response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert claude.bill == {KEY: 0}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_broken_connection_is_not_charged(
    claude: ClaudeApi, client: AsyncAnthropic, stream: bool
):
    claude.then(CutsOff())
    with pytest.raises((anthropic.APIConnectionError, Exception)) as failed:
        if stream:
            async with client.messages.stream(
                model="claude-sonnet-5-5", max_tokens=900, messages=HELLO
            ) as streaming:
                await streaming.get_final_message()
        else:
            await ask(client)
    assert not isinstance(failed.value, anthropic.APIStatusError)
    assert claude.bill == {KEY: 0}


async def test_who_leaves_is_noticed_and_pays_nothing(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(Hangs())
    with pytest.raises(anthropic.APITimeoutError):
        await ask(client, timeout=0.3)
    await until(lambda: bool(claude.aborted))
    assert claude.running == 0
    assert claude.bill == {KEY: 0}


async def test_it_stops_for_the_reasons_there_are(claude: ClaudeApi, client: AsyncAnthropic):
    for answer, stop in (
        (refusal(), "refusal"),
        (cut_short(), "max_tokens"),
        (paused(), "pause_turn"),
    ):
        claude.then(answer)
        assert (await ask(client)).stop_reason == stop


async def test_an_answer_ends_at_max_tokens(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(Says("word " * 100))
    message = await ask(client, max_tokens=60)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 60
    assert len(message.content[-1].text) == (60 - 24) * 4


async def test_what_a_schema_holds_to_fits_it(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(Says({"verdict": "true"}), truncated({"verdict": "true"}), wrong_schema())
    texts = [(await ask(client, output_config=FORMAT)).content[-1].text for _ in range(3)]
    assert texts[0] == '{"verdict": "true"}'
    assert texts[1] == '{"verdict'
    assert "score" in texts[2]
    claude.then(silence())
    assert (await ask(client, output_config=FORMAT)).content == []
    claude.then(Says({"verdict": "maybe"}))
    with pytest.raises(anthropic.InternalServerError):
        await ask(client, output_config=FORMAT)
    assert "maybe" in claude.complaints[0]


async def test_a_stream_says_the_same(claude: ClaudeApi, client: AsyncAnthropic):
    claude.then(calls(member("navigate", {"url": "https://example.com"}), text="I go there " * 9))
    async with client.messages.stream(
        model="claude-sonnet-5-5", max_tokens=900, messages=HELLO, tools=[BROWSER]
    ) as stream:
        message = await stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.content[2].input == {"url": "https://example.com"}
    assert message.usage.output_tokens == claude.done[0].counted.output
    assert claude.bill[KEY] == claude.done[0].cost > 0


async def test_pictures_are_counted_by_their_size(claude: ClaudeApi, client: AsyncAnthropic):
    claude.answer = lambda _: Says("x", thinks=0)
    message = await ask(client, messages=user(picture(1000, 750), text("Where?")))
    assert message.usage.input_tokens == 1000 + 2
    assert claude.asked[0].pictures[0].width == 1000


async def test_prompts_are_cached_by_their_beginning(claude: ClaudeApi, client: AsyncAnthropic):
    claude.answer = lambda _: Says("x", thinks=0)
    mark = {"cache_control": {"type": "ephemeral"}}
    system = [text("s" * 8000, **mark)]

    async def used(**given: Any) -> tuple[int, int, int]:
        usage = (await ask(client, **given)).usage
        return (
            usage.input_tokens,
            usage.cache_creation_input_tokens,
            usage.cache_read_input_tokens,
        )

    assert await used(system=system) == (2, 2000, 0)
    assert await used(system=system, messages=user(text("Other"))) == (2, 0, 2000)
    assert await used(system=[text("t" * 8000, **mark)]) == (2, 2000, 0)
    grown = user(text("Hello"), text("h" * 8000, **mark))
    assert await used(system=system, messages=grown) == (0, 2002, 2000)
    further = [*grown, *user(text("again", **mark))]
    assert await used(system=system, messages=further) == (0, 2, 4002)
    assert await used(system=[text("s" * 4000, **mark)]) == (1002, 0, 0), "too short to be cached"
    assert await used(system=system, model="claude-opus-5-5") == (2, 2000, 0), "its own cache"


async def test_another_account_has_another_cache():
    with ClaudeApi(keys={"a": "one", "b": "two"}) as claude:
        system = [text("s" * 8000, cache_control={"type": "ephemeral"})]
        for key in ("a", "b"):
            async with AsyncAnthropic(api_key=key, base_url=claude.url) as client:
                await ask(client, system=system)
        assert [one.counted.read for one in claude.done] == [0, 0]
        assert claude.bill["a"] == claude.bill["b"] == sum(claude.bill.values()) // 2


def test_the_bill_is_rounded_up_once_a_call():
    assert Counted(1, 0, 0, 0, output=1).cost("claude-sonnet-5-5") == 12
    assert Counted(1, 0, 0, 0).cost("claude-haiku-5-5") == 1
    assert Counted(1000, 2000, 0, 3000, output=400).cost("claude-sonnet-5-5") == (
        2000 + 5000 + 300 + 4000
    )
    assert Counted(100_000, 0, 0, 0).cost("claude-haiku-5-5") == 10_000
    assert Counted(100_001, 0, 0, 0).cost("claude-haiku-5-5") == 50_001


async def test_how_much_ran_at_once_is_known(claude: ClaudeApi, client: AsyncAnthropic):
    claude.latency_s = 0.2
    await asyncio.gather(*(ask(client) for _ in range(5)))
    assert claude.high_water == 5
