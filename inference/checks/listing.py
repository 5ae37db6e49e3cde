"""Rules for lists: how many, none, more pages, what the page is about."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.numbers import Bound, bound
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.groups import Group, groups
from inference.extract.totals import NOUNS, stated_counts, states_empty
from inference.extract.words import name_words, plain, stem

_COUNTED = re.compile(
    rf"^(?:there\s+(?:are|were)|es\s+gibt|(?:the\s+)?(?:page|search|list|results?|headline)\s+"
    rf"(?:shows?|lists?|says?|states?|found|has))\s+(?:that\s+)?(\d+)\s+({NOUNS})\b",
    re.I,
)
_GENERAL = (
    "",
    "results",
    "listings",
    "items",
    "matches",
    "entries",
    "treffer",
    "ergebnisse",
    "hits",
)
_COUNTING = frozenset(map(stem, (
    "least", "most", "more", "than", "fewer", "less", "exactly", "equal", "over", "under",
    "above", "below", "up", "no", "not", "minimum", "mindestens", "genau", "höchstens",
    "hoechstens", "mehr", "weniger", "als", "found", "matching", "search", "total", "up",
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "zwei",
    "drei", "vier", "greater", "higher", "ueber", "unter",
)))  # fmt: skip
_NONE = re.compile(
    r"^(?:there\s+(?:are|is|were)\s+|es gibt\s+|(?:the\s+)?(?:page|"
    r"search|list)\s+(?:shows|has|returned|gives|lists|found)\s+)?(?:no|"
    r"zero|keine)\s+"
    rf"(?:\w+\s+)?(?:{NOUNS}|result|listing|match)(?:\s+(?:found|"
    rf"shown|are shown|are found|were found|match\w*|available|"
    rf"visible|are listed|listed|gefunden))*$",
    re.I,
)
_LISTS = re.compile(rf"\b(?:{NOUNS}|result|listing)\b", re.I)
_DENIED = re.compile(r"\b(?:no|not|none|never|without|keine?|nicht|\w+n[’']t)\b", re.I)
_ALL = re.compile(r"\b(?:all|any|every|both|alle|beide|egal)\b", re.I)
_SOLD = re.compile(
    r"^(?:there\s+is\s+)?(?:at least one|some|mindestens ein\w*|one of the|any)\s+(?:\w+\s+){1,3}?"
    r"(?:that\s+)?(?:is|are|ist|sind|has|have|had|marked|been)\b\s*(?:bereits\s+|already\s+"
    r"|marked(?: as)?\s+|been\s+|had its price\s+|its price\s+)*(.+)$",
    re.I,
)
_PLAIN = frozenset(map(stem, ("been", "the", "a", "marked", "as")))
_OF = frozenset(
    ("by", "to", "from", "von", "an", "for", "not", "no", "nicht", "un", "never", "soon")
)
_STOCK = re.compile(
    r"^(?:the|this)?\s*(?:product|item|article|it)\s+is\s+(?:currently\s+)?(in stock|"
    r"available|sold out|out of stock|unavailable)$",
    re.I,
)
_OUT = re.compile(
    r"\b(?:out of stock|sold out|ausverkauft|currently unavailable|nicht auf lager|not in stock"
    r"|not available|back in stock|no longer|agotado|épuisé|rupture de stock|esaurito)\b",
    re.I,
)
_IN = re.compile(r"^(?:\d+ )?(?:in stock|auf lager|available now|in store now)\b", re.I)


def about_count(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "At least 10 results", "exactly 12 hits", "no results"."""
    if _NONE.match(clause.raw.strip().rstrip(".")):
        return _about_none(page)
    limit = bound(clause.text) or _plain_count(clause.text)
    noun = re.search(rf"\b(?:{NOUNS}|result|listing|item)\b", clause.text, re.I)
    if limit is None or noun is None or _says_more(clause):
        return None
    counts = {count for count, named in stated_counts(page.tree) if _same(noun[0], named)}
    if states_empty(page.tree):
        counts.add(0)
    if not counts:
        return undecided("the page states no number of results")
    verdicts = {limit.met(count) for count in counts}
    if len(verdicts) != 1:
        return undecided(f"the page states {sorted(counts)}")
    return clause.answer(verdicts.pop(), f"the page states {sorted(counts)}")


def _plain_count(text: str) -> Bound | None:
    match = _COUNTED.match(text)
    return Bound("==", float(match[1]), "", match[2]) if match else None


def _says_more(clause: Clause) -> bool:
    """Whether the sentence says more of the things than how many there are."""
    nouns = {stem(w) for w in NOUNS.split("|")} | {stem(w) for w in ("result", "listing", "item")}
    rest = [w for w in clause.words if w not in nouns | _COUNTING and not w.isdigit()]
    return bool(rest) or len(re.findall(r"\d[\d.,]*", clause.text)) > 1


def _same(asked: str, stated: str) -> bool:
    """Whether two words for what a list holds can mean the same."""
    general = {stem(w) for w in _GENERAL}
    return stem(plain(asked)) == stem(plain(stated)) or bool(
        {stem(plain(asked)), stem(plain(stated))} & general
    )


def _about_none(page: Page) -> Check:
    said = states_empty(page.tree)
    if said:
        return Check(verdict="holds", evidence=f"the page says {said!r}")
    counts = {count for count, _ in stated_counts(page.tree)}
    if counts and min(counts) > 0:
        return Check(verdict="fails", evidence=f"the page states {sorted(counts)}")
    return undecided("the page does not say how many results there are")


def about_some(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "At least one product is marked as sold out"."""
    match = _SOLD.match(clause.text)
    words = {stem(w) for w in plain(match[1]).split()} - _PLAIN if match else set[str]()
    if clause.negated or not words or len(words) > 3:
        return None
    for group in groups(page.tree):
        if not is_list(page, group):
            continue
        for place, record in enumerate(group.records):
            if page.tree.is_sponsored(record) or page.tree.in_aside(record):
                continue
            for piece in page.tree.pieces_in(group.span(page.tree, place)):
                said = {stem(w) for w in plain(piece.text).split()}
                short = words <= said and len(said) <= len(words) + 1 and not said & _OF
                if short and (not page.tree.acts(piece.node) or _off(page, piece.node)):
                    evidence = f"record {place + 1} says {piece.text!r}"
                    return clause.answer(True, evidence, page.tree.path(piece.node))
    return undecided(f"nothing marked {match[1]!r} was seen" if match else "")


def _off(page: Page, index: int) -> bool:
    """Whether the command around a text can't be given: it only tells how things are."""
    near = [index, *page.tree.ancestors(index)][:5]
    return any("disabled" in page.tree.nodes[at].attrs for at in near)


def about_stock(page: Page, clause: Clause) -> Check | None:
    """Whether the one product of the page can be had."""
    stock = _STOCK.match(clause.text)
    return _about_stock(page, clause, stock[1].lower()) if stock else None


def _about_stock(page: Page, clause: Clause, said: str) -> Check:
    wants = said in ("in stock", "available")
    ins: list[str] = []
    outs: list[str] = []
    for node, line in page.tree.lines:
        if page.tree.in_aside(node) or page.tree.is_chrome(node) or len(line) > 100:
            continue
        if _OUT.search(line):
            outs.append(line)
        elif _IN.match(line):
            ins.append(line)
    if bool(ins) == bool(outs):
        return undecided("the page does not tell its stock in one way")
    evidence = (ins or outs)[0]
    return clause.answer(bool(ins) == wants, f"the page says {evidence!r}")


SHOWN = frozenset({"shown", "displayed", "visible", "open", "opened", "listed"})
"""States that only say that something is on the page."""
_IS = re.compile(
    r"\b(?:is|are|was|were|been|ist|sind|wurde)\s+(?:now\s+|already\s+|currently\s+)?(\w+)$", re.I
)


def about_topic(page: Page, clause: Clause) -> Check | None:
    """What the page is about.

    Holds when title, main heading, address and chosen filters have all the words of the
    sentence, and, where it speaks of a list, the main part has one. Fails where another of
    several options is chosen or the page says that its list is empty.
    """
    if clause.negated or re.search(
        r"\b(?:no|not|never|without|every|all|only|kein\w*|nur|alle)\b", clause.text, re.I
    ):
        return None
    words = [w for w in clause.words if w not in _FORM_WORDS]
    state = _IS.search(clause.bare)
    if not words or (state is not None and state[1].lower() not in SHOWN):
        return None
    main = [h.text for h in page.tree.headings if h.rank == 1] or [
        h.text for h in page.tree.headings[:1]
    ]
    chosen = [s.name for s in page.states if s.on and s.kind != "current" and len(s.name) < 60]
    crumbs = [s.name for s in page.states if s.on and s.kind == "current" and len(s.name) < 60]
    lists = _LISTS.search(clause.text) is not None
    empty = _not_listed(page, words) if lists else None
    if empty is not None:
        return empty
    sources = " ".join(
        [page.content.title, *main, *chosen, *crumbs, *_query_words(page.content.url)]
    )
    known = {stem(w) for w in name_words(sources)}
    missing = [w for w in words if w not in known]
    if missing:
        rival = _rival(page, set(missing))
        if rival is not None:
            return Check(verdict="fails", evidence=f"{rival!r} is chosen instead")
        return undecided(f"nothing in title, heading and filters speaks of {missing[0]!r}")
    return Check(
        verdict="holds",
        evidence=f"title {page.content.title!r}, heading {main[:1]!r}, chosen {chosen[:4]!r}",
    )


def _not_listed(page: Page, words: list[str]) -> Check | None:
    """Why a sentence about a list can't hold; None where the main part has a list."""
    counts = {count for count, _ in stated_counts(page.tree)}
    empty = states_empty(page.tree)
    if empty or 0 in counts:
        if any(counts):
            return undecided(f"the page states {sorted(counts)} and {empty!r}")
        return Check(verdict="fails", evidence=f"the page says {empty or '0 results'!r}")
    for node, line in page.tree.lines:
        denied = len(line) <= 160 and _DENIED.search(line) and not page.tree.is_chrome(node)
        if denied and set(words) <= {stem(w) for w in plain(line).split()}:
            return undecided(f"the page says {line!r}")
    if any(counts) or any(is_list(page, group) for group in groups(page.tree)):
        return None
    return undecided("the main part shows neither a list nor a number of results")


def is_list(page: Page, group: Group) -> bool:
    """Whether a group of alike parts is a list of the main part, not of menus or filters."""
    tree, first = page.tree, group.records[0]
    aside = tree.is_chrome(first) or tree.inside(first, frozenset({"form", "aside", "header"}))
    own = [r for r in group.records if not tree.in_aside(r)]
    long = sum(len(tree.text(tree.scope(r))) for r in own) >= 12 * len(own)
    return first in tree.main and not aside and bool(own) and long


def _rival(page: Page, missing: set[str]) -> str | None:
    """What is chosen in place of the option that has the missing words.

    None where the options do not exclude each other, or the choice is "all".
    """
    for state in page.states:
        words = {stem(w) for w in plain(state.name).split()}
        if state.on is not False or state.kind not in ("radio", "tab") or not missing <= words:
            continue
        home = page.tree.nodes[state.node].parent
        others = [
            s
            for s in page.states
            if s.on and s.kind == state.kind and s.group == state.group
            and (state.group or page.tree.nodes[s.node].parent == home)
        ]  # fmt: skip
        if len(others) == 1 and not _ALL.search(others[0].name):
            return others[0].name
    return None


def _query_words(url: str) -> list[str]:
    return [part for part in re.split(r"[/?&=#+%_.:-]+", url) if part.isalpha() and len(part) > 2]


_FORM_WORDS = frozenset(
    stem(w)
    for w in (
        "listing", "listings", "results", "result", "overview", "detail", "details", "form", "open",
        "view", "correct", "right", "treffer", "liste", "umgebung", "account", "record", "product",
    )
)  # fmt: skip
