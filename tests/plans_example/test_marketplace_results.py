import httpx
import pytest
from lxml import html

from plans.example.marketplace import create_app
from plans.example.site.catalog import build_catalog
from plans.example.site.filters import BoatSearch, page_count, parse_search


def cards_of(page: str) -> list[dict[str, str | bool]]:
    tree = html.fromstring(page)
    return [
        {
            "url": card.xpath("string(.//h2/a/@href)"),
            "title": card.xpath("string(.//h2/a)"),
            "price": card.xpath("string(.//p[@class='price'])"),
            "sponsored": bool(card.xpath(".//p[@class='ad-label']")),
        }
        for card in tree.xpath("//ul[@class='cards']/li")
    ]


def heading_of(page: str) -> str:
    return " ".join(html.fromstring(page).xpath("string(//h1)").split())


def test_the_same_seed_gives_the_same_catalog_and_another_seed_another() -> None:
    assert build_catalog(7) == build_catalog(7)
    assert build_catalog(7) != build_catalog(8)
    catalog = build_catalog(7)
    assert len(catalog.listings) == 300
    assert len({listing.path for listing in catalog.listings}) == 300


def test_the_same_page_twice_is_the_same_bytes(visitor: httpx.Client) -> None:
    assert visitor.get("/boats?page=2").content == visitor.get("/boats?page=2").content


def test_private_sellers_make_up_about_half_and_a_few_have_no_phone() -> None:
    private = BoatSearch(seller="private").results(build_catalog(7))
    silent = [listing for listing in private if listing.phone is None]
    assert 130 <= len(private) <= 170
    assert 5 <= len(silent) <= 25
    assert any(listing.phone is None for listing in private[:10])
    assert {listing.has_structure for listing in private[:10]} == {True, False}


def test_a_page_has_twelve_listings_and_two_sponsored_cards_on_top_and_in_the_middle(
    visitor: httpx.Client,
) -> None:
    cards = cards_of(visitor.get("/boats").text)
    assert [index for index, card in enumerate(cards) if card["sponsored"]] == [0, 7]
    assert len(cards) == 14
    organic = [str(card["url"]) for card in cards if not card["sponsored"]]
    assert all(url.startswith("/boats/") for url in organic)
    sponsored = [str(card["url"]) for card in cards if card["sponsored"]]
    assert sponsored[0].startswith("/promo/")
    assert sponsored[1].startswith("http://ads.")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "seller=private",
        "seller=dealer&state=FL",
        "make=Boston+Whaler&sort=price_asc",
        "min_price=20000&max_price=40000&sort=year_desc",
        "q=canyon",
        "seller=private&max_price=1",
    ],
)
def test_the_pages_show_what_the_oracle_says(visitor: httpx.Client, query: str) -> None:
    truth = visitor.get(f"/_oracle/listings?{query}").json()
    url: str | None = f"/boats?{query}"
    seen: list[dict[str, str | bool]] = []
    pages = 0
    while url:
        text = visitor.get(url).text
        pages += 1
        seen += cards_of(text)
        word = "result" if truth["total"] == 1 else "results"
        assert heading_of(text).endswith(f"— {truth['total']} {word}")
        following = html.fromstring(text).xpath("//nav[@class='pager']/a[@rel='next']/@href")
        url = str(following[0]) if following else None
    assert pages == truth["pages"]
    keys = ("url", "title", "price", "sponsored")
    assert seen == [{key: item[key] for key in keys} for item in truth["items"]]


def test_the_heading_and_chips_name_the_filters(visitor: httpx.Client) -> None:
    text = visitor.get("/boats?seller=private&state=FL&max_price=90000").text
    assert heading_of(text).startswith("Boats for sale by private sellers in Florida — ")
    chips = html.fromstring(text).xpath("//ul[@class='chips']/li/span/text()")
    assert chips == ["Private sellers", "Florida", "Up to $90,000"]


def test_the_filter_form_leads_to_what_it_says(visitor: httpx.Client) -> None:
    form = html.fromstring(visitor.get("/boats").text).xpath("//form[@class='filter-form']")[0]
    assert form.xpath(".//input[@name='seller'][@checked]/@value") == [""]
    fields = {name: value for name, value in form.form_values() if name != "seller"}
    assert fields == {
        "make": "",
        "state": "",
        "min_price": "",
        "max_price": "",
        "sort": "recommended",
    }
    found = visitor.get(form.action, params={**fields, "seller": "dealer", "min_price": "$50,000"})
    chips = html.fromstring(found.text).xpath("//ul[@class='chips']/li/span/text()")
    assert chips == ["Dealers", "From $50,000"]


def test_an_empty_result_says_so(visitor: httpx.Client) -> None:
    text = visitor.get("/boats?make=Nobody").text
    assert "No boats match your search" in text
    assert heading_of(text).endswith("0 results")
    assert cards_of(text) == []


def test_a_page_behind_the_last_one_is_missing(visitor: httpx.Client) -> None:
    assert visitor.get("/boats?page=26").status_code == 404
    assert visitor.get("/boats?page=25").status_code == 200
    assert 'rel="next"' not in visitor.get("/boats?page=25").text


def test_unreadable_queries_count_as_not_asked() -> None:
    odd = {"seller": "x", "min_price": "-3", "max_price": "9" * 40, "sort": "?", "broken": "a,,"}
    assert parse_search(odd) == BoatSearch()
    assert page_count(0) == 1


def test_text_from_outside_is_escaped(visitor: httpx.Client) -> None:
    text = visitor.get("/boats", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in text


def test_broken_ordinals_lead_to_a_failing_page_and_stay_in_the_pager(
    visitor: httpx.Client,
) -> None:
    organic: list[str] = []
    for page in (1, 2):
        text = visitor.get(f"/boats?broken=3,14&page={page}").text
        organic += [str(card["url"]) for card in cards_of(text) if not card["sponsored"]]
    statuses = [visitor.get(url).status_code for url in organic]
    assert [index for index, status in enumerate(statuses, start=1) if status == 500] == [3, 14]


async def test_each_app_has_a_memory_of_its_own() -> None:
    first, second = create_app(7), create_app(7)
    for app, expected in ((first, 1), (second, 0)):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://demo.test") as client:
            if app is first:
                await client.get("/boats")
            assert len((await client.get("/_oracle/requests")).json()["requests"]) == expected
