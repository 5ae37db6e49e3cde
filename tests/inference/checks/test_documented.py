"""The sentences that docs/plans.md promises to need no model are read by a rule."""

import re
from pathlib import Path

import pytest

from inference.checks.clause import parse_clause
from inference.checks.url import check_url
from inference.checks.verify import check
from tests.inference.conftest import Capture

DOCS = Path(__file__).parents[3] / "docs" / "plans.md"

PAGE = """<title>Cart of tents and orders</title><body><header><a href=/cart>Cart (2)</a>
<a href=/out>Log out</a></header><main><h1>Tents</h1>
<div role=status>The order has been placed</div>
<label><input type=radio name=who checked> Dealers</label>
<label><input type=radio name=who> Private</label>
<label><input type=checkbox checked> With trailer</label><button disabled>Apply</button>
<ul><li class=card><h2>Alpha</h2><p class=price>$120.00</p><em class=tag>Sold out</em></li>
<li class=card><h2>Beta</h2><p class=price>$180.00</p><em class=tag>New</em></li>
<li class=card><h2>Gamma</h2><p class=price>$240.00</p><em class=tag>New</em></li>
<li class=card><h2>Delta</h2><p class=price>$310.00</p><em class=tag>New</em></li></ul>
<table id=orders><caption>Orders</caption><tr><th>Order<th>Customer<th>Status</tr>
<tr><td>A-101<td>Ann Lee<td>Shipped</tr><tr><td>A-102<td>Bob Ray<td>Paid</tr>
<tr><td>A-103<td>Cid Ova<td>Shipped</tr></table>
<nav><a aria-disabled=true class=disabled>Next</a></nav></main>"""

PRODUCT = """<title>Box</title><body><main><h1>Steel box</h1><p style="font-size:24px">£39.00</p>
<p>In stock</p><p>4 results</p><dl><dt>Status</dt><dd>Open</dd><dt>Shelves</dt><dd>5</dd></dl>
</main>"""


def sentences() -> list[str]:
    part = DOCS.read_text(encoding="utf-8").partition("## Sentences that need no model")[2]
    rows = [row for row in part.partition("Each may be negated")[0].splitlines() if "`" in row]
    return [one for row in rows if row.startswith("|") for one in re.findall(r"`([^`]+)`", row)]


@pytest.mark.browser
def test_each_documented_sentence_is_decided_on_one_of_two_pages(capture: Capture) -> None:
    pages = [capture(PAGE), capture(PRODUCT)]
    told = sentences()
    assert len(told) >= 25
    for sentence in told:
        answers = [check(page, sentence) for page in pages]
        decided = [one for one in answers if one.verdict != "undecided"]
        assert decided, (sentence, [one.evidence for one in answers])


def test_the_documented_negations_are_read() -> None:
    for said in ("is not", "is no longer", "isn't"):
        assert parse_clause(f"The user {said} logged in").negated
    denied = check_url("https://s.example/login", "The URL does not end with /login")
    assert denied is not None and denied.verdict == "fails"
