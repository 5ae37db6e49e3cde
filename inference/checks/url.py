"""Conditions on the address of a page."""

import re
from urllib.parse import unquote, urlsplit

from inference.checks.clause import parse_clause, undecided
from inference.decisions import Check

_URL = re.compile(
    r"^(?:the\s+|die\s+)?(?:current\s+|page\s+|page's\s+|browser\s+)?(?:url|"
    r"address|adresse|web address)(?:\s+of the page)?\s+"
    r"(contains?|includes?|has|enthält|ends? with|starts? with|"
    r"begins? with|is|equals|matches|containing)\s+(.+)$",
    re.IGNORECASE,
)
_SHORT = re.compile(r"^(url_contains|url_not_contains)\s*[:=]\s*(.+)$", re.IGNORECASE)


def check_url(url: str, sentence: str) -> Check | None:
    """Whether the URL is as a sentence says; None where the sentence is about something else."""
    short = _SHORT.match(sentence.strip())
    if short:
        return suite_url(url, short[2].strip(), wanted="not" not in short[1].lower())
    clause = parse_clause(sentence)
    match = _URL.match(clause.text)
    if not match:
        return None
    value = clause.quoted[0] if clause.quoted else match[2].strip().strip("'\"").rstrip(".,")
    if not value or (" " in value and not clause.quoted):
        return undecided(f"which part of the URL is meant by {match[2]!r}?")
    return clause.answer(_agrees(url, match[1].lower(), value), f"the URL is {_shown(url)}")


def suite_url(url: str, value: str, *, wanted: bool) -> Check:
    """`url_contains` and `url_not_contains` of a task suite."""
    there = contains(url, value)
    return Check(
        verdict="holds" if there == wanted else "fails", evidence=f"the URL is {_shown(url)}"
    )


def contains(url: str, value: str) -> bool:
    """Whether a URL contains a text, as written or decoded."""
    return value.casefold() in url.casefold() or value.casefold() in unquote(url).casefold()


def _agrees(url: str, verb: str, value: str) -> bool:
    bare = url.split("#")[0].rstrip("/")
    if verb.startswith(("end",)):
        return bare.casefold().endswith(value.rstrip("/").casefold())
    if verb.startswith(("start", "begin")):
        return url.casefold().startswith(value.casefold()) or _path(url).startswith(value)
    if verb in ("is", "equals"):
        return value.rstrip("/") in (bare, url.rstrip("/"), _path(url).rstrip("/"))
    return contains(url, value)


def _path(url: str) -> str:
    return urlsplit(url).path


def _shown(url: str) -> str:
    return url if len(url) <= 200 else url[:200] + "…"
