from collections.abc import Callable

import pytest

from inference.content import Content
from inference.decisions import Record
from inference.extract.rows import extract_rows
from inference.extract.totals import list_proven_empty
from plans.step import ExtractField

Capture = Callable[[str], Content]
pytestmark = pytest.mark.browser


def card(number: int) -> str:
    ad = "<span>Sponsored</span>" if number == 1 else ""
    return f"""<div style="width:300px;border:1px solid"><div style="height:90px">{ad}</div>
    <div style="font-size:18px">$1,{number}50/mo</div>
    <a href="https://homes.example/h/{number}">{number}0{number} Elm St, Austin, TX</a>
    <div>{number + 1} bds · {number} ba · 9{number}0 sqft</div></div>"""


CARDS = f"""<title>Homes</title><body><h1>Homes for rent in Austin</h1><p>57 homes</p>
<div style="display:flex;flex-wrap:wrap">{"".join(card(n) for n in range(1, 5))}</div>"""

JOBS = """<title>Jobs</title><body><h1>Jobs</h1><ul class="results">
<li class="row odd"><h3><a href="https://j.example/1">Crane operator</a></h3>
<p><span class="company-name">Acme</span> – <span class="loc">Leeds</span></p>
<time>2 Jan 2025</time></li>
<li class="row even"><h3><a href="https://j.example/2">Rigger</a></h3>
<p><span class="company-name">Bolt Ltd</span> – <span class="loc">York</span></p>
<time>5 Jan 2025</time></li>
<li class="row odd"><h3><a href="https://j.example/3">Fitter</a></h3>
<p><span class="company-name">Cog plc</span></p><time>9 Jan 2025</time></li></ul>"""

ORDER = """<title>Order 1001</title><body><h1>Order #1001</h1><h2>Order items</h2>
<table><thead><tr><th>Product</th><th>Qty</th><th>Unit price</th><th>Total</th></tr></thead>
<tbody><tr><td>Blue mug</td><td>2</td><td>$8.00</td><td>$16.00</td></tr>
<tr><td>Tea towel</td><td>1</td><td>–</td><td>$12.50</td></tr></tbody>
<tfoot><tr><td colspan=3>Total</td><td>$28.50</td></tr></tfoot></table>
<h2>Customers also bought</h2><ul><li><a href="https://s.example/a">Red mug</a> <b>$9.00</b></li>
<li><a href="https://s.example/b">Teapot</a> <b>$30.00</b></li></ul>"""

EMPTY = """<title>Boats</title><body><main><h1>Boats for sale</h1><p>{said}</p></main>
<section><h2>Recommended boats</h2><div><a href=/1>Boat A</a><b>$1,000</b></div>
<div><a href=/2>Boat B</a><b>$2,000</b></div></section>"""


def rows(content: Content, names: str, intent: str, most: int = 50) -> list[dict[str, str | None]]:
    wanted = [ExtractField(name=name) for name in names.split()]
    return [values(record) for record in extract_rows(content, wanted, intent, most)]


def values(record: Record) -> dict[str, str | None]:
    return {name: found.value for name, found in record.fields.items()}


def test_cards_without_any_class(capture: Capture) -> None:
    found = rows(capture(CARDS), "price address beds baths sqft url", "Extract all homes")
    assert found[0] == {
        "price": "$1,250/mo",
        "address": "202 Elm St, Austin, TX",
        "beds": "3",
        "baths": "2",
        "sqft": "920",
        "url": "https://homes.example/h/2",
    }
    assert len(found) == 3
    assert len(rows(capture(CARDS), "address", "Extract all homes: address", most=2)) == 2


def test_a_list_with_alternating_classes_and_a_missing_value(capture: Capture) -> None:
    found = rows(capture(JOBS), "title company location date url", "Extract all jobs")
    assert [row["title"] for row in found] == ["Crane operator", "Rigger", "Fitter"]
    assert [row["company"] for row in found] == ["Acme", "Bolt Ltd", "Cog plc"]
    assert [row["location"] for row in found] == ["Leeds", "York", None]
    assert [row["date"] for row in found] == ["2 Jan 2025", "5 Jan 2025", "9 Jan 2025"]
    assert found[2]["url"] == "https://j.example/3"


def test_a_table_by_its_headers(capture: Capture) -> None:
    intent = "Extract the order items: product, quantity, price, total"
    assert rows(capture(ORDER), "product quantity price total", intent) == [
        {"product": "Blue mug", "quantity": "2", "price": "$8.00", "total": "$16.00"},
        {"product": "Tea towel", "quantity": "1", "price": None, "total": "$12.50"},
    ]


def test_a_list_beside_the_main_one_is_read_when_it_is_named(capture: Capture) -> None:
    content = capture(ORDER)
    assert rows(content, "name price", "What customers also bought: name, price") == [
        {"name": "Red mug", "price": "$9.00"},
        {"name": "Teapot", "price": "$30.00"},
    ]


@pytest.mark.parametrize(
    ("said", "empty"),
    [
        ("No boats match your search. Try fewer filters.", True),
        ("0 results", True),
        ("Keine Treffer für diese Suche", True),
        ("Your search returned no results.", True),
        ("10 results", False),
        ("There is no place like home", False),
        ("120 results, no fees", False),
    ],
)
def test_only_the_page_itself_proves_a_list_empty(capture: Capture, said: str, empty: bool) -> None:
    content = capture(EMPTY.format(said=said))
    assert list_proven_empty(content) is empty
    assert rows(content, "title price", "Extract all boats: title, price") == []


VISITS = """<title>Visits</title><body><h1>Visits</h1><table><thead><tr><th>Page</th><th>Views</th>
<th>Bounce rate</th></tr></thead><tbody><tr><td>/start</td><td>1,204</td><td>41.8%</td></tr>
<tr><td>/about</td><td>310</td><td>29.4%</td></tr></tbody></table>"""
BASKET = """<title>Basket</title><body><h1>Basket</h1><ul>
<li><a href="/a">Blue mug</a> <b>8,00 €</b> <button>-</button><input type=number value=2
aria-label="Menge von Blue mug"><button>+</button></li>
<li><a href="/b">Tea towel</a> <b>4,00 €</b> <button>-</button><input type=number value=5
aria-label="Menge von Tea towel"><button>+</button></li></ul>"""
FILTER = """<title>Doctors</title><body><h1>Doctors</h1><form><div><label for=a>Speciality</label>
<select id=a><option>All</select></div><div><label for=b>Language</label>
<select id=b><option>Any</select></div></form>"""
TITLES = """<title>Deals</title><body><h1>Deals</h1><section><h3>Mugs</h3><ul>
<li><a href="/1">Blue mug</a> <b>$8</b></li><li><a href="/2">Red mug</a> <b>$9</b></li>
<li><a href="/all">See all mugs</a> <b>$7</b></li></ul></section>"""


def test_an_exact_label_tells_more_than_a_guessed_kind(capture: Capture) -> None:
    found = rows(capture(VISITS), "page bounce_rate", "Extract all pages")
    assert [row["bounce_rate"] for row in found] == ["41.8%", "29.4%"]


def test_a_number_that_is_entered_in_a_row_is_its_quantity(capture: Capture) -> None:
    found = rows(capture(BASKET), "title price menge", "Extract all items of the basket")
    assert [row["menge"] for row in found] == ["2", "5"]


def test_the_controls_of_a_form_are_no_records(capture: Capture) -> None:
    assert rows(capture(FILTER), "name speciality", "Extract all doctors") == []


def test_what_leads_to_all_things_is_no_name(capture: Capture) -> None:
    found = rows(capture(TITLES), "title price", "Extract all deals")
    assert [row["title"] for row in found] == ["Blue mug", "Red mug", None]


BANK = """<title>Bank</title><body><main><h1>Account</h1><h2>Transactions</h2><table><thead><tr>
<th>Date</th><th>Payee</th><th>Amount</th></tr></thead><tbody>
<tr><td>1 May 2025</td><td>Grocer</td><td>$12.00</td></tr>
<tr><td>2 May 2025</td><td>Baker</td><td>$4.00</td></tr></tbody></table>
<h2>Upcoming payments</h2><p>Rent leaves on the first.</p></main>"""


def test_no_other_list_stands_in_for_the_section_that_is_named(capture: Capture) -> None:
    page = capture(BANK)
    assert rows(page, "date payee amount", "Extract the upcoming payments") == []
    assert len(rows(page, "date payee amount", "Extract all transactions")) == 2
