"""Rules for texts, headings and titles."""

import re

from inference.checks.clause import Clause, undecided
from inference.checks.page import Page
from inference.decisions import Check
from inference.extract.words import plain

_HEADING = re.compile(
    r"^(?:the\s+)?(?:page(?:'s)?\s+)?(?:main\s+)?heading\s+(is|"
    r"equals|contains|includes|says|reads)\s+(.+)$",
    re.I,
)
_TITLE = re.compile(
    r"^(?:the\s+)?(?:page|window|document|tab)(?:'s)?\s+title\s+(is|"
    r"equals|contains|includes|says|reads)\s+(.+)$",
    re.I,
)
_KNOWN = (
    "text message word words phrase sentence notice page seite screen says say said contains"
    " contain shows show shown displays display displayed reads read includes include visible"
    " present there sichtbar enthält zeigt angezeigt somewhere website label line content body"
    " following string appears appear following found see seen can be and und text"
)
_OF_TEXT = re.compile(
    r"\b(?:text|message|words?|phrase|sentence|notice|page|seite|screen|site|string|says?|contains?"
    r"|shows?|displays?|reads?|includes?|enthält|zeigt|appears?|visible|shown|displayed|present"
    r"|sichtbar)\b",
    re.I,
)


def _agrees(shown: str, wanted: str, *, exact: bool) -> bool:
    return shown == wanted if exact else f" {wanted} " in f" {shown} "


def about_text(page: Page, clause: Clause) -> Check | None:
    """Quoted text that is to be there, headings, titles."""
    for pattern, shown in (
        (_HEADING, [h.text for h in page.tree.headings if h.rank <= 6]),
        (_TITLE, [page.content.title]),
    ):
        match = pattern.match(clause.text)
        if match:
            wanted = plain(clause.quoted[0] if clause.quoted else match[2])
            exact = match[1].lower() in ("is", "equals", "reads")
            hits = [s for s in shown if _agrees(plain(s), wanted, exact=exact)]
            if not shown or not wanted:
                return undecided("there is none")
            evidence = hits[0] if hits else f"it says {'; '.join(shown[:3])!r}"
            return clause.answer(bool(hits), evidence, absence=not hits)
    if not clause.quoted or not _OF_TEXT.search(clause.bare) or clause.rest(_KNOWN):
        return None
    if clause.negated and len(clause.quoted) > 1:
        return undecided("which of the texts is not meant to be there can't be told")
    found = [(text, page.finds(text)) for text in clause.quoted]
    doubtful = [text for text, there in found if there is None]
    missing = [text for text, there in found if there is False]
    if doubtful:
        return undecided(f"{doubtful[0]!r} is there only in part, or where people may not read it")
    if missing:
        return clause.answer(False, f"the page does not show {missing[0]!r}", absence=True)
    first = found[0][0]
    return clause.answer(True, f"the page shows {first!r}", page.where(first))
