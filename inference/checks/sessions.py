"""Rules for sign-in, dialogs, fields to fill in, hidden phone numbers."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.words import plain, stem

_LOGIN = re.compile(
    r"^(?:the\s+|der\s+|die\s+)?(?:user|visitor|customer|nutzer|"
    r"benutzer|someone|somebody|nobody|no one|i|you|session|account)?\s*"
    r"(?:is|am|are|ist|has)?\s*(?:still\s+|currently\s+|been\s+)?(?:logged|"
    r"signed|angemeldet|eingeloggt)[- ]?(in|out|on|off)?(?:\s+(?:as|"
    r"als)\s+(.+))?$",
    re.I,
)
_NOBODY = re.compile(r"^(?:nobody|no one|niemand)\b", re.I)
_MUST_LOGIN = re.compile(
    r"(?:asks? for|requires?|shows?|prompts? for)\s+(?:a\s+|the\s+)?(?:password|"
    r"login|log-?in|sign-?in|credentials)|"
    r"login (?:form|page) is|(?:has|needs) to (?:log|sign) in",
    re.I,
)
_DIALOG = re.compile(r"\b(cookie|consent|newsletter|dialog|modal|pop-?up|popup|overlay)\b", re.I)
_PAYMENT = re.compile(
    r"\b(?:card number|payment (?:fields?|details?|form)|credit card|checkout form)\b", re.I
)
_PAYMENT_INPUT = re.compile(
    r"\b(?:card|cc|cvc|cvv|iban|cardnumber|cc number|kartennummer|expiry|security code)\b"
)
_PHONE_SHOWN = re.compile(r"\bphone(?: number)?\b.*\b(?:is )?(?:shown|visible|displayed)\b", re.I)
_REVEAL = re.compile(
    r"^(?:show|reveal|view|see|display|get|zeige|anzeigen)\b.*\b(?:phone|"
    r"number|telefon\w*|nummer|contact)\b",
    re.I,
)


def about_session(page: Page, clause: Clause) -> Check | None:
    """Whether somebody is logged in, and as whom; whether the page asks for a password."""
    if _MUST_LOGIN.search(clause.text):
        asked = [i for i, _ in page.inputs() if page.tree.nodes[i].attrs.get("type") == "password"]
        if asked:
            return (
                undecided("there is a field for a password; whether it must be used can't be told")
                if "has to" in clause.text or "needs to" in clause.text
                else clause.answer(True, "there is a field for a password")
            )
        if not page.content.complete:
            return undecided("a frame of the page could not be read")
        if re.search(r"\b(?:log|sign) in (?:to|or)\b|\bmembers only\b", page.text, re.I):
            return undecided("the page speaks of logging in")
        return clause.answer(False, "there is no field for a password")
    match = _LOGIN.match(clause.text)
    if not match:
        return None
    state = page.signed_in
    if state is None:
        return undecided("nothing on the page tells whether somebody is logged in")
    signed_in, mark = state
    truth = signed_in
    if match[2] and signed_in:
        truth = page.shows(match[2].strip("\"'"))
        mark += f" and {'shows' if truth else 'does not show'} {match[2]!r}"
        if not truth:
            return undecided(mark)
    if (match[1] or "").lower() in ("out", "off"):
        truth = not signed_in
    if _NOBODY.match(clause.text):
        truth = not truth
    return clause.answer(truth, mark)


def about_dialog(page: Page, clause: Clause) -> Check | None:
    """Cookie banners, pop-ups and dialogs that lie over the page."""
    match = _DIALOG.search(clause.text)
    if not match:
        return None
    topic = match[1].lower()
    shown = [
        page.tree.text(page.tree.scope(d)) + " " + page.tree.nodes[d].text for d in page.dialogs
    ]
    if topic in ("cookie", "consent"):
        hits = [
            t for t in shown if re.search(r"\b(?:cookies?|consent|privacy|datenschutz)\b", t, re.I)
        ]
    elif topic == "newsletter":
        hits = [
            t for t in shown if re.search(r"\b(?:newsletter|inbox|subscribe|e-?mail)\b", t, re.I)
        ]
    else:
        hits = (
            shown
            if not clause.quoted
            else [t for t in shown if clause.quoted[0].casefold() in t.casefold()]
        )
        words = set(clause.words) - {
            stem(w) for w in ("dialog", "modal", "popup", "pop", "up", "overlay", "open", "cover")
        }
        if words and hits and not clause.quoted:
            hits = [t for t in hits if words <= {stem(w) for w in plain(t).split()}]
            if not hits:
                return undecided("a dialog is open; whether it is the one meant can't be told")
    if hits:
        return clause.answer(True, f"a dialog says {hits[0][:80]!r}")
    if not page.content.complete:
        return undecided("a frame of the page could not be read")
    return clause.answer(False, "no such dialog lies over the page")


def about_form(page: Page, clause: Clause) -> Check | None:
    """Fields for payment."""
    if not _PAYMENT.search(clause.text):
        return None
    hits = [name for _, name in page.inputs() if _PAYMENT_INPUT.search(name)]
    if hits:
        return clause.answer(True, f"there is a field {hits[0]!r}")
    if any(n.tag == "iframe" for n in page.tree.nodes):
        return undecided("payment fields may lie in a frame")
    return clause.answer(False, "there is no field for a card number")


def about_phone(page: Page, clause: Clause) -> Check | None:
    """Whether a phone number is shown or still hidden behind a button."""
    if not _PHONE_SHOWN.search(clause.text):
        return None
    hidden = [name for name, _ in page.commands if _REVEAL.match(name)]
    if hidden:
        return clause.answer(False, f"the page still offers {hidden[0]!r}")
    return undecided("whose number is meant can't be told")
