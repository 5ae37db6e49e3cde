"""Nothing that does not stand on the page passes, and what does comes in the page's words."""

import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inference.claude.proof import NOT_THERE, proven
from inference.content import Content, Flag, Node
from inference.decisions import FieldValue
from inference.extract.links import clean_url
from plans.step import ExtractField
from tests.inference.claude.pages import content

LINK = {"tag": "a", "attrs": {"href": "https://shop.example/boats/7?utm_source=x"}}
PAGE = content(
    ("2019 Bayliner 285 “Cruiser”", {"tag": "h1"}),
    ("$48,500", {"cls": "price"}),
    ("$52,000", {"flags": Flag.STRIKE}),
    "Year: 2019",
    "Engine hours: 1,284",
    "Length 8.5 m",
    "Views 12.4K",
    "Listed on 5 March 2024",
    "Call (305) 555-0142 or write to Ann.Lee@harbor.example",
    "Rated 4.5 out of 5",
    "Fresh-water cooled · Bow thruster · Trailer",
    "12 Harbour Street",
    "Newport, RI",
    ("See this boat", LINK),
    ("Map", {"tag": "a", "attrs": {"href": "https://maps.example/?q=41.4,-71.3"}}),
    ("Ring us", {"tag": "a", "attrs": {"href": "tel:+442079460018"}}),
    ("Mail us", {"tag": "a", "attrs": {"href": "mailto:sales@harbor.example?subject=Hi"}}),
    ("Visit www.harbor.example/fleet today", {}),
    ("hidden 999", {"flags": Flag.SR}),
    title="2019 Bayliner 285 for sale",
)


def read(value: str, name: str = "thing", kind: str = "str", page: Content = PAGE) -> FieldValue:
    records = proven(page, (ExtractField(name=name, type=kind), ANCHOR), [{name: value, **KNOWN}])
    return records[0].fields[name]


ANCHOR = ExtractField(name="make")
KNOWN = {"make": "Bayliner"}


@pytest.mark.parametrize(
    ("value", "name", "kind", "shown"),
    [
        ("2019 bayliner 285 \"cruiser\"", "title", "str", "2019 Bayliner 285 “Cruiser”"),
        ("BAYLINER", "make", "str", "Bayliner"),
        ("bayliner  285", "model", "str", "Bayliner 285"),
        ("$48,500", "price", "price", "$48,500"),
        ("48500", "price", "price", "$48,500"),
        ("USD 48,500.00", "price", "price", "$48,500"),
        ("48,500 USD", "price", "price", "$48,500"),
        ("2019", "year", "int", "2019"),
        ("1284", "engine_hours", "int", "1,284"),
        ("1,284.0", "engine_hours", "float", "1,284"),
        ("8.5m", "length", "str", "8.5 m"),
        ("8.50", "length", "float", "8.5"),
        ("12400", "views", "int", "12.4K"),
        ("12.4K", "views", "int", "12.4K"),
        ("2024-03-05", "listed", "date", "5 March 2024"),
        ("+1 305 555 0142", "phone", "phone", "(305) 555-0142"),
        ("3055550142", "phone", "phone", "(305) 555-0142"),
        ("020 7946 0018", "phone", "phone", None),
        ("+44 20 7946 0018", "phone", "phone", "+442079460018"),
        ("ann.lee@harbor.example", "email", "email", "Ann.Lee@harbor.example"),
        ("sales@harbor.example", "email", "email", "sales@harbor.example"),
        ("4.5", "rating", "float", "4.5"),
        ("12 Harbour Street Newport, RI", "address", "str", "12 Harbour Street Newport, RI"),
        ("Trailer; bow thruster", "features", "list", "Trailer; Bow thruster"),
        ("https://shop.example/boats/7", "url", "url", "https://shop.example/boats/7"),
        ("/boats/7", "link", "url", "https://shop.example/boats/7"),
        ("http://shop.example/boats/7/", "link", "url", "https://shop.example/boats/7"),
        ("https://maps.example/?q=41.4,-71.3", "map_url", "url", "https://maps.example/?q=41.4,-71.3"),
        ("harbor.example/fleet", "website", "url", None),
        ("www.harbor.example/fleet", "website", "url", "www.harbor.example/fleet"),
        ("2019 Bayliner 285 for sale", "headline", "str", "2019 Bayliner 285 for sale"),
    ],
)  # fmt: skip
def test_what_stands_on_the_page_is_taken_in_its_own_words(
    value: str, name: str, kind: str, shown: str | None
) -> None:
    found = read(value, name, kind)
    assert found.value == shown
    if shown is not None:
        assert (found.source, found.known, found.note) == ("claude", True, "")
        assert found.confidence >= 0.6


@pytest.mark.parametrize(
    ("value", "name", "kind"),
    [
        ("Yamaha F250", "engine", "str"),
        ("201", "year", "int"),
        ("285 Cruisers", "model", "str"),
        ("48,501", "price", "price"),
        ("€48,500", "price", "price"),
        ("97,000", "price", "price"),
        ("500", "price", "price"),
        ("28", "model", "str"),
        ("8.5 ft", "length", "str"),
        ("5 m", "length", "str"),
        ("850 cm", "length", "str"),
        ("12.4", "views", "int"),
        ("2024-03-06", "listed", "date"),
        ("03-05", "listed", "str"),
        ("(305) 555-0143", "phone", "phone"),
        ("555-0142", "phone", "phone"),
        ("305", "phone", "phone"),
        ("lee@harbor.example", "email", "email"),
        ("ann@harbor.example", "email", "email"),
        ("yes", "has_trailer", "bool"),
        ("true", "has_trailer", "bool"),
        ("Excellent condition", "condition", "str"),
        ("Bogenstrahlruder", "features", "str"),
        ("999", "code", "int"),
        ("hidden 999", "code", "str"),
        ("https://evil.example/boats/7", "url", "url"),
        ("https://shop.example/boats/8", "url", "url"),
        ("https://shop.example/boats/7?id=1", "url", "url"),
        ("https://shop.example/", "url", "url"),
        ("javascript:alert(1)", "url", "url"),
        ("See this boat", "url", "url"),
        ("https://shop.example@evil.example/boats/7", "url", "url"),
    ],
)
def test_what_does_not_stand_on_the_page_is_refused(value: str, name: str, kind: str) -> None:
    found = read(value, name, kind)
    assert found.value is None
    assert (found.note, found.known, found.source) == (NOT_THERE, False, "claude")
    assert value not in found.model_dump_json()


def test_a_crossed_out_price_is_not_the_price() -> None:
    assert read("$52,000", "price", "price").note.endswith("crossed out")
    assert read("$52,000", "former_price", "price").value == "$52,000"


def test_the_currency_is_that_of_the_very_price() -> None:
    page = content("Bayliner", "$12,500 (€11,000)")
    assert read("€11,000", "price", "price", page).value == "€11,000"
    assert read("$11,000", "price", "price", page).value is None
    assert read("€12,500", "price", "price", page).value is None


def test_a_price_ends_where_another_figure_begins() -> None:
    page = content("Bayliner", "$48,500 2019 and 2018 19 000 kr 2011")
    assert read("48,500", "price", "price", page).value == "$48,500"
    assert read("19000", "price", "price", page).value == "19 000 kr"


def test_parts_of_a_list_that_are_not_there_are_left_out_and_noted() -> None:
    found = read("Trailer; Jacuzzi", "features", "list")
    assert found.value == "Trailer"
    assert "do not stand" in found.note


def test_no_value_and_words_for_none_are_simply_missing() -> None:
    for value in ("", "  ", "N/A", "–", "!!!"):
        assert read(value) == FieldValue(value=None)


def test_the_place_beside_its_label_is_the_one_that_is_named() -> None:
    page = content(
        "Bayliner", "Lot 7", ("Beds", {"tag": "dt"}), ("7", {"tag": "dd", "cls": "beds"})
    )
    found = read("7", "beds", "int", page)
    assert found.element.endswith("dd.beds")
    assert found.confidence == 0.95


def test_the_element_and_the_line_are_told() -> None:
    found = read("48500", "price", "price")
    assert found.element.endswith("div.price")
    assert found.raw == "$48,500"


def test_a_record_of_nothing_proven_is_no_record() -> None:
    fields = (ExtractField(name="make"), ExtractField(name="model"))
    assert proven(PAGE, fields, [{"make": "Yamaha", "model": None}, {}]) == ()


def test_records_have_every_field_asked_for_in_order_and_no_other() -> None:
    fields = (ExtractField(name="year"), ExtractField(name="make"))
    values = {"make": "Bayliner", "evil": "Bayliner"}
    record = proven(PAGE, fields, [values])[0]
    assert list(record.fields) == ["year", "make"]
    assert record.url == PAGE.url


def test_records_of_a_list_have_their_own_address_or_none() -> None:
    fields = (ExtractField(name="make"), ExtractField(name="url", type="url"))
    records = proven(
        PAGE, fields, [{"make": "Bayliner"}, {"make": "Bayliner", "url": "/boats/7"}], many=True
    )
    assert [record.url for record in records] == ["", "https://shop.example/boats/7"]


def test_without_fields_whatever_was_read_is_proven() -> None:
    record = proven(PAGE, (), [{"engine_hours": "1284", "make": "Yamaha"}])[0]
    assert record.fields["engine_hours"].value == "1,284"
    assert record.fields["make"].value is None


def test_an_empty_page_proves_nothing() -> None:
    empty = Content(url="https://shop.example/")
    assert proven(empty, (ANCHOR,), [KNOWN]) == ()


def test_german_figures_are_read_as_german() -> None:
    page = content("Bayliner", "Preis 24.900 €", "Höhe 1,75 m", lang="de")
    assert read("24900", "price", "price", page).value == "24.900 €"
    assert read("€24,900", "price", "price", page).value == "24.900 €"
    assert read("1.75", "height", "float", page).value == "1,75"
    assert read("175", "height", "int", page).value is None


# Whatever is said, only the page's words come out

WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
)
FIGURE = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(0, 10**7).map(lambda number: f"{number:,}"),
    st.decimals(0, 10**5, places=2).map(lambda number: f"${number:,}"),
    st.decimals(0, 10**3, places=1).map(str),
    st.sampled_from(["12.4K", "(305) 555-0142", "2024-03-05", "5 March 2024", "€ 1.200,50", "-5"]),
    st.sampled_from(["https://a.example/x", "www.a.example", "ann@a.example", "½", "ß", "İ", "ﬁ"]),
)
TOKEN = st.one_of(WORD, FIGURE)
LINES = st.lists(st.lists(TOKEN, max_size=5).map(" ".join), max_size=6)
FIELDS = st.builds(
    ExtractField,
    name=st.sampled_from(
        ["title", "price", "phone", "url", "email", "year", "date", "rating", "x"]
    ),
    type=st.sampled_from(["str", "int", "float", "price", "url", "list", "date", "phone", "bool"]),
)


@st.composite
def bent(draw: st.DrawFn, lines: list[str]) -> str:
    """A part of the page's text as a careless reader would write it down."""
    words = " ".join(lines).split() or ["x"]
    first = draw(st.integers(0, len(words) - 1))
    part = words[first : first + draw(st.integers(1, 4))]
    change = draw(st.sampled_from(["", "upper", "lower", "swap", "cut", "tight", "wide", "more"]))
    match change:
        case "upper":
            return " ".join(part).upper()
        case "lower":
            return " ".join(part).lower()
        case "swap":
            return " ".join(reversed(part))
        case "cut":
            return " ".join(part)[draw(st.integers(0, 2)) :][: draw(st.integers(1, 12))]
        case "tight":
            return "".join(part)
        case "wide":
            return "; ".join(part)
        case "more":
            return " ".join(part) + draw(TOKEN)
        case _:
            return " ".join(part)


def letters(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


@settings(max_examples=400, deadline=None)
@given(LINES, st.data())
def test_nothing_passes_that_is_not_on_the_page(lines: list[str], data: st.DataObject) -> None:
    page = content(*lines, ("link", {"tag": "a", "attrs": {"href": "https://a.example/y?z=1"}}))
    field = data.draw(FIELDS)
    value = data.draw(st.one_of(TOKEN, bent(lines), bent(lines), LINES.map(" ".join)))
    shown = letters(" ".join([*lines, "link", page.title]))
    addresses = {page.url, "https://a.example/y?z=1", clean_url(page.url)}
    said = [{field.name: value}, {field.name: data.draw(bent(lines))}]
    for record in proven(page, (field,), said, many=data.draw(st.booleans())):
        found = record.fields[field.name].value
        assert found is not None
        for part in found.split("; ") if field.type == "list" else [found]:
            assert part in shown or part in addresses


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=6), st.integers(0, 99_999))
def test_numbers_pass_exactly_when_the_page_has_them(shown: list[int], asked: int) -> None:
    page = content(*(f"Mass {number:,} kg" for number in shown))
    record = proven(page, (ExtractField(name="mass", type="int"),), [{"mass": str(asked)}])
    assert bool(record) == (asked in shown)
    if record:
        value = record[0].fields["mass"].value
        assert value is not None
        assert Decimal(re.sub(r"\D", "", value)) == asked


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 9_999), min_size=2, max_size=5))
def test_sums_and_means_are_refused(numbers: list[int]) -> None:
    page = content(*(f"Part {number}" for number in numbers))
    total = sum(numbers)
    assume(total not in numbers)
    assert proven(page, (ExtractField(name="total", type="int"),), [{"total": str(total)}]) == ()


@settings(max_examples=200, deadline=None)
@given(st.text("abcß éÉ-'.1", min_size=1, max_size=12), st.text("abcß éÉ-'.1", max_size=20))
def test_parts_of_words_do_not_pass(value: str, line: str) -> None:
    page = content(line)
    for record in proven(page, (ExtractField(name="thing"),), [{"thing": value}]):
        found = record.fields["thing"].value
        assert found is not None
        edges = re.compile(rf"(?<![^\W_]){re.escape(found)}(?![^\W_])")
        loose = not found[0].isalnum() or not found[-1].isalnum()
        assert loose or edges.search(letters(line))


def test_a_large_page_is_searched_in_reasonable_time() -> None:
    body = Node(-1, "body", "", "", {}, 0, 0, 1280, 800, Flag.BLOCK, 16)
    nodes = [body]
    for number in range(3_000):
        nodes.append(Node(0, "div", "", "", {}, 0, 0, 400, 20, Flag.BLOCK, 16))
        text = f"Boat {number} costs ${number + 1000:,} in 2019, call (305) 555-{number:04d}"
        nodes.append(Node(len(nodes) - 1, "#text", text, "", {}, 0, 0, 0, 0, 0, 0))
    page = Content(url="https://shop.example/", lang="en", nodes=tuple(nodes))
    kinds = {"title": "str", "price": "price", "phone": "phone", "listed": "date"}
    fields = tuple(ExtractField(name=name, type=kind) for name, kind in kinds.items())
    asked = [
        {
            "title": f"Boat {n}",
            "price": f"{n + 1000}",
            "phone": f"305 555 {n:04d}",
            "listed": "2024-01-02",
        }
        for n in range(0, 3000, 30)
    ]
    records = proven(page, fields, asked, many=True)
    assert len(records) == 100
    assert all(record.fields["phone"].value for record in records)
