"""Tasks whose worker or browser is lost: nothing is done twice, and what can't be known is said."""

import asyncio
import hashlib

import pytest

from activities.steps.acts import Acts
from activities.steps.masking import Mask
from activities.steps.task.toolset import SessionBrowser
from inference.asking import TaskAsk, TaskTurn
from inference.guarded import Guard
from plans.calls import Outcome
from plans.step import FailureClass
from tests.activities.steps.conftest import Bench
from tests.activities.steps.task.conftest import (
    Suite,
    admitted,
    done,
    ref_of,
    task,
    text_of,
    turn,
    use,
)
from tests.activities.steps.turns import Turns
from workflows.interfaces import StepRequest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

THANKS = {"type": "page_contains_text", "value": "Order 7 is placed"}


def order(body: TaskAsk) -> TaskTurn:
    return turn(
        use("form_input", target=ref_of(body, "Name"), value="Ann"),
        use("left_click", target=ref_of(body, "Place order")),
    )


async def begun(bench: Bench, *script: object, **fields: object) -> tuple[Turns, StepRequest]:
    """A task whose model has answered that the order is to be placed."""
    suite: Suite = await admitted(
        bench,
        [task("Order a boat", start_url=bench.shop.url(), **fields)],
        base_url=bench.shop.url(),
    )
    turns = suite.turns([order, *script, done()])  # type: ignore[list-item]
    first = await turns.turn(turns.request(suite.calls[0]))
    assert first.ask is not None, first
    return turns, await turns.answered(turns.requests[-1], first)


async def interrupted(bench: Bench, turns: Turns, request: StepRequest) -> StepRequest:
    """The turn ends without a word as soon as its order has arrived; a worker comes again."""
    trying = asyncio.create_task(turns.turn(request))
    await asyncio.wait_for(bench.shop.came.wait(), 60)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    bench.shop.left.set()
    await bench.lose_worker()
    return request.model_copy(update={"again": 1, "session": bench.ref()})


async def finished(turns: Turns, request: StepRequest) -> Outcome:
    outcome = await turns.turn(request)
    while outcome.ask is not None:
        request = await turns.answered(turns.requests[-1], outcome)
        outcome = await turns.turn(request)
    return outcome


async def test_an_order_that_was_answered_is_not_placed_again(bench: Bench) -> None:
    turns, request = await begun(bench, verify=THANKS)
    bench.shop.slow_s = 0.5
    again = await interrupted(bench, turns, request)
    outcome = await finished(turns, again)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1
    assert "Not done again" in text_of(turns.asked[-1])  # type: ignore[arg-type]
    assert any(one.acted for one in turns.outcomes)


async def test_an_order_without_an_answer_is_not_placed_again_and_said_to_be_unknown(
    bench: Bench,
) -> None:
    turns, request = await begun(bench)
    bench.shop.answer = "leave"
    again = await interrupted(bench, turns, request)
    outcome = await finished(turns, again)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN, outcome
    assert len(bench.shop.orders) == 1 and len(turns.asked) == 1


async def test_an_act_that_was_claimed_and_never_left_is_done(bench: Bench) -> None:
    turns, request = await begun(bench, verify=THANKS)
    call = request.call
    answer = await turns.store.read_answer(bench.run, str(request.answer and request.answer.body))
    assert isinstance(answer.reply, TaskTurn)
    used = str(answer.reply.content[1]["id"])
    part = f"a2.{hashlib.sha256(used.encode()).hexdigest()[:10]}"
    acts = Acts(bench.session, bench.ledger, bench.run, call, call.step, Mask({}), part=part)
    await acts.take(
        Guard(kind="act", method="POST", url=bench.shop.url("/order"), what="Place order")
    )
    await bench.lose_worker()
    outcome = await finished(turns, request.model_copy(update={"again": 1, "session": bench.ref()}))
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1


async def test_a_run_that_goes_on_from_one_whose_act_is_unknown_does_not_act(
    bench: Bench,
) -> None:
    turns, request = await begun(bench)
    bench.shop.answer = "leave"
    await interrupted(bench, turns, request)
    run = bench.run
    await bench.go_on_as_another_run()
    assert bench.run != run
    later = Turns(bench, [order, done()], models=turns.models)  # type: ignore[list-item]
    call = request.call.model_copy(update={"turn": 0})
    outcome = await later.play(call)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN, outcome
    assert len(bench.shop.orders) == 1 and not later.asked


async def test_a_run_that_goes_on_from_one_that_acted_decides_anew(bench: Bench) -> None:
    turns, request = await begun(bench)
    assert (await turns.turn(request)).ask is not None
    assert len(bench.shop.orders) == 1
    await bench.go_on_as_another_run()
    later = Turns(bench, [turn(use("find", query="x")), done()], models=turns.models)
    outcome = await later.play(request.call.model_copy(update={"turn": 0}))
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1


async def test_a_task_goes_on_in_another_browser(bench: Bench) -> None:
    turns, request = await begun(bench, verify=THANKS)
    await bench.lose_browser()
    outcome = await finished(turns, request.model_copy(update={"session": bench.ref()}))
    assert outcome.success, (outcome, text_of(turns.asked[-1]))  # type: ignore[arg-type]
    assert len(bench.shop.orders) == 1


async def test_the_toolset_that_is_offered_is_the_one_that_is_served() -> None:
    served = SessionBrowser(None, None)  # type: ignore[arg-type]
    assert served.to_dict() == SessionBrowser.offered()
