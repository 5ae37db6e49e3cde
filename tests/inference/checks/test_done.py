"""Sentences of what was done, on pages that report it and on pages that report another thing."""

import pytest

from inference.checks.verify import check
from tests.inference.conftest import Capture

pytestmark = pytest.mark.browser

TOLD = [
    ("The order was placed", "Order placed"),
    ("The order was placed", "Your order has been placed."),
    ("Your order has been placed", "Thank you! Your order #123 was placed"),
    ("The order was placed", "Thank you, your order #A-17 has been placed!"),
    ("The order was placed", "Order successfully placed. Your number is A-17."),
    ("The saved search was deleted", "Your saved search was deleted"),
    ("The changes have been saved", "Success: Changes saved successfully"),
]
NOT_TOLD = [
    ("The search was saved", "Your saved search was deleted"),
    ("The search was deleted", "Your saved search was deleted"),
    ("The order was placed", "We received the cancellation of the order you placed"),
    ("The payment was saved", "Payment method deleted. Changes were saved."),
    ("The payment was deleted", "Payment method deleted. Changes were saved."),
    ("The booking was confirmed", "Your booking was updated because the confirmed date changed"),
    ("The invitation was sent", "Invitation sent to bob was deleted"),
    ("The order was placed", "Order placed. It was cancelled by the seller."),
    ("The order was placed", "Your order could be placed"),
    ("The order was placed", "Your order was placed on hold"),
    ("The order was placed", "Your order was almost placed"),
    ("The order was placed", "Your draft order was placed"),
]
PAGE = "<title>Shop</title><main><h1>Account</h1><div role=status>{}</div><p>Hello</p></main>"


def test_what_was_done_is_read_in_one_plain_sentence(capture: Capture) -> None:
    for clause, line in TOLD:
        answer = check(capture(PAGE.format(line)), clause)
        assert answer.verdict == "holds", (clause, line, answer.evidence)


def test_what_is_told_of_other_things_is_no_report(capture: Capture) -> None:
    page = capture(PAGE.format("</div><div role=status>".join(line for _, line in NOT_TOLD)))
    for clause, line in NOT_TOLD:
        answer = check(page, clause)
        assert answer.verdict == "undecided", (clause, line, answer.evidence)


def test_a_step_of_a_list_that_is_called_so_reports_nothing(capture: Capture) -> None:
    steps = "<main><ol><li><h2>Order placed</h2></li><li><h2>Shipped</h2></li></ol></main>"
    assert check(capture(steps), "The order was placed").verdict == "undecided"
    title = "<main><h1>Order placed</h1><p>Come again</p></main>"
    assert check(capture(title), "The order was placed").verdict == "holds"
