"""Steps on live pages: what is farther down is brought, what is undecided is said to be."""

import asyncio
import json

import pytest

from activities.browser.act import perform
from activities.browser.aiming import aim
from activities.browser.snapshot import capture
from activities.steps.runner import StepRunner
from activities.steps.seeking import Seek, may_seek
from inference.cascade import Cascade
from inference.decisions import ActKind, Decision, Point, Question
from inference.observation import Observation
from plans.step import FailureClass, Step, TierName
from tests.activities.steps.conftest import Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FEED = """<!doctype html><title>Feed</title><h1>Towns</h1><ul id=list></ul><div id=end>…</div>
<script>
let n = 0; const names = ['Oslo', 'Lima', 'Quito', 'Zanzibar'];
const more = () => { if (n >= 4) return; const name = names[n++];
  for (let i = 0; i < 12; i += 1) { const li = document.createElement('li');
    li.style.height = '80px';
    li.innerHTML = i ? `<span>house ${n}-${i}</span>` : `<button>${name}</button>`;
    li.onclick = (e) => { if (e.target.localName === 'button') e.target.textContent += ' opened' };
    list.append(li) } };
new IntersectionObserver((e) => { if (e[0].isIntersecting) fetch('/thanks').then(more)
}).observe(end);
</script>"""

VIRTUAL = """<!doctype html><title>Rows</title><h1>Rows</h1>
<div id=box style='height: 300px; overflow: auto'>
<div id=all style='position: relative'></div></div>
<p id=said></p><script>
const rows = Array.from({length: 400}, (_, i) => i === 210 ? 'Cormorant' : `entry ${i}`);
all.style.height = rows.length * 30 + 'px';
const draw = () => { const first = Math.floor(box.scrollTop / 30); all.innerHTML = '';
  rows.slice(first, first + 12).forEach((name, i) => { const row = document.createElement('button');
    row.textContent = name;
    row.style.cssText = `position:absolute;top:${(first + i) * 30}px;height:28px`;
    row.onclick = () => { said.textContent = name }; all.append(row) }) };
box.onscroll = draw; draw();
</script>"""

DRAWN = """<!doctype html><title>Map</title><div style='height: 900px'></div>
<canvas id=map width=300 height=200></canvas><p id=said></p>
<iframe width=200 height=100
srcdoc="<button style='margin: 20px' onclick='this.textContent = 1'>in</button>">
</iframe><script>map.onclick = (e) => { said.textContent = `${e.offsetX},${e.offsetY}` }</script>"""


async def show(bench: Bench, page: str) -> None:
    bench.shop.site.pages["/here"] = page
    await bench.open("/here")


async def test_what_is_farther_down_is_brought(bench: Bench) -> None:
    await show(bench, FEED)
    outcome = await bench.do(bench.call(step_of("Click 'Zanzibar'"), index=1))
    assert outcome.success, outcome
    assert await bench.session.page.query_selector("text=Zanzibar opened")
    outcome = await bench.do(bench.call(step_of("Click 'Atlantis'"), index=2))
    assert outcome.failure_class is FailureClass.SELECTOR_MISS, outcome
    await show(bench, VIRTUAL)
    outcome = await bench.do(bench.call(step_of("Click 'Cormorant'"), index=3))
    assert outcome.success, outcome
    assert await bench.session.page.inner_text("#said") == "Cormorant"


async def test_nothing_is_sought_for_a_risky_act() -> None:
    for step in (step_of("Click 'Delete account'"), step_of("Send it", "submit")):
        assert not may_seek(Step.model_validate(step))
    assert not may_seek(Step.model_validate(step_of("Click 'Oslo'", once=True)))
    assert may_seek(Step.model_validate(step_of("Click 'Oslo'")))


async def test_what_a_run_can_do_without_is_sought_shortly(bench: Bench) -> None:
    now = asyncio.get_running_loop().time()
    most = [
        round(Seek.within(bench.session.page, left_s, required=required).until - now)
        for left_s, required in ((60.0, False), (60.0, True), (8.0, True))
    ]
    assert most == [6, 20, 4]


async def test_a_question_that_cannot_be_decided_is_no_no(bench: Bench) -> None:
    await show(bench, "<title>x</title><p>The green boat of the harbour is sold</p>")
    undecided = step_of("Is it so?", "if_else", then_target=0, else_target=0)
    outcome = await bench.do(bench.call(undecided, index=1))
    assert outcome.failure_class is FailureClass.GATE_UNDECIDED, json.dumps(outcome.message)
    assert outcome.truth is None
    by_selector = step_of("Is it so?", "detect_visible", params={"selector": "p"}, out_var="seen")
    assert (await bench.do(bench.call(by_selector, index=2))).truth is True
    missing = step_of("Is it so?", "detect_visible", params={"selector": "b"}, out_var="seen")
    assert (await bench.do(bench.call(missing, index=3))).truth is False


async def test_a_point_is_hit_where_it_is(bench: Bench) -> None:
    await show(bench, DRAWN)
    page = bench.session.page
    await page.evaluate("() => scrollTo(0, 500)")
    snapshot = await capture(page)
    box = await page.evaluate("() => { const b = map.getBoundingClientRect(); return [b.x, b.y] }")
    for point, act in ((Point(x=box[0] + 70, y=box[1] + 30), ActKind.CLICK),):
        decision = Decision(act=act, ref=None, confidence=0.9, tier=TierName.DOM, point=point)
        target = await aim(page, snapshot, decision)
        assert (await perform(page, target.element, act, at=target.at)).success
        assert await page.inner_text("#said") == "70,30"
    inner = await page.evaluate(
        "() => { const b = document.querySelector('iframe').getBoundingClientRect();"
        " return [b.x, b.y] }"
    )
    point = Point(x=inner[0] + 40, y=inner[1] + 42)
    decision = Decision(act=ActKind.CLICK, ref=None, confidence=0.9, tier=TierName.DOM, point=point)
    target = await aim(page, snapshot, decision)
    result = await perform(page, target.element, ActKind.CLICK, at=target.at)
    assert result.success, result
    await snapshot.dispose()


PAGER = """<!doctype html><title>List</title><main><ul>%s</ul></main>
<nav aria-label=pagination><a rel=next href='#' id=next>Next page</a></nav><script>
document.querySelector('#next').onclick = (e) => { e.preventDefault();
  e.target.classList.toggle('pressed'); if (%s) setTimeout(() => {
  document.querySelectorAll('li h3').forEach((h, i) => {
    h.textContent = `Cutter ${i + 20}` }) }, 300) }
</script>"""
ITEMS = "".join(
    f"<li><h3><a href=/boat/{i}>Sloop {i}</a></h3><p>{i}9,500 EUR, Kiel</p></li>" for i in range(6)
)


async def test_a_turned_page_shows_other_records(bench: Bench) -> None:
    for works in ("true", "false"):
        await show(bench, PAGER % (ITEMS, works))
        call = bench.call(step_of("Go to the next page", "paginate"), index=1, visit=len(works))
        outcome = await bench.do(call)
        assert outcome.success is (works == "true"), outcome
    assert outcome.failure_class is FailureClass.NO_STATE_CHANGE


BOXES = """<!doctype html><title>Toppings</title><fieldset><legend>Toppings</legend>
<label><input type=checkbox>Olives</label><label><input type=checkbox>Basil</label>
<label><input type=checkbox>Capers</label></fieldset><script>
if (%s) document.querySelector('fieldset').onchange = () => {
  const on = [...document.querySelectorAll(':checked')]; if (on.length > 2) on[0].checked = false }
</script>"""


class Scripted:
    """A tier that switches all checkboxes on."""

    name = TierName.DOM

    async def decide(self, observation: Observation, question: Question) -> Decision:
        refs = [one.ref for one in observation.elements if one.role == "checkbox"]
        first, *others = refs
        return Decision(
            act=ActKind.CHECK, ref=first, also=tuple(others), confidence=0.99, tier=self.name
        )


async def test_all_of_several_must_stand_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = StepRunner(bench.ledger, bench.registry, Cascade((Scripted(),)), bench.settings)
    monkeypatch.setattr(bench, "runner", runner)
    await show(bench, BOXES % "false")
    outcome = await bench.do(bench.call(step_of("Tick all toppings"), index=1))
    assert outcome.success, outcome
    assert await bench.session.page.locator(":checked").count() == 3
    await show(bench, BOXES % "true")
    outcome = await bench.do(bench.call(step_of("Tick all toppings"), index=2))
    assert outcome.failure_class is FailureClass.NO_STATE_CHANGE, outcome
