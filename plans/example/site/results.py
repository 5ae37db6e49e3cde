"""The front page and the pages of results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plans.example.site.adverts import Advert, adverts_of
from plans.example.site.boat_art import boat_svg
from plans.example.site.catalog import Catalog, Listing
from plans.example.site.filters import (
    PAGE_SIZE,
    SELLERS,
    SORTS,
    BoatSearch,
    page_count,
    parse_page,
    parse_search,
)
from plans.example.site.html import Html, join, render
from plans.example.site.layout import Crumb, Frame
from plans.example.site.messages import not_found
from plans.example.site.vocabulary import STATES

Key = TypeVar("Key", bound=str)
PAGER_REACH = 2
HOME_TILES = 8


@dataclass(frozen=True)
class ResultPages:
    """Finding boats: the front page and `/boats`."""

    catalog: Catalog
    frame: Frame

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [Route("/", self.home), Route("/boats", self.boats)]

    async def home(self, request: Request) -> Response:
        """The front page."""
        body = render(
            "home",
            total=len(self.catalog.listings),
            makes=options({make: make for make in self.catalog.makes}, ""),
            states=options({state: STATES[state] for state in self.catalog.states}, ""),
            tiles=join(tile(listing) for listing in self.catalog.listings[-HOME_TILES:]),
        )
        return self.frame.page(request, "Used boats for sale", body)

    async def boats(self, request: Request) -> Response:
        """A page of results: 12 listings and 2 paid cards, or a sentence that there are none."""
        search = parse_search(request.query_params)
        page = parse_page(request.query_params)
        found = search.results(self.catalog)
        pages = page_count(len(found))
        if page > pages:
            return not_found(self.frame, request)
        body = render(
            "results",
            heading=search.heading(),
            count="1 result" if len(found) == 1 else f"{len(found)} results",
            chips=_chips(search),
            listing=self._cards(search, found, page) if found else render("results_empty"),
            **self._form(search),
        )
        head = Html("")
        if page < pages:
            head = render("rel_next", href=search.href(page + 1))
        crumbs = (Crumb("Home", "/"), Crumb("Boats for sale"))
        return self.frame.page(request, search.heading(), body, crumbs=crumbs, head=head)

    def _cards(self, search: BoatSearch, found: tuple[Listing, ...], page: int) -> Html:
        first = (page - 1) * PAGE_SIZE
        cards = [
            _card(listing, fails=first + offset + 1 in search.broken)
            for offset, listing in enumerate(found[first : first + PAGE_SIZE])
        ]
        for advert in adverts_of(self.catalog, page):
            cards.insert(advert.position, _sponsored(advert))
        pager = _pager(search, page, page_count(len(found)))
        return render("results_list", cards=join(cards), pager=pager)

    def _form(self, search: BoatSearch) -> dict[str, Html | str]:
        checked, unchecked = Html(" checked"), Html("")
        states = {state: STATES[state] for state in self.catalog.states}
        return {
            "seller_any": unchecked if search.seller else checked,
            "seller_private": checked if search.seller == "private" else unchecked,
            "seller_dealer": checked if search.seller == "dealer" else unchecked,
            "makes": options({make: make for make in self.catalog.makes}, search.make),
            "states": options(states, search.state),
            "min_price": "" if search.min_price is None else str(search.min_price),
            "max_price": "" if search.max_price is None else str(search.max_price),
            "sorts": options(SORTS, search.sort),
        }


def options(labels: Mapping[Key, str], selected: str) -> Html:
    """The options of a select, by value, with one of them selected."""
    return join(
        render(
            "option",
            value=value,
            label=label,
            selected=Html(" selected") if value == selected else Html(""),
        )
        for value, label in labels.items()
    )


def tile(listing: Listing) -> Html:
    """A small link to a listing."""
    return render(
        "tile",
        href=listing.path,
        picture=boat_svg(listing),
        title=listing.title,
        price=listing.price_text,
        location=listing.location,
    )


def _card(listing: Listing, *, fails: bool) -> Html:
    return render(
        "card",
        href=f"{listing.path}?fault=500" if fails else listing.path,
        picture=boat_svg(listing),
        title=listing.title,
        price=listing.price_text,
        boat_class=listing.boat_class,
        length=listing.length_ft,
        hours=listing.hours,
        location=listing.location,
        seller=SELLERS[listing.seller_type],
        seller_kind=listing.seller_type,
    )


def _sponsored(advert: Advert) -> Html:
    return render(
        "sponsored_card",
        ad_id=advert.id,
        href=advert.href,
        picture=boat_svg(advert.listing, advert.title),
        label=advert.label,
        title=advert.title,
        price=advert.price,
        tagline=advert.tagline,
        seller=advert.sponsor,
    )


def _chips(search: BoatSearch) -> Html:
    chips = search.chips()
    if not chips:
        return Html("")
    items = join(render("chip", label=chip.label, href=chip.without.href()) for chip in chips)
    return render("chips", items=items)


def _pager(search: BoatSearch, page: int, pages: int) -> Html:
    items: list[Html] = []
    if page > 1:
        items.append(render("pager_previous", href=search.href(page - 1)))
    shown = {1, pages, *range(page - PAGER_REACH, page + PAGER_REACH + 1)}
    last = 0
    for number in sorted(number for number in shown if 1 <= number <= pages):
        if number > last + 1:
            items.append(Html('<span class="gap">…</span>'))
        template = "pager_current" if number == page else "pager_number"
        items.append(render(template, number=number, href=search.href(number)))
        last = number
    if page < pages:
        items.append(render("pager_next", href=search.href(page + 1)))
    return render("pager", items=join(items), page=page, pages=pages)
