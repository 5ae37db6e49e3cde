"""What the DOM tier hands on although the words of the page speak for it."""

import pytest

from inference.decisions import Decision, DontKnow, DontKnowReason, Question
from inference.dom.tier import decide
from inference.observation import Element
from plans.step import Params, Step, StepType
from tests.inference.observed import element, page_of


def answer(
    intent: str, *names: Element | str, kind: StepType = StepType.CLICK, value: str = ""
) -> Decision | DontKnow:
    step = Step(type=kind, intent=intent, params=Params(value=value or None))
    return decide(page_of(names), Question(step=step, intent=intent, value=value))


def chosen(intent: str, *names: str, kind: StepType = StepType.CLICK) -> str | None:
    """The name of the button that the intent is grounded to, None for a don't-know."""
    found = answer(intent, *names, kind=kind)
    return names[found.ref] if isinstance(found, Decision) and found.ref is not None else None


@pytest.mark.parametrize(
    ("intent", "name"),
    [("Do not delete the account", "Delete account"), ("Don't click Settings", "Settings"),
     ("Please don’t open the settings", "Settings"), ("Never open the settings", "Settings"),
     ("You must not open the settings", "Settings"),
     ("Klicke nicht auf Einstellungen", "Einstellungen"),
     ("Nicht auf Einstellungen klicken", "Einstellungen"),
     ("Das Konto nicht löschen", "Konto löschen"), ("Lösche das Konto nicht", "Konto löschen"),
     ("Ne cliquez pas sur Paramètres", "Paramètres")],
)  # fmt: skip
def test_what_must_not_be_done_is_not_read_as_an_act(intent: str, name: str) -> None:
    found = answer(intent, name, "Help")
    assert isinstance(found, DontKnow)
    assert found.reason is DontKnowReason.UNREADABLE


def test_controls_called_by_a_denial_can_be_clicked() -> None:
    assert chosen('Click "Do not accept"', "Do not accept", "Accept") == "Do not accept"
    assert chosen("Don't save", "Don't save", "Save") == "Don't save"
    assert (
        chosen("Nicht gelesene Nachrichten öffnen", "Nicht gelesene Nachrichten", "Hilfe") is None
    )
    assert (
        chosen("Öffne die nicht zugewiesenen Fälle", "Nicht zugewiesene Fälle", "Hilfe") is not None
    )


@pytest.mark.parametrize(
    ("intent", "name"),
    [("Cancel", "Cancel subscription"), ("Click Cancel", "Cancel subscription"),
     ("Close", "Close account"), ("Confirm", "Confirm and pay"),
     ("Cancel the dialog", "Cancel order"), ("Close the dialog without saving", "Save and close"),
     ("Dialog schließen, ohne zu speichern", "Speichern und schließen"),
     ("Save", "Save and publish"), ("Save the account", "Save & New"),
     ("Put the backpack in the basket", "Add both to cart")],
)  # fmt: skip
def test_a_name_that_adds_a_heavier_thing_is_not_taken(intent: str, name: str) -> None:
    assert chosen(intent, name, "Help") is None


@pytest.mark.parametrize(
    ("intent", "name"),
    [("Cancel", "Cancel"), ("Close the dialog", "Close"), ("Close the dialog", "×"),
     ("Close", "Close dialog"), ("Close the dialog without saving", "Close"),
     ("Cancel the subscription", "Cancel subscription"), ("Place the order", "Place order"),
     ("Accept the cookies", "Accept all cookies"), ("Save", "Save changes")],
)  # fmt: skip
def test_a_name_that_says_no_more_than_that_is_taken(intent: str, name: str) -> None:
    assert chosen(intent, name, "Help") == name


def test_the_most_of_a_column_is_not_its_header() -> None:
    intent = "Open the order with the highest bounce rate"
    header = element(0, "Bounce rate", "columnheader")
    assert isinstance(answer(intent, header, element(1, "/home", "link")), DontKnow)
    assert chosen(intent, "Bounce rate", "Page") is None
    assert chosen("Sort by bounce rate, highest first", "Bounce rate", "Page") == "Bounce rate"


def test_the_only_one_of_its_kind_is_not_taken_under_another_name() -> None:
    assert chosen("Click the Leave table button", "Help") is None
    assert chosen("Click the continue button", "Help") is None
    assert chosen("Click the button", "Help") == "Help"


@pytest.mark.parametrize("kind", [StepType.CLICK, StepType.SUBMIT])
@pytest.mark.parametrize(
    "intent",
    ['Click "Send now"', 'Click the button named "Send now"', 'Submit the form with "Send now"'],
)
def test_a_name_in_quotes_that_is_nowhere_is_absent(intent: str, kind: StepType) -> None:
    found = answer(intent, "Send", "Help", kind=kind)
    assert isinstance(found, DontKnow)
    assert found.reason is DontKnowReason.ABSENT


def test_a_mark_in_quotes_is_a_picture_that_its_button_need_not_say() -> None:
    assert chosen('Close the dialog box by clicking the "x"', "Close", "Help") == "Close"


def test_a_field_of_another_part_of_the_form_is_not_filled() -> None:
    def fields(*parts: str) -> list[Element]:
        return [
            element(at, name, "textbox", tag="input", group=part)
            for at, (part, name) in enumerate(zip(parts, ("City", "Street"), strict=True))
        ]

    def fill(*parts: str) -> Decision | DontKnow:
        text = "Fill in the city of the shipping address"
        return answer(text, *fields(*parts), kind=StepType.FILL_FIELD, value="Leeds")

    assert isinstance(fill("Shipping address", "Billing address"), Decision)
    assert isinstance(fill("Billing address", "Shipping address"), DontKnow)
