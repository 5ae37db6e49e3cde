"""Rules for the pages of a list: whether there are more."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page
from inference.content import Flag
from inference.decisions import Check
from inference.extract.totals import stated_counts
from inference.extract.words import name_words, plain

_MORE = re.compile(
    r"\b(?:more|further|weitere|another|next)\s+(?:than one\s+)?(?:results?\s+)?"
    r"(?:pages?|seiten?)\b",
    re.I,
)
_LAST = re.compile(r"\blast page\b|\bletzte seite\b|\bno (?:more|further|next) pages?\b", re.I)
_NEXT = re.compile(
    r"^(?:next(?: page| results| seite)?|nächste(?: seite)?|naechste(?: seite)?|"
    r"weiter|vor|load more|show more|mehr laden|mehr anzeigen|"
    r"older(?: posts)?)$"
)
_BACK = re.compile(
    r"^(?:prev(?:ious)?(?: page)?|back|zurück|zurueck|vorherige(?: seite)?|newer(?: posts)?)$"
)
_PAGING = re.compile(
    r"^(?:there\s+(?:is|are)|es gibt|(?:this|it)\s+is(?:\s+not)?|das ist|(?:the|this|die)\s+(?:list"
    r"|page|table|results?|search|feed|liste|ergebnisse)"
    r"(?:\s+of\s+[\w-]+)?\s+(?:has|have|is|goes on|hat))"
    r"\s+(?:still\s+|noch\s+)?(?:an?\s+|the\s+|die\s+|no\s+)?"
    r"(?:more|further|weitere|another|next|last|letzte)"
    r"\s+(?:than one\s+)?(?:results?\s+)?(?:pages?|seiten?)"
    r"(?:\s+of\s+(?:the\s+)?[\w-]+)?"
    r"(?:\s+(?:after|left|to show|to load|following)(?:\s+this\s+(?:one|page))?)?$",
    re.I,
)
_TURNED = frozenset(
    {"carousel", "slider", "slick", "swiper", "gallery", "wizard", "stepper", "calendar", "month",
     "datepicker", "slideshow", "lightbox"}
)  # fmt: skip
_SEVERAL = re.compile(r"\bmore than one page\b", re.I)


def about_pages(page: Page, clause: Clause) -> Check | None:
    """Sentences such as "There are more pages", "this is the last page"."""
    last = bool(_LAST.search(clause.raw))
    if not last and not _MORE.search(clause.text):
        return None
    if not _PAGING.match(clause.text):
        return undecided("whether this is about the pages of a list can't be told")
    more = goes_on(page)
    if more is None:
        return undecided("no way to a next page was found; the list may have one page or load more")
    if not more and _MORE.search(clause.text) and _SEVERAL.search(clause.text):
        return undecided("this is the last page; whether it is the only one can't be told")
    evidence = f"the next page can{'' if more else 'not'} be opened"
    return clause.answer(more != last, evidence)


def goes_on(page: Page) -> bool | None:
    """Whether the list has a next page that can be opened; None where nothing tells."""
    nexts = _ways(page, _NEXT, "next")
    return any(nexts) if nexts else None


def is_whole(page: Page, seen: int) -> bool:
    """Whether what is seen of a list, `seen` records, is shown to be all of it."""
    if goes_on(page) or any(_ways(page, _BACK, "prev")) or not page.content.complete:
        return False
    counts = {count for count, _ in stated_counts(page.tree)}
    return max(counts) <= seen if counts else goes_on(page) is False


def _elsewhere(page: Page, index: int) -> bool:
    """Whether it turns something else: slides, months, the steps of a form."""
    if page.tree.nodes[index].tag == "button" and page.tree.inside(index, frozenset({"form"})):
        return True
    around = [index, *page.tree.ancestors(index)][:6]
    return any(_TURNED & set(name_words(page.tree.nodes[at].cls)) for at in around)


def _ways(page: Page, words: re.Pattern[str], rel: str) -> list[bool]:
    """Of each way to another page whether it can be taken."""
    found: list[bool] = []
    for index, node in enumerate(page.tree.nodes):
        if node.tag == "#text" or page.tree.nodes[index].flags & Flag.SR:
            continue
        named = plain(node.text) or plain(page.tree.text(page.tree.scope(index)))
        clickable = node.tag in ("a", "button") or node.flags & 32 or page.tree.is_action(index)
        named_so = words.match(named) and clickable and not _elsewhere(page, index)
        if named_so or node.attrs.get("rel") == rel:
            off = "disabled" in node.attrs or {"disabled", "dis", "inactive"} & set(
                name_words(node.cls)
            )
            found.append(
                not off and (node.tag != "a" or "href" in node.attrs or bool(node.flags & 32))
            )
    return found
