"""Rules for sentences about texts, states, counts, sign-in, dialogs and fields to fill in."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.numbers import Bound, bound, number_of
from inference.checks.page import Page, State
from inference.decisions import Check
from inference.extract.pairs import pairs
from inference.extract.record import record_in
from inference.extract.words import is_placeholder, label_score, plain, stem
from plans.step import ExtractField

_HEADING = re.compile(r"^(?:the\s+)?(?:page(?:'s)?\s+)?(?:main\s+)?heading\s+(is|equals|contains|includes|says|reads)\s+(.+)$", re.I)
_TITLE = re.compile(r"^(?:the\s+)?(?:page|window|document|tab)(?:'s)?\s+title\s+(is|equals|contains|includes|says|reads)\s+(.+)$", re.I)
_STATE = re.compile(
    r"^(?:the\s+)?(?:(filter|tab|option|checkbox|check box|radio|radio button|switch|toggle|button|facet|view|sort order)\s+)?"
    r"(.+?)\s+(?:(filter|tab|option|checkbox|radio button|switch|toggle|button|facet|link)\s+)?"
    r"(?:is|are|ist|sind)\s+(selected|checked|ticked|active|activated|applied|chosen|set|open|on|off|unchecked|deselected|inactive|"
    r"switched on|switched off|turned on|turned off|enabled|disabled|aktiv|ausgewählt)$",
    re.I,
)
_SWITCH = re.compile(r"\(the (?:switch|toggle|checkbox) is (on|off)\)", re.I)
_OFF = frozenset({"off", "unchecked", "deselected", "inactive", "switched off", "turned off"})
_LOGIN = re.compile(
    r"^(?:the\s+|der\s+|die\s+)?(?:user|visitor|customer|nutzer|benutzer|someone|somebody|nobody|no one|i|you|session|account)?\s*"
    r"(?:is|am|are|ist|has)?\s*(?:still\s+|currently\s+|been\s+)?(?:logged|signed|angemeldet|eingeloggt)[- ]?(in|out|on|off)?(?:\s+(?:as|als)\s+(.+))?$",
    re.I,
)
_NOBODY = re.compile(r"^(?:nobody|no one|niemand)\b", re.I)
_MUST_LOGIN = re.compile(
    r"(?:asks? for|requires?|shows?|prompts? for)\s+(?:a\s+|the\s+)?(?:password|login|log-?in|sign-?in|credentials)|"
    r"login (?:form|page) is|(?:has|needs) to (?:log|sign) in",
    re.I,
)
_DIALOG = re.compile(r"\b(cookie|consent|newsletter|dialog|modal|pop-?up|popup|overlay)\b", re.I)
_PAYMENT = re.compile(r"\b(?:card number|payment (?:fields?|details?|form)|credit card|checkout form)\b", re.I)
_PAYMENT_INPUT = re.compile(r"\b(?:card|cc|cvc|cvv|iban|cardnumber|cc number|kartennummer|expiry|security code)\b")
_EMPTY = re.compile(
    r"^(?:there\s+(?:is|are)\s+)?no\s+(?:search\s+|matching\s+)?(\w+)(?:\s+(?:found|shown|listed|available|match\w*|visible|displayed|on the page|are shown|are found|were found))*$",
    re.I,
)
_CART = re.compile(r"\b(?:cart|basket|bag|trolley|warenkorb)\b", re.I)
_CART_COUNT = re.compile(r"(?:cart|basket|bag|trolley|warenkorb)\D{0,12}?\(?(\d+)\)?", re.I)
_PHONE_SHOWN = re.compile(r"\bphone(?: number)?\b.*\b(?:is )?(?:shown|visible|displayed)\b", re.I)
_REVEAL = re.compile(r"^(?:show|reveal|view|see|display|get|zeige|anzeigen)\b.*\b(?:phone|number|telefon\w*|nummer|contact)\b", re.I)
_RELATION = re.compile(r"^(?:the\s+)?(.+?)\s+(?:is|equals|reads|shows|=|ist)\s+(.+)$", re.I)


def about_text(page: Page, clause: Clause) -> Check | None:
    """Quoted text that is to be there, headings, titles."""
    for pattern, shown in (
        (_HEADING, [h.text for h in page.tree.headings if h.rank <= 6]),
        (_TITLE, [page.content.title]),
    ):
        match = pattern.match(clause.text)
        if match:
            wanted = plain(clause.quoted[0] if clause.quoted else match[2])
            exact = match[1].lower() in ("is", "equals", "reads")
            hits = [s for s in shown if (plain(s) == wanted if exact else wanted in plain(s))]
            return clause.answer(bool(hits), hits[0] if hits else f"it says {'; '.join(shown[:3])!r}")
    if not clause.quoted or not _SAYS.search(clause.text):
        return None
    texts = clause.quoted
    missing = [t for t in texts if not page.shows(t)]
    if not missing:
        return clause.answer(True, f"the page shows {texts[0]!r}")
    if not page.content.complete:
        return undecided("a frame of the page could not be read")
    return clause.answer(False, f"the page does not show {missing[0]!r}")


_SAYS = re.compile(
    r"(?:^|\b)(?:text|message|words?|phrase|sentence|notice|page|seite|screen|it)\b[^\"'“]*(?:[\"'“„‘]|\b(?:contains?|shows?|says?|displays?|enthält|zeigt|reads?)\b)"
    r"|^[\"'“„‘].*[\"'”“’]\s+(?:is|are|ist)?\s*(?:visible|shown|displayed|present|there|sichtbar|on the page)",
    re.I,
)


def about_state(page: Page, clause: Clause) -> Check | None:
    """Filters, tabs, options, switches and buttons that are on, off, enabled."""
    switch = _SWITCH.search(clause.text)
    if switch:
        subject = clause.text[: switch.start()].strip()
        return _toggle(page, clause, subject, "switch", switch[1].lower() == "on")
    match = _STATE.match(clause.text)
    if not match:
        return None
    kind = (match[1] or match[3] or "").lower()
    subject, state = clause.quoted[0] if clause.quoted else match[2], match[4].lower()
    if state in ("enabled", "disabled"):
        return _enabled(page, clause, subject, state == "enabled")
    if state == "set" or (state in ("open", "active") and kind not in ("tab", "filter", "view")):
        return None
    return _toggle(page, clause, subject, kind, state not in _OFF)


def _toggle(page: Page, clause: Clause, subject: str, kind: str, want_on: bool) -> Check | None:
    found = _states(page, subject, kind)
    if not found:
        return undecided(f"nothing named {subject!r} that can be on or off was found")
    verdicts = {state.on for state in found}
    if len(verdicts) != 1 or None in verdicts:
        return undecided(f"several things are named {subject!r} and differ")
    on = found[0].on is True
    return clause.answer(on == want_on, f"{found[0].name!r} is {'on' if on else 'off'}")


def _states(page: Page, subject: str, kind: str) -> list[State]:
    wanted = {stem(w) for w in plain(subject).split() if w not in _NAMING}
    exact = [s for s in page.states if plain(s.name) == plain(subject)]
    if kind == "tab":
        exact = [s for s in exact if s.kind in ("tab", "class", "current")]
    if exact:
        return exact
    loose: list[State] = []
    for state in page.states:
        named = {stem(w) for w in plain(state.name).split()}
        if wanted and wanted <= named and len(named) <= len(wanted) + 3:
            loose.append(state)
    switches = [s for s in loose if s.kind in ("switch", "checkbox", "radio")]
    return switches or loose


_NAMING = frozenset({"the", "a", "is", "required", "filter", "option", "tab", "der", "die", "das", "cover", "seller", "sellers"})


def _enabled(page: Page, clause: Clause, subject: str, want: bool) -> Check | None:
    wanted = plain(re.sub(r"\b(?:button|link)\b", "", subject, flags=re.I))
    named = [(name, i) for name, i in page.commands if name == wanted]
    named = named or [(n, i) for n, i in page.commands if n.startswith(wanted + " ")]
    states = {page.tree.nodes[i].attrs.get("disabled") == "true" for _, i in named}
    if len(states) != 1:
        return undecided(f"no single button {subject!r} was found")
    disabled = states.pop()
    return clause.answer(disabled != want, f"{named[0][0]!r} is {'disabled' if disabled else 'enabled'}")


def about_session(page: Page, clause: Clause) -> Check | None:
    """Whether somebody is logged in, and as whom; whether the page asks for a password."""
    if _MUST_LOGIN.search(clause.text):
        asked = [i for i, _ in page.inputs() if page.tree.nodes[i].attrs.get("type") == "password"]
        if asked:
            return undecided("there is a field for a password; whether it must be used can't be told") if "has to" in clause.text or "needs to" in clause.text else clause.answer(True, "there is a field for a password")
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
    shown = [page.tree.text(page.tree.scope(d)) + " " + page.tree.nodes[d].text for d in page.dialogs]
    if topic in ("cookie", "consent"):
        hits = [t for t in shown if re.search(r"\b(?:cookies?|consent|privacy|datenschutz)\b", t, re.I)]
    elif topic == "newsletter":
        hits = [t for t in shown if re.search(r"\b(?:newsletter|inbox|subscribe|e-?mail)\b", t, re.I)]
    else:
        hits = shown if not clause.quoted else [t for t in shown if clause.quoted[0].casefold() in t.casefold()]
        words = set(clause.words) - {stem(w) for w in ("dialog", "modal", "popup", "pop", "up", "overlay", "open", "cover")}
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


def about_cart(page: Page, clause: Clause) -> Check | None:
    """How much is in the cart."""
    if not _CART.search(clause.text):
        return None
    empty = re.search(r"\b(?:empty|leer)\b", clause.text, re.I)
    count = re.search(r"\b(\d+|no|one|two|three|four|five)\s+(?:items?|products?|artikel|things?)\b", clause.text, re.I)
    limit = bound(clause.text)
    if not (empty or count or limit):
        return None
    said = page.shows_words("cart is empty") or page.shows_words("bag is empty") or page.shows_words("basket is empty")
    said = said or page.shows_words("warenkorb ist leer")
    numbers = _cart_numbers(page)
    if said:
        numbers.add(0.0)
    if len(numbers) != 1:
        return undecided("the page does not tell how much is in the cart")
    number = numbers.pop()
    if limit is not None:
        return clause.answer(limit.met(number), f"the cart shows {number:g}")
    wanted = 0.0 if empty else number_of(count[1]) if count else None
    return clause.answer(number == wanted, f"the cart shows {number:g}")


def _cart_numbers(page: Page) -> set[float]:
    numbers: set[float] = set()
    for name, index in page.commands:
        label = plain(f"{page.tree.nodes[index].text} {name}")
        classes = " ".join(page.tree.class_words(index))
        home = page.tree.nodes[index].parent
        around = " ".join(page.tree.class_words(home)) if home >= 0 else ""
        match = _CART_COUNT.search(label)
        if match and not label.startswith(("add", "remove", "move")):
            numbers.add(float(match[1]))
        elif name.isdigit() and _CART.search(f"{classes} {around} {page.tree.nodes[index].text}"):
            numbers.add(float(name))
    return numbers


def about_phone(page: Page, clause: Clause) -> Check | None:
    """Whether a phone number is shown or still hidden behind a button."""
    if not _PHONE_SHOWN.search(clause.text):
        return None
    hidden = [name for name, _ in page.commands if _REVEAL.match(name)]
    if hidden:
        return clause.answer(False, f"the page still offers {hidden[0]!r}")
    return undecided("whose number is meant can't be told")


def about_value(page: Page, clause: Clause) -> Check | None:
    """ "The status is Solved", "the price is below $500", "more than 1,000 engine hours"."""
    limit = bound(clause.text)
    found = [p for p in pairs(page.tree, page.tree.main) if not page.tree.in_aside(p.node)]
    if limit is not None:
        names = [limit.rest, re.sub(r"^.*\bthe\s+", "", limit.before)]
        names += [re.sub(r"\s+(?:is|are|has|have)$", "", n.strip()) for n in names]
        for pair in found:
            number = number_of(pair.value)
            if number is not None and any(n and label_score(n, pair.label) >= 0.9 for n in names):
                return clause.answer(limit.met(number), f"{pair.label}: {pair.value}")
        return _about_price(page, clause, limit) if "price" in {*map(plain, names)} else None
    match = _RELATION.match(clause.text)
    if not match:
        return None
    subject = re.sub(r"\s+(?:of|in|for)\s+(?:the|this)\s+\w+$", "", match[1])
    value = clause.quoted[-1] if clause.quoted else match[2]
    hits = [p for p in found if label_score(subject, p.label) >= 0.9 and not is_placeholder(p.value)]
    values = {plain(p.value) for p in hits}
    if len(values) != 1 or len(plain(value).split()) > 6:
        return None
    return clause.answer(values.pop() == plain(value), f"{hits[0].label}: {hits[0].value}")


def _about_price(page: Page, clause: Clause, limit: Bound) -> Check:
    read = record_in(page.tree, [ExtractField(name="price")], "").fields["price"]
    number = number_of(read.value) if read.value and read.confidence >= 0.8 else None
    if number is None or read.value is None:
        return undecided("no single price was found on the page")
    signs = [set(re.findall(r"[$€£¥]", text)) for text in (clause.text, read.value)]
    if all(signs) and signs[0] != signs[1]:
        return undecided(f"the price is {read.value}, in another currency")
    return clause.answer(limit.met(number), f"the price is {read.value}")


def about_assignment(page: Page, clause: Clause) -> Check | None:
    """ "The ticket is assigned to Marta Kowalska"."""
    match = re.match(r"^(?:the\s+)?.*\b(?:is|are)\s+(assigned|addressed|owned)\s+(?:to|by)\s+(.+)$", clause.text, re.I)
    if not match:
        return None
    wanted = {"assigned": "assignee", "addressed": "recipient", "owned": "owner"}[match[1].lower()]
    for pair in pairs(page.tree, page.tree.whole):
        if label_score(wanted, pair.label) >= 0.75 and pair.value:
            words = set(plain(pair.value).split())
            there = set(plain(match[2]).split()) <= words
            return clause.answer(there, f"{pair.label}: {pair.value}")
    return None

