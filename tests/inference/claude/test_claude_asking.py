import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from anthropic import DefaultAsyncHttpxClient
from pydantic import SecretStr

from inference.asking import (
    Answered,
    AskBody,
    CheckAsk,
    ExtractAsk,
    Extracted,
    GroundAsk,
    Grounded,
    Judged,
    ModelTurn,
    NoAnswer,
    TaskAsk,
    TaskTurn,
)
from inference.claude.client import ClaudeModel, connections
from inference.decisions import ActKind, Candidate
from inference.errors import CutShort, Declined, Malformed, ModelAway, ModelError, ModelRefused
from inference.settings import ModelSettings
from plans.prices import Usage, cost_of
from plans.step import ExtractField, TierName
from tests.fakes.claude_answers import (
    CutsOff,
    Fails,
    Hangs,
    Plain,
    Says,
    broken,
    call,
    calls,
    cut_short,
    member,
    out_of_window,
    overloaded,
    paused,
    prose,
    rate_limited,
    refusal,
    timed_out,
    truncated,
    wrong_schema,
)
from tests.fakes.claude_api import KEY, ClaudeApi
from tests.inference.claude.pages import PICTURE, Shelf, look, seen, step, texts
from tests.waiting import until

SAVE = look(seen(3, "Save"), seen(7, "Cancel"))
CHECK = CheckAsk(look=SAVE, condition="The cart shows a discount code field")
GROUND = GroundAsk(look=SAVE, step=step(), intent="Press the Save button", act=ActKind.CLICK)
EXTRACT = ExtractAsk(
    look=look(text="Bayliner 285\nPrice: $48,500"),
    intent="Extract the model and the price",
    fields=(ExtractField(name="model"), ExtractField(name="price", type="price")),
)
BROWSER = {"type": "browser_toolset_20260801", "configs": {"javascript_exec": {"enabled": False}}}
ASK_USER = {
    "name": "request_user_input",
    "description": "Ask the person.",
    "input_schema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
}
TASK = TaskAsk(
    system="You do one task in a browser. " * 200,
    messages=({"role": "user", "content": [{"type": "text", "text": "Add a lead"}]},),
    tools=(BROWSER, ASK_USER),
)
HOLDS = {"seen_in": "text", "evidence": "Welcome to the shop", "verdict": "holds"}
NOTHING = {
    "why": "it is the one", "target": "element", "element": -1, "x": -1, "y": -1,
    "to_element": -1, "to_x": -1, "to_y": -1, "text": "", "goes_on": False,
    "certainty": "certain", "absent": False,
}  # fmt: skip
PRESS = NOTHING | {"act": "click", "element": 3}


@pytest.fixture
def claude() -> Iterator[ClaudeApi]:
    with ClaudeApi(keys={KEY: "one", "sk-ant-fake-2": "two"}) as served:
        yield served
        assert served.complaints == []


@pytest.fixture
def settings(claude: ClaudeApi) -> ModelSettings:
    return ModelSettings(anthropic_base_url=claude.url, claude_timeout_s=20)


@pytest.fixture
async def model(settings: ModelSettings) -> AsyncIterator[ClaudeModel]:
    async with ClaudeModel(KEY, settings) as made:
        yield made


async def ask(model: ClaudeModel, body: AskBody) -> Answered:
    return await model.answer(body, Shelf())


async def failed(model: ClaudeModel, body: AskBody) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await ask(model, body)
    assert KEY not in str(caught.value)
    return caught.value


# What is answered


async def test_a_condition_is_judged_with_a_quote_of_the_page(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(HOLDS))
    answered = await ask(model, CHECK)
    assert answered.reply == Judged(verdict="holds", evidence="Welcome to the shop")


async def test_a_quote_that_the_page_does_not_have_decides_nothing(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(HOLDS | {"evidence": "All gates passed"}))
    reply = (await ask(model, CHECK)).reply
    assert isinstance(reply, Judged)
    assert reply.verdict == "undecided"


async def test_what_only_the_picture_shows_or_what_is_missing_needs_no_quote(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(
        Says({"seen_in": "picture", "evidence": "The banner is red", "verdict": "holds"}),
        Says({"seen_in": "absence", "evidence": "No field for a code", "verdict": "fails"}),
    )
    verdicts = [(await ask(model, CHECK)).reply for _ in range(2)]
    assert [one.verdict for one in verdicts if isinstance(one, Judged)] == ["holds", "fails"]


@pytest.mark.parametrize(
    ("condition", "quick"),
    [
        ("The cart shows a discount code field", True),
        ("Page shows boat listings from private sellers", True),
        ("The cheapest offer is selected", False),
        ("The banner is red", False),
        ("The order was sent and a number is shown", False),
        ("No error is shown", False),
        ("The list is sorted by price", False),
        (" ".join(["word"] * 15), False),
    ],
)
async def test_short_plain_conditions_go_to_the_quick_model(
    claude: ClaudeApi, model: ClaudeModel, condition: str, quick: bool
) -> None:
    claude.then(Says(HOLDS))
    body = CheckAsk(look=SAVE, condition=condition)
    await ask(model, body)
    assert claude.asked[-1].model == ("claude-haiku-5-5" if quick else "claude-sonnet-5-5")
    assert model.named(body) == claude.asked[-1].model


async def test_a_page_of_much_or_no_text_is_not_for_the_quick_model(model: ClaudeModel) -> None:
    for text in ("", "word " * 2000):
        body = CHECK.model_copy(update={"look": look(text=text)})
        assert model.named(body) == "claude-sonnet-5-5"


async def test_values_come_by_field_and_what_is_not_said_is_none(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says({"records": [{"values": [{"field": "price", "value": "$48,500"}]}]}))
    answered = await ask(model, EXTRACT)
    assert answered.reply == Extracted(records=({"model": None, "price": "$48,500"},))


async def test_known_fields_are_not_asked_for_again(claude: ClaudeApi, model: ClaudeModel) -> None:
    claude.then(Says({"records": [{"values": [{"field": "price", "value": "$48,500"}]}]}))
    body = EXTRACT.model_copy(update={"known": {"model": "Bayliner 285"}})
    assert (await ask(model, body)).reply == Extracted(records=({"price": "$48,500"},))
    schema = claude.asked[0].schema
    assert schema is not None
    assert '"model"' not in str(schema).replace("'", '"')
    assert "model = Bayliner 285" in claude.asked[0].last_text


async def test_a_list_has_as_many_records_as_are_wanted_at_most(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    one = {"values": [{"field": "model", "value": "Bayliner"}]}
    claude.then(Says({"records": [one, {"values": []}, one, one]}))
    body = EXTRACT.model_copy(update={"many": True, "most": 3})
    assert (await ask(model, body)).reply == Extracted(
        records=({"model": "Bayliner", "price": None}, {"model": "Bayliner", "price": None})
    )


async def test_sixty_fields_are_taken_by_the_api(claude: ClaudeApi, model: ClaudeModel) -> None:
    claude.then(Says({"records": []}))
    fields = tuple(ExtractField(name=f"field_{number}", required=False) for number in range(60))
    await ask(model, EXTRACT.model_copy(update={"fields": fields, "many": True, "most": 50}))
    assert claude.refused == []


async def test_a_step_is_grounded_on_a_listed_element(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(PRESS))
    reply = (await ask(model, GROUND)).reply
    assert isinstance(reply, Grounded)
    assert (reply.act, reply.ref, reply.x, reply.goes_on) == (ActKind.CLICK, 3, None, False)
    assert reply.confidence == 0.95
    assert reply.said == PRESS


async def test_a_place_is_given_in_pixels_of_the_viewport(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(NOTHING | {"act": "click", "target": "point", "x": 320, "y": 200}))
    reply = (await ask(model, GROUND)).reply
    assert isinstance(reply, Grounded)
    assert (reply.ref, reply.x, reply.y) == (None, 641.0, 401.0)


async def test_a_drag_ends_on_an_element_or_at_a_place(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    drag = PRESS | {"act": "drag"}
    claude.then(Says(drag | {"to_element": 7}), Says(drag | {"to_x": 10, "to_y": 20}))
    body = GROUND.model_copy(update={"act": ActKind.DRAG})
    first, second = [(await ask(model, body)).reply for _ in range(2)]
    assert isinstance(first, Grounded)
    assert isinstance(second, Grounded)
    assert (first.to_x, first.to_y) == (120.0, 315.0)
    assert (second.to_x, second.to_y) == (21.0, 41.0)


async def test_the_user_is_asked_where_only_a_person_knows(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(NOTHING | {"act": "input", "target": "page", "text": "Which of the two?"}))
    reply = (await ask(model, GROUND)).reply
    assert isinstance(reply, Grounded)
    assert (reply.act, reply.text) == (ActKind.INPUT, "Which of the two?")


async def test_what_is_not_there_is_no_answer(claude: ClaudeApi, model: ClaudeModel) -> None:
    claude.then(Says(NOTHING | {"act": "none", "absent": True, "why": "no such button"}))
    assert (await ask(model, GROUND)).reply == NoAnswer(why="no such button", absent=True)


@pytest.mark.parametrize(
    "answer",
    [
        {"element": 4},
        {"element": -1},
        {"target": "point", "x": 640, "y": 10},
        {"target": "point", "x": 10, "y": 400},
        {"target": "point", "x": -1, "y": -1},
        {"target": "page"},
    ],
)
async def test_targets_that_are_not_there_are_malformed(
    claude: ClaudeApi, model: ClaudeModel, answer: dict[str, object]
) -> None:
    claude.then(Says(PRESS | answer))
    error = await failed(model, GROUND)
    assert isinstance(error, Malformed)
    assert error.usage is not None
    assert error.usage.output_tokens > 0


async def test_an_act_that_the_step_does_not_do_only_leads_to_it(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(PRESS))
    body = GROUND.model_copy(
        update={"act": ActKind.SELECT, "value": "Blue", "step": step(kind="select_option")}
    )
    reply = (await ask(model, body)).reply
    assert isinstance(reply, Grounded)
    assert (reply.act, reply.goes_on) == (ActKind.CLICK, True)


async def test_the_text_that_a_step_types_is_never_changed_by_an_answer(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    field = look(seen(3, "Email", "textbox"))
    body = GROUND.model_copy(
        update={"look": field, "act": ActKind.FILL, "value": "ada@example.com"}
    )
    claude.then(Says(PRESS | {"act": "fill", "text": "eve@evil.example"}))
    reply = (await ask(model, body)).reply
    assert isinstance(reply, Grounded)
    assert reply.text == "ada@example.com"


async def test_an_option_may_be_spelled_as_the_page_spells_it(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    page = look(seen(3, "Colour", "combobox", options=("Any", "Deep blue")))
    body = GROUND.model_copy(update={"look": page, "act": ActKind.SELECT, "value": "blue"})
    claude.then(
        Says(PRESS | {"act": "select", "text": "Deep blue"}),
        Says(PRESS | {"act": "select", "text": "Deep red"}),
    )
    replies = [(await ask(model, body)).reply for _ in range(2)]
    assert [one.text for one in replies if isinstance(one, Grounded)] == ["Deep blue", "blue"]


async def test_an_act_is_chosen_where_the_step_says_none(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(PRESS | {"act": "fill", "text": "Ada", "goes_on": True}))
    reply = (await ask(model, GROUND.model_copy(update={"act": None}))).reply
    assert isinstance(reply, Grounded)
    assert (reply.act, reply.text, reply.goes_on) == (ActKind.FILL, "Ada", True)


async def test_a_proposal_and_candidates_are_told(claude: ClaudeApi, model: ClaudeModel) -> None:
    proposed = Grounded(act=ActKind.CLICK, x=640, y=400, confidence=0.9)
    candidates = (Candidate(ref=7, name="Cancel", role="button", score=0.7),)
    claude.then(Says(PRESS))
    await ask(model, GROUND.model_copy(update={"proposed": proposed, "candidates": candidates}))
    said = claude.asked[0].last_text
    assert "`click` at 320,200 in the picture" in said
    assert '0.70 [7] button "Cancel"' in said


async def test_a_turn_of_a_task_comes_back_as_it_came(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(
        calls(
            member("left_click", {"coordinate": [10, 20]}),
            call("request_user_input", {"prompt": "?"}),
        )
    )
    reply = (await ask(model, TASK)).reply
    assert isinstance(reply, TaskTurn)
    assert reply.stop_reason == "tool_use"
    assert [block["type"] for block in reply.content] == ["thinking", "tool_use", "tool_use"]
    assert reply.content[1]["toolset_name"] == "browser"


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "pause_turn"])
async def test_a_turn_of_a_task_is_told_whatever_it_stopped_for(
    claude: ClaudeApi, model: ClaudeModel, stop: str
) -> None:
    claude.then(Says("so far", stop=stop, loose=True))
    reply = (await ask(model, TASK)).reply
    assert isinstance(reply, TaskTurn)
    assert reply.stop_reason == stop


async def test_the_history_of_a_task_is_read_from_the_cache(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(calls(call("request_user_input", {"prompt": "?"})), Says("done"))
    first = await ask(model, TASK)
    assert isinstance(first.reply, TaskTurn)
    assert first.usage.cache_write_tokens > 1000
    used = next(block for block in first.reply.content if block["type"] == "tool_use")
    picture = {"type": "artifact", "key": PICTURE.key, "media_type": "image/png"}
    result = {
        "type": "tool_result",
        "tool_use_id": used["id"],
        "content": [{"type": "image", "source": picture}],
    }
    messages = (
        *TASK.messages,
        {"role": "assistant", "content": list(first.reply.content)},
        {"role": "user", "content": [result]},
    )
    second = await ask(model, TASK.model_copy(update={"messages": messages}))
    assert second.usage.cache_read_tokens >= first.usage.cache_write_tokens
    assert second.usage.images == 1
    assert second.usage.input_tokens == 0
    assert claude.asked[1].pictures[0].width == PICTURE.width


async def test_the_history_of_a_step_only_grows_and_is_read_from_the_cache(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    page = look(seen(3, "Save"), text="long " * 3000)
    bodies = [GROUND.model_copy(update={"look": page, "act": None, "budget": 8})]
    for number in range(2):
        turn = ModelTurn(look=page, said=PRESS, came_of=f"the page changed ({number})")
        before = bodies[-1]
        bodies.append(
            before.model_copy(update={"turns": (*before.turns, turn), "budget": before.budget - 1})
        )
    claude.answer = lambda _: Says(PRESS)
    used = [(await ask(model, body)).usage for body in bodies]
    assert used[0].cache_write_tokens == 0
    assert used[1].cache_write_tokens > 1024
    assert used[2].cache_read_tokens == used[1].cache_write_tokens
    contents = [asked.body["messages"] for asked in claude.asked]
    assert texts({"messages": contents[2][:2]}) == texts({"messages": contents[1][:2]})


# What fails


@pytest.mark.parametrize(
    ("answer", "after_s"),
    [
        (rate_limited(7), 7.0),
        (rate_limited(None), None),
        (overloaded(), None),
        (broken(), None),
        (timed_out(), None),
        (Fails(408), None),
        (Fails(409), None),
        (Fails(503, headers={"retry-after": "1.5"}), 1.5),
        (Fails(529, headers={"retry-after": "soon"}), None),
        (Fails(529, headers={"retry-after": "nan"}), None),
        (Fails(429, headers={"retry-after-ms": "250"}), 0.25),
        (Plain(502), None),
        (CutsOff(), None),
    ],
)
async def test_what_may_pass_is_to_be_asked_again(
    claude: ClaudeApi, model: ClaudeModel, answer: Fails, after_s: float | None
) -> None:
    claude.then(answer)
    error = await failed(model, CHECK)
    assert isinstance(error, ModelAway)
    assert (error.again, error.after_s, error.usage) == (True, after_s, None)
    assert len(claude.asked) == 1


async def test_retry_after_may_be_a_date(claude: ClaudeApi, model: ClaudeModel) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    claude.then(
        Fails(429, headers={"retry-after": soon}), Fails(429, headers={"retry-after": past})
    )
    first, second = await failed(model, CHECK), await failed(model, CHECK)
    assert first.after_s is not None
    assert 30 < first.after_s <= 91
    assert second.after_s == 0


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "refuses the request"),
        (402, "payment"),
        (403, "set the secret 'tenant_key'"),
        (404, "MANTIS_CLAUDE_MODEL"),
        (413, "refuses the request"),
        (422, "refuses the request"),
    ],
)
async def test_what_is_wrong_is_not_asked_again(
    claude: ClaudeApi, settings: ModelSettings, status: int, says: str
) -> None:
    claude.then(Fails(status, f"no: {KEY}"))
    async with ClaudeModel(KEY, settings, secret="tenant_key") as model:
        error = await failed(model, CHECK)
    assert isinstance(error, ModelRefused)
    assert not error.again
    assert says in str(error)


async def test_a_wrong_key_names_its_secret_and_not_the_key(
    claude: ClaudeApi, settings: ModelSettings
) -> None:
    async with ClaudeModel("sk-ant-wrong", settings, secret="acme_key") as model:
        with pytest.raises(ModelRefused) as caught:
            await ask(model, CHECK)
    assert "'acme_key'" in str(caught.value)
    assert "sk-ant-wrong" not in str(caught.value)


@pytest.mark.parametrize("key", ["", " ", "sk-é", "sk x", "sk\nx-evil: y"])
async def test_without_a_key_nothing_is_sent(
    claude: ClaudeApi, settings: ModelSettings, key: str
) -> None:
    async with ClaudeModel(key, settings, secret="acme_key") as model:
        error = await failed(model, CHECK)
    assert isinstance(error, ModelRefused)
    assert "set the secret 'acme_key'" in str(error)
    assert claude.asked == []


async def test_white_space_around_a_key_is_none_of_it(
    claude: ClaudeApi, settings: ModelSettings
) -> None:
    claude.then(Says(HOLDS))
    async with ClaudeModel(f" {KEY}\r\n", settings) as model:
        await ask(model, CHECK)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://x", "http://", "http://[::1", "http://1.2.3.256"]
)
async def test_what_is_no_address_is_told(url: str) -> None:
    async with ClaudeModel(KEY, ModelSettings(anthropic_base_url=url)) as model:
        error = await failed(model, CHECK)
    assert isinstance(error, ModelRefused)
    assert "MANTIS_ANTHROPIC_BASE_URL" in str(error)


async def test_nobody_there_is_away() -> None:
    settings = ModelSettings(anthropic_base_url="http://127.0.0.1:9", claude_timeout_s=5)
    async with ClaudeModel(KEY, settings) as model:
        assert isinstance(await failed(model, CHECK), ModelAway)


async def test_a_hanging_server_is_away_after_the_time_out(claude: ClaudeApi) -> None:
    claude.then(Hangs())
    settings = ModelSettings(anthropic_base_url=claude.url, claude_timeout_s=0.3)
    async with ClaudeModel(KEY, settings) as model:
        assert isinstance(await failed(model, CHECK), ModelAway)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(), Declined),
        (cut_short(), CutShort),
        (out_of_window(), ModelRefused),
        (prose(), Malformed),
        (Says([], loose=True, thinks=0), Malformed),
        (truncated(HOLDS), Malformed),
        (wrong_schema(), Malformed),
        (Says('{"seen_in": "text", "evidence": NaN, "verdict": "holds"}', loose=True), Malformed),
        (Says([HOLDS], loose=True), Malformed),
    ],
)
async def test_a_failed_try_that_was_billed_tells_what_it_used(
    claude: ClaudeApi, model: ClaudeModel, answer: Says, kind: type[ModelError]
) -> None:
    claude.then(answer)
    error = await failed(model, CHECK)
    assert type(error) is kind
    assert error.usage is not None
    spent = cost_of(error.usage, 0).claude
    await until(lambda: claude.bill[KEY] == spent)


async def test_what_is_no_message_of_the_api_is_malformed(settings: ModelSettings) -> None:
    def page(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, html="<h1>Sign in to the hotel's network</h1>")

    http = DefaultAsyncHttpxClient(transport=httpx2.MockTransport(page))
    async with http:
        assert isinstance(await failed(ClaudeModel(KEY, settings, http), CHECK), Malformed)


async def test_a_redirect_is_not_followed_with_the_key(settings: ModelSettings) -> None:
    asked: list[str] = []

    def leads_away(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        return httpx2.Response(307, headers={"location": "https://evil.example/v1/messages"})

    http = connections(settings)
    assert not http.follow_redirects
    await http.aclose()
    transport = httpx2.MockTransport(leads_away)
    async with DefaultAsyncHttpxClient(transport=transport, follow_redirects=False) as http:
        error = await failed(ClaudeModel(KEY, settings, http), CHECK)
    assert isinstance(error, ModelRefused)
    assert asked == ["127.0.0.1"]


async def test_a_pause_of_the_api_is_gone_on_from_and_both_requests_count(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(paused(), Says(HOLDS))
    answered = await ask(model, CHECK)
    assert isinstance(answered.reply, Judged)
    assert answered.usage.images == 2
    await until(lambda: len(claude.done) == 2)
    spent = sum(
        cost_of(_used(one.counted.usage(), one.asked.model), 0).claude for one in claude.done
    )
    assert abs(cost_of(answered.usage, 0).claude - spent) <= 1


def _used(usage: dict[str, int], model: str) -> Usage:
    return Usage(
        tier=TierName.CLAUDE,
        model=model,
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
    )


async def test_an_answer_that_never_ends_is_cut_short(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.answer = lambda _: paused()
    error = await failed(model, CHECK)
    assert isinstance(error, CutShort)
    assert error.usage is not None
    assert error.usage.images == len(claude.asked) == 4


async def test_a_failure_after_a_pause_tells_what_was_used_before(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(paused(), overloaded())
    error = await failed(model, CHECK)
    assert isinstance(error, ModelAway)
    assert error.usage is not None
    spent = cost_of(error.usage, 0).claude
    await until(lambda: claude.bill[KEY] == spent)


async def test_who_cancels_frees_the_server(claude: ClaudeApi, model: ClaudeModel) -> None:
    claude.then(Hangs())
    asking = asyncio.create_task(ask(model, CHECK))
    await until(lambda: claude.running == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: len(claude.aborted) == 1)


# Keys and prices


async def test_each_tenant_asks_under_its_own_key_over_shared_connections(
    claude: ClaudeApi, settings: ModelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-operator")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-of-the-operator")
    claude.answer = lambda _: Says(HOLDS)
    keys = [KEY, "sk-ant-fake-2"] * 3
    async with connections(settings) as http:
        await asyncio.gather(*(ask(ClaudeModel(key, settings, http), CHECK) for key in keys))
    assert sorted(one.key for one in claude.asked) == sorted(keys)
    assert all("operator" not in str(one.headers) for one in claude.asked)


async def test_nothing_is_sent_that_the_models_refuse(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(HOLDS), Says({"records": []}), Says(PRESS), Says("done"))
    for body in (CHECK, EXTRACT, GROUND, TASK):
        await ask(model, body)
    assert claude.refused == []
    refused = {"temperature", "top_p", "top_k", "tool_choice", "thinking"}
    assert all(not refused & set(one.body) for one in claude.asked)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (CHECK, HOLDS),
        (GROUND, PRESS),
        (EXTRACT, {"records": []}),
        (TASK, "done"),
        (
            CHECK.model_copy(update={"look": look(text="日本語のページ " * 500)}),
            {"seen_in": "absence", "evidence": "-", "verdict": "fails"},
        ),
    ],
)
async def test_a_question_never_costs_more_than_was_said_before(
    claude: ClaudeApi, model: ClaudeModel, body: AskBody, answer: object
) -> None:
    claude.then(Says(answer, thinks=500))
    answered = await ask(model, body)
    spent = cost_of(answered.usage, 0).claude
    assert 0 < spent <= model.most(body)
    await until(lambda: claude.bill[KEY] == spent)


async def test_a_full_answer_stays_below_what_was_said_before(
    claude: ClaudeApi, model: ClaudeModel
) -> None:
    claude.then(Says(HOLDS | {"evidence": "x" * 100_000}, loose=True))
    error = await failed(model, CHECK)
    assert isinstance(error, CutShort)
    assert error.usage is not None
    assert cost_of(error.usage, 0).claude <= model.most(CHECK)


def test_the_settings_hide_keys() -> None:
    settings = ModelSettings(anthropic_api_key=SecretStr("sk-ant-hidden"))
    assert "sk-ant-hidden" not in repr(settings)
