"""Whether a claimed act was done: decided by the requests that left after the claim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from activities.browser.holding import JournalView
from activities.holder.journal import EntryKind, JournalEntry, tells_all
from activities.steps.masking import Mask
from ledger.models import NewClaim


class Finding(StrEnum):
    """What the journal says of an act."""

    DONE = "done"
    REFUSED = "refused"
    """It left, and the site answered that it does not take it."""
    SENT = "sent"
    """It left and the answer may still come."""
    NOT_SENT = "not_sent"
    """Nothing that could have been the act has left."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """A finding with its reason, a clause to follow "because".

    `status` is what the site answered, where it did. `landing` is the first page that followed an
    act that was done, without its query: a later one may be what a new tab was brought to.
    """

    finding: Finding
    why: str
    status: int | None = None
    landing: str = ""


_NOT_LEFT: Final = (
    "ERR_TUNNEL_CONNECTION_FAILED",
    "ERR_PROXY",
    "ERR_NAME_",
    "ERR_CONNECTION_REFUSED",
    "ERR_CERT",
    "ERR_SSL",
    "ERR_BLOCKED_BY",
    "ERR_ADDRESS_",
    "ERR_INTERNET_DISCONNECTED",
    "ERR_UNSAFE_PORT",
    "ERR_INVALID_",
    "ERR_UNKNOWN_URL_SCHEME",
)
"""Errors of requests that the site can't have seen."""

_SENT_ON: Final = (307, 308)
_SIDE: Final = frozenset({EntryKind.BEACON, EntryKind.TUNNEL, EntryKind.GAP, EntryKind.SOCKET})


def decide(claim: NewClaim, journal: JournalView, mask: Mask) -> Found:
    """Judge by what left after the claim.

    A request to the very address that the act was expected to go to decides. Where that was
    not known, or was sent on to another, those to the same site do; all others leave it open.
    What a page sends on the side does not count.
    """
    lines = [entry for entry in journal.entries if entry.number > claim.journal_length]
    requests = _requests(lines)
    counted = [one for one in requests if _counts(one, claim)]
    asked = [one for one in counted if one.status not in _SENT_ON or one is counted[-1]]
    exact = [one for one in asked if _is_expected(one, claim, mask)]
    own = [one for one in asked if _site(one.url) == _site(claim.url)]
    if exact:
        return _landed(_judge(exact[-1:]), exact[-1], requests)
    if own and (not claim.method or len(asked) < len(counted)):
        return _landed(_judge(own), own[-1], requests)
    if asked:
        return Found(Finding.UNKNOWN, f"something else was sent to {_host(asked[-1].url)}")
    if any(entry.kind is EntryKind.SOCKET for entry in lines):
        return Found(Finding.UNKNOWN, "the page sent messages on a WebSocket")
    if not journal.complete:
        return Found(Finding.UNKNOWN, "the record of what was sent is on another machine")
    if not tells_all(lines, alive=journal.alive):
        return Found(Finding.UNKNOWN, "the browser died before it told what it had sent")
    return Found(Finding.NOT_SENT, "nothing was sent")


def _requests(lines: Iterable[JournalEntry]) -> list[JournalEntry]:
    """One entry a request, with its answer where there is one, in the order of sending."""
    found: dict[int, JournalEntry] = {}
    for line in lines:
        found[line.number] = line
    return [
        one
        for one in found.values()
        if one.kind not in _SIDE and not one.failed.startswith(_NOT_LEFT)
    ]


def _counts(request: JournalEntry, claim: NewClaim) -> bool:
    """Whether a request could be the act; a page that is only asked for, where it may be one."""
    if not request.safe:
        return True
    page = request.method == "GET" and request.kind is EntryKind.DOCUMENT
    return page and claim.method == "GET"


def _is_expected(request: JournalEntry, claim: NewClaim, mask: Mask) -> bool:
    by = claim.method or ("" if request.safe else request.method)
    return request.method == by and mask.text(request.url) == claim.url


def _judge(requests: Sequence[JournalEntry]) -> Found:
    """What several requests come to; they must agree."""
    found = {_one(request) for request in requests}
    if len(found) > 1 and Finding.SENT in found:
        return Found(Finding.SENT, "not everything that was sent was answered")
    status = requests[-1].status
    if len(found) > 1:
        return Found(Finding.UNKNOWN, "the site took a part of what was sent and refused another")
    match finding := found.pop():
        case Finding.SENT:
            return Found(finding, "it was sent and the site has not answered")
        case Finding.UNKNOWN:
            answer = "did not answer" if status is None else f"answered {status}"
            return Found(finding, f"it was sent and the site {answer}", status)
        case _:
            return Found(finding, f"the site answered {status}", status)


def _one(request: JournalEntry) -> Finding:
    status = request.status
    if request.failed:
        return Finding.UNKNOWN
    if status is None or status in _SENT_ON:
        return Finding.SENT
    if 200 <= status < 400:
        return Finding.DONE
    return Finding.REFUSED if 400 <= status < 500 else Finding.UNKNOWN


def _landed(found: Found, last: JournalEntry, requests: Sequence[JournalEntry]) -> Found:
    if found.finding is not Finding.DONE:
        return found
    pages = [
        one.url
        for one in requests
        if one.number > last.number
        and one.method == "GET"
        and one.kind is EntryKind.DOCUMENT
        and one.status is not None
        and 200 <= one.status < 300
        and _site(one.url) == _site(last.url)
    ]
    return Found(found.finding, found.why, found.status, pages[0] if pages else "")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _site(url: str) -> str:
    """The last two labels of a host name; an address as it is."""
    host = _host(url)
    return host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])
