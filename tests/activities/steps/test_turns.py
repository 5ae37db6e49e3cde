"""Steps that need a model: unwound, answered and made again."""

import pytest
from pydantic import JsonValue

from inference.asking import CheckAsk, GroundAsk, Grounded, Judged, NoAnswer
from inference.decisions import ActKind
from ledger.models import EventRow
from plans.calls import AskKind, Money
from plans.step import FailureClass, Perception, StepType, TierName
from tests.activities.steps.conftest import Bench, step_of
from tests.activities.steps.turns import Away, Turns, Unusable, at, named

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


async def test_what_a_call_has_asked_goes_when_the_call_is_over(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("a2")])
    before = set(turns.files())
    assert (await turns.play(bench.call(step_of("Split the view to the right"), index=1))).success
    assert turns.asked and turns.written
    left = set(turns.files()) - before
    assert {path.parent.name for path in left} == {"asks"}, "the answer alone, as models keep it"


async def test_who_is_not_sure_hands_on(bench: Bench) -> None:
    """> `auto`: each tier answers only when sure, else hands on."""
    await show(bench, ICONS)
    turns = Turns(bench, [at("a1", confidence=0.4), named("a2")])
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE
    assert outcome.cost == Money(gpu=200)
    assert [one.tier for one in turns.asks] == [TierName.HOLO3, TierName.CLAUDE]
    assert await bench.session.page.inner_text("#said") == "two"


def done(**more: JsonValue) -> Grounded:
    return Grounded(act=ActKind.DONE, confidence=0.9, said={"tool": "done"}).model_copy(update=more)


MENU = """<!doctype html><title>Tools</title><main><h1>Tools</h1>
<button aria-label='m1' onclick="list.hidden = false; n.textContent = +n.textContent + 1">⋮</button>
<div id=list hidden><button aria-label='q7' onclick="said.textContent='chosen'">⊞</button></div>
<p id=said></p><p id=n>0</p></main>"""


async def test_a_model_goes_on_act_by_act_and_sees_what_came_of_each(bench: Bench) -> None:
    await show(bench, MENU)
    script = [at("m1", goes_on=True, said={"n": 1}), at("q7", goes_on=True, said={"n": 2}), done()]
    turns = Turns(bench, script, models=(TierName.HOLO3,))
    outcome = await turns.play(bench.call(step_of("Arrange it in a grid", "filter"), index=1))
    assert outcome.success, outcome
    assert await bench.session.page.inner_text("#said") == "chosen"
    assert await bench.session.page.inner_text("#n") == "1"
    assert outcome.cost == Money(gpu=300)
    last = turns.asked[-1]
    assert isinstance(last, GroundAsk)
    assert [turn.said for turn in last.turns] == [{"n": 1}, {"n": 2}]
    assert [one.name for one in last.done] == ["m1", "q7"]
    assert last.turns[0].came_of.startswith("done") and last.budget == 6
    second = turns.asked[1]
    assert isinstance(second, GroundAsk)
    assert last.turns[0] == second.turns[0], "histories only grow"


async def test_a_budget_is_the_most_that_a_model_does(bench: Bench) -> None:
    """> `budget` (actions at most, 8),"""
    await show(bench, MENU)
    turns = Turns(bench, [at("m1", goes_on=True)], models=(TierName.HOLO3,))
    call = bench.call(step_of("Arrange it in a grid", "filter", budget=3), index=1)
    outcome = await turns.play(call)
    assert outcome.failure_class is FailureClass.BUDGET_EXHAUSTED, outcome
    assert await bench.session.page.inner_text("#n") == "3"
    assert len(turns.asks) == 3


async def test_what_a_model_calls_done_counts_only_where_something_was_done_or_shows(
    bench: Bench,
) -> None:
    await show(bench, MENU)
    turns = Turns(bench, [done()], models=(TierName.HOLO3,))
    outcome = await turns.play(bench.call(step_of("Arrange it in a grid", "filter"), index=1))
    assert outcome.failure_class is FailureClass.NO_STATE_CHANGE, outcome
    hinted = step_of("Arrange it in a grid", "filter", hints={"expect_text_present": "Tools"})
    assert (await Turns(bench, [done()]).play(bench.call(hinted, index=2))).success
    shown = step_of("Arrange it in a grid", "filter", verify='The page shows "Tools"')
    assert (await Turns(bench, [done()]).play(bench.call(shown, index=3))).success
    missing = step_of("Arrange it in a grid", "filter", verify='The page shows "Grid"')
    outcome = await Turns(bench, [done()]).play(bench.call(missing, index=4))
    assert outcome.failure_class is FailureClass.NO_STATE_CHANGE, outcome


async def test_a_model_waits_and_fails_and_tries_on(bench: Bench) -> None:
    await show(bench, MENU + "<button aria-label=dead>·</button>")
    wait = Grounded(act=ActKind.WAIT, confidence=0.9, said={"tool": "wait"})
    script = [wait, at("dead", goes_on=True, said={"n": 1}), at("m1", goes_on=True), done()]
    turns = Turns(bench, script, models=(TierName.HOLO3,))
    outcome = await turns.play(bench.call(step_of("Arrange it in a grid", "filter"), index=1))
    assert outcome.success, outcome
    last = turns.asked[-1]
    assert isinstance(last, GroundAsk)
    assert last.turns[0].came_of == "waited" and last.turns[1].came_of.startswith("failed")


async def test_a_model_asks_the_user_and_is_told_by_reference(bench: Bench) -> None:
    await show(bench, "<!doctype html><title>x</title><input aria-label=z9><p id=said></p>")
    asks = Grounded(act=ActKind.INPUT, confidence=0.9, text="Which of the towns?", said={"n": 1})
    text = "{{secret.answer.p1.0}}"
    script = [asks, at("z9", ActKind.FILL, text=text, goes_on=True), done()]
    turns = Turns(bench, script, models=(TierName.HOLO3,), user=["Ulan Bator"])
    bench.shop.site.pages["/plan"] = ""
    outcome = await turns.play(bench.call(step_of("Do what it takes", "filter"), index=1))
    assert [one.kind for one in turns.asks] == [AskKind.GROUND, AskKind.INPUT] + [
        AskKind.GROUND
    ] * (len(turns.asks) - 2)
    asked = 'The model that works on the step "Do what it takes" asks (the question is its own): '
    assert turns.asks[1].prompt == f"{asked}Which of the towns?" and turns.asks[1].tier is None
    told = turns.asked[1]
    assert isinstance(told, GroundAsk)
    assert told.turns[0].came_of == f"The user answered: {text}"
    assert outcome.failure_class is FailureClass.NAV_BLOCKED, "no plan names this host"
    assert all("Ulan" not in one.model_dump_json() for one in turns.outcomes)


async def test_an_answer_that_reads_like_a_type_of_steps_breaks_no_step(bench: Bench) -> None:
    await show(bench, "<!doctype html><title>x</title><input aria-label=z9>")
    asks = Grounded(act=ActKind.INPUT, confidence=0.9, text="How is it called?", said={"n": 1})
    user = ["filter", "holo3"]
    turns = Turns(bench, [asks, asks, done()], models=(TierName.HOLO3,), user=user)
    await turns.play(bench.call(step_of("Do what it takes", "filter"), index=1))
    told = turns.asked[1]
    assert isinstance(told, GroundAsk)
    assert told.step.type is StepType.FILTER
    shown = (await newest(bench)).body
    assert (shown["type"], shown["tier"]) == ("filter", "holo3")


async def test_models_that_are_away_are_passed_over_and_named(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [Away("the pool is down"), named("a2")])
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE
    notes = str((await newest(bench)).body["notes"])
    assert "holo3 is away and was passed over: claude answered: the pool is down" in notes
    turns = Turns(bench, [Away("the pool is down"), Away("no key")])
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=2))
    assert not outcome.success and "the pool is down" in outcome.message
    assert len(turns.asks) == 2
    turns = Turns(bench, [Unusable(), Unusable()])
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=3))
    assert outcome.failure_class is FailureClass.SELECTOR_MISS, outcome
    assert outcome.cost == Money(gpu=200)


NAMED = """<!doctype html><title>x</title><button onclick="said.textContent='a'">Save</button>
<button onclick="said.textContent='b'">Open</button><p id=said></p>"""


async def test_as_planned_models_are_asked_first_and_the_dom_stands_in(bench: Bench) -> None:
    """
    > `as_planned`: the step's own marks decide (`claude_only` → claude; else holo3,

    > Where a tier that is needed is not configured, the next one that can answer does, and the
    > step says which;
    """
    await show(bench, NAMED)
    planned = Perception.AS_PLANNED
    turns = Turns(bench, [at("Save")], perception=planned)
    outcome = await turns.play(bench.call(step_of("Click 'Save'"), index=1))
    assert outcome.success and outcome.tier is TierName.HOLO3, outcome
    only = step_of("Click 'Save'", claude_only=True)
    turns = Turns(bench, [named("Save")], perception=planned)
    outcome = await turns.play(bench.call(only, index=2))
    assert outcome.success and outcome.tier is TierName.CLAUDE
    turns = Turns(bench, [Away(), Away()], perception=planned)
    outcome = await turns.play(bench.call(step_of("Click 'Save'"), index=3))
    assert outcome.success and outcome.tier is TierName.DOM
    assert "holo3 is away and was passed over: dom answered" in str((await newest(bench)).body)
    outcome = await Turns(bench, models=(), perception=planned).play(
        bench.call(step_of("Click 'Save'"), index=4)
    )
    assert outcome.success and outcome.tier is TierName.DOM
    assert "not configured and passed over: holo3, claude" in str((await newest(bench)).body)


async def test_claude_refines_the_place_that_holo3_names(bench: Bench) -> None:
    """> with `grounding` → claude refines)."""
    await show(bench, NAMED)
    turns = Turns(bench, [at("Save"), named("Open")], perception=Perception.AS_PLANNED)
    step = step_of("Click the one on the right", grounding=True)
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE
    assert await bench.session.page.inner_text("#said") == "b"
    refining = turns.asked[1]
    assert isinstance(refining, GroundAsk) and refining.proposed is not None
    shown = next(one for one in refining.look.elements if one.ref == refining.proposed.ref)
    assert shown.name == "Save"
    turns = Turns(bench, [at("Save"), Away()], perception=Perception.AS_PLANNED)
    outcome = await turns.play(bench.call(step, index=2))
    assert outcome.success and outcome.tier is TierName.HOLO3
    assert await bench.session.page.inner_text("#said") == "a"


COUNTER = """<!doctype html><title>Cart</title><h1>Your cart</h1>
<button onclick="n.textContent = +n.textContent + 1">Add</button><p id=n>0</p>"""


async def test_an_act_is_not_done_again_while_its_gate_is_asked_about(bench: Bench) -> None:
    await show(bench, COUNTER)
    step = step_of("Click 'Add'", verify="The cart looks friendly", gate=True)
    turns = Turns(bench, [Judged(verdict="holds", evidence="a smile")])
    outcome = await turns.play(bench.call(step, index=1))
    assert (outcome.success, outcome.gate) == (True, "holds"), outcome
    assert await bench.session.page.inner_text("#n") == "1"
    assert [one.tier for one in turns.asks] == [TierName.CLAUDE]
    (ask,) = turns.asked
    assert isinstance(ask, CheckAsk) and ask.condition == "The cart looks friendly" and ask.said
    assert outcome.tier is TierName.DOM and outcome.cost == Money(gpu=100)
    turns = Turns(bench, [Judged(verdict="fails", evidence="no smile")])
    outcome = await turns.play(bench.call(step, index=2))
    assert outcome.gate == "fails" and "no smile" in outcome.message
    turns = Turns(bench, [Away("no key")])
    outcome = await turns.play(bench.call(step, index=3))
    assert outcome.gate == "undecided"


async def test_what_is_visible_is_asked_where_the_rules_cannot_tell(bench: Bench) -> None:
    await show(bench, "<title>x</title><p>The green boat of the harbour is sold</p>")
    step = step_of("Is it so?", "if_else", then_target=0, else_target=0)
    turns = Turns(bench, [Judged(verdict="fails", evidence="it is not")])
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.truth is False and outcome.tier is TierName.CLAUDE, outcome
    turns = Turns(bench, [NoAnswer(why="it can't be seen")], models=(TierName.HOLO3,))
    outcome = await turns.play(bench.call(step, index=2))
    assert outcome.failure_class is FailureClass.GATE_UNDECIDED
    assert [one.tier for one in turns.asks] == [TierName.HOLO3]


async def test_a_page_that_changes_is_asked_about_anew_and_not_for_ever(bench: Bench) -> None:
    await show(bench, ICONS)
    page = bench.session.page
    change = "() => { const b = [...document.querySelectorAll('button')].pop();"
    change += " b.style.marginLeft = (parseInt(b.style.marginLeft || 0) + 300) + 'px' }"

    async def once(turns: Turns) -> None:
        if len(turns.asked) == 1:
            await page.evaluate(change)

    turns = Turns(bench, [at("a2")], before=once)
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert outcome.success and len(turns.asks) == 2, outcome
    assert await page.inner_text("#said") == "two"
    await show(bench, ICONS)
    turns = Turns(bench, [at("a2")], before=lambda _: page.evaluate(change))
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=2))
    assert outcome.failure_class is FailureClass.WRONG_TARGET, outcome
    assert "holo3 was asked 3 times, and the page changed each time" in outcome.message
    assert await page.inner_text("#said") == "" and outcome.cost == Money(gpu=300)


async def newest(bench: Bench) -> EventRow:
    rows = await bench.ledger.events.tail(bench.run.tenant_id, bench.run.run_id, 1)
    return rows[-1]


async def test_without_models_nothing_is_asked(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, models=())
    outcome = await turns.play(bench.call(step_of("Split the view to the right"), index=1))
    assert not outcome.success and not turns.asks
    assert outcome.failure_class in (FailureClass.MODEL_UNAVAILABLE, FailureClass.SELECTOR_MISS)
