"""Signing in with a one-time code, the account page and the inbox."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from plans.example.site.accounts import DEMO_USER, SESSION_COOKIE, Accounts, set_session
from plans.example.site.forms import posted
from plans.example.site.html import Html, join, render
from plans.example.site.layout import Frame
from plans.example.site.orders import Order, OrderBook

DELIVERED = Html(
    "<tr><td>HM-70288</td><td>2016 Robalo R222</td><td>$41,500</td><td>Completed</td></tr>"
    "<tr><td>HM-70103</td><td>2009 Catalina 22 Sport</td><td>$11,200</td><td>Cancelled</td></tr>"
)


@dataclass(frozen=True)
class AccountPages:
    """`/account` and what leads there: password, then the code page, reached by POST only."""

    accounts: Accounts
    orders: OrderBook
    frame: Frame

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route("/account", self.account),
            Route("/account/login", self.login_form),
            Route("/account/login", self.login, methods=["POST"]),
            Route("/account/code", self.code, methods=["POST"]),
            Route("/account/logout", self.logout, methods=["POST"]),
            Route("/inbox", self.inbox),
        ]

    async def account(self, request: Request) -> Response:
        """The user's orders; sends visitors who are not signed in to the login."""
        user = self.accounts.user_of(request)
        if user is None:
            return RedirectResponse("/account/login", status_code=303)
        rows = join(_order_row(order) for order in self.orders.of_email(user.email))
        body = render(
            "account", name=user.first_name, email=user.email, orders=Html(rows + DELIVERED)
        )
        return self.frame.page(request, "Your account", body)

    async def login_form(self, request: Request) -> Response:
        """The login form."""
        return self._login(request, "", Html(""))

    async def login(self, request: Request) -> Response:
        """Checks the password, sends a code and passes the POST on to the code page."""
        form = await posted(request)
        email = form.get("email", "")
        session = self.accounts.begin(email, form.get("password", ""))
        if session is None:
            text = "Email or password is wrong."
            return self._login(request, email, render("error", text=text))
        response = RedirectResponse("/account/code", status_code=307)
        set_session(response, session)
        return response

    async def code(self, request: Request) -> Response:
        """Shows the code form after a login, or checks the code that it sent."""
        code = (await posted(request)).get("code")
        if code is not None and self.accounts.verify(request, code):
            return RedirectResponse("/account", status_code=303)
        if not self.accounts.awaits_code(request):
            text = "This sign-in has ended. Please start again."
            return self._login(request, "", render("error", text=text))
        error = Html("")
        if code is not None:
            error = render("error", text="That code is not right. Look at the newest mail.")
        body = render("code", email=DEMO_USER.email, error=error)
        return self.frame.page(request, "Check your inbox", body)

    async def logout(self, request: Request) -> Response:
        """Ends the session."""
        self.accounts.sign_out(request)
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(SESSION_COOKIE)
        return response

    async def inbox(self, request: Request) -> Response:
        """The demo user's mail, newest first, on a mail page of its own."""
        messages = join(
            render("inbox_message", code=mail.code, sent_at=f"{mail.sent_at:%b %d, %H:%M:%S} UTC")
            for mail in self.accounts.inbox
        )
        nothing = Html('<p class="muted">No messages</p>')
        count = len(self.accounts.inbox)
        return HTMLResponse(render("inbox", messages=messages or nothing, count=count))

    def _login(self, request: Request, email: str, error: Html) -> Response:
        body = render("login", email=email, error=error)
        return self.frame.page(request, "Sign in", body)


def _order_row(order: Order) -> Html:
    return render(
        "order_row",
        number=order.number,
        href=order.listing.path,
        title=order.listing.title,
        price=order.listing.price_text,
        status=order.status,
    )
