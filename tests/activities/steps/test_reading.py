"""Records that Claude reads: asked for as planned or where the DOM lacks them, and proven."""

import pytest
from pydantic import JsonValue

from inference.asking import ExtractAsk, Extracted, GroundAsk, Reply
from ledger.models import ExtractedRow
from plans.calls import Money
from plans.step import FailureClass, Perception, Section, TierName
from tests.activities.steps.conftest import Bench, step_of
from tests.activities.steps.turns import Away, Turns, at

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BOAT = """<!doctype html><title>Boat</title><main><h1>2019 Sea Ray 240</h1>
<dl><dt>Year</dt><dd>2019</dd></dl>
<p>She lies in the waters off Cadiz and is on offer for thirty thousand; ask for Ann.</p>
<p>Phone: 555 123 4567</p></main>"""
LIST = """<!doctype html><title>Boats</title><main><h1>Boats</h1><ul>
<li><h2><a href=/boat/1>Sea Ray 240</a></h2><p>$30,000</p></li>
<li><h2><a href=/boat/2>Boston Whaler</a></h2><p>$20,000</p></li>
<li><h2><a href=/boat/3>Grady White</a></h2><p>$10,000</p></li></ul></main>"""


def fields(*names: str, required: bool = False) -> dict[str, JsonValue]:
    asked: list[JsonValue] = [{"name": name, "required": required} for name in names]
    return {"extract": {"fields": asked}}


async def show(bench: Bench, page: str, path: str = "/here") -> None:
    bench.shop.site.pages[path] = page
    await bench.open(path)


async def rows(bench: Bench) -> tuple[ExtractedRow, ...]:
    return await bench.ledger.rows.read(bench.run.tenant_id, bench.run.run_id)


async def told_of_step(bench: Bench) -> str:
    events = await bench.ledger.events.tail(*_names(bench), 10)
    return str([one.body for one in events if one.kind in ("step", "action")][-1])


def extracted(*records: dict[str, str | None]) -> Extracted:
    return Extracted(records=records)


async def test_what_the_dom_lacks_is_asked_and_only_what_stands_there_is_taken(
    bench: Bench,
) -> None:
    await show(bench, BOAT)
    step = step_of("Extract year, harbour and price", "extract_data", **fields("year"))
    step["extract"] = {
        "fields": [
            {"name": "year", "required": True},
            {"name": "harbour", "required": True},
            {"name": "price", "type": "price"},
        ]
    }
    answer = extracted({"year": "1999", "harbour": "Cadiz", "price": "$30,000"})
    turns = Turns(bench, [answer])
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE, outcome
    (ask,) = turns.asked
    assert isinstance(ask, ExtractAsk) and not ask.many
    assert ask.known.get("year") == "2019" and "Cadiz" in ask.look.text
    (row,) = await rows(bench)
    read = row.record["fields"]
    assert isinstance(read, dict)
    assert read["harbour"]["value"] == "Cadiz" and read["harbour"]["tier"] == "claude"
    assert read["harbour"]["element"]
    assert read["year"]["value"] == "2019" and read["year"]["tier"] == "dom"
    assert read["price"]["value"] is None
    assert outcome.cost == Money(gpu=100)


async def test_nothing_is_asked_where_the_dom_has_read_what_is_required(bench: Bench) -> None:
    await show(bench, BOAT)
    step = step_of("Extract the year", "extract_data", **fields("year", required=True))
    turns = Turns(bench)
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.tier is TierName.DOM and not turns.asks


async def test_as_planned_records_are_claudes_and_the_dom_stands_in(bench: Bench) -> None:
    await show(bench, BOAT)
    step = step_of("Extract the year", "extract_data", **fields("year", required=True))
    planned = Perception.AS_PLANNED
    turns = Turns(bench, [extracted({"year": "2019"})], perception=planned)
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE and len(turns.asks) == 1
    (ask,) = turns.asked
    assert isinstance(ask, ExtractAsk) and ask.known == {}
    lied = Turns(bench, [extracted({"year": "1901"})], perception=planned)
    outcome = await lied.play(bench.call(step, index=2))
    assert outcome.success and outcome.tier is TierName.DOM
    away = Turns(bench, [Away("no key")], perception=planned)
    outcome = await away.play(bench.call(step, index=3))
    assert outcome.success and outcome.tier is TierName.DOM
    told = await told_of_step(bench)
    assert "claude is away and was passed over: dom read the page: no key" in told
    none = Turns(bench, models=(TierName.HOLO3,), perception=planned)
    assert (await none.play(bench.call(step, index=4))).tier is TierName.DOM


async def test_a_record_that_nobody_can_read_fails_the_step(bench: Bench) -> None:
    await show(bench, BOAT)
    step = step_of("Extract the hull number", "extract_data", **fields("hull", required=True))
    turns = Turns(bench, [extracted({"hull": "XY-77812"})])
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.failure_class is FailureClass.EXTRACT_FAILED
    told = await told_of_step(bench)
    assert "do not stand on the page and were dropped: hull" in told and "77812" not in told


async def test_rows_are_read_by_claude_as_planned(bench: Bench) -> None:
    await show(bench, LIST)
    step = step_of("Extract the boats", "extract_rows", **fields("name", "price"))
    answer = extracted(
        {"name": "Sea Ray 240", "price": "$30,000"},
        {"name": "Boston Whaler", "price": "$20,000"},
        {"name": "Titanic", "price": "$1"},
    )
    turns = Turns(bench, [answer], perception=Perception.AS_PLANNED)
    outcome = await turns.play(bench.call(step, index=1))
    assert outcome.success and outcome.tier is TierName.CLAUDE, outcome
    (ask,) = turns.asked
    assert isinstance(ask, ExtractAsk) and ask.many
    names = [row.record["fields"]["name"]["value"] for row in await rows(bench)]  # type: ignore[index]
    assert names == ["Sea Ray 240", "Boston Whaler"]
    assert str((await rows(bench))[0].record["url"]).endswith("/boat/1")


async def test_as_planned_a_model_points_at_the_item_that_the_list_has_next(bench: Bench) -> None:
    for number in (1, 2, 3):
        bench.shop.site.pages[f"/boat/{number}"] = f"<title>b{number}</title><h1>Boat {number}</h1>"
    await show(bench, LIST)
    bench.shop.site.log.clear()
    step = step_of("Click the next listing", "click")
    turns = Turns(bench, [at("Sea Ray 240")], perception=Perception.AS_PLANNED)
    where: dict[str, JsonValue] = {"section": Section.EXTRACTION.value, "item_loop": 4}
    outcome = await turns.play(bench.call(step, index=1, **where))
    assert outcome.success and outcome.tier is TierName.HOLO3, outcome
    (ask,) = turns.asked
    assert isinstance(ask, GroundAsk) and ask.intent == 'the title "Sea Ray 240" of the list'
    assert bench.session.page.url.endswith("/boat/1")
    await show(bench, LIST)

    def astray(body: object) -> Reply:
        assert isinstance(body, GroundAsk)
        return at("Grady White")(body)

    turns = Turns(bench, [astray], perception=Perception.AS_PLANNED)
    outcome = await turns.play(bench.call(step, index=1, visit=1, iteration=1, **where))
    assert outcome.success and outcome.tier is TierName.DOM, outcome
    assert len(turns.asks) == 3 and bench.session.page.url.endswith("/boat/2")


def _names(bench: Bench) -> tuple[str, str]:
    return bench.run.tenant_id, bench.run.run_id
