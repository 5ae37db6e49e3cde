"""Answer a `verify` sentence or a task suite's verify clause from the content of a page."""

import re
from collections.abc import Callable
from typing import Literal, assert_never

from inference.checks import (
    alerts,
    controls,
    listing,
    order,
    paging,
    quantity,
    sessions,
    texts,
    values,
)
from inference.checks.clause import Clause, parse_clause, parts_of, undecided
from inference.checks.page import Page
from inference.checks.url import check_url, suite_url
from inference.content import Content
from inference.decisions import Check

SuiteVerify = Literal[
    "url_contains", "url_not_contains", "page_contains_text", "page_not_contains_text"
]

LONGEST = 2000
"""Characters of a sentence; no rule reads a longer one."""

_MOST_PARTS = 6

Rule = Callable[[Page, Clause], Check | None]

_OF_NUMBERS: tuple[Rule, ...] = (
    listing.about_count,
    paging.about_pages,
    sessions.about_session,
    values.about_cart,
    order.about_order,
)
"""These read negations, numbers and "any" themselves."""

_OF_ONE: tuple[Rule, ...] = (
    alerts.about_alert,
    alerts.about_done,
    controls.about_state,
    sessions.about_dialog,
    sessions.about_form,
    sessions.about_phone,
    listing.about_stock,
    values.about_assignment,
    values.about_value,
    texts.about_text,
    quantity.about_record,
    listing.about_topic,
)
_EITHER = re.compile(r"\b(?:or|oder|either|ou|o bien|whether)\b", re.I)


def check(content: Content, clause: str) -> Check:
    """Whether a sentence holds on the page, with the evidence.

    A rule answers only where it reads the whole sentence and the page shows the answer;
    everything else is undecided, never a guess. Sentences joined by "and" or "or" are
    answered one by one.
    """
    if len(clause) > LONGEST:
        return undecided(f"the sentence has more than {LONGEST} characters")
    about_url = check_url(content.url, clause)
    if about_url is not None:
        return about_url
    page = Page(content)
    joined = parts_of(clause)
    if joined is None:
        return _single(page, clause)
    how, parts = joined
    if how == "mixed" or len(parts) > _MOST_PARTS:
        return undecided("which parts of the sentence belong together can't be told")
    answers = [check_url(content.url, part) or _single(page, part) for part in parts]
    return _joined(answers, "fails" if how == "and" else "holds")


def _joined(answers: list[Check], deciding: Literal["holds", "fails"]) -> Check:
    """One part that is decided this way decides; else all must be decided the other way."""
    for answer in answers:
        if answer.verdict == deciding:
            return answer
    for answer in answers:
        if answer.verdict == "undecided":
            return answer
    evidence = "; ".join(answer.evidence for answer in answers)
    return Check(
        verdict=answers[0].verdict,
        evidence=evidence,
        element=answers[0].element,
        absence=any(answer.absence for answer in answers),
    )


def _single(page: Page, sentence: str) -> Check:
    parsed = parse_clause(sentence)
    answer = _by_rules(page, parsed)
    if answer.verdict == "undecided" or not answer.absence or page.content.complete:
        return answer
    return undecided("a part of the page could not be read; what is meant may be there")


def _by_rules(page: Page, clause: Clause) -> Check:
    plain = not (clause.odd or clause.vague or clause.quantified or _EITHER.search(clause.bare))
    if clause.quoted and plain and (answer := texts.about_text(page, clause)) is not None:
        return answer
    for rule in _OF_NUMBERS:
        answer = rule(page, clause)
        if answer is not None:
            return answer
    if clause.vague or _EITHER.search(clause.bare):
        return undecided("the sentence says more than a rule can measure")
    several = quantity.about_several(page, clause) or listing.about_some(page, clause)
    if several is not None:
        return several
    if clause.odd or clause.quantified:
        return undecided("no rule reads this sentence")
    for rule in _OF_ONE:
        answer = rule(page, clause)
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
