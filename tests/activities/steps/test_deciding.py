"""Whether an act was done, by what left after it was claimed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.browser.holding import JournalView
from activities.holder.journal import EntryKind, JournalEntry
from activities.steps.deciding import Finding, Found, decide
from activities.steps.masking import Mask
from ledger.models import NewClaim

SHOP = "https://www.shop.example:443"
ORDER = f"{SHOP}/order"
NOTHING = Mask({})


def claim(method: str = "POST", url: str = ORDER, length: int = 10) -> NewClaim:
    return NewClaim(
        kind="act", session_id="s", journal_length=length, url=url, what="Buy", method=method
    )


def entry(number: int, url: str = ORDER, method: str = "POST", **fields: Any) -> JournalEntry:
    return JournalEntry.model_validate(
        {"number": number, "at": 1.0, "method": method, "url": url, "kind": EntryKind.DATA} | fields
    )


def sent(number: int, url: str = ORDER, method: str = "POST", **answer: Any) -> list[JournalEntry]:
    lines = [entry(number, url, method, kind=answer.get("kind", EntryKind.DATA))]
    return [*lines, entry(number, url, method, **answer)] if answer else lines


def tunnel(number: int) -> JournalEntry:
    return entry(number, SHOP, "", kind=EntryKind.TUNNEL)


def found(
    *lines: JournalEntry, of: NewClaim | None = None, complete: bool = True, alive: bool = True
) -> Found:
    return decide(of or claim(), JournalView(lines, complete, alive), NOTHING)


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        ({"status": 200}, Finding.DONE),
        ({"status": 303}, Finding.DONE),
        ({"status": 422}, Finding.REFUSED),
        ({"status": 500}, Finding.UNKNOWN),
        ({"status": 307}, Finding.SENT),
        ({}, Finding.SENT),
        ({"failed": "ERR_CONNECTION_RESET"}, Finding.UNKNOWN),
        ({"failed": "ERR_TUNNEL_CONNECTION_FAILED"}, Finding.NOT_SENT),
        ({"failed": "ERR_NAME_NOT_RESOLVED"}, Finding.NOT_SENT),
    ],
)
def test_the_answer_to_the_expected_request_decides(
    answer: dict[str, Any], finding: Finding
) -> None:
    others = sent(12, f"{SHOP}/track", status=204) + sent(13, "https://ads.example/x")
    assert found(*sent(11, **answer)).finding is finding
    if finding is not Finding.NOT_SENT and answer.get("status") != 307:
        assert found(*sent(11, **answer), *others).finding is finding


def test_what_left_before_the_claim_does_not_count() -> None:
    assert found(*sent(10, status=200)).finding is Finding.NOT_SENT


def test_a_repetition_by_the_page_itself_counts_with_its_last_answer() -> None:
    lines = sent(11, status=500) + sent(12, status=201)
    assert found(*lines).finding is Finding.DONE


def test_a_request_that_is_sent_on_counts_with_where_it_went() -> None:
    lines = sent(11, status=307) + sent(12, f"{SHOP}/v2/order", status=200)
    assert found(*lines).finding is Finding.DONE
    assert found(*lines, of=claim(method="")).finding is Finding.DONE
    assert found(*sent(11, status=307), *sent(12, status=200)).finding is Finding.DONE


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        (sent(11, "https://api.shop.example:443/v1/orders", status=201), Finding.DONE),
        (sent(11, "https://api.shop.example:443/v1/orders", status=409), Finding.REFUSED),
        (sent(11, "https://api.shop.example:443/v1/orders"), Finding.SENT),
        (
            sent(11, f"{SHOP}/orders", status=422) + sent(12, f"{SHOP}/track", status=204),
            Finding.UNKNOWN,
        ),
        (sent(11, "https://elsewhere.example:443/x", status=200), Finding.UNKNOWN),
        (sent(11, f"{SHOP}/b", status=204, kind=EntryKind.BEACON), Finding.NOT_SENT),
        (sent(11, f"{SHOP}/orders", "OPTIONS", status=204), Finding.NOT_SENT),
        (sent(11, f"{SHOP}/thanks", "GET", status=200, kind=EntryKind.DOCUMENT), Finding.NOT_SENT),
        ([entry(11, "wss://shop.example:443/", "", kind=EntryKind.SOCKET)], Finding.UNKNOWN),
    ],
)
def test_without_a_known_address_the_site_itself_decides(
    lines: list[JournalEntry], finding: Finding
) -> None:
    assert found(*lines, of=claim(method="", url=f"{SHOP}/cart")).finding is finding


def test_where_the_address_is_known_others_leave_it_open() -> None:
    assert found(*sent(11, f"{SHOP}/track", status=204)).finding is Finding.UNKNOWN


def test_an_act_by_get_is_a_page_that_was_asked_for() -> None:
    link = claim(method="GET", url=f"{SHOP}/delete/3")
    page = sent(11, link.url, "GET", status=200, kind=EntryKind.DOCUMENT)
    assert found(*page, of=link).finding is Finding.DONE
    assert found(*page).finding is Finding.NOT_SENT


def test_a_dead_browser_may_have_sent_what_it_did_not_tell() -> None:
    gap = entry(12, "", "", kind=EntryKind.GAP)
    assert found(alive=False).finding is Finding.NOT_SENT
    assert found(tunnel(11), alive=False).finding is Finding.UNKNOWN
    assert found(tunnel(11)).finding is Finding.NOT_SENT
    assert found(tunnel(11), gap).finding is Finding.UNKNOWN
    assert found(complete=False).finding is Finding.UNKNOWN
    assert found(tunnel(11), *sent(13, status=200), alive=False).finding is Finding.DONE


def test_the_page_that_followed_is_told() -> None:
    pages = sent(12, f"{SHOP}/thanks", "GET", status=200, kind=EntryKind.DOCUMENT)
    assert found(*sent(11, status=303), *pages).landing == f"{SHOP}/thanks"
    again = sent(13, f"{SHOP}/form", "GET", status=200, kind=EntryKind.DOCUMENT)
    assert found(*sent(11, status=303), *pages, *again).landing == f"{SHOP}/thanks"
    assert found(*sent(11, status=200)).landing == ""


def test_addresses_are_compared_as_they_are_masked() -> None:
    mask = Mask({"secret.1": "hunter22"})
    masked = claim(url=mask.text(f"{SHOP}/u/hunter22/order"))
    lines = sent(11, f"{SHOP}/u/hunter22/order", status=200)
    assert decide(masked, JournalView(tuple(lines), True, True), mask).finding is Finding.DONE


_URLS = st.sampled_from([ORDER, f"{SHOP}/track", "https://ads.example/x", ""])
_ENTRIES = st.builds(
    JournalEntry,
    number=st.integers(1, 20),
    at=st.just(1.0),
    method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", ""]),
    url=_URLS,
    kind=st.sampled_from(list(EntryKind)),
    status=st.none() | st.integers(100, 599),
    failed=st.sampled_from(["", "ERR_FAILED", "ERR_CERT_X"]),
)


@given(st.lists(_ENTRIES, max_size=12), st.booleans(), st.booleans(), st.sampled_from(["POST", ""]))
def test_a_request_that_left_is_never_taken_for_nothing(
    lines: list[JournalEntry], complete: bool, alive: bool, method: str
) -> None:
    """Whatever the journal holds: with the expected request in it, nobody does it again."""
    told = [*[line for line in lines if line.number != 15], *sent(15)]
    of = claim(method=method)
    verdict = decide(of, JournalView(tuple(told), complete, alive), NOTHING)
    assert verdict.finding is not Finding.NOT_SENT
