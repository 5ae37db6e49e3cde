"""Verify clauses, decided by what is there."""

import pytest

from inference.task.verifying import Standing, holds, negative
from plans.suite import Verify, VerifyType

PAGE = Standing(
    "http://x.test/a?status=In%20active#top", "Signed in  as\nSam Whitaker", ("contacts (1).csv",)
)


def clause(kind: str, value: str) -> Verify:
    return Verify(type=VerifyType(kind), value=value)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("url_contains", "status=in active", True),
        ("url_contains", "STATUS=In%20active", True),
        ("url_contains", "status=Active", False),
        ("url_contains", "", False),
        ("url_not_contains", "login", True),
        ("url_not_contains", "x.test", False),
        ("page_contains_text", "signed in as sam", True),
        ("page_contains_text", "sam white", False),
        ("page_contains_text", " ", False),
        ("page_not_contains_text", "sam white", True),
        ("page_not_contains_text", "Signed in as", False),
        ("page_not_contains_text", "", False),
        ("download_exists", "contacts.csv", True),
        ("download_exists", "*.csv", True),
        ("download_exists", "con*.csv", True),
        ("download_exists", "contact", True),
        ("download_exists", "", True),
        ("download_exists", "leads.csv", False),
        ("download_exists", "contacts.cs", False),
    ],
)
def test_clauses(kind: str, value: str, wanted: bool) -> None:
    assert holds(clause(kind, value), PAGE) is wanted


def test_what_was_not_read_in_full_proves_no_absence() -> None:
    part = Standing("http://x.test", "some", whole=False)
    assert not holds(clause("page_not_contains_text", "other"), part)
    assert holds(clause("page_contains_text", "some"), part)


def test_no_file_is_no_download() -> None:
    assert not holds(clause("download_exists", ""), Standing("http://x.test", ""))


def test_which_hold_by_absence() -> None:
    assert {one for one in VerifyType if negative(clause(one, "x"))} == {
        VerifyType.URL_NOT_CONTAINS,
        VerifyType.PAGE_NOT_CONTAINS_TEXT,
    }
