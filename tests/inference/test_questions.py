import pytest

from inference.questions import binds, costs, declined


@pytest.mark.parametrize(
    ("question", "intent", "no"),
    [
        ("Buy Premium, too?", "Click Save", True),
        ("Pay $20 now?", "Click Continue", True),
        ("Zahlungspflichtig bestellen?", "Click Weiter", True),
        ("Pay $20 now?", "Place the order", False),
        ("Order the boat for 20 €?", "Buy the boat", False),
        ("Delete this row?", "Click the bin of row 3", False),
        ("Leave without saving?", "Click Home", False),
        ("In order to go on, the page is loaded again", "Click Go on", False),
    ],
)
def test_a_question_that_binds_is_declined_where_the_step_does_not(
    question: str, intent: str, no: bool
) -> None:
    assert declined(question, intent) is no


def test_what_costs_is_told_from_what_only_informs() -> None:
    assert costs("By accepting you order Premium for $9.99 a month")
    assert costs("With this you subscribe to our magazine")
    assert not costs("We use cookies in order to measure purchases")
    assert binds("Accept and pay") and not binds("Accept all")
