import pytest

from inference.extract.kinds import kind_of, phones, prices
from inference.extract.words import is_placeholder, label_score, plain


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("phone", "Telephone"),
        ("wohnflaeche", "Wohnfläche"),
        ("review_count", "Reviews"),
        ("prep_time", "Prep"),
        ("servings", "Serves"),
        ("last_updated", "Last updated"),
        ("closeDate", "Close Date"),
    ],
)
def test_labels_that_name_a_field(field: str, label: str) -> None:
    assert label_score(field, label) >= 0.85


@pytest.mark.parametrize(
    ("field", "label"),
    [("phone", "Fax"), ("price", "Year"), ("model", "Make"), ("date", "Model"), ("title", "Total")],
)
def test_labels_that_name_something_else(field: str, label: str) -> None:
    assert label_score(field, label) < 0.5


@pytest.mark.parametrize("text", ["–", "N/A", "No data", "--None--", "k. A.", "", "Not available"])
def test_placeholders(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["None of your business", "0", "★★", "Ann"])
def test_values_that_are_none(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$1,299.00", "price"),
        ("1.180 €", "price"),
        ("2 hours ago", "age"),
        ("vor 3 Stunden", "age"),
        ("12 March 2025", "date"),
        ("2025-03-12", "date"),
        ("★★★★", "stars"),
        ("@jo", "handle"),
        ("2019", "year"),
        ("1,284", "number"),
        ("84 m²", "measure"),
        ("Stuart", "text"),
    ],
)
def test_the_look_of_a_text(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_prices_and_phones_in_running_text() -> None:
    assert prices("was $12.50, now $9 or 8,90 €") == ("$12.50", "$9", "8,90 €")
    assert phones("call (561) 555-0134 before 2019") == ("(561) 555-0134",)
    assert phones("HL-8833017 and $189,900") == ()
    assert plain("Günstigster  Stadtteil!") == "guenstigster stadtteil"
