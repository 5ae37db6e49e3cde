"""Cookie and consent banners, and pop-ups that ask to subscribe: how to be rid of them."""

import re
from typing import Final

from inference.decisions import ActKind, Decision
from inference.observation import Element, Layer, Observation
from inference.questions import binds, costs
from inference.wording import Wording, label_says
from plans.step import TierName

_CONSENT: Final = re.compile(
    r"cookie|consent|gdpr|dsgvo|privacy (?:choices|settings|preferences)|tracking"
    r"|(?:your|deine|ihre) (?:privacy|privatsphäre)|datenschutz",
    re.IGNORECASE,
)
_NEWSLETTER: Final = re.compile(
    r"newsletter|subscribe|sign up|mailing list|\d+ ?% off|join our|get our app|don.t miss"
    r"|abonnieren|stay in the loop|e-?mail address|inbox",
    re.IGNORECASE,
)
_REJECT: Final = re.compile(
    r"^(?:reject|decline|refuse|deny|disagree|no,? thanks|(?:use |accept "
    r"|allow )?(?:only )?(?:strictly )?"
    r"(?:necessary|essential|required)|(?:alle[s]? )?ablehnen|nur (?:notwendige|erforderliche"
    r"|essenzielle)"
    r"|(?:tout )?refuser|rechazar|continue without|without consent|opt out)",
    re.IGNORECASE,
)
_ACCEPT: Final = re.compile(
    r"^(?:accept|agree|allow|i (?:accept|agree|understand)|ok(?:ay)?\b|got it|yes,? i"
    r"|understood|continue"
    r"|(?:alle[s]? )?(?:akzeptieren|annehmen|zulassen)|zustimmen|einverstanden|verstanden"
    r"|(?:tout )?accepter"
    r"|aceptar|that.s (?:fine|ok))",
    re.IGNORECASE,
)
_CLOSE: Final = re.compile(
    r"^(?:close|dismiss|no,? thanks|not now|maybe later|skip|hide|schlie(?:ß|ss)en"
    r"|nein,? danke|später"
    r"|continue (?:to|in|reading)|fermer|cerrar|[×✕✖✗⨯╳])",
    re.IGNORECASE,
)
_CLOSE_SIGNS: Final = frozenset("×✕✖✗⨯╳")
_BANNER_SHARE: Final = 0.03
_POPUP_SHARE: Final = 0.08


def consent_dismissal(observation: Observation) -> Decision | None:
    """The click that takes away what covers the page, None when nothing does.

    Consent: refuse where that is offered, else accept, else close; nothing is accepted that
    costs or binds. Pop-ups that ask to subscribe: close or "no thanks".
    """
    for layer in observation.layers:
        inside = _inside(observation, layer)
        if _CONSENT.search(f"{layer.text} {layer.hints}") and layer.share >= _BANNER_SHARE:
            accept = _first(inside, _ACCEPT) if _free(layer, inside) else None
            found = _first(inside, _REJECT) or accept or _closer(inside)
            if found is not None:
                return _click(found, "consent banner")
    for layer in observation.layers:
        if _NEWSLETTER.search(layer.text) and layer.share >= _POPUP_SHARE:
            inside = _inside(observation, layer)
            found = _closer(inside) or _first(inside, _REJECT)
            if found is not None:
                return _click(found, "pop-up")
    return _in_flow(observation)


def _in_flow(observation: Observation) -> Decision | None:
    """A banner that is part of the page's flow, or fills a frame of its own."""
    for element in observation.elements:
        if not _usable(element) or element.block < 0 or not _REJECT.match(element.name.strip()):
            continue
        text = observation.blocks[element.block].text
        if len(text) < 800 and re.search(r"cookie|consent", text, re.IGNORECASE):
            return _click(element, "consent banner")
    return None


def _inside(observation: Observation, layer: Layer) -> list[Element]:
    box = layer.box
    return [
        element
        for element in observation.elements
        if _usable(element)
        and element.layer
        and box.x - 2 <= element.box.x + element.box.width / 2 <= box.x + box.width + 2
        and box.y - 2 <= element.box.y + element.box.height / 2 <= box.y + box.height + 2
    ]


def _usable(element: Element) -> bool:
    return (
        element.interactive
        and not element.disabled
        and not element.covered
        and element.role in ("button", "link", "generic", "menuitem")
    )


def _first(elements: list[Element], pattern: re.Pattern[str]) -> Element | None:
    named = [element for element in elements if pattern.match(element.name.strip())]
    buttons = [element for element in named if not _acts(element)]
    buttons.sort(key=lambda element: (element.role == "link", element.ref))
    return buttons[0] if buttons else None


def _free(layer: Layer, inside: list[Element]) -> bool:
    """Whether to accept costs nothing: no price is named, or another button stands for it."""
    return not costs(layer.text) or any(binds(element.name) for element in inside)


def _acts(element: Element) -> bool:
    """Whether pressing it would do more than take a banner away."""
    said = f"{element.name} {element.text}".strip()
    return binds(said) or label_says(element.name) in (Wording.DESTROYS, Wording.COMMITS)


def _closer(elements: list[Element]) -> Element | None:
    for element in elements:
        name = element.name.strip()
        if name in _CLOSE_SIGNS or element.text.strip() in _CLOSE_SIGNS:
            return element
    return _first(elements, _CLOSE)


def _click(element: Element, why: str) -> Decision:
    return Decision(act=ActKind.CLICK, ref=element.ref, confidence=0.9, tier=TierName.DOM, why=why)
