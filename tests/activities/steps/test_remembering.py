"""Steps answered from what worked before, on real pages: learned, replayed, lost, fallen back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import JsonValue

from activities.browser.result import ActResult, failed
from activities.browser.snapshot import Snapshot
from activities.memory import Memory
from activities.steps.context import StepContext
from inference.cascade import Cascade
from inference.decisions import ActKind, Decision, DontKnow, Question
from inference.dom.tier import DomTier
from inference.memory.tier import MemoryTier
from inference.observation import Observation
from ledger.errors import LedgerAway
from ledger.models import Locator, LocatorFilter, LocatorPlace
from plans.calls import Outcome
from plans.step import FailureClass, Perception, TierName
from tests.activities.steps.conftest import _NUMBERS as NUMBERS
from tests.activities.steps.conftest import Bench, fresh, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<!doctype html><title>Shop</title><h1>Boats {number}</h1><main>
<p id=said></p><label>Your remark <input id=remark></label>
<button onclick="said.textContent += ' saved'">Save the boat</button>
<button onclick="said.textContent += ' other'">Compare boats</button>
<a href="#" onclick="return false">Share it</a></main>"""
DEAD = PAGE.replace("said.textContent += ' saved'", "")
TWIN = PAGE.replace("</main>", "<button onclick=\"said.textContent += ' twin'\">Save the boat"
                    "</button></main>")  # fmt: skip
GONE = PAGE.replace("Save the boat", "Order it")
LIST = """<!doctype html><title>Boats</title><main><h1>Boats</h1>{items}</main>"""
ITEM = """<div class=card style="height:80px;width:400px"><h3><a class=title href="/boat/{n}">
Sea Ray {n}</a></h3><p>A boat of {n} metres in a harbour of the north</p></div>"""


class Oracle:
    """A model tier that always means the first button, by a point."""

    name = TierName.CLAUDE

    async def decide(self, observation: Observation, question: Question) -> Decision | DontKnow:
        button = next(one for one in observation.elements if one.role == "button")
        return Decision(act=ActKind.CLICK, ref=button.ref, confidence=0.9, tier=self.name)


@pytest_asyncio.fixture(loop_scope="module")
async def bench(opened: Bench) -> AsyncIterator[Bench]:
    bench = await fresh(opened)
    await bench.ledger.locators.purge(LocatorFilter())
    bench.runner._cascade = Cascade((MemoryTier(), DomTier(), Oracle()))
    site = bench.shop.site
    site.pages["/boat/1"] = PAGE.format(number=1)
    site.pages["/boat/2"] = PAGE.format(number=2)
    yield bench
    await bench.runner.memory.written()


async def do(bench: Bench, intent: str, kind: str = "click", **fields: JsonValue) -> Outcome:
    step = step_of(intent, kind, **fields)
    outcome = await bench.do(bench.call(step, visit=next(NUMBERS)))
    await bench.runner.memory.written()
    return outcome


async def kept(bench: Bench) -> list[Locator]:
    return list(await bench.ledger.locators.page(LocatorFilter()))


async def said(bench: Bench) -> str:
    return (await bench.session.page.locator("#said").inner_text()).strip()


async def test_a_click_is_learned_replayed_and_trusted_on_all_pages_of_a_kind(bench: Bench):
    await bench.open("/boat/1")
    first = await do(bench, "Save the boat")
    assert (first.success, first.tier) == (True, TierName.DOM)
    (new,) = await kept(bench)
    assert (new.standing, new.page, new.intent) == ("new", "/boat/{id}", "save the boat")
    await bench.open("/boat/2")
    second = await do(bench, "Save the boat")
    assert (second.success, second.tier) == (True, TierName.MEMORY)
    (trusted,) = await kept(bench)
    assert (trusted.standing, trusted.wins) == ("trusted", 2)
    assert await said(bench) == "saved"


async def test_what_is_typed_is_kept_nowhere_and_another_value_finds_the_field(bench: Bench):
    await bench.open("/boat/1")
    for value, tier in (("Top Secret 99", TierName.DOM), ("Something else", TierName.MEMORY)):
        params: JsonValue = {"label": "Your remark", "value": value}
        intent = f"Type '{value}' into the remark"
        assert (await do(bench, intent, "fill_field", params=params)).tier is tier
        assert await bench.session.page.locator("#remark").input_value() == value
    (one,) = await kept(bench)
    text = one.model_dump_json().casefold()
    assert "secret" not in text and "something" not in text
    assert "{{value}}" in one.intent


async def test_a_replay_without_effect_is_not_done_again_and_is_quarantined(bench: Bench):
    await bench.open("/boat/1")
    for _ in range(2):
        await do(bench, "Save the boat")
    bench.shop.site.pages["/boat/3"] = DEAD.format(number=3)
    await bench.open("/boat/3")
    outcome = await do(bench, "Save the boat")
    assert (outcome.success, outcome.tier) == (False, TierName.MEMORY)
    (lost,) = await kept(bench)
    assert (lost.standing, lost.losses) == ("quarantined", 1)
    await bench.open("/boat/1")
    assert (await do(bench, "Save the boat")).tier is TierName.DOM
    (anew,) = await kept(bench)
    assert (anew.standing, anew.wins, anew.losses) == ("new", 1, 1)


async def test_a_handler_that_is_slow_is_called_once(bench: Bench):
    await bench.open("/boat/1")
    for _ in range(2):
        await do(bench, "Save the boat")
    slow = "window.calls = (window.calls || 0) + 1"
    bench.shop.site.pages["/boat/3"] = PAGE.format(number=3).replace(
        "said.textContent += ' saved'",
        f"{slow}; setTimeout(() => said.textContent += ' saved', 1500)",
    )
    await bench.open("/boat/3")
    await do(bench, "Save the boat")
    assert await bench.session.page.evaluate("window.calls") == 1


async def test_a_replay_that_never_reached_the_page_is_not_tried_on_the_same_element(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    await bench.open("/boat/1")
    for _ in range(2):
        await do(bench, "Save the boat")
    tried: list[str] = []

    async def unreachable(
        context: StepContext, snapshot: Snapshot, decision: Decision
    ) -> ActResult:
        tried.append(decision.tier)
        return failed(context.page, FailureClass.SELECTOR_MISS, "the target is not visible")

    monkeypatch.setattr(StepContext, "carry_out", unreachable)
    outcome = await do(bench, "Save the boat")
    assert outcome.failure_class is FailureClass.SELECTOR_MISS
    assert tried == [TierName.MEMORY]


async def test_an_act_that_had_an_effect_is_not_done_again_when_its_check_fails(bench: Bench):
    await bench.open("/boat/1")
    await do(bench, "Save the boat")
    hints: JsonValue = {"expect_text_present": "never there"}
    outcome = await do(bench, "Save the boat", hints=hints)
    assert not outcome.success
    assert await said(bench) == "saved saved"
    (lost,) = await kept(bench)
    assert lost.standing == "quarantined"


async def test_an_act_whose_check_fails_teaches_nothing(bench: Bench):
    await bench.open("/boat/1")
    hints: JsonValue = {"expect_text_present": "never there"}
    assert not (await do(bench, "Save the boat", hints=hints)).success
    assert await kept(bench) == []


async def test_a_look_alike_or_a_target_that_is_gone_is_no_answer_of_memory(bench: Bench):
    """
    > Perception tiers, cheapest first: `memory` (a locator that worked before, checked before it
    > is used),
    """
    await bench.open("/boat/1")
    for _ in range(2):
        await do(bench, "Save the boat")
    bench.shop.site.pages |= {"/boat/4": TWIN.format(number=4), "/boat/5": GONE.format(number=5)}
    for path in ("/boat/4", "/boat/5"):
        await bench.open(path)
        assert (await do(bench, "Save the boat")).tier is not TierName.MEMORY
    (still,) = await kept(bench)
    assert still.losses == 0


async def test_what_a_model_answers_is_learned(bench: Bench):
    await bench.open("/boat/1")
    assert (await do(bench, "Zzyzx quux")).tier is TierName.CLAUDE
    assert (await do(bench, "Zzyzx quux")).tier is TierName.MEMORY


async def test_the_next_item_and_the_loops_look_come_from_memory(bench: Bench):
    items = "".join(ITEM.format(n=n) for n in range(1, 6))
    bench.shop.site.pages["/boats"] = LIST.format(items=items)
    tiers: list[tuple[TierName | None, TierName | None]] = []
    for _ in range(2):
        await bench.open("/boats")
        visit = next(NUMBERS)
        step = step_of("Click the title of the next boat listing")
        click = bench.call(step, index=1, visit=visit, item_loop=4, section="extraction")
        outcome = await bench.do(click)
        assert outcome.success, outcome
        await bench.open("/boats")
        loop = step_of("Repeat for every boat", "loop", loop_target=1)
        call = bench.call(loop, kind="look", index=4, visit=visit, item_loop=4)
        looked = await bench.do(call)
        assert looked.has_more
        await bench.runner.memory.written()
        tiers.append((outcome.tier, looked.tier))
    assert tiers == [(TierName.DOM, TierName.DOM), (TierName.MEMORY, TierName.MEMORY)]


async def test_a_ledger_that_is_away_costs_the_memory_not_the_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    async def away(*_: object) -> tuple[Locator, ...]:
        raise LedgerAway("gone")

    async def hang(place: LocatorPlace, days: float) -> tuple[Locator, ...]:
        await asyncio.sleep(60)
        return ()

    await bench.open("/boat/1")
    for fault in (away, hang):
        monkeypatch.setattr(bench.ledger.locators, "find", fault)
        monkeypatch.setattr(bench.ledger.locators, "learn", away)
        outcome = await do(bench, "Save the boat")
        assert (outcome.success, outcome.tier) == (True, TierName.DOM)


async def test_no_memory_where_it_is_off_or_the_plan_chose_its_tiers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    await bench.open("/boat/1")
    off = bench.settings.model_copy(update={"memory": "off"})
    monkeypatch.setattr(bench.runner, "memory", Memory(bench.ledger, off))
    for _ in range(2):
        assert (await do(bench, "Save the boat")).tier is TierName.DOM
    assert await kept(bench) == []


async def test_a_plan_that_chose_its_tiers_neither_uses_nor_feeds_it(bench: Bench):
    await bench.open("/boat/1")
    learned = 0
    for perception, tier in (
        (Perception.AS_PLANNED, TierName.CLAUDE),
        (Perception.AUTO, TierName.DOM),
        (Perception.AS_PLANNED, TierName.CLAUDE),
    ):
        call = bench.call(step_of("Save the boat"), visit=next(NUMBERS))
        outcome = await bench.do(call, perception=perception)
        await bench.runner.memory.written()
        assert outcome.tier is tier
        learned += perception is Perception.AUTO
        assert len(await kept(bench)) == learned


async def test_a_worker_killed_before_the_lesson_is_written_loses_the_lesson_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    await bench.open("/boat/1")
    call = bench.call(step_of("Save the boat"), visit=next(NUMBERS))
    with monkeypatch.context() as dying:
        dying.setattr(bench.runner.memory, "_later", lambda work: work.close())
        first = await bench.do(call)
    await bench.lose_worker()
    again = await bench.do(call, again=1)
    assert first.success and again == first
    assert await said(bench) == "saved"
    assert await kept(bench) == []
    assert (await do(bench, "Save the boat")).tier is TierName.DOM
    assert len(await kept(bench)) == 1


async def test_a_thing_that_says_a_secret_is_not_kept(bench: Bench):
    run = (bench.run.tenant_id, bench.run.run_id)
    await bench.ledger.secrets.add(*run, "secret.1", "Hunter2Hunter2")
    button = "<button onclick=\"said.textContent += ' saved'\">Use Hunter2Hunter2</button>"
    bench.shop.site.pages["/boat/6"] = PAGE.format(number=6).replace("</main>", button)
    await bench.open("/boat/6")
    assert (await do(bench, "Use {{secret.1}}")).success
    assert await kept(bench) == []
    params: JsonValue = {"label": "Your remark", "value": "{{secret.1}}"}
    for tier in (TierName.DOM, TierName.MEMORY):
        outcome = await do(bench, "Fill the remark", "fill_field", params=params)
        assert (outcome.success, outcome.tier) == (True, tier)
    (one,) = await kept(bench)
    assert "hunter2" not in one.model_dump_json().casefold()


DETAIL = """<!doctype html><title>Boat</title><main><h1>A boat {n}</h1>
<dl><dt>Year</dt><dd>{year}</dd><dt>Length</dt><dd>{n} m</dd></dl>{more}</main>"""
ASKED: JsonValue = {
    "fields": [
        {"name": "year", "type": "int"},
        {"name": "length", "type": "str"},
        {"name": "berths", "type": "int"},
    ]
}


async def test_fields_are_read_where_they_stood_and_anew_where_something_changed(bench: Bench):
    berths = "<dl><dt>Berths</dt><dd>6</dd></dl>"
    moved = "<main><h1>A boat</h1><table><tr><th>Year<td>2011<tr><th>Length<td>9 m</table></main>"
    bench.shop.site.pages |= {
        "/boat/11": DETAIL.format(n=11, year=2001, more=""),
        "/boat/12": DETAIL.format(n=12, year=2002, more=""),
        "/boat/13": DETAIL.format(n=13, year=2003, more=berths),
        "/boat/14": moved,
    }
    seen: list[tuple[TierName | None, list[object]]] = []
    for number in (11, 12, 12, 13, 13, 14, 14, 11):
        await bench.open(f"/boat/{number}")
        outcome = await do(bench, "Extract the boat", "extract_data", extract=ASKED)
        assert outcome.success, outcome
        row = (await bench.ledger.rows.read(bench.run.tenant_id, bench.run.run_id))[-1]
        fields = row.record["fields"]
        assert isinstance(fields, dict)
        read = [fields[name]["value"] for name in ("year", "length", "berths")]  # type: ignore[index,call-overload]
        seen.append((outcome.tier, read))
    dom, kept_one = TierName.DOM, TierName.MEMORY
    assert [tier for tier, _ in seen] == [dom, kept_one, kept_one, dom, kept_one, dom, kept_one,
                                          kept_one]  # fmt: skip
    assert [read for _, read in seen] == [
        ["2001", "11 m", None],
        ["2002", "12 m", None],
        ["2002", "12 m", None],
        ["2003", "13 m", "6"],
        ["2003", "13 m", "6"],
        ["2011", "9 m", None],
        ["2011", "9 m", None],
        ["2001", "11 m", None],
    ]
    (one,) = await kept(bench)
    text = one.model_dump_json()
    assert "2001" not in text and "11 m" not in text and "year" in text


RESULTS = """<!doctype html><title>Boats</title><main><h1>Boats</h1>
<label>Sort by <select><option>Year<option>Price<option>Length</select></label>
<label><input type=checkbox> Private sellers only</label>{items}
<nav class=pager><a href="/results?p=1">1</a> <a href="/results?p=2">2</a>
<a href="/results?p=2" class=next>Next page</a></nav></main>"""


async def test_choosing_filtering_and_turning_pages_come_from_memory(bench: Bench):
    items = "".join(ITEM.format(n=n) for n in range(1, 6))
    bench.shop.site.pages["/results"] = RESULTS.format(items=items)
    steps: list[tuple[str, str, JsonValue]] = [
        ("Sort by price", "select_option", {"label": "Sort by", "value": "Price"}),
        ("Show private sellers only", "filter", {}),
        ("Go to the next page of results", "paginate", {}),
    ]
    for tier in (TierName.DOM, TierName.MEMORY):
        await bench.open("/results?p=1")
        for intent, kind, params in steps:
            outcome = await do(bench, intent, kind, params=params)
            assert (outcome.success, outcome.tier) == (True, tier), (intent, outcome)
    last = RESULTS.replace(' href="/results?p=2" class=next>', " class=next aria-disabled=true>")
    bench.shop.site.pages["/results"] = last.format(items=items)
    await bench.open("/results?p=2")
    assert (await do(bench, "Go to the next page of results", "paginate")).exhausted


async def test_the_next_page_from_memory_is_held_to_what_is_read_on_it(bench: Bench):
    items = "".join(ITEM.format(n=n) for n in range(1, 6))
    bench.shop.site.pages["/results"] = RESULTS.format(items=items)
    for _ in range(2):
        await bench.open("/results?p=1")
        await do(bench, "Go to the next page of results", "paginate")
    shown = RESULTS.replace("class=next>Next page", 'class=next aria-label="Next page">Delete it')
    bench.shop.site.pages["/results"] = shown.format(items=items)
    await bench.open("/results?p=1")
    outcome = await do(bench, "Go to the next page of results", "paginate")
    assert outcome.tier is not TierName.MEMORY
