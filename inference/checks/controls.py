"""Rules for filters, tabs, options, switches and buttons."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page, State
from inference.decisions import Check
from inference.extract.words import plain, stem

_STATE = re.compile(
    r"^(?:the\s+)?(?:(filter|tab|option|checkbox|check box|radio|"
    r"radio button|switch|toggle|button|facet|view|sort order)\s+)?"
    r"(.+?)\s+(?:(filter|tab|option|checkbox|radio button|switch|toggle|button|facet|link)\s+)?"
    r"(?:is|are|ist|sind)\s+(selected|checked|ticked|active|activated|"
    r"applied|chosen|set|open|on|off|unchecked|deselected|inactive|"
    r"switched on|switched off|turned on|turned off|enabled|disabled|aktiv|ausgewählt)$",
    re.I,
)
_SWITCH = re.compile(r"\(the (?:switch|toggle|checkbox) is (on|off)\)", re.I)
_OFF = frozenset({"off", "unchecked", "deselected", "inactive", "switched off", "turned off"})
_NAMING = frozenset(
    {
        "the",
        "a",
        "is",
        "required",
        "filter",
        "option",
        "tab",
        "der",
        "die",
        "das",
        "cover",
        "seller",
        "sellers",
    }
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
        if state.kind == "option":
            continue
        named = {stem(w) for w in plain(state.name).split()}
        if wanted and wanted <= named and len(named) <= len(wanted) + 3:
            loose.append(state)
    switches = [s for s in loose if s.kind in ("switch", "checkbox", "radio")]
    return switches or loose


def _enabled(page: Page, clause: Clause, subject: str, want: bool) -> Check | None:
    wanted = plain(re.sub(r"\b(?:button|link)\b", "", subject, flags=re.I))
    named = [(name, i) for name, i in page.commands if name == wanted]
    named = named or [(n, i) for n, i in page.commands if n.startswith(wanted + " ")]
    states = {page.tree.nodes[i].attrs.get("disabled") == "true" for _, i in named}
    if len(states) != 1:
        return undecided(f"no single button {subject!r} was found")
    disabled = states.pop()
    return clause.answer(
        disabled != want, f"{named[0][0]!r} is {'disabled' if disabled else 'enabled'}"
    )
