"""The frame of every page: header, footer, breadcrumbs, cookie banner."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse

from plans.example.site.accounts import Accounts
from plans.example.site.html import Html, join, render

CONSENT_COOKIE = "hm_consent"


@dataclass(frozen=True)
class Crumb:
    """One link of the breadcrumbs; the last one has no address."""

    label: str
    href: str = ""


@dataclass(frozen=True)
class Frame:
    """Puts the site's frame around the body of a page."""

    accounts: Accounts

    def page(
        self,
        request: Request,
        title: str,
        body: Html,
        *,
        crumbs: Sequence[Crumb] = (),
        head: Html | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """The whole document as a response with this status."""
        user = self.accounts.user_of(request)
        document = render(
            "layout",
            title=title,
            head=head or Html(""),
            account=render("header_user", name=user.first_name) if user else render("header_guest"),
            crumbs=breadcrumbs(crumbs) if crumbs else Html(""),
            body=body,
            query=request.query_params.get("q", ""),
            banner=Html("") if CONSENT_COOKIE in request.cookies else render("cookie_banner"),
        )
        return HTMLResponse(document, status_code=status)


def breadcrumbs(crumbs: Sequence[Crumb]) -> Html:
    """The trail from the front page down to this one."""
    items = join(
        render("crumb", label=crumb.label, href=crumb.href)
        if crumb.href
        else render("crumb_last", label=crumb.label)
        for crumb in crumbs
    )
    return render("breadcrumbs", items=items)
