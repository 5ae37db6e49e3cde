"""A little CRM under `/crm`: sign in, find and edit contacts, note things down, add leads.

The demo user is `sam@crm.test` with the password `crm-demo`.
"""

import csv
import io
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from plans.example.site.catalog import dollars
from plans.example.site.crm_records import (
    CRM_PASSWORD,
    CRM_USER,
    SOURCES,
    STAGES,
    STATUSES,
    Contact,
    CrmRecords,
)
from plans.example.site.forms import posted
from plans.example.site.html import Html, join, render
from plans.example.site.results import options

SESSION_COOKIE = "crm_session"

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class CrmPages:
    """The pages of the CRM, the records they work on and who is signed in."""

    records: CrmRecords = field(default_factory=CrmRecords)
    _sessions: set[str] = field(default_factory=set[str])

    def routes(self) -> list[Route]:
        """The routes below `/crm`; all but the login send visitors to it."""
        guarded = self._guarded
        return [
            Route("/", guarded(self.dashboard)),
            Route("/login", self.login_form),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["POST"]),
            Route("/contacts", guarded(self.contacts)),
            Route("/contacts/export.csv", guarded(self.export)),
            Route("/contacts/{id:int}", guarded(self.contact)),
            Route("/contacts/{id:int}/edit", guarded(self.edit_form)),
            Route("/contacts/{id:int}/edit", guarded(self.edit), methods=["POST"]),
            Route("/contacts/{id:int}/notes", guarded(self.note), methods=["POST"]),
            Route("/leads", guarded(self.leads)),
            Route("/leads/new", guarded(self.lead_form)),
            Route("/leads/new", guarded(self.lead), methods=["POST"]),
        ]

    def reset(self) -> None:
        """Brings the first records back and signs everybody out."""
        self.records.reset()
        self._sessions.clear()

    async def oracle(self, request: Request) -> Response:
        """The records as they are now, as JSON for tests."""
        return JSONResponse(self.records.snapshot())

    async def dashboard(self, request: Request) -> Response:
        """Counts and ways on."""
        open_leads = [lead for lead in self.records.leads if lead.stage not in ("Won", "Lost")]
        body = render(
            "crm_dashboard",
            contacts=len(self.records.contacts),
            leads=len(open_leads),
            value=dollars(sum(lead.value for lead in open_leads)),
        )
        return _page("Dashboard", body)

    async def login_form(self, request: Request) -> Response:
        """The login form."""
        return _page("Sign in", render("crm_login", error=Html(""), email=""), signed_in=False)

    async def login(self, request: Request) -> Response:
        """Checks the password and opens a session."""
        form = await posted(request)
        if form.get("email", "").lower() != CRM_USER or form.get("password") != CRM_PASSWORD:
            error = render("error", text="Email or password is wrong.")
            body = render("crm_login", error=error, email=form.get("email", ""))
            return _page("Sign in", body, signed_in=False)
        session = secrets.token_urlsafe(18)
        self._sessions.add(session)
        response = RedirectResponse("/crm/", status_code=303)
        response.set_cookie(SESSION_COOKIE, session, path="/crm", httponly=True, samesite="lax")
        return response

    async def logout(self, request: Request) -> Response:
        """Ends the session."""
        self._sessions.discard(request.cookies.get(SESSION_COOKIE, ""))
        return RedirectResponse("/crm/login", status_code=303)

    async def contacts(self, request: Request) -> Response:
        """The contacts that match a search."""
        text = request.query_params.get("q", "").strip()
        status = request.query_params.get("status", "").strip()
        found = self.records.search(text, status)
        rows = join(
            render(
                "crm_contact_row",
                id=contact.id,
                name=contact.name,
                company=contact.company,
                city=contact.city,
                status=contact.status,
            )
            for contact in found
        )
        body = render(
            "crm_contacts",
            query=text,
            statuses=_choices(STATUSES, status),
            count="1 contact" if len(found) == 1 else f"{len(found)} contacts",
            rows=rows,
        )
        return _page("Contacts", body)

    async def export(self, request: Request) -> Response:
        """All contacts as a CSV download."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["name", "company", "status", "city", "email", "phone"])
        for each in self.records.contacts.values():
            writer.writerow(
                [each.name, each.company, each.status, each.city, each.email, each.phone]
            )
        headers = {"Content-Disposition": 'attachment; filename="contacts.csv"'}
        return Response(text.getvalue(), media_type="text/csv", headers=headers)

    async def contact(self, request: Request) -> Response:
        """One contact with its notes."""
        found = self._contact(request)
        return _missing() if found is None else _contact_page(found, _notice(request))

    async def edit_form(self, request: Request) -> Response:
        """The form that changes a contact."""
        found = self._contact(request)
        if found is None:
            return _missing()
        body = render(
            "crm_edit",
            id=found.id,
            name=found.name,
            company=found.company,
            city=found.city,
            email=found.email,
            phone=found.phone,
            statuses=_choices(STATUSES, found.status),
        )
        return _page(f"Edit {found.name}", body)

    async def edit(self, request: Request) -> Response:
        """Saves a changed contact and shows it."""
        found = self._contact(request)
        if found is None:
            return _missing()
        form = await posted(request)
        changed = replace(
            found,
            name=form.get("name") or found.name,
            company=form.get("company", found.company),
            city=form.get("city", found.city),
            email=form.get("email", found.email),
            phone=form.get("phone", found.phone),
            status=form.get("status") or found.status,
        )
        self.records.save(changed)
        return RedirectResponse(f"/crm/contacts/{found.id}?saved=1", status_code=303)

    async def note(self, request: Request) -> Response:
        """Adds a note to a contact."""
        found = self._contact(request)
        if found is None:
            return _missing()
        text = (await posted(request)).get("note", "")
        if text:
            self.records.add_note(found, text)
        return RedirectResponse(f"/crm/contacts/{found.id}", status_code=303)

    async def leads(self, request: Request) -> Response:
        """All leads, newest first."""
        rows = join(
            render(
                "crm_lead_row",
                name=lead.name,
                company=lead.company,
                source=lead.source,
                stage=lead.stage,
                value=dollars(lead.value),
            )
            for lead in reversed(self.records.leads)
        )
        return _page("Leads", render("crm_leads", rows=rows, notice=_notice(request)))

    async def lead_form(self, request: Request) -> Response:
        """The form for a new lead."""
        return _lead_page(Html(""))

    async def lead(self, request: Request) -> Response:
        """Writes a new lead down and shows the list."""
        form = await posted(request)
        value = form.get("value", "").replace("$", "").replace(",", "")
        if not form.get("name") or not value.isdecimal() or len(value) > 9:
            return _lead_page(render("error", text="A lead needs a name and a value in dollars."))
        self.records.add_lead(
            form["name"],
            form.get("company", ""),
            form.get("source", SOURCES[0]),
            form.get("stage", STAGES[0]),
            int(value),
        )
        return RedirectResponse("/crm/leads?saved=1", status_code=303)

    def _guarded(self, handler: Handler) -> Handler:
        async def guard(request: Request) -> Response:
            if request.cookies.get(SESSION_COOKIE, "") not in self._sessions:
                return RedirectResponse("/crm/login", status_code=303)
            return await handler(request)

        return guard

    def _contact(self, request: Request) -> Contact | None:
        return self.records.contacts.get(int(request.path_params["id"]))


def _page(title: str, body: Html, *, signed_in: bool = True, status: int = 200) -> Response:
    menu = render("crm_menu") if signed_in else Html("")
    return HTMLResponse(render("crm_layout", title=title, menu=menu, body=body), status)


def _missing() -> Response:
    body = render("error", text="There is no such contact.")
    return _page("Not found", body, status=404)


def _contact_page(contact: Contact, notice: Html) -> Response:
    notes = join(render("crm_note", text=note) for note in contact.notes)
    body = render(
        "crm_contact",
        id=contact.id,
        name=contact.name,
        company=contact.company,
        status=contact.status,
        city=contact.city,
        email=contact.email,
        phone=contact.phone,
        notes=notes or Html("<li>No notes yet</li>"),
        notice=notice,
    )
    return _page(contact.name, body)


def _lead_page(error: Html) -> Response:
    sources, stages = _choices(SOURCES, SOURCES[0]), _choices(STAGES, STAGES[0])
    body = render("crm_lead_form", error=error, sources=sources, stages=stages)
    return _page("New lead", body)


def _choices(values: Iterable[str], selected: str) -> Html:
    return options({value: value for value in values}, selected)


def _notice(request: Request) -> Html:
    return render("crm_saved") if request.query_params.get("saved") else Html("")
