"""Rules for values: the cart, labelled values, the price."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.numbers import Bound, bound, number_of
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.pairs import pairs
from inference.extract.record import record_in
from inference.extract.words import is_placeholder, label_score, plain
from plans.step import ExtractField

_CART_NAMES = (
    r"(?:cart|basket|bag|trolley|warenkorb|panier|carrito|cesta|carrello|winkelwagen|koszyk)"
)
_CART = re.compile(rf"\b{_CART_NAMES}\b", re.I)
_CART_COUNT = re.compile(rf"\b{_CART_NAMES}\b\D{{0,12}}?\(?(\d+)\)?", re.I)
_CART_SAID = (
    "cart basket bag trolley warenkorb shopping empty leer item items product products artikel"
    " thing things contains has holds in my user customer still now exactly icon counter shows"
)
_WHOLE = frozenset(
    {"page", "the page", "site", "it", "this", "there", "user", "seite", "die seite"}
)
_RELATION = re.compile(r"^(?:the\s+)?(.+?)\s+(?:is|equals|reads|=|ist)\s+(.+)$", re.I)


def about_cart(page: Page, clause: Clause) -> Check | None:
    """How much is in the cart."""
    if not _CART.search(clause.text):
        return None
    empty = re.search(r"\b(?:empty|leer)\b", clause.text, re.I)
    count = re.search(
        r"\b(\d+|no|one|two|three|four|five)\s+(?:items?|products?|artikel|things?)\b",
        clause.text,
        re.I,
    )
    limit = bound(clause.text)
    if not (empty or count or limit):
        return None
    if [w for w in clause.rest(_CART_SAID, _COMPARING) if number_of(w) is None]:
        return undecided("the sentence says more than how much is in the cart")
    said = (
        page.shows_words("cart is empty")
        or page.shows_words("bag is empty")
        or page.shows_words("basket is empty")
    )
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


def about_value(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "The status is Solved", "the price is below $500"."""
    limit = bound(clause.text)
    found = [p for p in pairs(page.tree, page.tree.main) if not page.tree.in_aside(p.node)]
    if limit is not None:
        names = [limit.rest, re.sub(r"^.*\bthe\s+", "", limit.before, flags=re.I)]
        names += [re.sub(r"\s+(?:is|are|has|have)$", "", n.strip()) for n in names]
        for pair in found:
            number = number_of(pair.value)
            if number is not None and any(n and label_score(n, pair.label) >= 0.9 for n in names):
                if len(_left(clause, pair.label)) > 1:
                    return undecided("the sentence says more than how large a value is")
                evidence = f"{pair.label}: {pair.value}"
                return clause.answer(limit.met(number), evidence, page.tree.path(pair.node))
        return _about_price(page, clause, limit) if "price" in {*map(plain, names)} else None
    match = _RELATION.match(clause.text)
    if not match:
        return None
    subject = re.sub(r"\s+(?:of|in|for)\s+(?:the|this)\s+\w+$", "", match[1])
    if plain(subject) in _WHOLE:
        return None
    value = clause.quoted[-1] if clause.quoted else match[2]
    hits = [
        p for p in found if label_score(subject, p.label) >= 0.9 and not is_placeholder(p.value)
    ]
    values = {plain(p.value) for p in hits}
    if len(values) != 1 or len(plain(value).split()) > 6:
        return None
    evidence = f"{hits[0].label}: {hits[0].value}"
    return clause.answer(values.pop() == plain(value), evidence, page.tree.path(hits[0].node))


def _left(clause: Clause, label: str) -> list[str]:
    """The words of a comparison that neither its label nor its number accounts for."""
    said = clause.rest(label, _COMPARING, "price prices current asking")
    return [word for word in said if number_of(word) is None]


_COMPARING = (
    "least most more than fewer less minimum up over above greater higher below under lower exactly"
    " equal equals usd eur gbp mindestens höchstens mehr als weniger über unter genau is are has"
)
_OF_THE = re.compile(r"\bprice of (?:the|this) \w+\b", re.I)


def _about_price(page: Page, clause: Clause, limit: Bound) -> Check:
    if len(_left(clause, "")) > bool(_OF_THE.search(clause.text)):
        return undecided("the sentence says more than how high the price is")
    read = record_in(page.tree, [ExtractField(name="price")], "").fields["price"]
    number = number_of(read.value) if read.value and read.confidence >= 0.8 else None
    if number is None or read.value is None:
        return undecided("no single price was found on the page")
    signs = [set(re.findall(r"[$€£¥]", text)) for text in (clause.text, read.value)]
    if all(signs) and signs[0] != signs[1]:
        return undecided(f"the price is {read.value}, in another currency")
    return clause.answer(limit.met(number), f"the price is {read.value}")


def about_assignment(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "The ticket is assigned to Marta Kowalska"."""
    match = re.match(
        r"^(?:the\s+)?.*\b(?:is|are)\s+(assigned|addressed|owned)\s+(?:to|by)\s+(.+)$",
        clause.text,
        re.I,
    )
    if not match:
        return None
    numbers = re.findall(r"\d[\w-]*", clause.text[: match.start(1)])
    about = " ".join([page.content.title, *(h.text for h in page.tree.headings[:2])])
    if any(number not in about for number in numbers):
        return undecided(f"whether the page is about {numbers[0]!r} can't be told")
    wanted = {"assigned": "assignee", "addressed": "recipient", "owned": "owner"}[match[1].lower()]
    for pair in pairs(page.tree, page.tree.whole):
        if label_score(wanted, pair.label) >= 0.75 and pair.value:
            words = set(plain(pair.value).split())
            there = set(plain(match[2]).split()) <= words
            return clause.answer(there, f"{pair.label}: {pair.value}")
    return None
