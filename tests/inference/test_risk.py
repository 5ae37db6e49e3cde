import pytest

from inference.decisions import ActKind
from inference.risk import RISKY_THRESHOLD, threshold
from plans.step import StepType


@pytest.mark.parametrize("name", ["Delete", "Pay now", "Send", "Löschen", "Transfer money"])
def test_grave_acts_need_more(name: str) -> None:
    assert threshold(ActKind.CLICK, StepType.CLICK, name) >= RISKY_THRESHOLD
    assert threshold(ActKind.CLICK, StepType.CLICK, "Details") < RISKY_THRESHOLD


def test_what_sends_a_form_needs_more() -> None:
    assert threshold(ActKind.CLICK, StepType.SUBMIT, "OK") >= RISKY_THRESHOLD


def test_an_act_that_changes_something_needs_more_than_one_that_looks() -> None:
    looks = threshold(ActKind.SCROLL, StepType.SCROLL, "")
    clicks = threshold(ActKind.CLICK, StepType.CLICK, "")
    assert looks < clicks <= threshold(ActKind.FILL, StepType.FILL_FIELD, "")
