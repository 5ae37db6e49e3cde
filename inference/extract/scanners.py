"""Typed values in the main record where no label names them: price, phone, title, place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from price_parser import Price

from inference.content import Flag
from inference.extract import kinds
from inference.extract.candidates import Area, Candidate, Wanted
from inference.extract.links import emails, linked, own_url
from inference.extract.looks import by_look
from inference.extract.nodes import Scope
from inference.extract.structured import Fact
from inference.extract.title import read_title
from inference.extract.totals import says_filled
from inference.extract.tree import Tree
from inference.extract.words import LEXICON, is_former, label_score, name_words

_PLACE = re.compile(
    r"^(?:\d{4,5} )?[A-ZÄÖÜ][\w.'’-]+(?:[ -][A-ZÄÖÜ]?[\w.'’-]+){0,3}, [A-Z][\w.'’ -]{1,24}$"
)
_STREET = re.compile(
    r"^(?:\d+[a-z]?,? [A-Z][\w.'’ -]{2,40} (?:street|st|road|"
    r"rd|avenue|ave|lane|ln|drive|dr|way|court|square|boulevard|"
    r"blvd)\b\.?"
    r"|[A-ZÄÖÜ][\w.äöüß -]{2,40}(?:straße|strasse|str\.|weg|platz|allee|gasse) \d+\s?[a-z]?)$",
    re.IGNORECASE,
)
_SUPPORT = re.compile(
    r"\b(?:support|hotline|customer|service|help|hotline|helpline|"
    r"toll.free|call us|contact us|office|fax|telefax|"
    r"questions|enquiries|inquiries|kundenservice|visitor|headquarters)\b",
    re.IGNORECASE,
)
_REGION = {"de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL", "en-gb": "GB", "at": "AT"}
_SYMBOLS = {"USD": "$", "GBP": "£", "EUR": "€"}
_CLAIMS = frozenset(
    {"title", "name", "headline", "titel", "subject", "titre", "titulo", "titolo", "nombre", "nom"}
    | {"nome", "naam", "heading", "bezeichnung", "betreff"}
)
_SUBJECTS = frozenset(
    {"job", "event", "hotel", "restaurant", "film", "movie", "book", "course", "tour", "trip"}
    | {"place", "game", "project", "song", "album", "show", "venue", "house", "home", "model"}
    | {"des", "der", "of", "the", "du", "de", "del", "main", "full", "boot", "auto", "fahrzeug"}
)
_IN_PLACE = re.compile(
    r"\b(?:in|near|from|à|aus|en)\s+([A-ZÄÖÜ][\w.'’ -]{1,30}, [A-Z][\w.'’ -]{1,20})$"
)


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    node: int
    size: int


def scan(area: Area, wanted: Wanted) -> list[Candidate]:
    """Candidates by looks alone, for fields of a kind that has a look."""
    return [*_scan(area, wanted), *by_look(area, wanted, record_scope(area))]


def _scan(area: Area, wanted: Wanted) -> list[Candidate]:
    match wanted.kind:
        case "price" if label_score(wanted.name, "price") >= 0.9 and not is_former(wanted.name):
            return list(_prices(area))
        case "phone" if label_score(wanted.name, "phone") >= 0.9:
            return list(_phones(area))
        case "title":
            return list(_titles(area, wanted))
        case "place" if label_score(wanted.name, "location") >= 0.9:
            return list(_places(area))
        case "url" if own_url(wanted):
            url = area.tree.content.canonical or area.tree.content.url
            return [] if area.anchored else [Candidate(url, url, "dom", -1, 0.9)]
        case "url":
            return list(linked(area, wanted))
        case _ if label_score(wanted.name, "street") >= 0.9:
            return list(_streets(area))
        case "email":
            return list(emails(area))
        case "rating":
            return list(_ratings(area))
        case _:
            return list(_from_title(area, wanted))


def record_scope(area: Area) -> Scope:
    """The main record: it ends where similar or recommended things begin."""
    tree = area.tree
    if area.anchored:
        return area.scope
    top = next((h.node for h in tree.headings if h.rank == 1), area.scope.start)
    stops = [a.start for a in tree.asides if a.start > top and a.start in area.scope]
    return Scope(area.scope.start, min(stops, default=area.scope.end))


def region_of(tree: Tree) -> str:
    """The region whose numbers are written without a country code, from the language."""
    lang = tree.content.lang.casefold()
    if lang in _REGION:
        return _REGION[lang]
    if lang[:2] in _REGION:
        return _REGION[lang[:2]]
    return "GB" if tree.visible_text.count("£") > tree.visible_text.count("$") else "US"


def _prices(area: Area) -> Iterator[Candidate]:
    found = list(_visible_prices(area))
    if not found:
        return
    largest = max(f.size for f in found)
    leaders = [f for f in found if f.size == largest]
    sure = 0.84 if len({f.text for f in leaders}) == 1 else 0.6
    for item in leaders[:1]:
        yield Candidate(item.text, item.text, "scanner", item.node, sure)


_STRUCK = frozenset({"del", "s", "strike"})


def _visible_prices(area: Area) -> Iterator[_Found]:
    tree, scope = area.tree, record_scope(area)
    for node, line in tree.lines:
        if node not in scope or not area.counts(node) or tree.is_chrome(node):
            continue
        if tree.inside(node, frozenset({"form", "option"})):
            continue
        last = 0
        for match in kinds.PRICE.finditer(line):
            before, after = line[last : match.start()][-30:], line[match.end() : match.end() + 14]
            last = match.end()
            if (
                kinds.DECOY.search(before)
                or kinds.MONTHLY.match(after.strip())
                or kinds.MONTHLY.search(after)
            ):
                continue
            home = _home(tree, node, match[0], scope)
            if home is None or tree.has(home, Flag.STRIKE) or tree.inside(home, _STRUCK):
                continue
            yield _Found(match[0].strip(), home, tree.nodes[home].size)


def _home(tree: Tree, start: int, text: str, scope: Scope) -> int | None:
    """The element whose own text holds the price, not struck through."""
    line = next((p.line for p in tree.pieces if p.node >= start), -1)
    fallback: int | None = None
    for piece in tree.pieces:
        if piece.node < start or piece.node not in scope:
            continue
        if piece.line > line + 3:
            break
        if text.strip() in piece.text:
            if not tree.has(piece.node, Flag.STRIKE):
                return piece.node
            fallback = piece.node
    return fallback if fallback is not None else start


def visible_price(tree: Tree, fact: Fact, currency: str) -> str:
    """A machine's price as the page shows it; written with its currency where it shows none."""
    amount = Price.fromstring(fact.value).amount
    if amount is None:
        return fact.value
    for line in (text for node, text in tree.lines if not tree.in_aside(node)):
        for shown in kinds.prices(line):
            if Price.fromstring(shown).amount == amount:
                return shown
    if currency not in _SYMBOLS or any(not (c.isdigit() or c == ".") for c in fact.value):
        return fact.value
    return (
        f"{_SYMBOLS[currency]}{amount:,.0f}"
        if amount == int(amount)
        else f"{_SYMBOLS[currency]}{amount:,.2f}"
    )


def _phones(area: Area) -> Iterator[Candidate]:
    tree, scope = area.tree, record_scope(area)
    region = region_of(tree)
    for index in range(scope.start, scope.end):
        node = tree.nodes[index]
        if not area.counts(index) or (tree.is_chrome(index) and not area.anchored):
            continue
        if node.attrs.get("href", "").startswith("tel:"):
            shown = kinds.phones(tree.text(tree.scope(index)), region)
            number = shown[0] if shown else node.attrs["href"].removeprefix("tel:")
            yield Candidate(number, number, "scanner", index, 0.88)
    for node, line in tree.lines:
        if (
            node not in scope
            or not area.counts(node)
            or (tree.is_chrome(node) and not area.anchored)
        ):
            continue
        if _SUPPORT.search(line) or tree.inside(node, frozenset({"label", "option"})):
            continue
        for number in kinds.phones(line, region):
            yield Candidate(number, line, "scanner", node, 0.8)


def _titles(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    if not _names_the_page(area, wanted.name):
        return
    tree = area.tree
    for heading in tree.headings:
        if heading.node not in area.scope or not area.counts(heading.node):
            continue
        if heading.rank == 1 and not area.anchored and not says_filled(heading.text):
            yield Candidate(heading.text, heading.text, "title", heading.node, 0.9)
    if not area.anchored and not any(h.rank == 1 for h in tree.headings):
        yield from _largest(area)
    if area.anchored:
        headed = next((h.text for h in tree.headings if h.node in area.scope), "")
        headed = "" if area.whole_record else headed
        inner = [h for h in tree.headings if h.node in area.scope and h.text != headed]
        linked = [
            (i, tree.text(tree.scope(i)))
            for i in range(area.scope.start, area.scope.end)
            if _leads(tree, i)
        ]
        if not inner and linked:
            yield Candidate(linked[0][1], linked[0][1], "dom", linked[0][0], 0.66)
        first = next((h for h in inner if h.rank <= 6), None) or next(iter(inner), None)
        if first is not None:
            yield Candidate(first.text, first.text, "title", first.node, 0.72)


def _names_the_page(area: Area, name: str) -> bool:
    """Whether a field is the name of what the page is about, not of a part or a person.

    A company's name is where the page has labels such as "Company number" and "Company type".
    """
    words = name_words(name)
    if not set(words) & _CLAIMS:
        return False
    others = [word for word in words if word not in _CLAIMS]
    if all(word in LEXICON.generic or word in _SUBJECTS for word in others):
        return True
    labels = {pair.label for pair in area.pairs}
    return sum(name_words(label)[:1] == tuple(others[:1]) for label in labels) >= 2


def _largest(area: Area) -> Iterator[Candidate]:
    """The one text in the largest type, where no heading is marked as the main one."""
    tree, scope = area.tree, record_scope(area)
    texts = [p for p in tree.pieces_in(scope) if area.counts(p.node) and not tree.is_chrome(p.node)]
    texts = [p for p in texts if kinds.kind_of(p.text) == "text" and 3 <= len(p.text) <= 120]
    size = max((tree.nodes[p.node].size for p in texts), default=0)
    top = [p for p in texts if tree.nodes[p.node].size == size]
    if size >= 18 and len(top) == 1:
        sure = 0.8 if top[0].text.casefold() in tree.content.title.casefold() else 0.68
        yield Candidate(top[0].text, top[0].text, "title", top[0].node, sure)


def _leads(tree: Tree, index: int) -> bool:
    """Whether an element is a link by tag or by pointer, with a text of its own."""
    node = tree.nodes[index]
    own = any(tree.nodes[c].tag == "#text" for c in tree.children[index])
    return own and (node.tag == "a" or bool(node.flags & Flag.CURSOR)) and not tree.acts(index)


def _streets(area: Area) -> Iterator[Candidate]:
    for piece in area.tree.pieces_in(area.scope):
        if _STREET.match(piece.text) and (area.anchored or not area.tree.is_chrome(piece.node)):
            yield Candidate(piece.text, piece.text, "scanner", piece.node, 0.72)


def _places(area: Area) -> Iterator[Candidate]:
    tree, scope = area.tree, record_scope(area)
    top = next((h.node for h in tree.headings if h.rank == 1), -1)
    after = [p for p in tree.pieces_in(scope) if p.node > top and not tree.acts(p.node)]
    for piece in after[:8]:
        digits = sum(c.isdigit() for c in piece.text)
        if _PLACE.match(piece.text) and digits in (0, 4, 5):
            yield Candidate(piece.text, piece.text, "scanner", piece.node, 0.7)
        elif (within := _IN_PLACE.search(piece.text)) and len(piece.text) <= 60:
            yield Candidate(within[1], piece.text, "scanner", piece.node, 0.66)


def _ratings(area: Area) -> Iterator[Candidate]:
    scope = record_scope(area)
    for text, node in area.segments:
        found = kinds.RATED.search(text)
        if found and node in scope:
            yield Candidate(found[1], text, "scanner", node, 0.7)


def _from_title(area: Area, wanted: Wanted) -> Iterator[Candidate]:
    if area.anchored:
        return
    title = read_title(area.tree, area.facts)
    if title is None:
        return
    for name, value, sure in (
        ("year", title.year, 0.86),
        ("make", title.make, 0.78),
        ("model", title.model, 0.76),
    ):
        if value and label_score(wanted.name, name) >= 0.9:
            yield Candidate(value, title.raw, "title", title.node, sure)
