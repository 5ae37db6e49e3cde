"""Whether a list page still shows the filters that were set."""

from collections.abc import Callable

import pytest

from inference.content import Content
from inference.extract.filters import filters_present
from plans.filters import ListFilter

Capture = Callable[[str], Content]
pytestmark = pytest.mark.browser

PAGE = """<title>Boats</title><h1>Boats in Florida</h1><form>
<label>Make <select><option>All makes<option selected>Sea Ray</select></label>
<label>Fuel <select><option>Any<option>Diesel</select></label>
<label><input type=checkbox checked> Private sellers</label>
<label><input type=checkbox> Dealers</label></form>
<div class="chips"><span class="chip">Under $50,000 <button aria-label="Remove">×</button></span>
<a class="chip" href="?x">Over 30 ft</a></div>
<ul><li>Sea Ray 240, gas engine, sold by owner</li><li>Sea Ray 260, trailer</li></ul>"""


@pytest.mark.parametrize(
    ("value", "label", "verdict"),
    [
        ("Sea Ray", "Make", "pass"),
        ("Private sellers", "", "pass"),
        ("Under $50,000", "", "pass"),
        ("Florida", "", "pass"),
        ("miami", "", "pass"),
        ("Bayliner", "Make", "fail"),
        ("Diesel", "Fuel", "fail"),
        ("Dealers", "", "fail"),
        ("Over 30 ft", "", "unknown"),
        ("gas engine", "", "unknown"),
        ("With trailer", "", "unknown"),
    ],
)
def test_filters(shown: Content, value: str, label: str, verdict: str) -> None:
    assert filters_present(shown, [ListFilter(value=value, label=label)]) == verdict


@pytest.fixture(scope="module")
def shown(capture: Capture) -> Content:
    return capture(PAGE).model_copy(update={"url": "https://b.example/s?city=Miami&page=2"})


def test_one_lost_filter_outweighs_the_others(shown: Content) -> None:
    kept, lost = ListFilter(value="Sea Ray"), ListFilter(value="Dealers")
    assert filters_present(shown, [kept, lost]) == "fail"
    assert filters_present(shown, [kept, ListFilter(value="nowhere")]) == "unknown"
