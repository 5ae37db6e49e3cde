"""Whether the page shows what a `detect_visible` step asks for."""

import re
from typing import Final

from inference.decisions import Check
from inference.dom.overlays import consent_dismissal
from inference.dom.states import contrary, control_state, opposed
from inference.dom.units import QUOTED, WEIGHT_GENERIC, WEIGHT_NOUN, Unit, read_units
from inference.dom.words import likeness, words_of
from inference.observation import Observation

SAID: Final = 1.0
"""How well a piece of the page must say each part of what is asked for: in its words."""
HINTED: Final = 0.5
"""From here on something of it is there, which is no absence."""

_ASKING: Final = re.compile(
    r"^\s*(?:is|are|does|do|check (?:if|whether)|detect (?:if|whether)?|see (?:if|whether)"
    r"|look for"
    r"|verify (?:that)?)\b|\b(?:visible|shown|displayed|present|available|on the page"
    r"|the page|there|"
    r"sichtbar|angezeigt|gibt es|ist|warn\w* that|notice|warning|message|saying|says?|badge"
    r"|asking)\b",
    re.IGNORECASE,
)


_ALARM: Final = re.compile(r"\b(?:warn\w*|notice|alert|error|message|hinweis|fehler\w*)\b", re.I)
_ALERT: Final = re.compile(r"\b(?:alert|status|warn\w*|error|notice|banner|toast|hint)\b", re.I)


_KIND: Final = re.compile(r"errors?|success|warnings?|alerts?|fehler|hinweis|banner|toast")
_LOOKING: Final = re.compile(r"find|see|check|confirm|make|look")
_OVER: Final = re.compile(
    r"\b(?:cookies?|consent|dialog(?:ue)?|modal|pop-?ups?|overlay|paywall|fenêtre|popin)\b", re.I
)
_DIALOG: Final = re.compile(
    r"\b(?:dialog(?:ue)?|modal|pop-?ups?|overlay|fenêtre|popin)(?:\s+(?:box|window))?\b"
    r"(?:\s+(?:open(?:ed)?|showing))?",
    re.I,
)
_PAYMENT: Final = re.compile(
    r"\b(?:payment|checkout|credit card|card)\s+(?:forms?|fields?|details?|numbers?|data)\b", re.I
)
_CARD: Final = re.compile(
    r"\b(?:card|cc|cvc|cvv|iban|cardnumber|kartennummer|kreditkarte\w*|carte|tarjeta|expiry"
    r"|security code|account number|paypal)\b",
    re.I,
)
_TYPED_INTO: Final = frozenset({"textbox", "combobox", "spinbutton", "searchbox"})
_CONTROL: Final = re.compile(
    r"\b(?:button|link|checkbox|check box|field|input|tab|menu|dropdown|toggle|switch|radio"
    r"|schaltfläche|knopf|bouton|botón)\b",
    re.I,
)
_TURNED: Final = re.compile(
    r"\b(?:no|not|never|none|nothing|nobody|without|missing|absent|gone|hidden|invisible"
    r"|disappear\w*|vanish\w*|closed|removed|no longer|only|kein\w*|nicht|ohne|mehr|fehlt"
    r"|ne|pas|sans|aucun\w*|sin|ning[uú]n\w*|non|senza|nessun\w*|niet|geen)\b|n[’']t\b",
    re.I,
)


def detect(observation: Observation, intent: str) -> Check:
    """Look for a piece of the page that says all of what the intent asks for.

    What state a control is in is read from the one control that is named.

    Dialogs are looked for among what lies over the page, buttons and fields among the controls;
    that a text speaks of them proves nothing. `undecided` when something like it is there but
    not all of it, when the one says the contrary of the other, or when what is asked for is of
    no kind that could be told to be absent.
    """
    bare = QUOTED.sub(" ", intent)
    turned = _TURNED.search(bare) is not None
    units = read_units(_DIALOG.sub(" ", _ASKING.sub(" ", intent)))
    if not units:
        return _any_dialog(observation, bare, turned=turned)
    stated = control_state(observation, intent)
    if stated is not None:
        return stated
    known = None if turned else _by_kind(observation, intent, bare)
    if known is not None:
        return known
    pieces = _pieces(observation, bare)
    over = _OVER.search(bare) is not None
    whole = [piece for piece in pieces if all(_said(unit, *piece) for unit in units)]
    for text, hints in whole:
        why = None if over else contrary(intent, text, hints)
        if why is None and turned == (_TURNED.search(text) is not None):
            if any(opposed(intent, other) for other, _ in pieces):
                return _undecided(f"the page says {text[:120]!r}, and the contrary elsewhere")
            return Check(verdict="holds", evidence=text[:160])
    if whole:
        return _undecided(f"whether it is meant that the page says {whole[0][0][:120]!r}")
    partly = [text for text, hints in pieces if any(_hinted(unit, text, hints) for unit in units)]
    if turned or partly:
        return _undecided(f"only partly: {partly[0][:120]}" if partly else "it is denied")
    return _absent(observation, intent)


def _any_dialog(observation: Observation, bare: str, *, turned: bool) -> Check:
    """Whether any dialog is open, where that is all that is asked for."""
    if turned or not _DIALOG.search(bare):
        return _undecided("the intent names nothing to look for")
    for layer in observation.layers:
        return Check(verdict="holds", evidence=f"over the page lies {layer.text[:120]!r}")
    return _absent(observation, bare)


def _by_kind(observation: Observation, intent: str, bare: str) -> Check | None:
    """Consent banners by what they offer, controls by the name in quotes; None for all else."""
    if re.search(r"\b(?:cookies?|consent)\b", bare, re.I) and (
        (click := consent_dismissal(observation)) is not None
        and click.why == "consent banner"
        and click.ref is not None
    ):
        element = observation.element(click.ref)
        return Check(verdict="holds", evidence=f"a consent banner offers {element.name!r}")
    if _PAYMENT.search(bare):
        return _payment(observation)
    quoted = [next(filter(None, match.groups())) for match in QUOTED.finditer(intent)]
    if len(quoted) != 1 or not _CONTROL.search(bare):
        return None
    wanted = quoted[0].casefold()
    for element in observation.elements:
        if element.interactive and not element.hidden and wanted in element.name.casefold():
            if wanted == element.name.strip().casefold():
                return Check(verdict="holds", evidence=element.name, element=element.path)
            return _undecided(f"there is {element.name[:120]!r}")
    return _absent(observation, intent)


def _payment(observation: Observation) -> Check:
    """Whether there are fields for the data of a card or bank account."""
    for element in observation.elements:
        said = f"{element.name} {element.placeholder} {element.hints}"
        if element.role in _TYPED_INTO and not element.hidden and _CARD.search(said):
            name = element.name or element.placeholder
            return Check(verdict="holds", evidence=f"a field {name!r}", element=element.path)
    if observation.unread_frames or observation.truncated:
        return _undecided("the page could not be read in full")
    return Check(verdict="fails", evidence="there is no field for a card number", absence=True)


def _absent(observation: Observation, intent: str) -> Check:
    """Whether what nothing on the page says can be told to be absent."""
    if observation.truncated or observation.unread_frames:
        return _undecided("the page could not be read in full")
    other = _DIALOG.search(intent) is not None and bool(observation.layers)
    told = _OVER.search(intent) or _CONTROL.search(intent) or QUOTED.search(intent)
    if other:
        return _undecided(f"over the page lies {observation.layers[0].text[:120]!r}")
    alerts = [n.text for n in observation.notices if _ALERT.search(f"{n.kind} {n.hints}")]
    if told or (_ALARM.search(intent) and not alerts):
        return Check(verdict="fails", evidence="nothing like it is visible", absence=True)
    if _ALARM.search(intent):
        return _undecided(f"the page shows another notice: {alerts[0][:120]!r}")
    return _undecided("nothing on the page says so in these words")


def _undecided(why: str) -> Check:
    return Check(verdict="undecided", evidence=why)


def _pieces(observation: Observation, bare: str) -> list[tuple[str, str]]:
    layers = [(layer.text, layer.hints) for layer in observation.layers]
    if _OVER.search(bare):
        return layers
    controls = [
        (f"{element.name} {element.value}", f"{element.role} {element.hints}")
        for element in observation.elements
        if element.interactive and not element.hidden
    ]
    if _CONTROL.search(bare):
        return controls
    notices = [(notice.text, f"{notice.kind} {notice.hints}") for notice in observation.notices]
    return layers + notices + controls


def _said(unit: Unit, text: str, hints: str) -> bool:
    """Whether the piece says this part; of what kind it is may stand in its markup instead."""
    if unit.verb and _LOOKING.fullmatch(unit.phrase.words[0]):
        return True
    kind = unit.weight == WEIGHT_GENERIC or any(_KIND.fullmatch(w) for w in unit.phrase.words)
    told = likeness(unit.phrase, words_of(text)) >= SAID
    return told or (kind and likeness(unit.phrase, words_of(hints)) >= SAID)


def _hinted(unit: Unit, text: str, hints: str) -> bool:
    words = max(likeness(unit.phrase, words_of(text)), likeness(unit.phrase, words_of(hints)))
    return unit.weight >= WEIGHT_NOUN and words >= HINTED
