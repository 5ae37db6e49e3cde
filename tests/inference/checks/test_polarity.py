"""Sentences that are easily taken for their opposite, and pages that try to make them so."""

from collections.abc import Callable

import pytest

from inference.checks.verify import check
from inference.content import Content

Capture = Callable[[str], Content]

pytestmark = pytest.mark.browser

SHOP = """<title>Tents | Peak</title><body><header><a href=/cart>Cart (3)</a>
<a href=/login>Sign in</a></header><main><h1>Tents</h1><p>1,164 results</p>
<p>We sold 12 tents this week. The user is logged in. The cart is empty. No results.</p>
<label>Sort by <select><option>Newest<option selected>Price: low to high</select></label>
<ul class=list>
<li class=card><h2>Alpha tent</h2><p class=price>$120.00</p><em class=tag>New</em></li>
<li class=card><h2>Beta tent</h2><p class=price>$180.00</p><em class=tag>Sold out</em></li>
<li class=card><h2>Gamma tent</h2><p class=price>$240.00</p><em class=tag>New</em></li>
<li class=card><h2>Delta tent</h2><p class=price>$310.00</p><em class=tag>New</em></li></ul>
<p style="display:none">Checkout complete</p>
<p style="position:absolute;left:-9999px">Payment received</p>
<input placeholder="Search tents"><p>Order placed<br>yesterday</p><p>Invoices</p>
<nav><a href="?p=2">Next</a></nav></main>"""

ORDERS = """<title>Orders</title><body><header><a href=/out>Log out</a></header><main>
<h1>Orders</h1><table id=orders><caption>Orders</caption>
<tr><th>Order<th>Customer<th>Total<th>Placed on<th>Status</tr>
<tr><td>A-101<td>Ann Lee<td>€20.00<td>2025-03-04<td>Shipped</tr>
<tr><td>A-102<td>Bob Ray<td>€15.00<td>2025-03-03<td>Shipped</tr>
<tr><td>A-103<td>Cid Ova<td>€90.00<td>2025-03-01<td>Paid</tr>
<tr><td>A-104<td>Dee Fox<td>€40.00<td>2025-02-11<td>Shipped</tr></table>
<nav><a href="?p=1">Previous</a><a aria-disabled=true class=disabled>Next</a></nav></main>"""

PRODUCT = """<title>Kettle</title><body><main><h1>Halden kettle</h1>
<p><s>£59.00</s></p><p style="font-size:24px">£39.00</p><dl><dt>Status</dt><dd>Open</dd>
<dt>Weight</dt><dd>2 kg</dd></dl><p>In stock</p></main>
<aside><h2>Sponsored</h2><p>Sold out</p><p>£5.00</p></aside>"""

FORM = """<title>Sign up</title><body><main><h1>Sign up</h1><form><label>Mail <input></label>
<p role=alert class=error>The mail address is invalid</p><button disabled>Send</button>
<label><input type=checkbox checked> Newsletter</label></form></main>"""

PLAIN = "<title>Notes</title><body><main><h1>Notes</h1><p>Nothing to do today.</p></main>"


def _ask(capture: Capture, page: str, sentence: str, verdict: str) -> None:
    answer = check(capture(page), sentence)
    assert answer.verdict == verdict, (sentence, answer.evidence)
    assert answer.evidence


@pytest.fixture(scope="module")
def shown(capture: Capture) -> Callable[[str], Content]:
    """Each page is shown once."""
    kept: dict[str, Content] = {}

    def show(page: str) -> Content:
        if page not in kept:
            kept[page] = capture(page)
        return kept[page]

    return show


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        # what stands on the page about the page
        ("The user is logged in", "fails"),
        ("The user is no longer logged in", "holds"),
        ("The user isn't logged in", "holds"),
        ("The user is not logged out", "fails"),
        ("Somebody is logged in and the cart is empty", "fails"),
        ("The cart is empty", "undecided"),
        # parts of numbers and words, hidden texts, texts that only seem to be there
        ('The page shows "164 results"', "undecided"),
        ('The page shows "1,164 results"', "holds"),
        ('The page does not show "64 results"', "undecided"),
        ('The page shows "Checkout complete"', "fails"),
        ('The page shows "Payment received"', "undecided"),
        ('The page does not contain "Checkout complete"', "holds"),
        ('The page shows "Search tents"', "undecided"),
        ('The page shows "Order placed yesterday"', "undecided"),
        ('The page shows "Invoice"', "undecided"),
        ('The page no longer shows "Alpha tent"', "fails"),
        ('The text "Alpha tent" is missing', "fails"),
        ('The text "Omega tent" is missing', "holds"),
        ('The page shows "Alpha tent" twice', "undecided"),
        ('The page shows "Alpha tent" or "Omega tent"', "undecided"),
        ('The page shows "Alpha tent" and "Beta tent"', "holds"),
        ('The page shows "Alpha tent" and "Omega tent"', "fails"),
        ('The page does not show "Alpha tent" and "Omega tent"', "undecided"),
        ('The page shows "Alpha tent" without "Beta tent"', "undecided"),
        ('The page only shows "Alpha tent"', "undecided"),
        ('The status of the text "Alpha tent" is "New"', "undecided"),
        ('The page never shows "Alpha tent"', "undecided"),
        ('La page ne montre pas "Alpha tent"', "undecided"),
        # numbers
        ("At least 1,164 results", "holds"),
        ("At least 1,165 results", "fails"),
        ("No more than 1,000 results", "fails"),
        ("There are not more than 2,000 results", "holds"),
        ("About 1,000 results", "undecided"),
        ("More than 1,000 results are tents for two", "undecided"),
        # quantifiers
        ("At least one product is sold out", "holds"),
        ("At least one product is not sold out", "undecided"),
        ("Not all products are sold out", "undecided"),
        ("All products are sold out", "fails"),
        ("All products are new", "fails"),
        ("No product is sold out", "fails"),
        ("Most products are new", "undecided"),
        ("Only one product is sold out", "undecided"),
        ("No product is reserved", "undecided"),
        ("Every product has a warranty", "undecided"),
        # order
        ("The results are sorted by price from low to high", "holds"),
        ("The results are sorted by price, highest first", "fails"),
        ("The results are not sorted by price", "fails"),
        ("The results are sorted by rating", "undecided"),
        ("The results are sorted by price within each brand", "undecided"),
        # pages
        ("There are more pages", "holds"),
        ("There are no more pages", "fails"),
        ("There are more pages about tents than about boats", "undecided"),
        ("This is not the last page", "holds"),
        # topics
        ("The page lists tents", "holds"),
        ("The page does not list tents", "undecided"),
        ("The page lists everything except tents", "undecided"),
        ("The tent is sold out", "undecided"),
        ("If there are tents, the page lists them", "undecided"),
        ("The price filter is not active", "undecided"),
        ("The page shows an error", "fails"),
        ("The page does not show an error", "holds"),
    ],
)
def test_a_list(shown: Capture, sentence: str, verdict: str) -> None:
    _ask(shown, SHOP, sentence, verdict)


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("Order A-101 is shipped", "holds"),
        ("Order A-103 is shipped", "fails"),
        ("Order A-103 is not shipped", "holds"),
        ("Order A-103 is no longer shipped", "holds"),
        ("Order A-999 is shipped", "undecided"),
        ("The refund of order A-101 is shipped", "undecided"),
        ("The order of Ann Lee has been shipped", "holds"),
        ("All orders are shipped", "fails"),
        ("No order is shipped", "fails"),
        ("No order is cancelled", "undecided"),
        ("At least one order is paid", "holds"),
        ("At least two orders are paid", "undecided"),
        ("Some orders are paid", "holds"),
        ("The orders are sorted by total", "fails"),
        ("The orders are sorted by placed on, newest first", "holds"),
        ("The user is logged in", "holds"),
        ("The user is logged in or the page asks for a password", "holds"),
        ("The user is logged out or the page asks for a password", "fails"),
        ("This is the last page", "holds"),
        ("There are more pages of orders", "fails"),
    ],
)
def test_a_table(shown: Capture, sentence: str, verdict: str) -> None:
    _ask(shown, ORDERS, sentence, verdict)


@pytest.mark.parametrize(
    ("page", "sentence", "verdict"),
    [
        (PRODUCT, "The price is below £50", "holds"),
        (PRODUCT, "The price is not below £50", "fails"),
        (PRODUCT, "The price is at least £39", "holds"),
        (PRODUCT, "The price is over £39", "fails"),
        (PRODUCT, "The price is below €50", "undecided"),
        (PRODUCT, "The price is below £50 including delivery", "undecided"),
        (PRODUCT, "The status is Open", "holds"),
        (PRODUCT, "The status is not Closed", "holds"),
        (PRODUCT, "The status is Open or Closed", "undecided"),
        (PRODUCT, "The product is in stock", "holds"),
        (PRODUCT, "The product is not in stock", "fails"),
        (PRODUCT, "All products are in stock", "undecided"),
        (FORM, "The page shows an error", "holds"),
        (FORM, "There is an error about the mail", "holds"),
        (FORM, "There is an error about the phone", "undecided"),
        (FORM, "There is no error", "undecided"),
        (FORM, "The page does not show an error", "fails"),
        (FORM, "The Send button is disabled", "holds"),
        (FORM, "The Send button is not enabled", "holds"),
        (FORM, "The checkbox Newsletter is unchecked", "fails"),
        (FORM, "The checkbox Newsletter is not checked", "fails"),
        (PLAIN, "There are no results", "undecided"),
        (PLAIN, "The page shows no boats", "undecided"),
        (PLAIN, "Nothing is shown", "undecided"),
        (PLAIN, "The page lists boats", "undecided"),
        (PLAIN, "The user is logged in", "undecided"),
        (PLAIN, "The user is not logged in", "undecided"),
        (PLAIN, "The page shows payment fields for a card number", "fails"),
    ],
)
def test_one_thing(shown: Capture, page: str, sentence: str, verdict: str) -> None:
    _ask(shown, page, sentence, verdict)


@pytest.mark.parametrize(
    "sentence",
    [
        'The page does not show "Gamma"',
        'The page shows "Gamma"',
        "The page does not show an error",
        "A cookie banner is not visible",
        "The page does not ask for a password",
        "The page shows payment fields for a card number",
    ],
)
def test_what_is_not_seen_decides_nothing_on_a_page_not_seen_in_full(
    shown: Capture, sentence: str
) -> None:
    partly = shown(PLAIN).model_copy(update={"complete": False})
    assert check(partly, sentence).verdict == "undecided"
    assert check(shown(PLAIN), sentence).absence
