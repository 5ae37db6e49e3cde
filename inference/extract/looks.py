"""Values known by their look alone: amounts by their unit, former prices, handles, names."""

import re
from collections.abc import Callable, Iterator

from inference.content import Flag
from inference.extract import kinds
from inference.extract.candidates import Area, Candidate, Wanted
from inference.extract.nodes import Piece, Scope
from inference.extract.words import (
    concepts,
    field_kind,
    is_former,
    is_placeholder,
    label_score,
    looks_like,
    own_concept,
    price_unit,
    stem,
)

_UNIT_AFTER = re.compile(r"^\s*(?:\(?(?:an?|per|/|pro|par|por|je|al?)\s*|/)\s*([^\W\d_]+)", re.I)
_PAY = re.compile(
    r"(?:per|an?|/|pro|par|por|p\.?)\s?(?:year|yr|annum|a|hour|hr|month|week|day|jahr|monat|stunde"
    r"|heure|mois|an|año|hora|mes)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"^[^\W\d_][\w.'’&-]*(?: [\w.'’&-]+){0,4}$")
_ROW_OF_STREET = re.compile(
    r"^\d+[a-z]?,? (?:[\w.'’-]+ ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|court|ct"
    r"|square|sq|boulevard|blvd|place|pl|terrace|close|crescent|row|hill)\b\.?(?:,.{0,60})?$",
    re.IGNORECASE,
)
_WHOLE_ADDRESS = re.compile(
    r"^[^\d,:]{3,50} \d{1,5}\s?[a-z]?,\s*(?:[A-Z]{1,2}-)?\d{4,5}\s+[^\d:]{2,40}$"
    r"|^\d{1,5}[a-z]? [^\d,:]{3,50}, [^\d:]{2,40},? "
    r"(?:[A-Z]{2} \d{5}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})$"
)


def by_look(area: Area, wanted: Wanted, scope: Scope) -> Iterator[Candidate]:
    """Candidates in the main record that nothing but their look speaks for."""
    if wanted.kind == "price":
        yield from _amounts(area, wanted, scope)
    elif wanted.kind == "handle":
        yield from _only(area, scope, lambda text: kinds.kind_of(text) == "handle", 0.76)
    elif wanted.kind == "rating":
        yield from _scores(area, scope)
    elif wanted.kind == "person":
        yield from _in_section(area, wanted, scope)
        yield from _under_title(area, wanted, scope)
    elif label_score(wanted.name, "address") >= 0.9:
        yield from _only(area, scope, lambda text: bool(_WHOLE_ADDRESS.match(text)), 0.78)
        yield from _only(area, scope, lambda text: bool(_ROW_OF_STREET.match(text)), 0.74)
    if wanted.kind not in ("price", "rating"):
        yield from _only(area, scope, lambda text: looks_like(wanted.name, text), 0.7)


def _pieces(area: Area, scope: Scope) -> list[Piece]:
    tree = area.tree
    return [
        piece
        for piece in tree.pieces_in(scope)
        if area.counts(piece.node)
        and not tree.acts(piece.node)
        and (area.anchored or not tree.is_chrome(piece.node))
    ]


def _only(
    area: Area, scope: Scope, fits: Callable[[str], bool], sure: float
) -> Iterator[Candidate]:
    """The text that fits, where no other one does."""
    found = [piece for piece in _pieces(area, scope) if fits(piece.text)]
    if found and len({piece.text for piece in found}) == 1:
        text = found[0].text.strip().strip("()")
        yield Candidate(text, found[0].text, "scanner", found[0].node, sure)


def _amounts(area: Area, wanted: Wanted, scope: Scope) -> Iterator[Candidate]:
    """Former prices, prices per unit, and pay: each by what stands around the amount."""
    former, unit = is_former(wanted.name), price_unit(wanted.name)
    pay = own_concept(wanted.name) == "salary"
    for piece in _pieces(area, scope):
        matches = list(kinds.PRICE.finditer(piece.text))
        if not matches:
            continue
        if former:
            before = kinds.FORMER.search(piece.text[: matches[0].start()])
            if before or area.tree.has(piece.node, Flag.STRIKE):
                yield Candidate(matches[0][0], piece.text, "scanner", piece.node, 0.8)
        elif unit:
            after = _unit_after(area, piece, matches[-1].end())
            if after and stem(after) == stem(unit):
                yield Candidate(matches[-1][0], piece.text, "scanner", piece.node, 0.8)
        elif pay and _PAY.search(piece.text) and len(piece.text) <= 60:
            line = _line(area, piece)
            text = line if len(line) <= 60 and line.endswith(piece.text) else piece.text
            yield Candidate(text, line, "scanner", piece.node, 0.76)


def _unit_after(area: Area, piece: Piece, end: int) -> str:
    """The unit that follows an amount, in its own text or in the next one of the line."""
    rest = piece.text[end:]
    if not rest.strip():
        after = area.tree.pieces_in(Scope(piece.at + 1, min(piece.at + 12, area.scope.end)))
        rest = after[0].text if after else ""
    match = _UNIT_AFTER.match(rest)
    return match[1].casefold() if match else ""


def _line(area: Area, piece: Piece) -> str:
    """The whole line of the element that a piece stands in."""
    return next((text for node, text in area.tree.lines if node == piece.node), piece.text)


def _scores(area: Area, scope: Scope) -> Iterator[Candidate]:
    """A score with one decimal that stands beside the number of its reviews."""
    pieces = _pieces(area, scope)
    for place, piece in enumerate(pieces):
        if not re.fullmatch(r"\d{1,2}[.,]\d", piece.text):
            continue
        around = pieces[max(0, place - 1) : place + 4]
        if any(_counts_reviews(other.text) for other in around if other is not piece):
            yield Candidate(piece.text, piece.text, "scanner", piece.node, 0.78)


def _counts_reviews(text: str) -> bool:
    match = re.match(r"^\(?(\d[\d.,]*)\+?\s+([^\W\d_]+)", text)
    return bool(match) and label_score("review_count", match[2]) >= 0.9


def _under_title(area: Area, wanted: Wanted, scope: Scope) -> Iterator[Candidate]:
    """The link right under the title: the company of a job, the brand of a product."""
    tree = area.tree
    if not {"company", "brand", "seller", "agency"} & concepts(wanted.name):
        return
    top = next((h for h in tree.headings if h.node in scope and area.counts(h.node)), None)
    if top is None or tree.is_chrome(top.node):
        return
    after = tree.pieces_in(Scope(tree.end[top.node], min(tree.end[top.node] + 12, scope.end)))
    if after and _NAME.match(after[0].text) and tree.inside(after[0].node, frozenset({"a"})):
        yield Candidate(after[0].text, after[0].text, "scanner", after[0].node, 0.62)


def _in_section(area: Area, wanted: Wanted, scope: Scope) -> Iterator[Candidate]:
    """The first name under a heading that is called as the field ("Seller information")."""
    tree = area.tree
    for heading in tree.headings:
        if heading.node not in scope or not area.counts(heading.node):
            continue
        if heading.rank == 1 or label_score(wanted.name, heading.text) < 0.78:
            continue
        inner = Scope(tree.end[heading.node], tree.section(heading).end)
        for piece in tree.pieces_in(inner)[:2]:
            said = not is_placeholder(piece.text) and field_kind(piece.text, "") == "str"
            if said and _NAME.match(piece.text) and not tree.acts(piece.node):
                yield Candidate(piece.text, piece.text, "scanner", piece.node, 0.72)
                return
