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


@pytest.mark.parametrize("lacking", [{"truncated": True}, {"unread_frames": 1}])
def test_nothing_is_absent_from_a_page_not_read_in_full(lacking: dict[str, object]) -> None:
    page = page_of(["Save"], **lacking)
    for intent in ("Is a 'Go' button visible?", "Is a payment form visible?", "Is a dialog open?"):
        assert detect(page, intent).verdict == "undecided"
