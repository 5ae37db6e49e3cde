"""Pages that say one thing: not found, failed, thanks, and the site's small print."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plans.example.site.html import Html, render
from plans.example.site.layout import Frame

TEXTS: dict[str, tuple[str, str]] = {
    "/sell": (
        "Sell your boat",
        "A private listing is free for 60 days. Have the title, the hull number and ten good "
        "pictures ready; most sellers are done in a quarter of an hour.",
    ),
    "/financing": (
        "Boat financing",
        "Our lending partners offer terms from 60 to 240 months. What you pay depends on the age "
        "of the boat, the down payment and your credit.",
    ),
    "/guides": (
        "Buying guides",
        "What a survey costs, how many engine hours are many, and what to ask before you drive "
        "four hours to look at a boat.",
    ),
    "/about": (
        "About Harbor Market",
        "We are a small team on the waterfront. Harbor Market is a demonstration site: its boats, "
        "sellers and prices are made up.",
    ),
    "/privacy": (
        "Privacy",
        "We keep one cookie for your choice about cookies, one for your visit and one while you "
        "are signed in. We sell nothing to anybody.",
    ),
    "/safety": (
        "Safe buying",
        "Meet at the dock, look at the title, pay through a bank. Never send money for a boat "
        "that you have not seen.",
    ),
}


@dataclass(frozen=True)
class MessagePages:
    """The small print, the newsletter's thanks and the landing page of paid cards."""

    frame: Frame

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            *(Route(path, self.text) for path in TEXTS),
            Route("/newsletter", self.newsletter, methods=["POST"]),
            Route("/promo/click", self.promo),
        ]

    async def text(self, request: Request) -> Response:
        """A page of the small print."""
        heading, text = TEXTS[request.url.path]
        return self.frame.page(request, heading, message("plain", heading, text))

    async def newsletter(self, request: Request) -> Response:
        """Thanks for subscribing."""
        body = message("plain", "Thank you for subscribing", "The next issue is on its way.")
        return self.frame.page(request, "Subscribed", body)

    async def promo(self, request: Request) -> Response:
        """Where a paid card leads."""
        body = message(
            "promo",
            "Visit our partner's showroom",
            "You followed an advertisement. New boats from $9,999, ask for today's offer.",
        )
        return self.frame.page(request, "Partner offer", body)

    async def on_error(self, request: Request, error: Exception) -> Response:
        """The page for an address that does not exist or a method that is not allowed."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return not_found(self.frame, request)
        if status == 405:
            text = "This page can't be opened like that. Please start again from the front page."
            body = message("failed", "Method not allowed", text, _home())
            return self.frame.page(request, "Method not allowed", body, status=status)
        return failed(self.frame, request)


def message(kind: str, heading: str, text: str, more: Html | None = None) -> Html:
    """A heading, a sentence and perhaps a link."""
    return render("message_box", kind=kind, heading=heading, text=text, more=more or Html(""))


def not_found(frame: Frame, request: Request) -> Response:
    """The 404 page."""
    text = "The page you are looking for has sailed away or never existed."
    body = message("failed", "Page not found", text, _home())
    return frame.page(request, "Page not found", body, status=404)


def failed(frame: Frame, request: Request) -> Response:
    """The 500 page."""
    text = "An error on our side kept this page from loading. Please try again later."
    body = message("failed", "Something went wrong", text, _home())
    return frame.page(request, "Internal server error", body, status=500)


def _home() -> Html:
    return render("link_button", href="/", label="Back to the front page")
