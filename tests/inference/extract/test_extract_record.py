from collections.abc import Callable

import pytest

from inference.content import Content
from inference.decisions import Record
from inference.extract.fields import fields_for, labelled_pairs
from inference.extract.record import extract_record
from inference.extract.reveal import phone_state, reveal_wanted
from plans.step import ExtractField, Step, StepType

Capture = Callable[[str], Content]
pytestmark = pytest.mark.browser

GERMAN = """<html lang=de><title>BMW 320d Touring | autohof</title><body>
<header><a href=/>autohof</a><a href=/login>Einloggen</a><span>Hotline 0800 1234567</span></header>
<div><h1>BMW 320d Touring xDrive</h1><p>50667 Köln, Nordrhein-Westfalen</p>
<div><span style="font-size:28px">24.900 €</span> <del>26.500 €</del>
<small>Finanzierung ab 289 € mtl.</small></div>
<table><tr><td>Erstzulassung</td><td>03/2019</td></tr>
<tr><td>Kilometerstand</td><td>85.400 km</td></tr>
<tr><td>HU</td><td>k. A.</td></tr></table><p>Anbieter: Autohaus Müller GmbH</p>
<button>Telefonnummer anzeigen</button></div>
<section><h2>Ähnliche Fahrzeuge</h2><div><a href=/1>BMW 318d</a><b>19.900 €</b></div>
<div><a href=/2>Audi A4</a><b>21.450 €</b></div></section><footer>Impressum</footer>"""

PLAIN = """<html lang=en><title>Arc Floor Lamp | Lumen</title><body><div>
<div style="font-size:26px;font-weight:700">Arc Floor Lamp</div>
<div><span>Was £240.00</span> <span style="font-size:22px">Now £189.99</span></div>
<div>Pay from £15.83 per month</div><div><strong>Colour:</strong> Brass</div>
<div><strong>Height</strong> <span>182 cm</span></div><div>SKU: LMP-9921</div>
<div>Warranty: –</div><div>Delivery £4.99</div><div>Call us 0800 555 111</div></div>"""

BOAT = """<html lang=en><title>Boat</title><body>
<nav><a href=/>Home</a> › <a href=/m>Boston Whaler</a></nav>
<main><h1>2019 Boston Whaler 330 Outrage</h1><p>Stuart, FL</p>
<p style="font-size:24px">$248,500 <s>$261,000</s></p><p>Est. payment $1,912/mo</p>
<p>Posted on 3 March 2025 by Ann</p>{contact}</main>
<aside><h2>You may also like</h2><a href=/9>2001 Sea Ray 240</a><b>$19,000</b>
<p>(305) 555-0100</p></aside>"""

JOB = """<html><title>Welder</title><script type="application/ld+json">{"@graph":[
{"@type":"BreadcrumbList"},{"@type":"JobPosting","title":"Senior Welder","datePosted":"2025-03-02",
"hiringOrganization":{"@type":"Organization","name":"Kestrel Yards"},"jobLocation":{"address":
{"addressLocality":"Hull"}},"baseSalary":{"currency":"GBP","value":{"value":38000}}}]}</script>
<body><h1>Senior Welder</h1><p>Full time</p>"""

TWO_ADDRESSES = """<title>Account</title><body><h1>Account</h1>
<fieldset><legend>Billing address</legend><label>City <input value=Bradford></label>
<label>Postcode <input value="BD1 1AA"></label></fieldset>
<fieldset><legend>Shipping address</legend><label>City <input value=Keighley></label>
<label>Postcode <input value=""></label></fieldset>"""


def fields(names: str) -> tuple[ExtractField, ...]:
    return tuple(ExtractField(name=name) for name in names.split())


def values(record: Record) -> dict[str, str | None]:
    return {name: found.value for name, found in record.fields.items()}


def test_a_german_page_without_any_markup_for_machines(capture: Capture) -> None:
    content = capture(GERMAN)
    wanted = fields("titel preis erstzulassung kilometerstand anbieter ort hu telefon")
    record = extract_record(content, wanted, "Extrahiere Titel, Preis und alles andere")
    assert values(record) == {
        "titel": "BMW 320d Touring xDrive",
        "preis": "24.900 €",
        "erstzulassung": "03/2019",
        "kilometerstand": "85.400 km",
        "anbieter": "Autohaus Müller GmbH",
        "ort": "50667 Köln, Nordrhein-Westfalen",
        "hu": None,
        "telefon": None,
    }
    reveal = reveal_wanted(content, wanted, record)
    assert reveal is not None and reveal.text == "Telefonnummer anzeigen"
    assert phone_state(content, None) == "unknown"


def test_former_prices_rates_and_service_numbers_are_no_values(capture: Capture) -> None:
    record = extract_record(
        capture(PLAIN), fields("name price colour height sku warranty phone brand"), "Extract it"
    )
    assert values(record) == {
        "name": "Arc Floor Lamp",
        "price": "£189.99",
        "colour": "Brass",
        "height": "182 cm",
        "sku": "LMP-9921",
        "warranty": None,
        "phone": None,
        "brand": None,
    }


def test_title_grammar_and_what_is_beside_the_record(capture: Capture) -> None:
    content = capture(BOAT.format(contact="<p>The seller prefers messages.</p>"))
    wanted = fields("year make model price location phone date")
    record = extract_record(content, wanted, "Extract Year, Make, Model, Price and Phone")
    assert values(record) == {
        "year": "2019",
        "make": "Boston Whaler",
        "model": "330 Outrage",
        "price": "$248,500",
        "location": "Stuart, FL",
        "phone": None,
        "date": "3 March 2025",
    }
    assert record.fields["year"].source == "title"
    assert record.fields["price"].source == "scanner"
    assert reveal_wanted(content, wanted, record) is None
    assert phone_state(content, None) == "none"


@pytest.mark.parametrize(
    ("contact", "phone"),
    [
        ("<p><a href='tel:+15615550134'>(561) 555-0134</a></p>", "(561) 555-0134"),
        ("<button>(561) 555-0134</button>", "(561) 555-0134"),
        ("<dl><dt>Phone</dt><dd>561.555.0134</dd></dl>", "561.555.0134"),
        ("<p>Call (561) 555-0134</p>", "(561) 555-0134"),
        ("<p>Fax (561) 555-0135</p>", None),
        ("<p>Listing 561555</p><p>Stock #8833017</p>", None),
        ("<button>(561) 555-•••• Show</button>", None),
    ],
)
def test_phone_numbers(capture: Capture, contact: str, phone: str | None) -> None:
    record = extract_record(capture(BOAT.format(contact=contact)), fields("phone"), "Extract phone")
    assert record.fields["phone"].value == phone


@pytest.mark.parametrize(
    "button",
    [
        "Show phone number",
        "View contact",
        "Reveal number",
        "Click to show phone",
        "(561) 555-•••• Show",
    ],
)
def test_what_hides_a_number_is_told(capture: Capture, button: str) -> None:
    content = capture(BOAT.format(contact=f"<button>{button}</button>"))
    record = extract_record(content, fields("phone"), "Extract phone")
    reveal = reveal_wanted(content, fields("phone"), record)
    assert reveal is not None and reveal.text == button and reveal.box.width > 0


@pytest.mark.parametrize(
    "button", ["Show more photos", "Add phone number to my account", "Call a cab"]
)
def test_other_buttons_hide_no_number(capture: Capture, button: str) -> None:
    content = capture(BOAT.format(contact=f"<button>{button}</button>"))
    record = extract_record(content, fields("phone"), "Extract phone")
    assert reveal_wanted(content, fields("phone"), record) is None


def test_json_ld_with_values_the_page_does_not_show(capture: Capture) -> None:
    record = extract_record(
        capture(JOB), fields("title company location salary date_posted phone"), "Extract them"
    )
    assert values(record) == {
        "title": "Senior Welder",
        "company": "Kestrel Yards",
        "location": "Hull",
        "salary": "£38,000",
        "date_posted": "2025-03-02",
        "phone": None,
    }
    assert record.fields["company"].source == "json-ld"


def test_the_part_that_the_intent_names_is_the_only_one_read(capture: Capture) -> None:
    content = capture(TWO_ADDRESSES)
    shipping = extract_record(
        content, fields("city postcode"), "Extract city and postcode of the shipping address"
    )
    assert values(shipping) == {"city": "Keighley", "postcode": None}
    billing = extract_record(
        content, fields("city postcode"), "Extract city and postcode of the billing address"
    )
    assert values(billing) == {"city": "Bradford", "postcode": "BD1 1AA"}


def test_broken_json_ld_and_an_empty_page_give_nothing(capture: Capture) -> None:
    content = capture('<script type="application/ld+json">{"@type": "Product", "name": </script>')
    record = extract_record(content, fields("name price phone"), "Extract name, price and phone")
    assert values(record) == {"name": None, "price": None, "phone": None}


def test_without_named_fields_the_labelled_pairs_are_read(capture: Capture) -> None:
    content = capture(GERMAN)
    step = Step(intent="Extract the listing data", type=StepType.EXTRACT_DATA)
    assert [f.name for f in fields_for(content, step)] == [
        "erstzulassung",
        "kilometerstand",
        "anbieter",
    ]
    assert dict(labelled_pairs(content))["Kilometerstand"] == "85.400 km"


def test_the_new_price_beside_the_old_one(capture: Capture) -> None:
    page = "<title>Lamp</title><main><h1>Lamp</h1><p><s>$80.00</s> <b>$59.00</b></p></main>"
    record = extract_record(capture(page), fields("title price"), "Extract title and price")
    assert values(record)["price"] == "$59.00"
