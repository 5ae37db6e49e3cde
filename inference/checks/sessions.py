"""Rules for sign-in, dialogs, fields to fill in, hidden phone numbers."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.words import stem

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
    r"(?:asks?|prompts?|tells?|wants?|requires?)\s+(?:the\s+)?(?:user|visitor|customer|you|me)?\s*"
    r"(?:to|for)\s+(?:log|sign)(?:ging|ing)?[ -]?in|"
    r"login (?:form|page) is|(?:has|needs) to (?:log|sign) in",
    re.I,
)
_DIALOG = re.compile(r"\b(cookie|consent|newsletter|dialog|modal|pop-?up|popup|overlay)\b", re.I)
_CONSENT = re.compile(r"\b(?:cookies?|consent|privacy|datenschutz)\b", re.I)
_TOPICS = {
    "cookie": _CONSENT,
    "consent": _CONSENT,
    "newsletter": re.compile(r"\b(?:newsletter|inbox|subscribe|abonnieren)\b", re.I),
}
_DIALOG_SAID = (
    "cookie cookies consent newsletter dialog dialogue modal pop up popup pop-up overlay banner"
    " notice bar box window open opened visible shown showing displayed covering covers cover page"
    " whole content screen blocking blocks over lies active appears sign subscribe"
    " subscription privacy"
)
_PAYMENT_SAID = (
    "card number payment field fields detail details form credit checkout page shows asks asking"
    " ask for contains has of data debit user visitor enter input"
)
_DIALOG_WORDS = frozenset(
    stem(word)
    for word in (
        "dialog",
        "modal",
        "popup",
        "pop",
        "up",
        "overlay",
        "open",
        "covering",
        "cover",
        "box",
    )
)
_SIGNING = re.compile(r"\b(?:log|sign)[ -]?in\b|\banmeld|\beinlogg|\bpassword\b", re.I)
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


_LOGIN_WORDS = (
    "asks ask asked requires require prompts prompt tells wants shows show password login log sign"
    " signing logging user visitor customer me form page must have has needs need to read continue"
    " recipe article see order view go on further buy credentials window field fields enter first"
)


def about_session(page: Page, clause: Clause) -> Check | None:
    """Whether somebody is logged in, and as whom; whether the page asks for a password."""
    if _MUST_LOGIN.search(clause.text):
        if clause.odd or clause.rest(_LOGIN_WORDS):
            return undecided("the sentence says more than that a log-in is asked for")
        return _about_password(page, clause)
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


def _about_password(page: Page, clause: Clause) -> Check:
    asked = [i for i, _ in page.inputs() if page.tree.nodes[i].attrs.get("type") == "password"]
    must = re.search(r"\b(?:has|needs) to\b", clause.text, re.I)
    if asked and must:
        return undecided("there is a field for a password; whether it must be used can't be told")
    if asked:
        return clause.answer(True, "there is a field for a password")
    headings = [h.text for h in page.tree.headings if h.rank <= 2]
    titles = " ".join([page.content.title, *headings])
    wall = re.search(r"\b(?:log|sign) in (?:to|or)\b|\bmembers only\b", page.text, re.I)
    if wall or _SIGNING.search(titles) or not page.content.complete:
        return undecided("the page speaks of logging in, or a frame could not be read")
    return clause.answer(False, "there is no field for a password", absence=True)


def about_dialog(page: Page, clause: Clause) -> Check | None:
    """Cookie banners, pop-ups and dialogs that lie over the page."""
    match = _DIALOG.search(clause.text)
    if not match:
        return None
    if clause.rest(_DIALOG_SAID):
        return undecided("the sentence says more than that a dialog is there")
    topic = _TOPICS.get(match[1].lower())
    over = {*page.dialogs, *page.floating} if topic else set(page.dialogs)
    shown = [_said(page, index) for index in sorted(over)]
    if topic:
        hits = [text for text in shown if topic.search(text)]
    elif clause.quoted:
        hits = [text for text in shown if clause.quoted[0].casefold() in text.casefold()]
    else:
        hits = shown
        if hits and set(clause.words) - _DIALOG_WORDS:
            return undecided("a dialog is open; whether it is the one meant can't be told")
    if hits:
        return clause.answer(True, f"a dialog says {hits[0][:80]!r}")
    if not page.content.complete or (not topic and page.floating):
        return undecided("something may lie over the page that does not say what it is")
    if topic and _offers(page, topic):
        return undecided("the page speaks of it outside any dialog")
    return clause.answer(False, "no such dialog lies over the page", absence=True)


def _said(page: Page, index: int) -> str:
    return f"{page.tree.text(page.tree.scope(index))} {page.tree.nodes[index].text}"


def _offers(page: Page, topic: re.Pattern[str]) -> bool:
    """Whether a text that is no link and not in the footer speaks of the topic."""
    return any(
        topic.search(line)
        for node, line in page.tree.lines
        if len(line) > 30
        and not page.tree.inside(node, frozenset({"a", "footer", "label"}))
        and not page.tree.acts(node)
    )


def about_form(page: Page, clause: Clause) -> Check | None:
    """Fields for payment."""
    if not _PAYMENT.search(clause.text):
        return None
    if clause.rest(_PAYMENT_SAID):
        return undecided("the sentence says more than that payment is asked for")
    hits = [name for _, name in page.inputs() if _PAYMENT_INPUT.search(name)]
    if hits:
        return clause.answer(True, f"there is a field {hits[0]!r}")
    if any(n.tag == "iframe" for n in page.tree.nodes):
        return undecided("payment fields may lie in a frame")
    return clause.answer(False, "there is no field for a card number", absence=True)


def about_phone(page: Page, clause: Clause) -> Check | None:
    """Whether a phone number is shown or still hidden behind a button."""
    if not _PHONE_SHOWN.search(clause.text):
        return None
    hidden = [name for name, _ in page.commands if _REVEAL.match(name)]
    if hidden:
        return clause.answer(False, f"the page still offers {hidden[0]!r}")
    return undecided("whose number is meant can't be told")
