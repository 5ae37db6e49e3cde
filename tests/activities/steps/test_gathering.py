"""Lists that show more as they are scrolled or asked to, and what tells their records apart."""

from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from activities.steps.records import keyed
from inference.decisions import FieldValue, Record
from tests.activities.steps.conftest import Bench, step_of

browser = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CARD = """`<li style="height:120px"><h3><a href="/boat/${n}">Boat ${n}</a></h3>
<p>$${1000 + n}</p></li>`"""
ENDLESS = f"""<!doctype html><title>Boats</title><h1>Boats</h1><ul id=list></ul><script>
let n = 0; const more = () => {{ for (let i = 0; i < 12 && n < 60; i++) {{ n++;
  list.insertAdjacentHTML("beforeend", {CARD}); }} }}; more();
addEventListener("scroll", () => setTimeout(() => {{
  if (scrollY + innerHeight > document.body.scrollHeight - 300) more() }}, 80)); </script>"""
LOAD_MORE = f"""<!doctype html><title>Boats</title><h1>Boats</h1><ul id=list></ul>
<button id=b onclick="setTimeout(more, 120)">Load more</button><script>
let n = 0; const more = () => {{ for (let i = 0; i < 5; i++) {{ n++;
  list.insertAdjacentHTML("beforeend", {CARD}); }} if (n >= 15) b.remove() }}; more();</script>"""
VIRTUAL = """<!doctype html><title>Stock</title><h1>Stock</h1>
<div id=box style="height:400px;width:600px;overflow-y:auto;position:relative"><div id=pad></div>
</div><script>const all = 80, high = 40; pad.style.height = all * high + "px";
const draw = () => { box.querySelectorAll(".row").forEach(r => r.remove());
  const first = Math.floor(box.scrollTop / high);
  for (let i = first; i < Math.min(all, first + 12); i++) box.insertAdjacentHTML("beforeend",
    `<div class=row style="position:absolute;top:${i * high}px;height:${high}px">
     <span class=sku>SKU-${i}</span> <span class=qty>${i * 3} pcs</span></div>`) };
box.addEventListener("scroll", draw); draw();</script>"""
PLAIN = """<!doctype html><title>Boats</title><h1>Boats</h1><ul>
<li><h3><a href="/boat/1?utm_source=a">Boat 1</a></h3><p>$1</p></li>
<li><h3><a href="/boat/2">Boat 2</a></h3><p>$2</p></li>
<li><h3><a href="/boat/1">Boat 1</a></h3><p>$1</p></li></ul><a rel=next href="/p2">Next</a>
<div style="height:3000px"></div>"""


def extract(intent: str, names: str, most: int | None = None) -> dict[str, JsonValue]:
    fields: list[JsonValue] = [{"name": name} for name in names.split()]
    extraction: dict[str, JsonValue] = {"fields": fields}
    if most is not None:
        extraction["max_items"] = most
    return {"intent": intent, "type": "extract_rows", "extract": extraction}


async def read(bench: Bench, html: str, names: str, most: int | None = None) -> list[str]:
    bench.shop.site.pages |= {"/list": html}
    before = await bench.ledger.rows.read(bench.run.tenant_id, bench.run.run_id)
    await bench.open("/list")
    asked = extract("Extract all of them", names, most)
    step = step_of(str(asked["intent"]), "extract_rows", extract=asked["extract"])
    outcome = await bench.do(bench.call(step))
    assert outcome.success, outcome.message
    rows = await bench.ledger.rows.read(bench.run.tenant_id, bench.run.run_id)
    return [str(row.record) for row in rows[len(before) :]]


class TestInChromium:
    pytestmark = browser

    async def test_an_endless_list_is_read_to_its_end(self, bench: Bench) -> None:
        rows = await read(bench, ENDLESS, "title price")
        assert len(rows) == 60
        assert await bench.session.page.evaluate("scrollY") == 0

    async def test_no_more_than_asked_for_is_loaded(self, bench: Bench) -> None:
        assert len(await read(bench, ENDLESS, "title price", 20)) == 20
        assert await bench.session.page.evaluate("n") < 60

    async def test_a_button_that_loads_more_is_pressed(self, bench: Bench) -> None:
        assert len(await read(bench, LOAD_MORE, "title price")) == 15

    async def test_a_virtual_list_is_collected_while_scrolling(self, bench: Bench) -> None:
        rows = await read(bench, VIRTUAL, "sku quantity")
        assert len(rows) == 80 and "SKU-79" in rows[-1]

    async def test_a_list_with_pages_is_read_as_it_stands(self, bench: Bench) -> None:
        rows = await read(bench, PLAIN, "title price")
        assert len(rows) == 2
        assert await bench.session.page.evaluate("scrollY") == 0


def records(*rows: tuple[str, str]) -> Sequence[Record]:
    return [Record(fields={"t": FieldValue(value=text)}, url=url) for text, url in rows]


def keys(*rows: tuple[str, str]) -> list[str]:
    return [key for key, _ in keyed(records(*rows))]


def test_the_same_record_counts_once_whatever_led_to_it() -> None:
    page_1 = keys(("A", "https://a.test/1"), ("B", "https://a.test/2"))
    page_2 = keys(("A", "https://a.test/1?utm_source=ad&ref=top"), ("C", "https://a.test/3"))
    assert page_2[0] == page_1[0] and len({*page_1, *page_2}) == 3


def test_an_address_that_all_share_tells_nothing_apart() -> None:
    found = keys(("A", "https://a.test/#"), ("B", "https://a.test/#"), ("C", "https://a.test/#"))
    assert len(set(found)) == 3
    again = keys(("C", "https://a.test/#"), ("D", "https://a.test/#"), ("E", "https://a.test/#"))
    assert again[0] == found[2]


def test_the_same_text_twice_in_one_list_is_two_records() -> None:
    assert len(set(keys(("A", ""), ("A", ""), ("B", "")))) == 3
