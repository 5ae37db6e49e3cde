"""A question to a model on the real pools: answered, paid, asked again, given up."""

import asyncio
import time

import pytest

from inference.asking import Grounded, Judged
from plans.calls import Money
from plans.step import TierName
from tests.activities.models.calling import Caller, until
from tests.fakes import claude_answers, sglang_answers
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Hangs, Says

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("pools")]

HERE = Says({"x": 500, "y": 250})
EMPTY = {"seen_in": "text", "evidence": "Your cart is empty.", "verdict": "holds"}


async def test_holo3_answers_where_and_is_paid_by_the_time_it_took(
    caller: Caller, holo3: SGLang
) -> None:
    holo3.then(Says({"x": 500, "y": 250}, after_s=0.5))
    run = await caller.a_run()
    answer = await caller.ask(run, await caller.ground(run))
    given = await caller.answer(run, answer)
    assert isinstance(given.reply, Grounded)
    assert (given.reply.x, given.reply.y) == (640, 200)
    assert given.usage.gpu_ms >= 500
    assert answer.cost == Money(gpu=-(-given.usage.gpu_ms * 25 // 36))
    spent = await caller.spent(run)
    assert (spent.cost, spent.held) == (answer.cost, 0)


async def test_claude_answers_and_is_paid_to_the_micro_dollar(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.then(claude_answers.Says(EMPTY))
    run = await caller.a_run()
    answer = await caller.ask(run, caller.check(), TierName.CLAUDE)
    given = await caller.answer(run, answer)
    assert isinstance(given.reply, Judged)
    assert given.reply.verdict == "holds"
    assert (await caller.spent(run)).cost.total == claude.bill["key-default"] > 0


async def test_a_question_that_was_answered_is_not_asked_again(
    caller: Caller, holo3: SGLang
) -> None:
    holo3.then(HERE)
    run = await caller.a_run()
    request = await caller.request(run, await caller.ground(run))
    first = await (await caller.put(request)).result()
    again = await (await caller.put(request)).result()
    assert first is not None
    assert again is not None
    assert (again.body, again.cost) == (first.body, first.cost)
    assert len(holo3.asked) == 1
    other = request.model_copy(update={"call": request.call.model_copy(update={"turn": 1})})
    holo3.then(HERE)
    await (await caller.put(other)).result()
    assert len(holo3.asked) == 2


@pytest.mark.parametrize(
    "away",
    [
        sglang_answers.broken(),
        sglang_answers.queue_full(),
        sglang_answers.too_many(1),
        sglang_answers.Plain(502),
    ],
    ids=["500", "503", "429", "502 of a proxy"],
)
async def test_a_pool_that_is_away_is_asked_again(
    caller: Caller, holo3: SGLang, away: sglang_answers.Answer
) -> None:
    holo3.then(away, HERE)
    run = await caller.a_run()
    answer = await caller.ask(run, await caller.ground(run))
    assert answer.failure is None
    assert len(holo3.asked) == 2
    assert holo3.asked[1].at - holo3.asked[0].at >= 0.9


async def test_claude_is_asked_again_when_it_says_so(caller: Caller, claude: ClaudeApi) -> None:
    claude.then(
        claude_answers.rate_limited(1.5), claude_answers.overloaded(), claude_answers.Says(EMPTY)
    )
    run = await caller.a_run()
    answer = await caller.ask(run, caller.check(), TierName.CLAUDE)
    assert answer.failure is None
    first, second, third = claude.asked
    assert second.at - first.at >= 1.5
    assert third.at - second.at >= 1.9


async def test_a_pool_that_stays_away_is_given_up_and_costs_nothing(
    caller: Caller, holo3: SGLang
) -> None:
    holo3.answer = lambda _: sglang_answers.broken()
    run = await caller.a_run()
    began = time.monotonic()
    answer = await caller.ask(run, await caller.ground(run))
    assert answer.failure == "unavailable"
    assert "500" in answer.message
    assert 2 <= len(holo3.asked) <= 4
    assert time.monotonic() - began < 20
    spent = await caller.spent(run)
    assert (spent.cost.total, spent.held) == (0, 0)


async def test_a_pool_that_comes_back_is_found(caller: Caller, holo3: SGLang) -> None:
    holo3.stop()
    run = await caller.a_run()
    handle = await caller.put(await caller.request(run, await caller.ground(run)))
    await asyncio.sleep(1.5)
    holo3.start()
    holo3.answer = lambda _: HERE
    answer = await handle.result()
    assert answer is not None
    assert answer.failure is None


async def test_the_wait_for_a_model_ends_with_the_runs_time(caller: Caller, holo3: SGLang) -> None:
    holo3.answer = lambda _: Hangs()
    run = await caller.a_run()
    began = time.monotonic()
    request = await caller.request(run, await caller.ground(run), time_left_ms=2_000)
    answer = await (await caller.put(request)).result()
    assert answer is None or answer.failure == "unavailable"
    assert time.monotonic() - began < 15
    await until(lambda: holo3.aborted, 10, "the request is ended")


async def test_a_wrong_key_is_not_tried_again(caller: Caller, claude: ClaudeApi) -> None:
    claude.keys = {"another": "x"}
    run = await caller.a_run()
    answer = await caller.ask(run, caller.check(), TierName.CLAUDE)
    assert answer.failure == "unavailable"
    assert "key" in answer.message
    assert "key-default" not in answer.message
    assert len(claude.refused) == 1


@pytest.mark.parametrize(
    "bad",
    [
        sglang_answers.truncated({"x": 1, "y": 2}),
        sglang_answers.wrong_schema(),
        sglang_answers.out_of_range(),
        sglang_answers.thought_too_long(),
        sglang_answers.whitespace(),
    ],
    ids=["truncated", "schema", "range", "empty", "whitespace"],
)
async def test_an_answer_of_holo3_that_cant_be_used_is_asked_for_again_and_paid(
    caller: Caller, holo3: SGLang, bad: sglang_answers.Answer
) -> None:
    holo3.then(bad, HERE)
    run = await caller.a_run()
    answer = await caller.ask(run, await caller.ground(run))
    assert answer.failure is None
    assert len(holo3.done) == 2
    assert (await caller.spent(run)).cost.total > answer.cost.total > 0


async def test_answers_that_cant_be_used_come_to_an_end(caller: Caller, holo3: SGLang) -> None:
    holo3.answer = lambda _: sglang_answers.wrong_schema()
    run = await caller.a_run()
    answer = await caller.ask(run, await caller.ground(run))
    assert answer.failure == "unusable"
    assert len(holo3.asked) == 3
    spent = await caller.spent(run)
    assert spent.cost.total > 0
    assert spent.held == 0


@pytest.mark.parametrize(
    ("bad", "asked"),
    [
        (claude_answers.refusal(), 1),
        (claude_answers.cut_short(), 3),
        (claude_answers.truncated(EMPTY), 3),
        (claude_answers.wrong_schema(), 3),
        (claude_answers.prose(), 3),
        (claude_answers.Says([], thinks=0, loose=True), 3),
        (claude_answers.CutsOff(), None),
    ],
    ids=["refusal", "max_tokens", "truncated", "schema", "prose", "silence", "cut stream"],
)
async def test_claude_that_cant_be_used_is_unusable_and_paid_for_what_it_billed(
    caller: Caller, claude: ClaudeApi, bad: claude_answers.Answer, asked: int | None
) -> None:
    claude.answer = lambda _: bad
    run = await caller.a_run()
    answer = await caller.ask(run, caller.check(), TierName.CLAUDE)
    assert answer.failure in ("unusable", "unavailable")
    if asked is not None:
        assert answer.failure == "unusable"
        assert len(claude.asked) == asked
    spent = await caller.spent(run)
    assert spent.cost.claude == claude.bill["key-default"]
    assert spent.held == 0


async def test_a_run_without_money_asks_nothing(caller: Caller, holo3: SGLang) -> None:
    run = await caller.a_run(max_cost_micro=1)
    holo3.answer = lambda _: HERE
    first = await caller.ask(run, await caller.ground(run))
    assert first.failure is None
    second = await caller.ask(run, await caller.ground(run), turn=1)
    assert second.failure == "over_budget"
    assert len(holo3.asked) == 1


async def test_a_cancelled_question_ends_its_request_and_costs_nothing(
    caller: Caller, holo3: SGLang, claude: ClaudeApi
) -> None:
    holo3.then(Hangs())
    claude.then(claude_answers.Hangs())
    run = await caller.a_run()
    requests = [
        await caller.request(run, await caller.ground(run)),
        await caller.request(run, caller.check(), TierName.CLAUDE),
    ]
    handles = [await caller.put(request) for request in requests]
    await until(lambda: holo3.asked and claude.asked, 30, "both are asked")
    cancelled_at = time.monotonic()
    for handle in handles:
        await handle.cancel()
    await until(lambda: holo3.aborted and claude.aborted, 10, "both see the disconnect")
    took = max(one.at for one in (*holo3.aborted, *claude.aborted)) - cancelled_at
    assert took < 3
    async with asyncio.timeout(10):
        while (await caller.spent(run)).held:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await caller.spent(run)).cost.total == 0


async def test_what_was_paid_before_a_question_is_cut_counts(
    caller: Caller, claude: ClaudeApi
) -> None:
    """The API breaks an answer off, is asked to go on, and the run is cancelled meanwhile."""
    claude.then(claude_answers.paused(), claude_answers.Hangs())
    run = await caller.a_run()
    request = await caller.request(run, caller.check(), TierName.CLAUDE)
    handle = await caller.put(request)
    await until(lambda: len(claude.asked) == 2, 30, "it is asked to go on")
    await handle.cancel()
    await until(lambda: claude.aborted, 10, "it sees the disconnect")
    async with asyncio.timeout(10):
        while (await caller.spent(run)).held:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await caller.spent(run)).cost.claude == claude.bill["key-default"] > 0


async def test_what_was_paid_before_the_runs_time_ends_counts(
    caller: Caller, claude: ClaudeApi
) -> None:
    claude.then(claude_answers.paused(), claude_answers.Hangs())
    run = await caller.a_run()
    request = await caller.request(run, caller.check(), TierName.CLAUDE, time_left_ms=6_000)
    answer = await (await caller.put(request)).result()
    assert answer is None or answer.failure == "unavailable"
    await until(lambda: claude.aborted, 10, "the request is ended")
    async with asyncio.timeout(10):
        while (await caller.spent(run)).held:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await caller.spent(run)).cost.claude == claude.bill["key-default"] > 0
