"""Turn the page of a list: which control leads on, back, or nowhere."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from inference.decisions import ActKind, Decision, DontKnow, DontKnowReason
from inference.dom.page_words import GLYPHS, MARKS, NAMES, REL, Turn
from inference.dom.records import main_group
from inference.dom.words import STOP, Phrase, hint_words, likeness, phrases, words_of
from inference.observation import Element, Observation
from plans.step import TierName

_MORE: Final = re.compile(
    r"\b(?:more|older|mehr|weitere|plus|davantage|más|mais|altri|altre|meer)\b", re.IGNORECASE
)
_LOADS: Final = re.compile(
    r"\b(?:load|more|older|additional|mehr|weitere|nachladen)\b", re.IGNORECASE
)
_PAGE_NUMBER: Final = re.compile(
    r"\b(?:page|seite|página|pagina)\s+(?:number\s+|no\.?\s*|nr\.?\s*)?(\d{1,4})\b"
    r"|\b(\d{1,3})(?:st|nd|rd|th)\s+page\b"
    r"|\b(second|third|fourth|fifth)\s+page\b",
    re.IGNORECASE,
)
_WORDED: Final = {"second": 2, "third": 3, "fourth": 4, "fifth": 5}
_NOT_PAGES: Final = re.compile(
    r"photo|picture|image|slide|gallery|carousel|bild|foto|calendar|month|track|song|video"
    r"|ticket|lightbox",
    re.IGNORECASE,
)
_PAGER: Final = re.compile(r"pag(?:er|inat|ing|es?\b)|blätter|blatt|seiten", re.IGNORECASE)
_WORDS: Final = re.compile(r"\b(?:prev\w*|back|zurück\w*|vorherige\w*|earlier)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"^\W*(\d{1,4})\W*$")
_GENERIC: Final = frozenset(
    {"page", "next", "previous", "result", "list", "listing", "go", "show", "load", "older", "more",
     "continue", "turn", "click", "back", "first", "last", "seit", "nächst", "trefferlist", "treff",
     "zurückblättern", "zurückblätt", "navigat", "forward", "paginat", "button", "open", "prev",
     "mov",
     "product", "article", "ein", "view", "see", "weit", "old", "any", "until", "there", "pag",
     "titl", "item"}
)  # fmt: skip


_PAGED: Final = 0.85
"""The score of a control that is called more than "back"."""


@dataclass(frozen=True, slots=True)
class _Control:
    element: Element
    score: float


def next_page(observation: Observation) -> Decision | DontKnow | None:
    """The control that leads to the next page of the main list.

    None: there is none, or it is switched off (the last page).
    """
    found = _controls(observation, Turn.NEXT)
    live = [one for one in found if not one.element.disabled]
    if found and not live:
        return None
    if not live:
        numbered = _numbered(observation)
        return _decision(numbered, 0.85, "the next page number") if numbered else None
    return _choose(live)


def shows_first(observation: Observation) -> bool:
    """Whether the page is the first of its list: no pager says that another one comes before."""
    if shown := [number for number, _ in _rows(observation)]:
        return max(shown) <= 1
    return not any(
        one.score >= _PAGED and not one.element.disabled
        for one in _controls(observation, Turn.PREVIOUS)
    )


def page_turn(observation: Observation, intent: str) -> Decision | DontKnow:
    """The control that a `paginate` intent means; ABSENT or BLOCKED when there is none."""
    number = page_number(intent)
    if number is not None:
        return _to_number(observation, number)
    turn = _turn_of(intent)
    found = _about(observation, _controls(observation, turn), intent)
    if turn is Turn.NEXT and _LOADS.search(intent):
        loads = [one for one in found if _MORE.search(one.element.name)]
        found = loads or found
    live = [one for one in found if not one.element.disabled]
    if live:
        return _choose(live)
    if found:
        return _no(DontKnowReason.BLOCKED, "the control is switched off")
    numbered = _numbered(observation) if turn is Turn.NEXT else None
    if numbered is not None:
        return _decision(numbered, 0.85, "the next page number")
    return _no(DontKnowReason.ABSENT, f"no control leads to the {turn} page")


def page_number(intent: str) -> int | None:
    """The number of the page that the intent names, None when it names none."""
    found = _PAGE_NUMBER.search(intent)
    if found is None:
        return None
    digits = found.group(1) or found.group(2)
    return int(digits) if digits else _WORDED[found.group(3).casefold()]


def _to_number(observation: Observation, number: int) -> Decision | DontKnow:
    """The control that bears this number among page numbers."""
    found: list[Element] = []
    for element in observation.elements:
        bare = _NUMBER.match(element.name) or _NUMBER.match(element.text)
        named = page_number(element.name)
        if not element.interactive or element.role in ("textbox", "combobox", "option"):
            continue
        said = int(bare.group(1)) if bare else named
        if said == number and (_paging(observation, element) or named == number):
            found.append(element)
    live = [element for element in found if not element.disabled and element.selected is not True]
    if not found:
        return _no(DontKnowReason.ABSENT, f"no control leads to page {number}")
    if not live:
        return _no(DontKnowReason.BLOCKED, f"page {number} is shown already")
    if any(not _twin(live[0], other) for other in live[1:]):
        return _no(DontKnowReason.AMBIGUOUS, "several lists have a page of this number")
    return _decision(live[0], 0.94, "the page's number")


def _turn_of(intent: str) -> Turn:
    if re.search(r"\b(?:first|erste\w*)\b", intent, re.IGNORECASE):
        return Turn.FIRST
    if re.search(r"\b(?:last|letzte\w*)\b", intent, re.IGNORECASE):
        return Turn.LAST
    return Turn.PREVIOUS if _WORDS.search(intent) else Turn.NEXT


def _controls(observation: Observation, turn: Turn) -> list[_Control]:
    main = main_group(observation)
    found: list[_Control] = []
    for element in observation.elements:
        if not element.interactive or element.role in (
            "textbox",
            "searchbox",
            "combobox",
            "option",
        ):
            continue
        if any(member.group == main for member in element.records):
            continue
        score = _score(observation, element, turn, main)
        if score >= 0.6:
            found.append(_Control(element, score))
    found.sort(key=lambda one: (-one.score, one.element.ref))
    return found


def _score(observation: Observation, element: Element, turn: Turn, main: int | None) -> float:
    name = (element.name or element.text).strip()
    around = f"{name} {element.hints} {element.group} {element.layer}"
    if _NOT_PAGES.search(around):
        return 0.0
    hints = hint_words(element.hints).stems
    glyph = bool(name) and all(sign in GLYPHS[turn] for sign in name.replace(" ", ""))
    base = 0.95 if f"rel-{REL[turn]}" in element.hints.split() else 0.0
    if NAMES[turn].match(name) and not (name.casefold() == "more" and element.role == "button"):
        base = max(base, 0.85 if "page" in name.casefold() or _MORE.search(name) else 0.75)
    elif glyph:
        base = max(base, 0.6)
    elif hints & MARKS[turn] and len(name) <= 12:
        base = max(base, 0.5)
    if (base and _paging(observation, element)) or (
        base and _MORE.search(name) and _beside_list(observation, element, main)
    ):
        base += 0.12
    elif base < 0.95 and element.form >= 0 and element.role == "button":
        base -= 0.2
    return base


def _beside_list(observation: Observation, element: Element, main: int | None) -> bool:
    """Whether the element stands below the main list, within its width."""
    if main is None:
        return False
    boxes = [record.box for record in observation.groups[main].records]
    left = min(box.x for box in boxes)
    right = max(box.x + box.width for box in boxes)
    middle = element.box.x + element.box.width / 2
    return left <= middle <= right and element.box.y >= max(box.y for box in boxes)


def _paging(observation: Observation, element: Element) -> bool:
    """Whether the element stands among page numbers or in a part called a pager."""
    if _PAGER.search(f"{element.hints} {element.group} {element.region}"):
        return True
    block = element.block
    for _ in range(3):
        if block < 0:
            return False
        text = observation.blocks[block].text
        if len(text) > 160:
            return False
        if re.search(r"\b\d+\D{1,12}\d+\b|\b(?:page|seite|prev\w*|zurück|of)\b", text, re.I):
            return True
        block = observation.blocks[block].parent
    return False


def _about(observation: Observation, found: list[_Control], intent: str) -> list[_Control]:
    """The controls whose surroundings say what the intent wants to page through."""
    nouns = [
        phrase
        for phrase in phrases(intent)
        if not set(phrase.stems) <= _GENERIC and not set(phrase.words) <= STOP
    ]
    if not nouns or len(found) < 2:
        return found
    ranked = sorted(found, key=lambda one: -_said(observation, one.element, nouns))
    best = _said(observation, ranked[0].element, nouns)
    if best <= 0:
        return found
    return [one for one in found if _said(observation, one.element, nouns) >= best - 0.05]


def _said(observation: Observation, element: Element, nouns: Sequence[Phrase]) -> float:
    texts = [element.name, element.heading, element.group]
    block = element.block
    for _ in range(4):
        if block < 0:
            break
        texts.append(observation.blocks[block].text)
        block = observation.blocks[block].parent
    total = 0.0
    for phrase in nouns:
        total += max(likeness(phrase, words_of(text)) * (0.97**at) for at, text in enumerate(texts))
    return total


def _choose(live: list[_Control]) -> Decision | DontKnow:
    best = live[0]
    rivals = [
        one
        for one in live[1:]
        if one.score > best.score - 0.1 and not _twin(best.element, one.element)
    ]
    if rivals:
        return _no(DontKnowReason.AMBIGUOUS, "several lists can be paged")
    return _decision(best.element, min(0.97, best.score), "turns the page")


def _twin(one: Element, two: Element) -> bool:
    """The pager above a list and the one below it lead to the same page."""
    if one.href and two.href:
        return one.href == two.href
    return one.name == two.name and one.hints == two.hints


def _numbered(observation: Observation) -> Element | None:
    """The link to the page after the one shown, told by the page numbers alone."""
    for current, row in _rows(observation):
        for number, element in row:
            if number == current + 1 and not element.disabled:
                return element
    return None


def _rows(observation: Observation) -> Iterator[tuple[int, list[tuple[int, Element]]]]:
    """Each row of page numbers, with the number of the page shown."""
    rows: dict[int, list[tuple[int, Element]]] = {}
    for element in observation.elements:
        number = _NUMBER.match(element.name)
        if (
            number
            and element.interactive
            and element.block >= 0
            and element.role in ("link", "button")
        ):
            rows.setdefault(element.block, []).append((int(number.group(1)), element))
    for block, row in rows.items():
        current = next((number for number, element in row if element.selected), None)
        if current is None:
            linked = {number for number, _ in row}
            shown = {int(one) for one in re.findall(r"\b\d{1,4}\b", observation.blocks[block].text)}
            # Numbers of links that stand without a space between them are no page.
            plain = sorted(one for one in shown - linked if one <= max(linked) + 1)
            current = plain[0] if len(plain) == 1 else None
        if current is None or (len(row) < 2 and not _PAGER.search(row[0][1].hints)):
            continue
        yield current, row


def _decision(element: Element, sure: float, why: str) -> Decision:
    return Decision(
        act=ActKind.CLICK, ref=element.ref, confidence=round(sure, 3), tier=TierName.DOM, why=why
    )


def _no(reason: DontKnowReason, why: str) -> DontKnow:
    return DontKnow(reason=reason, why=why, tier=TierName.DOM)
