"""Where the link of a list's item may lead."""

import pytest

from activities.steps.acting import led_astray

LIST = "https://boats.example/list?page=2"
ITEM = "https://boats.example/boat/1"
OTHERS = ("", "https://boats.example/boat/2")


@pytest.mark.parametrize(
    "landed",
    [ITEM, f"{ITEM}#photos", "https://boats.example/boat/1-sea-ray", "https://dealer.example/1"],
)
def test_a_link_may_lead_to_its_item_by_another_address(landed: str) -> None:
    assert led_astray(ITEM, landed, LIST, OTHERS) is None


@pytest.mark.parametrize("landed", [LIST, f"{LIST}#gone"])
def test_a_link_that_leads_back_to_the_list_is_no_item(landed: str) -> None:
    assert led_astray(ITEM, landed, LIST, OTHERS) == "leads back to its list"


def test_a_link_that_leads_to_another_item_is_not_that_item() -> None:
    astray = led_astray(ITEM, OTHERS[1], LIST, OTHERS)
    assert astray == "leads to another item of its list"


@pytest.mark.parametrize("link", ["", "javascript:show(1)", f"{LIST}#boat-1"])
def test_an_item_may_be_shown_in_its_list(link: str) -> None:
    assert led_astray(link, LIST, LIST, OTHERS) is None
