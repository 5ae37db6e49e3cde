import time
from collections.abc import Callable

import pytest

from inference.checks.url import check_url
from inference.checks.verify import check, check_suite
from inference.content import Content

Capture = Callable[[str], Content]

RESULTS = """<title>Boats for sale by private sellers | Harbor</title><body>
<header><a href=/cart>Cart (2)</a><a href=/login>Sign in</a></header>
<form><label><input type=radio name=seller checked> Private sellers</label>
<label><input type=radio name=seller> Dealers</label>
<label><input type=checkbox> With trailer</label><select aria-label="Sort by"><option>Newest
<option selected>Price: low to high</select><button disabled>Apply</button></form>
<main><h1>Boats for sale by private sellers</h1><p>164 results</p>
<article><h2>2019 Sea Ray</h2><p>$48,000</p><em>Sold</em></article>
<article><h2>2012 Bayliner</h2><p>$9,000</p></article>
<nav><a aria-disabled=true>Previous</a><a href="?page=2">Next</a></nav></main>"""

PRODUCT = """<title>Kettle</title><body><header><a href=/out>Log out</a> Ann Lee</header><main>
<h1>Halden kettle</h1><p style="font-size:24px">£39.00</p><p>In stock, ships today</p>
<dl><dt>Status</dt><dd>Open</dd><dt>Engine hours</dt><dd>412</dd></dl>
<div role=tablist><button role=tab aria-selected=true>Details</button>
<button role=tab aria-selected=false>Reviews</button></div></main>"""

CONSENT = """<title>Cakes</title><body><main><h1>Pear cake</h1></main>
<div role=dialog aria-modal=true style="position:fixed;inset:0">
We use cookies. <button>Accept</button></div>"""

EMPTY = """<title>Boats</title><body><h1>Boats</h1><p>No boats match your search.</p>"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("Page shows boat listings from private sellers", "holds"),
        ("Page shows boat listings from dealers", "fails"),
        ("Page shows car listings from private sellers", "undecided"),
        ("The page lists boats to rent", "undecided"),
        ("at least 10 results", "holds"),
        ("There are more than 200 results", "fails"),
        ("There are fewer than 200 boats", "holds"),
        ("exactly 164 results", "holds"),
        ("At least 3 boats under $500", "undecided"),
        ("At least 10 boats have a trailer", "undecided"),
        ("no results", "fails"),
        ("The filter Private sellers is selected", "holds"),
        ("The filter 'Dealers' is not selected", "holds"),
        ("The checkbox With trailer is checked", "fails"),
        ("The Apply button is disabled", "holds"),
        ("The Apply button is enabled", "fails"),
        ("The user is logged in", "fails"),
        ("Nobody is logged in", "holds"),
        ("The cart has 2 items", "holds"),
        ("The cart is empty", "fails"),
        ("The cart is not empty", "holds"),
        ("There are more pages of results", "holds"),
        ("This is the last page", "fails"),
        ("This is not the last page", "holds"),
        ("At least one boat is marked as sold", "holds"),
        ("At least one boat is reserved", "undecided"),
        ('The text "164 results" is visible', "holds"),
        ('The page does not contain "165 results"', "holds"),
        ("heading is 'Boats for sale by private sellers'", "holds"),
        ("The page title contains Harbor", "holds"),
        ("The seller answers quickly", "undecided"),
        ("Every boat has a price", "undecided"),
        ("The page asks for a password", "fails"),
    ],
)
def test_sentences_about_a_list(capture: Capture, sentence: str, verdict: str) -> None:
    answer = check(capture(RESULTS), sentence)
    assert answer.verdict == verdict, answer.evidence
    assert answer.evidence


@pytest.mark.browser
@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("The user is logged in", "holds"),
        ("The user is not logged in", "fails"),
        ("The user is logged in as Ann Lee", "holds"),
        ("The user is logged in as Bob", "undecided"),
        ("The price is below £50", "holds"),
        ("The price is below £20", "fails"),
        ("The price is below $50", "undecided"),
        ("The product is in stock", "holds"),
        ("The product is sold out", "fails"),
        ("The status is Open", "holds"),
        ("The status is Solved", "fails"),
        ("The boat has more than 1,000 engine hours", "fails"),
        ("The tab Details is selected", "holds"),
        ('The tab "Reviews" is open', "fails"),
        ("A cookie banner is covering the page", "fails"),
        ("The page shows payment fields for a card number", "fails"),
        ("no results", "undecided"),
    ],
)
def test_sentences_about_one_thing(capture: Capture, sentence: str, verdict: str) -> None:
    answer = check(capture(PRODUCT), sentence)
    assert answer.verdict == verdict, answer.evidence


@pytest.mark.browser
def test_dialogs_and_empty_lists(capture: Capture) -> None:
    consent = capture(CONSENT)
    assert check(consent, "A cookie banner is visible").verdict == "holds"
    assert check(consent, "A cookie banner is not visible").verdict == "fails"
    assert check(consent, "The newsletter pop-up is showing").verdict == "fails"
    empty = capture(EMPTY)
    assert check(empty, "no results").verdict == "holds"
    assert check(empty, "There are no boats").verdict == "holds"
    assert check(empty, "at least 1 boats").verdict == "fails"


@pytest.mark.browser
def test_verify_clauses_of_task_suites(capture: Capture) -> None:
    content = capture(PRODUCT).model_copy(update={"url": "https://s.example/p/kettle?a=b%20c"})
    assert check_suite(content, "url_contains", "/p/kettle").verdict == "holds"
    assert check_suite(content, "url_contains", "b c").verdict == "holds"
    assert check_suite(content, "url_not_contains", "/cart").verdict == "holds"
    assert check_suite(content, "url_not_contains", "kettle").verdict == "fails"
    assert check_suite(content, "page_contains_text", "halden  KETTLE").verdict == "holds"
    assert check_suite(content, "page_contains_text", "toaster").verdict == "fails"
    assert check_suite(content, "page_not_contains_text", "toaster").verdict == "holds"
    partly = content.model_copy(update={"complete": False})
    assert check_suite(partly, "page_contains_text", "toaster").verdict == "undecided"
    assert check_suite(partly, "page_not_contains_text", "toaster").verdict == "undecided"


NOTHING_FOUND = """<title>Boats | Harbor</title><body><main><h1>0 boats found</h1>
<p>No boats match your search.</p><section><h2>Similar boats</h2>
<article><h3><a href=/1>2019 Sea Ray Sundancer</a></h3><p>$48,000</p></article>
<article><h3><a href=/2>2012 Bayliner Element</a></h3><p>$9,000</p></article></section></main>"""

TOPIC_ONLY = """<title>Boat listings from private sellers</title><body>
<nav><a href=/boats aria-current=page>Boat listings from private sellers</a></nav>
<main><h1>Boat listings from private sellers</h1><p>{said}</p></main>"""


@pytest.mark.browser
@pytest.mark.parametrize(
    "sentence",
    [
        "Page shows boat listings",
        "Page shows boat listings from private sellers",
        "Listings are from private sellers",
        "There are boat listings from private sellers",
        "Boat listings are shown",
    ],
)
def test_a_topic_without_a_list_never_holds(capture: Capture, sentence: str) -> None:
    none = "There are no boat listings from private sellers here."
    pages = (NOTHING_FOUND, TOPIC_ONLY.format(said=none), TOPIC_ONLY.format(said="Welcome."))
    for page in pages:
        answer = check(capture(page), sentence)
        assert answer.verdict != "holds", answer.evidence


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("The URL contains /boats", "holds"),
        ("the url does not contain /boats", "fails"),
        ("URL doesn't contain 'checkout'", "holds"),
        ("The URL ends with seller=private", "holds"),
        ("The URL starts with https://harbor.example", "holds"),
        ("url_contains: seller=dealer", "fails"),
        ("url_not_contains: seller=dealer", "holds"),
        ("The URL is https://harbor.example/boats?seller=private", "holds"),
        ("The URL contains the name of the boat", "undecided"),
    ],
)
def test_sentences_about_the_url(sentence: str, verdict: str) -> None:
    answer = check_url("https://harbor.example/boats?seller=private", sentence)
    assert answer is not None and answer.verdict == verdict


def test_other_sentences_are_not_about_the_url() -> None:
    assert check_url("https://harbor.example/", "The page shows boats") is None


@pytest.mark.parametrize("unit", ["“a", "'a", "zeigt ", "not ", '"'])
def test_a_sentence_without_end_is_undecided_at_once(unit: str) -> None:
    began = time.process_time()
    answer = check(Content(url="https://harbor.example/"), unit * 400_000)
    assert answer.verdict == "undecided"
    assert time.process_time() - began < 1
