"""A run's secrets are taken out of what a step writes."""

from activities.steps.masking import Mask

MASK = Mask({"site_password": "p@ss wörd", "city": "Miami", "token": "ab"})


def test_every_occurrence_goes_in_texts_lists_and_objects() -> None:
    value = {"a": ["x p@ss wörd y", {"b": "p@ss wördp@ss wörd"}], "n": 3, "city": "Miami"}
    assert MASK.value(value) == {"a": ["x *** y", {"b": "******"}], "n": 3, "city": "Miami"}


def test_the_forms_it_has_in_urls_go_too() -> None:
    assert MASK.text("http://x/?q=p%40ss+w%C3%B6rd&c=Miami") == "http://x/?q=***&c=Miami"
    assert MASK.text("http://x/p%40ss%20w%C3%B6rd") == "http://x/***"


def test_too_short_a_value_masks_nothing() -> None:
    assert MASK.text("about a cab") == "about a cab"
