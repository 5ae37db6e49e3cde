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
_SAYS = re.compile(
    r"(?:^|\b)(?:text|message|words?|phrase|sentence|notice|page|"
    r"seite|screen|it)\b[^\"'“]*(?:[\"'“„‘]|\b(?:contains?|shows?|"
    r"says?|displays?|enthält|zeigt|reads?)\b)"
    r"|^[\"'“„‘].*[\"'”“’]\s+(?:is|are|ist)?\s*(?:visible|shown|"
    r"displayed|present|there|sichtbar|on the page)",
    re.I,
)


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
            hits = [s for s in shown if (plain(s) == wanted if exact else wanted in plain(s))]
            return clause.answer(
                bool(hits), hits[0] if hits else f"it says {'; '.join(shown[:3])!r}"
            )
    if not clause.quoted or not _SAYS.search(clause.text):
        return None
    texts = clause.quoted
    missing = [t for t in texts if not page.shows(t)]
    if not missing:
        return clause.answer(True, f"the page shows {texts[0]!r}")
    if not page.content.complete:
        return undecided("a frame of the page could not be read")
    return clause.answer(False, f"the page does not show {missing[0]!r}")
