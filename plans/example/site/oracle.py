"""What really happened and what is really for sale, as JSON for tests; no page links here.

`GET /_oracle/requests?visitor=` lists requests, `GET /_oracle/listings` takes the filters of
`/boats` and lists every card of its pages in order, `GET /_oracle/orders` lists
reservations, `GET /_oracle/codes` the one-time codes that were sent, `POST /_oracle/reset`
forgets what visitors did. `POST /_oracle/trouble?trouble=hang|late|slow&seconds=&delay_s=`
lets the whole site misbehave for a while.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from plans.example.site.accounts import Accounts
from plans.example.site.adverts import adverts_of
from plans.example.site.catalog import Catalog, Listing
from plans.example.site.filters import PAGE_SIZE, page_count, parse_search
from plans.example.site.knobs import Knobs, Trouble
from plans.example.site.orders import OrderBook
from plans.example.site.visits import VisitLog
from plans.step import Frozen

_TROUBLES: dict[str, Trouble] = {"hang": "hang", "late": "late", "slow": "slow"}


class TrueCard(Frozen):
    """A card as it stands on a page of results; `position` counts from 1 on its page.

    `ordinal` counts the listings of the whole result from 1; None on sponsored cards, where
    year, make, model and phone are None too.
    """

    page: int
    position: int
    sponsored: bool
    ordinal: int | None = None
    title: str
    price: str
    url: str
    year: int | None = None
    make: str | None = None
    model: str | None = None
    phone: str | None = None
    location: str | None = None
    seller_type: str | None = None
    structured: bool | None = None


class TrueResults(Frozen):
    """The whole result of a search: listings counted, all cards in order."""

    total: int
    pages: int
    items: tuple[TrueCard, ...]


class TrueOrder(Frozen):
    """A reservation that was placed."""

    number: str
    visitor: str
    listing_id: int
    title: str
    name: str
    email: str
    message: str


@dataclass(frozen=True)
class OraclePages:
    """The endpoints under `/_oracle`."""

    catalog: Catalog
    log: VisitLog
    orders: OrderBook
    accounts: Accounts
    knobs: Knobs
    resets: tuple[Callable[[], None], ...]

    def routes(self) -> list[Route]:
        """The routes of these endpoints."""
        return [
            Route("/_oracle/requests", self.requests),
            Route("/_oracle/listings", self.listings),
            Route("/_oracle/orders", self.placed),
            Route("/_oracle/codes", self.codes),
            Route("/_oracle/trouble", self.trouble, methods=["POST"]),
            Route("/_oracle/reset", self.reset, methods=["POST"]),
        ]

    async def requests(self, request: Request) -> Response:
        """The requests of one visitor, or of all."""
        visits = self.log.of(request.query_params.get("visitor", ""))
        return JSONResponse({"requests": [asdict(visit) for visit in visits]})

    async def listings(self, request: Request) -> Response:
        """Every card of every page of a search."""
        found = parse_search(request.query_params).results(self.catalog)
        pages = page_count(len(found))
        items = [card for page in range(1, pages + 1) for card in self._page(found, page)]
        results = TrueResults(total=len(found), pages=pages, items=tuple(items))
        return JSONResponse(results.model_dump(mode="json"))

    async def placed(self, request: Request) -> Response:
        """Every reservation."""
        orders = [
            TrueOrder(
                number=order.number,
                visitor=order.visitor,
                listing_id=order.listing.id,
                title=order.listing.title,
                name=order.name,
                email=order.email,
                message=order.message,
            ).model_dump(mode="json")
            for order in self.orders.orders
        ]
        return JSONResponse({"orders": orders})

    async def codes(self, request: Request) -> Response:
        """Every one-time code that was sent, newest first."""
        codes = [
            {"code": mail.code, "sent_at": mail.sent_at.timestamp()} for mail in self.accounts.inbox
        ]
        return JSONResponse({"codes": codes})

    async def trouble(self, request: Request) -> Response:
        """Begins a trouble of the whole site."""
        asked = request.query_params
        try:
            seconds, delay_s = float(asked["seconds"]), float(asked.get("delay_s", "0"))
            trouble = _TROUBLES[asked["trouble"]]
        except (KeyError, ValueError):
            return JSONResponse({"detail": "give trouble and seconds"}, status_code=400)
        self.knobs.turn(trouble, seconds, delay_s)
        return JSONResponse({"ok": True})

    async def reset(self, request: Request) -> Response:
        """Forgets requests, reservations, sessions and changes in the CRM."""
        for forget in self.resets:
            forget()
        return JSONResponse({"ok": True})

    def _page(self, found: tuple[Listing, ...], page: int) -> list[TrueCard]:
        first = (page - 1) * PAGE_SIZE
        cards = [
            _true_card(listing, page, first + offset + 1)
            for offset, listing in enumerate(found[first : first + PAGE_SIZE])
        ]
        if cards:
            for advert in adverts_of(self.catalog, page):
                card = TrueCard(
                    page=page,
                    position=0,
                    sponsored=True,
                    title=advert.title,
                    price=advert.price,
                    url=advert.href,
                )
                cards.insert(advert.position, card)
        return [
            card.model_copy(update={"position": position})
            for position, card in enumerate(cards, start=1)
        ]


def _true_card(listing: Listing, page: int, ordinal: int) -> TrueCard:
    return TrueCard(
        page=page,
        position=0,
        sponsored=False,
        ordinal=ordinal,
        title=listing.title,
        price=listing.price_text,
        url=listing.path,
        year=listing.year,
        make=listing.make,
        model=listing.model,
        phone=listing.phone,
        location=listing.location,
        seller_type=listing.seller_type,
        structured=listing.has_structure,
    )
