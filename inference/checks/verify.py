"""Answer a `verify` sentence or a task suite's verify clause from the content of a page."""

from collections.abc import Callable
from typing import Literal, assert_never

from inference.checks import controls, listing, sessions, texts, values
from inference.checks.clause import Clause, parse_clause, undecided
from inference.checks.page import Page
from inference.checks.url import check_url, suite_url
from inference.content import Content
from inference.decisions import Check

SuiteVerify = Literal[
    "url_contains", "url_not_contains", "page_contains_text", "page_not_contains_text"
]

LONGEST = 2000
"""Characters of a sentence; no rule reads a longer one."""

_RULES: tuple[Callable[[Page, Clause], Check | None], ...] = (
    listing.about_count,
    listing.about_pages,
    sessions.about_session,
    sessions.about_dialog,
    sessions.about_form,
    values.about_cart,
    sessions.about_phone,
    controls.about_state,
    listing.about_some,
    values.about_assignment,
    values.about_value,
    texts.about_text,
    listing.about_topic,
)


def check(content: Content, clause: str) -> Check:
    """Whether a sentence holds on the page, with the evidence.

    A rule answers only where the page shows it; everything else is undecided, never a
    guess.
    """
    if len(clause) > LONGEST:
        return undecided(f"the sentence has more than {LONGEST} characters")
    about_url = check_url(content.url, clause)
    if about_url is not None:
        return about_url
    page, parsed = Page(content), parse_clause(clause)
    for rule in _RULES:
        answer = rule(page, parsed)
        if answer is not None:
            return answer
    return undecided("no rule reads this sentence")


def check_suite(content: Content, kind: SuiteVerify, value: str) -> Check:
    """A task's verify clause of one of the types that a page can answer."""
    match kind:
        case "url_contains":
            return suite_url(content.url, value, wanted=True)
        case "url_not_contains":
            return suite_url(content.url, value, wanted=False)
        case "page_contains_text":
            return _text(content, value, wanted=True)
        case "page_not_contains_text":
            return _text(content, value, wanted=False)
        case _:
            assert_never(kind)


def _text(content: Content, value: str, *, wanted: bool) -> Check:
    there = Page(content).shows(value)
    if not there and not content.complete:
        return undecided("a frame of the page could not be read")
    seen = "shows" if there else "does not show"
    return Check(
        verdict="holds" if there == wanted else "fails", evidence=f"the page {seen} {value!r}"
    )
