"""Tells pages that keep robots out, and error pages, from ordinary ones."""

import re
from dataclasses import dataclass

from plans.step import FailureClass


@dataclass(frozen=True)
class PageFacts:
    """What `js/usable.js` tells of a document.

    `verdict`: usable, partial (a sub-resource blocks the parser), restless (never came to
    rest), loading (nothing to see yet) or leaving. `status` is the HTTP status, 0 where there
    is none. `sample` is the visible text of a page with few links, `wall` the selector of a
    bot wall's own markup, `widget` whether a captcha widget is on the page.
    """

    verdict: str
    url: str
    title: str
    status: int
    links: int = 0
    fields: int = 0
    sample: str = ""
    wall: str = ""
    widget: bool = False


@dataclass(frozen=True)
class PageFailure:
    """Why a document is not the page that was wanted."""

    failure_class: FailureClass
    message: str


_TITLES = re.compile(
    r"^(just a moment|attention required!|one more step|ddos-guard|access denied|"
    r"access to this page has been denied|pardon our interruption|robot check|"
    r"are you (a )?(human|robot)|human verification|security (check|verification)|"
    r"bot (detection|verification)|verify(ing)? (that )?you are (a )?human|"
    r"please verify you are (a )?human|you have been blocked|request blocked|blocked|"
    r"captcha|checking your browser|zugriff verweigert|sicherheitsüberprüfung|"
    r"bist du ein mensch|sind sie ein mensch)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(
    r"verify(ing)? (that )?you are (a )?human|verify (that )?you('re| are) not a (ro)?bot|"
    r"checking (if the site connection is secure|your browser)|"
    r"(complete|solve) the (security check|captcha)|press (&|and) hold|"
    r"enable javascript and cookies to continue|unusual traffic from your|"
    r"you have been blocked|access to this page has been denied|access denied|"
    r"you don't have permission to access|automated (access|requests|queries)|"
    r"are you (a )?(human|robot)\?|request unsuccessful\. incapsula|"
    r"bestätigen sie, dass sie ein mensch sind|bestätige, dass du ein mensch bist|"
    r"ich bin kein roboter|zugriff verweigert",
    re.IGNORECASE,
)
_WALL_STATUSES = frozenset({401, 403, 405, 429, 503})
_SHORT_PAGE = 1200
_FEW_LINKS = 12


def page_failure(facts: PageFacts, blocked_by: str = "") -> PageFailure | None:
    """Classify a loaded document; None for an ordinary page.

    `blocked_by` is the egress proxy's reason where it answered in the site's place.
    """
    if blocked_by:
        return PageFailure(
            FailureClass.NAV_BLOCKED, f"the egress rules refuse this address: {blocked_by}"
        )
    wall = _wall(facts)
    if wall:
        return PageFailure(FailureClass.PAGE_BLOCKED, f"the site keeps robots out: {wall}")
    if facts.status >= 500:
        return PageFailure(FailureClass.HTTP_5XX, f"the site answered {facts.status}")
    if facts.status >= 400:
        return PageFailure(FailureClass.HTTP_4XX, f"the site answered {facts.status}")
    return None


def _wall(facts: PageFacts) -> str:
    title = facts.title.strip()
    refused = facts.status in _WALL_STATUSES
    short = bool(facts.sample or not facts.links) and len(facts.sample) < _SHORT_PAGE
    small = short and facts.links <= _FEW_LINKS
    titled = bool(_TITLES.match(title))
    sentence = _SENTENCES.search(facts.sample)
    if refused:
        if facts.wall or facts.widget:
            return f"status {facts.status} with a challenge"
        if sentence and small and not _plain_refusal(facts, sentence.group(0)):
            return f"status {facts.status}, {sentence.group(0)!r}"
        return f"status {facts.status}, {title!r}" if titled and small else ""
    if not small or facts.fields > 2 or facts.status >= 400:
        return ""
    if facts.wall:
        return f"a challenge ({facts.wall})"
    if titled and (sentence or facts.widget):
        return f"{title!r}"
    if facts.widget and sentence:
        return f"{sentence.group(0)!r}"
    return ""


def _plain_refusal(facts: PageFacts, sentence: str) -> bool:
    """A 401 or 405 that says no more than what its status says is an ordinary error."""
    return facts.status in {401, 405} and not facts.widget and "denied" in sentence.lower()
