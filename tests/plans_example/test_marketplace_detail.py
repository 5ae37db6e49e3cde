import json

import httpx
from lxml import html

from plans.example.site.catalog import Listing, build_catalog

CATALOG = build_catalog(7)


def with_structure(structured: bool, phone: bool = True) -> Listing:
    return next(
        listing
        for listing in CATALOG.listings
        if listing.has_structure is structured and (listing.phone is not None) is phone
    )


def test_one_template_has_json_ld_and_specifications(visitor: httpx.Client) -> None:
    listing = with_structure(True)
    tree = html.fromstring(visitor.get(listing.path).text)
    document = json.loads(tree.xpath("string(//script[@type='application/ld+json'])"))
    assert document["brand"]["name"] == listing.make
    assert document["vehicleModelDate"] == str(listing.year)
    assert float(document["offers"]["price"]) == listing.price
    terms = tree.xpath("//dl/dt/text()")
    assert {"Year", "Make", "Model", "Location", "Seller type", "Engine hours"} <= set(terms)


def test_the_other_template_says_the_same_without_any_structure(visitor: httpx.Client) -> None:
    listing = with_structure(False)
    text = visitor.get(listing.path).text
    tree = html.fromstring(text)
    assert not tree.xpath("//script[@type='application/ld+json'] | //main//dl | //main//table")
    words = " ".join(tree.xpath("string(//main)").split())
    for shown in (
        listing.title,
        listing.make,
        listing.model,
        str(listing.year),
        listing.price_text,
        listing.location,
        "seller" if listing.seller_type == "private" else "Dealer",
        f"{listing.hours} engine hours",
        listing.description,
    ):
        assert shown in words


def test_every_page_carries_decoy_prices_and_no_phone_number(visitor: httpx.Client) -> None:
    for listing in CATALOG.listings[:20]:
        text = visitor.get(listing.path).text
        tree = html.fromstring(text)
        assert len(tree.xpath("//a[@class='tile']")) == 3
        assert ("Was <s>" in text) is (listing.was_price is not None)
        if listing.phone:
            assert listing.phone not in text
            assert "Show phone number" in text
        else:
            assert "Show phone number" not in text
            assert "Seller prefers messages" in text


def test_the_phone_button_fetches_the_number_where_there_is_one(visitor: httpx.Client) -> None:
    listing = with_structure(True)
    href = html.fromstring(visitor.get(listing.path).text).xpath("string(//*/@data-phone)")
    assert visitor.get(href).json() == {"phone": listing.phone}
    silent = with_structure(False, phone=False)
    assert visitor.get(f"/boats/{silent.id}/phone").status_code == 404


def test_unknown_boats_are_missing(visitor: httpx.Client) -> None:
    for path in ("/boats/1", "/boats/none", "/boats/99999999999999999999", "/boats/1/reserve"):
        assert visitor.get(path).status_code == 404


def test_a_reservation_sent_twice_makes_two_orders(visitor: httpx.Client) -> None:
    listing = CATALOG.listings[0]
    form = html.fromstring(visitor.get(f"{listing.path}/reserve").text).xpath(
        "//form[contains(@action, 'reserve')]"
    )[0]
    data = {**dict(form.form_values()), "name": "Ann", "email": "ann@example.com", "terms": "yes"}
    numbers = [
        html.fromstring(visitor.post(form.action, data=data).text).xpath(
            "string(//*[@class='confirmation'])"
        )
        for _ in range(2)
    ]
    orders = visitor.get("/_oracle/orders").json()["orders"]
    assert [order["number"] for order in orders] == numbers
    assert len(set(numbers)) == 2
    assert orders[0]["visitor"] == visitor.cookies["hm_visitor"]


def test_an_incomplete_reservation_places_nothing(visitor: httpx.Client) -> None:
    path = f"/boats/{CATALOG.listings[0].id}/reserve"
    answer = visitor.post(path, data={"name": "Ann", "email": "ann@example.com"})
    assert "agree to the terms" in answer.text
    assert visitor.get("/_oracle/orders").json() == {"orders": []}


def test_the_cookie_banner_shows_until_a_choice_was_made(visitor: httpx.Client) -> None:
    assert 'id="cookie-banner"' in visitor.get("/boats").text
    visitor.cookies.set("hm_consent", "rejected")
    assert 'id="cookie-banner"' not in visitor.get("/boats").text
