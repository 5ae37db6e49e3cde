import pytest

from inference.dom.detect import detect
from inference.observation import Layer, Notice, Observation, Rect
from tests.inference.observed import element, page_of

BOX = Rect(0, 0, 400, 200)


def notice(text: str, kind: str = "p") -> Notice:
    return Notice(kind=kind, text=text, hints="", layer="", box=BOX)


def layer(text: str) -> Layer:
    return Layer(text=text, hints="", modal=True, share=0.4, box=BOX)


NEWS = notice("No new posts are available")
SPOKEN = notice(
    "How to style a cookie banner: click the 'Compare now' button in the options dialog"
)
FULL = notice("Storage is nearly full", "alert")
SHOP = page_of(["Save", "Compare prices"], notices=(NEWS, SPOKEN))
ALARM = page_of(["Save"], notices=(FULL,))
OVER = page_of(["Save"], layers=(layer("Options: size and colour"),))
PAYS = page_of([element(0, "Card number", "textbox")])


@pytest.mark.parametrize(
    ("page", "intent", "verdict"),
    [
        (SHOP, "Is a 'Save' button visible?", "holds"),
        (SHOP, "Is a 'Compare now' button visible?", "fails"),
        (SHOP, "Is a 'Compare' button visible?", "undecided"),
        (SHOP, "Is there no 'Save' button?", "undecided"),
        (SHOP, "Is the 'Save' button gone?", "undecided"),
        (SHOP, "Is a cookie banner visible?", "fails"),
        (SHOP, "Is an options dialog open?", "fails"),
        (OVER, "Is an options dialog open?", "holds"),
        (OVER, "Is no options dialog open?", "undecided"),
        (SHOP, "Is there a notice that new posts are available?", "undecided"),
        (SHOP, "Does the seller look friendly?", "undecided"),
        (ALARM, "Is there a warning that the storage is nearly full?", "holds"),
        (ALARM, "Is there an error about the mail address?", "undecided"),
        (SHOP, "Is there an error about the mail address?", "fails"),
        (PAYS, "Is a payment form visible?", "holds"),
        (SHOP, "Is a payment form visible?", "fails"),
    ],
)
def test_what_is_visible(page: Observation, intent: str, verdict: str) -> None:
    check = detect(page, intent)
    assert check.verdict == verdict, check.evidence
    assert check.evidence


def said(*texts: str, kind: str = "p") -> Observation:
    return page_of(["Help"], notices=tuple(notice(text, kind) for text in texts))


@pytest.mark.parametrize(
    ("page", "intent"),
    [
        (said("In stock in 3 stores"), "Is it out of stock?"),
        (said("Out of stock"), "Is it in stock?"),
        (said("Login successful", kind="alert"), "Is there an error message about login?"),
        (
            said("Your saved search was deleted", kind="status"),
            "Is there a success message saying the order was deleted?",
        ),
        (said("Your account is active and verified", "Unverified phone"), "phone verified"),
        (said("Phone verified", "Unverified phone"), "Is the phone verified?"),
        (said("Your order could be placed once you pay"), "order placed"),
        (said("We got the cancellation of the order you placed"), "Is the order placed?"),
        (said("Your saved search was deleted"), "Is the search saved?"),
        (said("Your saved search was deleted"), "search deleted"),
        (
            said("Storage is full, mail is paused"),
            "Is a message about full storage and backup shown?",
        ),
        (said("Prices from 3 shops. Compare later"), "Is 'Compare prices' shown?"),
        (said("Blocked"), "Is there a card in the Blocked column?"),
        (said("Avisarme si baja de precio"), "Has the price dropped?"),
        (said("Your plan is inactive"), "Is the plan active?"),
    ],
)
def test_what_is_said_in_part_or_of_the_contrary_is_not_decided(
    page: Observation, intent: str
) -> None:
    assert detect(page, intent).verdict == "undecided"


@pytest.mark.parametrize(
    ("page", "intent"),
    [
        (said("Out of stock"), "Is it out of stock?"),
        (said("In stock in 3 stores"), "Is it in stock?"),
        (said("Your order has been placed. Thank you!"), "Is the order placed?"),
        (said("Phone verified"), "phone verified"),
        (said("Free shipping on orders over $75"), "Is there a notice about free shipping?"),
        (said("Login failed", kind="alert error"), "Is there an error message about login?"),
        (said("Success! The order was deleted"), "A success message saying the order was deleted"),
    ],
)
def test_what_one_piece_of_the_page_says_in_full_holds(page: Observation, intent: str) -> None:
    check = detect(page, intent)
    assert check.verdict == "holds", check.evidence


FORM = page_of([
    element(0, "Add to cart", disabled=True),
    element(1, "Buy now"),
    element(2, "Newsletter", "checkbox", checked=True),
    element(3, "Details", expanded=False),
    element(4, "Reviews", "tab", selected=True),
    element(5, "Remove"),
    element(6, "Remove", disabled=True),
])  # fmt: skip


@pytest.mark.parametrize(
    ("intent", "verdict"),
    [
        ("Is the enabled 'Add to cart' button visible?", "fails"),
        ("add to cart button is disabled", "holds"),
        ("Is the 'Add to cart' button greyed out?", "holds"),
        ("the buy now button is enabled", "holds"),
        ("Is the buy now button disabled?", "fails"),
        ("Is the 'Newsletter' checkbox checked?", "holds"),
        ("Is the newsletter checkbox unchecked?", "fails"),
        ("Is the 'Details' section expanded?", "fails"),
        ("The reviews tab is selected", "holds"),
        ("Is the remove button enabled?", "undecided"),
        ("Is the 'Pay' button enabled?", "undecided"),
        ("Is the buy now button not disabled?", "undecided"),
        ("Is the 'Buy now' button for the red one enabled?", "undecided"),
        ("Is the 'Buy now' button expanded?", "undecided"),
        ("Are notifications enabled?", "undecided"),
    ],
)
def test_the_state_of_the_one_control_named(intent: str, verdict: str) -> None:
    check = detect(FORM, intent)
    assert check.verdict == verdict, check.evidence


@pytest.mark.parametrize("lacking", [{"truncated": True}, {"unread_frames": 1}])
def test_nothing_is_absent_from_a_page_not_read_in_full(lacking: dict[str, object]) -> None:
    page = page_of(["Save"], **lacking)
    for intent in ("Is a 'Go' button visible?", "Is a payment form visible?", "Is a dialog open?"):
        assert detect(page, intent).verdict == "undecided"
