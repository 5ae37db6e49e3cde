"""What a page says about the size of its list: totals, and that it is empty."""

import re

from price_parser import Price

from inference.content import Content
from inference.extract.tree import Tree

NOUNS = (
    "results|listings|items|products|matches|entries|ads|offers|boats|"
    "cars|properties|homes|jobs|treffer|ergebnisse|angebote|objekte|posts|records|rows|articles"
)
"""What lists are lists of, as part of a pattern."""
_STATED = re.compile(
    rf"(?<![\w.,-])(\d[\d.,]*)\s+(?:[a-zäöü]+\s+){{0,3}}?({NOUNS})\b|"
    rf"\b(?:of|von)\s+(\d[\d.,]*)\s*(?:({NOUNS})\b)?",
    re.I,
)
_ZERO = re.compile(
    r"(?<!\d)(?<!\d[.,])0\s+(?:results?|listings?|matches|items?|"
    r"products?|treffer|ergebnisse|boats?|ads?|offers?|records?|"
    r"entries)\b|"
    r"\bno\s+(?:\w+\s+){0,3}(?:results?|listings?|match(?:es|"
    r"ing)?|items?|products?|boats?|ads?|offers?|records?|entries|"
    r"orders?|jobs?|properties|messages)\b"
    r"(?:\s+\w+){0,4}?\s*(?:found|match\w*|available|to (?:show|display)|yet|here|for your)|"
    r"\b(?:nothing (?:found|matched|to show|here)|no (?:results?|"
    r"matches|listings?)[.!]?$|keine\s+(?:\w+\s+)?(?:treffer|"
    r"ergebnisse|angebote|objekte|einträge)|"
    r"we (?:couldn.t|could not|didn.t|did not) find any|your search (?:returned|"
    r"did not match|matched) (?:no|0|any)|"
    r"(?:list|inbox|folder) is empty|(?:0|zero) found|leider nichts gefunden)\b",
    re.I,
)

_PAGE = re.compile(r"\b(?:page|seite)\b", re.I)
_NOUN = re.compile(NOUNS, re.I)
_RANGE = re.compile(r"\d\s*[-–]\s*\d")


def list_proven_empty(content: Content) -> bool:
    """Whether the page itself says that its list is empty ("0 results", "No boats match")."""
    tree = Tree(content)
    return states_empty(tree) is not None and not any(count for count, _ in stated_counts(tree))


def says_empty(line: str) -> bool:
    """Whether a line, if the page's own, says that a list is empty."""
    return len(line) <= 160 and bool(_ZERO.search(line))


def says_filled(line: str) -> bool:
    """Whether a short line states a number of results above 0."""
    amounts = (Price.fromstring(m[1]).amount for m in _STATED.finditer(line) if m[1])
    return len(line) <= 100 and any(amount is not None and amount > 0 for amount in amounts)


def states_empty(tree: Tree) -> str | None:
    """The line in which the page itself says that its list is empty; None without one."""
    for node, line in tree.lines:
        if tree.is_chrome(node) or not says_empty(line):
            continue
        parent = tree.nodes[node]
        if (
            tree.inside(node, frozenset({"aside", "label", "option", "table", "li"}))
            and parent.tag != "p"
        ):
            continue
        if tree.in_aside(node) or tree.acts(node):
            continue
        return line
    return None


def stated_counts(tree: Tree) -> set[tuple[int, str]]:
    """Totals that the page states for its list ("331 results", "1–20 of 331").

    Each with its noun, "" without one.
    """
    counts: set[tuple[int, str]] = set()
    for node, line in tree.lines:
        outside = tree.is_chrome(node) or tree.in_aside(node) or tree.acts(node)
        outside = outside or tree.inside(node, frozenset({"a"}))
        if len(line) > 100 or outside or (_PAGE.search(line) and not _NOUN.search(line)):
            continue
        for match in _STATED.finditer(line):
            amount = Price.fromstring(match[1] or match[3]).amount
            noun = match[2] or match[4] or ""
            if amount is not None and (noun or _RANGE.search(line)):
                counts.add((int(amount), noun))
    return counts
