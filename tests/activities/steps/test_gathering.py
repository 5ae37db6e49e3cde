"""Lists that show more as they are scrolled or asked to, and what tells their records apart."""

from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from activities.steps import gathering, runner
from activities.steps.gathering import more_button
from activities.steps.records import keyed
from inference.decisions import FieldValue, Record
from inference.observation import Element, RecordBlock, RecordGroup, Rect
from tests.activities.steps.conftest import Bench, step_of
from tests.inference.observed import element, page_of

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
ELSEWHERE = f"""<!doctype html><title>Boats</title><h1>Boats</h1><ul id=list></ul>
<button onclick="location = '/other-list'">Load more</button><script>
let n = 0; for (let i = 0; i < 5; i++) {{ n++;
  list.insertAdjacentHTML("beforeend", {CARD}); }}</script>"""
NEVER_ENDS = f"""<!doctype html><title>Boats</title><h1>Boats</h1><ul id=list></ul><script>
let n = 0; const more = () => {{ for (let i = 0; i < 3; i++) {{ n++;
  list.insertAdjacentHTML("beforeend", {CARD}); }} }}; more(); more();
addEventListener("scroll", () => setTimeout(more, 60)); </script>"""
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

    async def test_what_another_page_shows_is_dropped(self, bench: Bench) -> None:
        bench.shop.site.pages |= {"/other-list": LOAD_MORE.replace("Boat ${n}", "Ad ${n}")}
        rows = await read(bench, ELSEWHERE, "title price")
        assert len(rows) == 5 and not any("Ad" in row for row in rows)

    async def test_time_that_is_over_leaves_what_was_read(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(runner, "_LONGEST_STEP_S", 12.0)
        monkeypatch.setattr(gathering, "_SPARE_S", 5.0)
        assert len(await read(bench, NEVER_ENDS, "title price")) >= 6

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


@pytest.mark.parametrize(
    "name",
    ["Load more", "Show 20 more", "View more results", "Mehr laden", "Afficher plus", "Ver más"],
)
def test_a_button_for_more_of_the_list(name: str) -> None:
    found = more_button(page_of(["Filter", name]))
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    "name",
    [
        "Get more credits",
        "See more plans",
        "Get more storage now",
        "Show more filters",
        "View more details",
        "Show more options",
        "Afficher plus de filtres",
        "Ver más detalles",
    ],
)
def test_a_button_for_more_of_something_else(name: str) -> None:
    assert more_button(page_of(["Filter", name])) is None


def test_a_button_for_more_stands_below_its_list() -> None:
    cards = tuple(RecordBlock(f"Boat {n}", "", False, Rect(300, 200 + n, 600, 90)) for n in (0, 99))
    group = RecordGroup("li", "main", "", 0, cards)

    def button(x: float, y: float) -> Element | None:
        more = element(0, "Show more", box=Rect(x, y, 120, 30))
        return more_button(page_of([more], groups=(group,)), records(("Boat 0", "")))

    assert button(400, 420) is not None
    assert button(400, 90) is None and button(40, 420) is None
