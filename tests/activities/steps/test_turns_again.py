"""Turns that are lost with their worker or browser: with the answer in hand, acted once."""

import asyncio

import pytest
from pydantic import JsonValue

from inference.asking import GroundAsk, Grounded, Judged
from inference.decisions import ActKind
from plans.calls import Call
from plans.step import FailureClass, Perception
from tests.activities.steps.conftest import Bench, step_of
from tests.activities.steps.turns import Turns, at
from workflows.interfaces import StepRequest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

DONE = Grounded(act=ActKind.DONE, confidence=0.9, said={"tool": "done"})
COUNTER = """<!doctype html><title>Counter</title><h1>Counter</h1>
<button onclick="count.textContent = Number(count.textContent) + 1">Add one</button>
<p id=count>0</p>"""


def planned(bench: Bench, *script: object) -> Turns:
    lines = script or (at("Place order"),)
    return Turns(bench, lines, perception=Perception.AS_PLANNED)  # type: ignore[arg-type]


def order(bench: Bench, **fields: JsonValue) -> Call:
    return bench.call(step_of("Place the order", "submit", **fields))


async def with_answer(turns: Turns, call: Call) -> StepRequest:
    """The turn that has the model's answer in hand."""
    request = turns.request(call)
    outcome = await turns.turn(request)
    assert outcome.ask is not None
    return await turns.answered(request, outcome)


async def lose(turns: Turns, request: StepRequest) -> StepRequest:
    """The worker dies as soon as the order has arrived at the shop; the turn, made again."""
    bench = turns.bench
    trying = asyncio.create_task(turns.turn(request))
    await asyncio.wait_for(bench.shop.came.wait(), 60)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    await bench.lose_worker()
    return request.model_copy(update={"again": 1, "session": bench.ref()})


async def test_an_act_whose_worker_is_lost_after_it_is_not_done_again(bench: Bench) -> None:
    await bench.open()
    turns = planned(bench)
    request = await with_answer(turns, order(bench))
    again = await lose(turns, request)
    outcome = await turns.turn(again)
    assert outcome.success and outcome.acted, outcome
    assert len(bench.shop.orders) == 1 and len(turns.asks) == 1


async def test_an_act_whose_worker_is_lost_before_it_is_done_once(bench: Bench) -> None:
    await bench.open()
    turns = planned(bench)
    request = await with_answer(turns, order(bench))
    await bench.claim(request.call)
    await bench.lose_worker()
    again = request.model_copy(update={"again": 1, "session": bench.ref()})
    outcome = await turns.turn(again)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1 and len(turns.asks) == 1


async def test_an_act_that_only_led_on_is_gone_on_from(bench: Bench) -> None:
    await bench.open()
    turns = planned(bench, at("Place order", goes_on=True, said={"n": 1}), DONE)
    request = await with_answer(turns, bench.call(step_of("Place the order", "filter")))
    again = await lose(turns, request)
    outcome = await turns.turn(again)
    assert outcome.ask is not None and len(bench.shop.orders) == 1
    outcome = await turns.turn(await turns.answered(again, outcome))
    assert outcome.success and outcome.acted, outcome
    assert len(bench.shop.orders) == 1
    last = turns.asked[-1]
    assert isinstance(last, GroundAsk) and [one.name for one in last.done] == ["Place order"]


async def test_a_browser_lost_while_a_model_is_asked_costs_no_second_question(
    bench: Bench,
) -> None:
    await bench.open()
    turns = planned(bench)
    request = await with_answer(turns, order(bench))
    await bench.lose_browser()
    again = request.model_copy(update={"again": 1, "session": bench.ref()})
    outcome = await turns.turn(again)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1 and len(turns.asks) == 1


async def test_an_act_is_not_done_again_where_its_check_is_lost(bench: Bench) -> None:
    await bench.open()
    turns = Turns(bench, [Judged(verdict="holds", evidence="it smiles")])
    call = order(bench, verify="The shop looks friendly", gate=True)
    request = await with_answer(turns, call)
    assert len(bench.shop.orders) == 1
    await bench.lose_browser()
    again = request.model_copy(update={"again": 1, "session": bench.ref()})
    outcome = await turns.turn(again)
    assert (outcome.success, outcome.gate, outcome.acted) == (True, "holds", True), outcome
    assert len(bench.shop.orders) == 1


async def test_a_turn_on_an_earlier_page_goes_back_unless_something_was_done(
    bench: Bench,
) -> None:
    await bench.open()
    turns = planned(bench)
    request = await with_answer(turns, order(bench))
    back = request.model_copy(update={"again": 1, "stepped_back": True})
    outcome = await turns.turn(back)
    assert outcome.failure_class is FailureClass.BROWSER_LOST and outcome.may_go_back
    turns = Turns(bench, [Judged(verdict="holds", evidence="it smiles")])
    call = bench.call(
        step_of("Place the order", "submit", verify="The shop looks friendly", gate=True), index=3
    )
    request = await with_answer(turns, call)
    assert request.progress is not None
    back = request.model_copy(update={"again": 1, "stepped_back": True})
    outcome = await turns.turn(back)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN, outcome


async def test_a_later_try_knows_what_a_turn_of_an_earlier_one_has_claimed(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = 500
    turns = planned(bench)
    call = order(bench, required=True)
    request = await with_answer(turns, call)
    first = await turns.turn(request)
    assert not first.success and len(bench.shop.orders) == 1
    retried = await turns.play(call.model_copy(update={"attempt": 2}))
    assert len(bench.shop.orders) == 1, retried


async def test_an_unguarded_act_is_done_on_the_page_as_it_was(bench: Bench) -> None:
    bench.shop.site.pages["/counter"] = COUNTER
    await bench.open("/counter")
    turns = planned(bench, at("Add one"))
    request = await with_answer(turns, bench.call(step_of("Count up", "filter")))
    await bench.session.acting(request.call.key, guarded=False)
    await bench.session.page.click("button")
    await bench.lose_worker()
    again = request.model_copy(update={"again": 1, "session": bench.ref()})
    outcome = await turns.turn(again)
    assert outcome.success, outcome
    assert await bench.session.page.inner_text("#count") == "1" and len(turns.asks) == 1
