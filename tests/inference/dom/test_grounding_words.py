# ruff: noqa: E501
import pytest

from inference.decisions import Question
from inference.dom.intent import read
from inference.dom.pool import best_option
from inference.dom.records import canonical_url, takes_next_item
from inference.dom.words import phrases, stem, words_of
from plans.step import Params, Step, StepType


@pytest.mark.parametrize(
    "intent",
    ["Click the title of the next boat listing", "Click the next listing", "Open each result",
     "click the listing title", "Open the next search result", "Click the next unvisited ad"],
)  # fmt: skip
def test_takes_the_next_item(intent: str) -> None:
    assert takes_next_item(Step(type=StepType.CLICK, intent=intent))


@pytest.mark.parametrize(
    "intent",
    ["click Next", "Click the title of the second listing", 'Click the listing "Grady White"',
     "Go to the next page of results", "Next photo of the house", "Click the Save button"],
)  # fmt: skip
def test_means_a_certain_thing(intent: str) -> None:
    assert not takes_next_item(Step(type=StepType.CLICK, intent=intent))


def test_canonical_url_drops_what_tells_no_page_apart() -> None:
    url = "HTTPS://Shop.example/b/1?z=2&utm_source=m&a=1&gclid=x#top"
    assert canonical_url(url) == "https://shop.example/b/1?a=1&z=2"


@pytest.mark.parametrize(
    ("value", "option"),
    [("price: LOW to high", "Price: low to high"), ("Newest", "Newest"), ("low to high", "Price: low to high"),
     ("Color", None), ("Sold out", None), ("Price", None)],
)  # fmt: skip
def test_best_option(value: str, option: str | None) -> None:
    options = ("Newest", "Price: low to high", "Price: high to low", "Sold out\0")
    assert best_option(options, value) == option


def test_value_and_quotes_are_not_part_of_the_target() -> None:
    step = Step(
        type=StepType.FILL_FIELD,
        intent="Put 'Leeds' as the town of the shipping address",
        params=Params(value="Leeds"),
    )
    intent = read(Question(step=step, intent=step.intent))
    said = {part for unit in intent.units for part in unit.phrase.stems}
    assert intent.value == "Leeds"
    assert stem("leeds") not in said
    assert {"town"} <= said


def test_ordinals_are_read_and_names_are_not() -> None:
    def ordinal(text: str) -> int | None:
        step = Step(type=StepType.CLICK, intent=text)
        return read(Question(step=step, intent=text)).ordinal

    assert ordinal("Click the second listing") == 2
    assert ordinal("Klicke auf den Titel des dritten Treffers") == 3
    assert ordinal("Open the last result") == -1
    assert ordinal("Click on First name") is None


def test_words_share_stems_and_concepts() -> None:
    assert stem("listings") == stem("listing")
    assert words_of("Remove").concepts & words_of("delete").concepts
    assert next(phrases("Sign in please")).words == ("sign", "in")
    assert "close" in words_of("×").concepts
