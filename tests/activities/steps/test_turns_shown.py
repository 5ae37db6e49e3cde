"""What models are shown, what is kept of what they said, and what is learned of it."""

import base64
import hashlib
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.asks_store import AskLost, AsksStore
from activities.browser.picture import size_of_jpeg
from activities.steps.pausing import PauseOpener
from inference.asking import GroundAsk, Grounded, Judged
from inference.cascade import Cascade
from inference.decisions import ActKind
from inference.dom.tier import DomTier
from inference.memory.tier import MemoryTier
from inference.sight_page import read_sights
from plans.calls import Money
from plans.step import FailureClass, Perception, TierName
from tests.activities.steps.conftest import Bench, admitted, step_of
from tests.activities.steps.turns import Turns, at, named
from workflows.interfaces import ModelAnswer, PauseOpening, RunKey

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

USER, CODE = "ann.lee@boats.example", "tr0ub4dor-and-3"
ACCOUNT = f"""<!doctype html><title>Account of {USER}</title>
<body style="margin:0;background:#fff">
<p style="position:absolute;left:40px;top:40px;width:400px;height:40px;
 background:#ffff00">{USER}</p>
<input aria-label=u1 value="{USER}" style="position:absolute;left:40px;top:140px;width:400px;
 height:40px;background:#ffff00;border:0">
<input type=password aria-label=p1 value="{CODE}" style="position:absolute;left:40px;top:240px">
<button aria-label=k1 style="position:absolute;left:40px;top:340px">◧</button>
<div style="position:absolute;left:40px;top:440px;width:400px;height:40px;background:#ffff00"></div>
</body>"""
YELLOW = """async ([picture, points]) => {
  const image = new Image(); image.src = 'data:image/jpeg;base64,' + picture; await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
  return points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3)); }"""
ICONS = """<!doctype html><title>Tools</title><main><h1>Tools</h1>
<button id=left aria-label='Dock the panel' onclick="said.textContent='one'">◧</button>
<button id=right aria-label='Float the panel' onclick="said.textContent='two'">◨</button>
<p id=said></p></main>"""


async def show(bench: Bench, page: str) -> None:
    bench.shop.site.pages["/here"] = page
    await bench.open("/here")


async def with_secrets(bench: Bench) -> None:
    plan: JsonValue = {"steps": [{"intent": f"Open {bench.shop.url('/')}", "type": "navigate"}]}
    await admitted(bench, plan)
    names = (bench.run.tenant_id, bench.run.run_id)
    await bench.ledger.secrets.add(*names, "secret.1", USER)
    await bench.ledger.secrets.add(*names, "secret.2", CODE)


async def test_a_model_is_shown_no_secret(bench: Bench) -> None:
    await with_secrets(bench)
    await show(bench, ACCOUNT)
    turns = Turns(bench, [at("k1")], perception=Perception.AS_PLANNED)
    request = turns.request(bench.call(step_of("Split the view", "click"), index=1))
    outcome = await turns.turn(request)
    assert outcome.ask is not None
    body = await turns.store.read(bench.run, outcome.ask.body)
    assert isinstance(body, GroundAsk)
    told = body.model_dump_json() + outcome.model_dump_json()
    assert USER not in told and CODE not in told
    assert "{{secret.1}}" in body.look.text and body.look.title == "Account of {{secret.1}}"
    field = next(one for one in body.look.elements if one.name == "u1")
    assert field.value == "{{secret.1}}"
    assert next(one for one in body.look.elements if one.name == "p1").value == ""
    picture = body.look.picture
    assert picture is not None
    taken = await turns.store.picture(bench.run, picture.key)
    assert size_of_jpeg(taken) == (picture.width, picture.height)
    assert (picture.width, picture.height) == (body.look.width, body.look.height)
    page = bench.session.page
    points = [[400, 60], [400, 160], [300, 460]]
    read = await page.evaluate(YELLOW, [base64.b64encode(taken).decode(), points])
    dark, field_dark, shown = read
    assert max(dark) < 60 and max(field_dark) < 60, read
    assert min(shown[:2]) > 200 and shown[2] < 90, read
    assert await page.evaluate("document.documentElement.children.length") == 2, "nothing is left"


async def test_the_page_of_explanations_shows_what_each_tier_said(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("Dock the panel", confidence=0.4), named("Float the panel")])
    call = bench.call(step_of("Do the second thing", "filter"), index=1)
    outcome = await turns.play(call)
    assert outcome.success, outcome
    folder = bench.settings.run_dir(bench.run.tenant_id, bench.run.run_id)
    (sight,) = read_sights((folder / "step_1_0_1.html").read_text())
    said = [
        (one.tier, one.outcome, one.cost.gpu)
        for one in sight.trail
        if one.outcome != "not_configured"
    ]
    assert said[-2:] == [(TierName.HOLO3, "unsure", 100), (TierName.CLAUDE, "answered", 100)]
    assert sight.chosen is not None and sight.chosen.targets[0].name == "Float the panel"
    assert sight.came_of.startswith("done")


DRAWN = """<!doctype html><title>Map</title><canvas id=map width=400 height=300
 style="position:absolute;left:100px;top:100px;background:#eee"></canvas><p id=said></p>
<script>map.onclick = e => { said.textContent = `${e.offsetX},${e.offsetY}` }</script>"""


async def test_a_place_on_a_canvas_is_hit_and_shown(bench: Bench) -> None:
    await show(bench, DRAWN)
    place = Grounded(act=ActKind.CLICK, x=250.0, y=180.0, confidence=0.9)
    turns = Turns(bench, [place], perception=Perception.AS_PLANNED)
    outcome = await turns.play(bench.call(step_of("Set the pin", "click"), index=1))
    assert outcome.success, outcome
    assert await bench.session.page.inner_text("#said") == "150,80"
    folder = bench.settings.run_dir(bench.run.tenant_id, bench.run.run_id)
    (sight,) = read_sights((folder / "step_1_0_1.html").read_text())
    assert sight.chosen is not None and sight.chosen.targets[-1].name == "250, 180"


async def test_explanations_of_all_turns_are_kept(bench: Bench) -> None:
    await show(bench, ICONS)
    script = [at("Dock the panel", goes_on=True), at("Float the panel")]
    turns = Turns(bench, script, models=(TierName.HOLO3,))
    step = step_of("Do both things", "filter", verify="The tools look friendly")
    turns.script = [*script, Judged(verdict="holds", evidence="a smile")]
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success, outcome
    folder = bench.settings.run_dir(bench.run.tenant_id, bench.run.run_id)
    looks = read_sights((folder / "step_1_0_1.html").read_text())
    assert [one.chosen.targets[0].name for one in looks if one.chosen] == [
        "Dock the panel",
        "Float the panel",
    ]


async def test_what_a_model_chose_is_remembered_and_costs_nothing_the_second_time(
    bench: Bench,
) -> None:
    before = bench.runner._cascade
    bench.runner._cascade = Cascade((MemoryTier(), DomTier()))
    try:
        await show(bench, ICONS)
        step = step_of("Put the panel beside the window", "click")
        turns = Turns(bench, [named("Dock the panel")])
        outcome = await turns.play(bench.call(step, index=1))
        assert outcome.success and outcome.cost == Money(gpu=100), outcome
        await bench.runner.memory.written()
        await show(bench, ICONS)
        turns = Turns(bench)
        outcome = await turns.play(bench.call(step, index=2))
        assert outcome.success and outcome.tier is TierName.MEMORY, outcome
        assert outcome.cost == Money() and not turns.asks
        checked = step_of("Lay the panel beside the door", "click", verify="It looks friendly")
        script = [named("Float the panel"), Judged(verdict="holds", evidence="a smile")]
        assert (await Turns(bench, script).play(bench.call(checked, index=3))).success
        await bench.runner.memory.written()
        turns = Turns(bench, [Judged(verdict="holds", evidence="a smile")])
        outcome = await turns.play(bench.call(checked, index=4))
        assert outcome.tier is TierName.MEMORY and len(turns.asks) == 1, outcome
    finally:
        bench.runner._cascade = before


async def test_no_money_left_ends_the_step(bench: Bench) -> None:
    await show(bench, ICONS)
    turns = Turns(bench, [at("Dock the panel")])
    request = turns.request(bench.call(step_of("Do the second thing", "filter"), index=1))
    request = await turns.answered(request, await turns.turn(request))
    none = ModelAnswer(tier=TierName.HOLO3, failure="over_budget", message="0.02 of 0.02 USD")
    outcome = await turns.turn(request.model_copy(update={"answer": none}))
    assert outcome.failure_class is FailureClass.LIMIT_EXCEEDED and "0.02" in outcome.message
    assert await bench.session.page.inner_text("#said") == ""


async def test_rows_are_kept_while_their_gate_is_asked_about(bench: Bench) -> None:
    await with_secrets(bench)
    await show(
        bench, f"<!doctype html><main><h1>Boat</h1><p>Year: 2019</p><p>Owner: {USER}</p></main>"
    )
    fields: JsonValue = [{"name": "year", "required": True}, {"name": "owner"}]
    step = step_of(
        "Extract year and owner",
        "extract_data",
        extract={"fields": fields},
        out_var="boat",
        verify="It looks friendly",
    )
    turns = Turns(bench, [Judged(verdict="holds", evidence="a smile")])
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.rows_added == 1 and outcome.truth, outcome
    assert all(USER not in one.model_dump_json() for one in turns.outcomes)
    names = (bench.run.tenant_id, bench.run.run_id)
    (row,) = await bench.ledger.rows.read(*names)
    assert "2019" in str(row.record) and USER not in str(row.record)
    assert USER not in str(await bench.ledger.variables.get_all(*names))
    files = bench.settings.run_dir(*names).rglob("*.json")
    assert all(USER not in path.read_text() for path in files)


async def test_what_a_model_asks_opens_a_pause_with_its_words(bench: Bench) -> None:
    await with_secrets(bench)
    await show(bench, ICONS)
    call = bench.call(step_of("Do the second thing", "filter"), index=4)
    opening = PauseOpening(
        run=bench.run, session=bench.ref(), pause_id="p1", call=call, prompt=f"Is {USER} right?"
    )
    await PauseOpener(bench.ledger, bench.registry)._open(opening)
    pause = await bench.ledger.pauses.newest(bench.run.tenant_id, bench.run.run_id)
    assert pause is not None
    assert (pause.prompt, pause.needs_input, pause.step_index) == ("Is *** right?", True, 4)


async def test_the_store_keeps_to_the_folder_of_its_run(tmp_path: Path) -> None:
    store, run = AsksStore(tmp_path), RunKey(tenant_id="acme", run_id="r1")
    key = await store.write_document(run, {"a": 1})
    assert await store.read_document(run, key) == {"a": 1}
    assert (tmp_path / "tenants/acme/runs/r1" / key).is_file()
    other = RunKey(tenant_id="acme", run_id="r2")
    outside = hashlib.sha256(b"").hexdigest()
    for name in ("", "asks/../x.json", "../x", f"asks/{outside}.html", f"/asks/{outside}.json"):
        with pytest.raises(AskLost):
            await store.read_document(run, name)
    with pytest.raises(AskLost):
        await store.read_document(other, key)
    for bad in ("..", "a/b", "", ".hidden"):
        with pytest.raises(AskLost):
            await store.read_document(RunKey(tenant_id=bad, run_id="r1"), key)
    (tmp_path / "tenants/acme/runs/r1" / key).write_text('{"a": 2}')
    with pytest.raises(AskLost):
        await store.read_document(run, key)
    with pytest.raises(AskLost):
        await store.read(run, await store.write_document(run, {"kind": "nothing"}))
