"""The page of one boat, in two templates, with its phone number and reservation form."""

import asyncio
import json
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from plans.example.site.boat_art import boat_svg
from plans.example.site.catalog import Catalog, Listing, dollars
from plans.example.site.filters import SELLERS, BoatSearch
from plans.example.site.forms import posted
from plans.example.site.html import Html, join, render
from plans.example.site.layout import Crumb, Frame
from plans.example.site.messages import failed, not_found
from plans.example.site.orders import OrderBook
from plans.example.site.results import tile
from plans.example.site.visits import visitor_of

PHONE_LATENCY_S = 0.05
APR = 0.069
MONTHS = 180


@dataclass(frozen=True)
class DetailPages:
    """One boat: looking at it, asking for the phone number, reserving it."""

    catalog: Catalog
    orders: OrderBook
    frame: Frame

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route("/boats/{ref}", self.boat),
            Route("/boats/{ref}/phone", self.phone),
            Route("/boats/{ref}/reserve", self.reserve_form),
            Route("/boats/{ref}/reserve", self.reserve, methods=["POST"]),
            Route("/orders/{number}", self.placed),
        ]

    async def boat(self, request: Request) -> Response:
        """The detail page; `?fault=500` makes it fail."""
        listing = self._listing(request)
        if listing is None:
            return not_found(self.frame, request)
        if request.query_params.get("fault") == "500":
            return failed(self.frame, request)
        template = "detail_structured" if listing.has_structure else "detail_plain"
        body = render(
            template, **_values(listing), similar=join(map(tile, self.catalog.similar_to(listing)))
        )
        head = _json_ld(listing, request) if listing.has_structure else Html("")
        return self.frame.page(
            request, f"{listing.title} for sale", body, crumbs=_crumbs(listing), head=head
        )

    async def phone(self, request: Request) -> Response:
        """The phone number that the button asks for, after a short while."""
        listing = self._listing(request)
        await asyncio.sleep(PHONE_LATENCY_S)
        if listing is None or listing.phone is None:
            return JSONResponse({"phone": None}, status_code=404)
        return JSONResponse({"phone": listing.phone})

    async def reserve_form(self, request: Request) -> Response:
        """The reservation form."""
        listing = self._listing(request)
        if listing is None:
            return not_found(self.frame, request)
        user = self.frame.accounts.user_of(request)
        name = f"{user.first_name} {user.last_name}" if user else ""
        return self._form(request, listing, name, user.email if user else "", Html(""))

    async def reserve(self, request: Request) -> Response:
        """Places a reservation and leads to its page; each post places another one."""
        listing = self._listing(request)
        if listing is None:
            return not_found(self.frame, request)
        form = await posted(request)
        name, email = form.get("name", ""), form.get("email", "")
        if not name or "@" not in email or form.get("terms") != "yes":
            text = "Please give your name and email and agree to the terms."
            return self._form(request, listing, name, email, render("error", text=text))
        order = self.orders.place(
            listing,
            visitor=visitor_of(request),
            name=name,
            email=email,
            message=form.get("message", ""),
        )
        return RedirectResponse(f"/orders/{order.number}", status_code=303)

    async def placed(self, request: Request) -> Response:
        """The confirmation of a reservation."""
        order = self.orders.find(str(request.path_params["number"]))
        if order is None:
            return not_found(self.frame, request)
        body = render(
            "order_done",
            number=order.number,
            title=order.listing.title,
            price=order.listing.price_text,
            email=order.email,
        )
        return self.frame.page(request, "Reservation placed", body)

    def _form(
        self, request: Request, listing: Listing, name: str, email: str, error: Html
    ) -> Response:
        body = render(
            "reserve",
            picture=boat_svg(listing),
            title=listing.title,
            price=listing.price_text,
            location=listing.location,
            error=error,
            action=f"/boats/{listing.id}/reserve",
            name=name,
            email=email,
        )
        return self.frame.page(request, f"Reserve {listing.title}", body)

    def _listing(self, request: Request) -> Listing | None:
        number = str(request.path_params["ref"]).partition("-")[0]
        return self.catalog.find(int(number)) if number.isdecimal() and len(number) < 9 else None


def _values(listing: Listing) -> dict[str, str | int]:
    down = listing.price // 10
    rate = APR / 12
    monthly = (listing.price - down) * rate / (1 - (1 + rate) ** -MONTHS)
    was = render("was_price", price=dollars(listing.was_price)) if listing.was_price else Html("")
    contact = render("phone_none")
    if listing.phone:
        contact = render("phone_button", href=f"/boats/{listing.id}/phone")
    days = "1 day" if listing.days_listed == 1 else f"{listing.days_listed} days"
    return {
        "id": listing.id,
        "picture": boat_svg(listing),
        "title": listing.title,
        "year": listing.year,
        "make": listing.make,
        "model": listing.model,
        "boat_class": listing.boat_class,
        "boat_class_lower": listing.boat_class.lower(),
        "length": listing.length_ft,
        "hull": listing.hull,
        "hull_lower": listing.hull.lower(),
        "hours": listing.hours,
        "price": listing.price_text,
        "was": was,
        "monthly": dollars(round(monthly)),
        "down": dollars(down),
        "city": listing.city,
        "location": listing.location,
        "days": days,
        "seller": SELLERS[listing.seller_type],
        "seller_kind": listing.seller_type,
        "seller_name": listing.seller_name,
        "contact": contact,
        "reserve": f"/boats/{listing.id}/reserve",
        "description": listing.description,
    }


def _crumbs(listing: Listing) -> tuple[Crumb, ...]:
    by_make = BoatSearch(make=listing.make).href()
    return (
        Crumb("Home", "/"),
        Crumb("Boats for sale", "/boats"),
        Crumb(listing.make, by_make),
        Crumb(listing.title),
    )


def _json_ld(listing: Listing, request: Request) -> Html:
    url = str(request.base_url).rstrip("/") + listing.path
    document = {
        "@context": "https://schema.org",
        "@type": ["Product", "Vehicle"],
        "name": listing.title,
        "url": url,
        "sku": str(listing.id),
        "brand": {"@type": "Brand", "name": listing.make},
        "model": listing.model,
        "vehicleModelDate": str(listing.year),
        "description": listing.description,
        "offers": {
            "@type": "Offer",
            "price": f"{listing.price:.2f}",
            "priceCurrency": "USD",
            "availability": "https://schema.org/InStock",
            "itemCondition": "https://schema.org/UsedCondition",
            "url": url,
            "seller": {
                "@type": "Person" if listing.seller_type == "private" else "Organization",
                "name": listing.seller_name,
            },
        },
    }
    text = json.dumps(document, ensure_ascii=False).replace("<", "\\u003c")
    return render("json_ld", document=Html(text))
