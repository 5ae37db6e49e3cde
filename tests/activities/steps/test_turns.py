"""Steps that need a model: unwound, answered and made again."""

import pytest

from inference.asking import GroundAsk
from plans.calls import AskKind, Money
from plans.step import FailureClass, TierName
from tests.activities.steps.conftest import Bench, step_of
from tests.activities.steps.turns import Turns, at, named

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ICONS = """<!doctype html><title>Tools</title><main><h1>Tools</h1>
<button aria-label='a1' onclick="said.textContent='one'">◧</button>
<button aria-label='a2' onclick="said.textContent='two'">◨</button>
<p id=said></p></main>"""


async def show(bench: Bench, page: str) -> None:
    bench.shop.site.pages["/here"] = page
    await bench.open("/here")


async def test_a_step_that_nobody_knows_asks_and_is_made_again_with_the_answer(
    bench: Bench,
) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("a2")])
    call = bench.call(step_of("Split the view to the right"), index=1)
    outcome = await turns.play(call)
    assert outcome.success, outcome
    assert (outcome.tier, outcome.cost) == (TierName.HOLO3, Money(gpu=100))
    assert await bench.session.page.inner_text("#said") == "two"
    (ask,) = turns.asks
    assert (ask.kind, ask.tier) == (AskKind.GROUND, TierName.HOLO3)
    (body,) = turns.asked
    assert isinstance(body, GroundAsk)
    assert body.look.picture is not None and "Tools" in body.look.text
    first = turns.outcomes[0]
    assert first.progress is not None and not first.success


async def test_a_turn_that_was_written_down_is_answered_as_it_was(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("a2")])
    request = turns.request(bench.call(step_of("Split the view to the right"), index=1))
    first = await turns.turn(request)
    assert await turns.turn(request) == first
    second = await turns.answered(request, first)
    last = await turns.turn(second)
    await bench.session.page.evaluate("() => { said.textContent = '' }")
    assert await turns.turn(second) == last
    assert await turns.turn(request) == last
    assert await bench.session.page.inner_text("#said") == ""


async def test_who_is_not_sure_hands_on(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("a1", confidence=0.4), named("a2")])
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE
    assert outcome.cost == Money(gpu=200)
    assert [one.tier for one in turns.asks] == [TierName.HOLO3, TierName.CLAUDE]
    assert await bench.session.page.inner_text("#said") == "two"


async def test_without_models_nothing_is_asked(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, models=())
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert not outcome.success and not turns.asks
    assert outcome.failure_class in (FailureClass.MODEL_UNAVAILABLE, FailureClass.SELECTOR_MISS)
