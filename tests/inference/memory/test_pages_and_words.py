"""Which pages are of one kind, and which words ask for the same."""

import pytest

from inference.memory.naming import Naming, fold, intent_key, naming_of, shape
from inference.memory.pages import page_kind, skeleton
from plans.placeholders import fill_step
from plans.step import Step
from tests.inference.memory.scenes import ask, at, page, rows, thing

NO_VALUES = Naming()


@pytest.mark.parametrize(
    ("url", "site", "template"),
    [
        ("https://www.Shop.example/", "shop.example", "/"),
        ("https://shop.example:8443/a/B/?q=1#top", "shop.example:8443", "/a/b"),
        (
            "https://u:p@shop.example/orders/12345/lines/7",
            "shop.example",
            "/orders/{id}/lines/{id}",
        ),
        ("http://a.example/boats/48282-2022-bayliner-ciera-8", "a.example", "/boats/{id}"),
        ("http://a.example/x/the-quick-brown-fox-jumps", "a.example", "/x/{id}"),
        ("http://a.example/new-listing", "a.example", "/new-listing"),
        ("http://a.example/o/123e4567-e89b-12d3-a456-426614174000", "a.example", "/o/{id}"),
        ("http://a.example/c/5f2b8c9d0e1f2a3b4c5d6e7f", "a.example", "/c/{id}"),
        ("http://a.example/p/tent-2p.html", "a.example", "/p/{id}.html"),
        ("http://a.example/p/%C3%BCber/7", "a.example", "/p/über/{id}"),
        ("http://a.example/app#/users/17?tab=2", "a.example", "/app#/users/{id}"),
        ("http://a.example/app#!/users", "a.example", "/app#/users"),
    ],
)
def test_the_kind_of_a_page(url: str, site: str, template: str):
    assert page_kind(url, NO_VALUES) == (site, template)


@pytest.mark.parametrize("url", ["about:blank", "data:text/html,x", "chrome-error://x/", ""])
def test_what_is_no_page_of_a_site_has_no_kind(url: str):
    assert page_kind(url, NO_VALUES) is None


def test_a_run_s_values_in_an_address_are_kept_by_their_names():
    naming = Naming({"who": "alice", "city": "New York"})
    kind = page_kind("https://a.example/users/alice/New%20York", naming)
    assert kind is not None and kind.template == "/users/{{who}}/{{city}}"


def test_the_layout_of_a_page_is_the_same_whatever_it_lists():
    few = page(thing("Go"), thing("A", "link", **at(0)), groups=[rows("A a", "B b")])
    more = page(thing("Gehe"), *(thing(n, "link", **at(i)) for i, n in enumerate("ABC")),
                groups=[rows("A", "B", "C")])  # fmt: skip
    other = page(thing("Go"), thing("Search", "searchbox"))
    assert skeleton(few) == skeleton(more) != skeleton(other)


def _key(intent: str, kind: str = "click", values: dict[str, str] | None = None,
         **params: str) -> str:  # fmt: skip
    step = Step.model_validate({"intent": intent, "type": kind, "params": params})
    full = fill_step(step, dict(values or {}))
    asked = ask(full.intent, kind, **{k: str(v) for k, v in full.params.model_dump(
        exclude_none=True).items()})  # fmt: skip
    return intent_key(step, naming_of(asked, values or {}))


def test_words_that_ask_for_the_same_have_one_key():
    assert _key("Click  the 'Save' button.") == _key("click the 'save' button")
    assert _key("Save") != _key("Delete")
    one = _key("Type {{mail}} into the e-mail", "fill_field", {"mail": "a@b.c"}, value="{{mail}}")
    two = _key("Type {{mail}} into the e-mail", "fill_field", {"mail": "x@y.z"}, value="{{mail}}")
    assert one == two and "@" not in one
    one = _key("Type 'tulips' into the search", "fill_field", value="tulips")
    two = _key("Type 'roses' into the search", "fill_field", value="roses")
    assert one == two == "type '{{value}}' into the search"
    assert _key("Only tulips", "filter", value="tulips") == "only {{value}}"
    assert _key("Fill it", "fill_field", value="x", label="E-mail") != _key(
        "Fill it", "fill_field", value="x", label="Phone"
    )


def test_values_are_found_as_whole_words_in_any_case():
    naming = Naming({"n": "3", "city": "New York"})
    assert naming.named("3 beds in new  york, 30 baths") == "{{n}} beds in {{city}}, 30 baths"
    assert naming.filled("{{n}} in {{city}} {{other}}") == "3 in New York {{other}}"


def test_numbers_around_a_thing_do_not_tell():
    assert shape("Results (1,128)") == shape("results (3)")
    assert fold("  E-Mail *:") == "e-mail"
