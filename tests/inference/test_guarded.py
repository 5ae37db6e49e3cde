"""Which acts must not happen twice."""

import pytest

from inference.decisions import ActKind
from inference.guarded import Form, Guard, Target, guard_of, sends_enter
from plans.step import Step, StepType

PAGE = "https://shop.example/cart"
POST = Form(method="post", given=True, action="https://shop.example/order")
GET = Form(method="get", given=True, action="https://shop.example/list")
SCRIPTED = Form(method="get", given=False, action=PAGE)
SEARCH = Form(method="get", given=False, action="https://shop.example/search", searches=True)
LOGIN = Form(method="post", given=True, action="https://shop.example/login", password=True)
CODE = Form(method="post", given=True, action="https://shop.example/code", code=True)


def guard(
    intent: str,
    target: Target,
    *,
    kind: StepType = StepType.CLICK,
    act: ActKind = ActKind.CLICK,
    text: str = "",
    once: bool | None = None,
) -> Guard | None:
    step = Step.model_validate({"intent": intent, "type": kind, "once": once})
    return guard_of(step, act, text, target, PAGE)


def button(name: str, form: Form | None = None, *, signs_in: bool = False) -> Target:
    return Target(name=name, button=True, submits=form is not None, form=form, signs_in=signs_in)


@pytest.mark.parametrize(
    ("intent", "target"),
    [
        ("Click Continue", button("Continue", POST)),
        ("Click Continue", button("Continue", SCRIPTED)),
        ("Send the form", button("Go", SCRIPTED)),
        ("Click the button", button("Place order", GET)),
        ("Click 'Buy now'", button("Buy now")),
        ("Click the bin", button("Delete")),
        ("Delete the draft", button("")),
        ("Sign up", button("Go", LOGIN.model_copy(update={"new_password": True}))),
        ("Confirm with the password", button("Delete account", LOGIN)),
        ("Pay", button("Pay", CODE)),
        ("Click Delete", Target(name="Delete", href="https://shop.example/delete/3")),
    ],
)
def test_acts_that_are_guarded(intent: str, target: Target) -> None:
    found = guard(intent, target)
    assert found is not None and found.kind == "act"


@pytest.mark.parametrize(
    ("intent", "target"),
    [
        ("Search for boats", button("Search", SEARCH)),
        ("Click Go", button("Go", SEARCH)),
        ("Show the results", button("Show", GET)),
        ("Apply the filters", button("Apply", SCRIPTED)),
        ("Sort by price", button("Sort", POST)),
        ("Open the menu", button("Menu")),
        ("Order the boats by price", button("Price")),
        ("Buy now", Target(name="Buy now", href="https://shop.example/checkout")),
        ("Open 'Pay or Play'", Target(name="Pay or Play", href="https://shop.example/3")),
        ("Click Cancel", button("Cancel", Form(method="dialog", given=True, action=PAGE))),
        ("Next page", button("Next")),
    ],
)
def test_acts_that_may_happen_twice(intent: str, target: Target) -> None:
    assert guard(intent, target) is None


@pytest.mark.parametrize("form", [LOGIN, CODE, SCRIPTED.model_copy(update={"password": True})])
def test_signing_in_is_guarded_as_such(form: Form) -> None:
    found = guard("Click the button", button("Continue", form), kind=StepType.SUBMIT)
    assert found is not None and found.kind == "sign_in"


def test_a_submit_step_is_guarded_without_a_form_too() -> None:
    found = guard("Send it", button("Go"), kind=StepType.SUBMIT)
    assert found is not None and (found.kind, found.method, found.url) == ("act", "", PAGE)
    found = guard("Submit", button("Go", signs_in=True), kind=StepType.SUBMIT)
    assert found is not None and found.kind == "sign_in"
    assert guard("Search for boats", button("Go"), kind=StepType.SUBMIT) is None


def test_how_an_act_leaves_is_known_from_its_form() -> None:
    sent = guard("Click Continue", button("Continue", POST))
    assert sent is not None and (sent.method, sent.url) == ("POST", POST.action)
    scripted = guard("Click Continue", button("Continue", SCRIPTED))
    assert scripted is not None and scripted.method == ""


def test_enter_sends_the_form_of_its_field() -> None:
    field = Target(submits=True, form=POST)
    for act, text in (
        (ActKind.PRESS, "Enter"),
        (ActKind.PRESS, "Tab Enter"),
        (ActKind.TYPE, "a\n"),
        (ActKind.TYPE, "a\r"),
    ):
        assert guard("Press it", field, act=act, text=text) is not None
    for act, text in ((ActKind.PRESS, "Tab"), (ActKind.TYPE, "a"), (ActKind.FILL, "a")):
        assert guard("Press it", field, act=act, text=text) is None
    assert sends_enter(ActKind.PRESS, "Control+Enter")
    assert (
        guard(
            "Press Enter to search",
            Target(submits=True, form=SEARCH),
            act=ActKind.PRESS,
            text="Enter",
        )
        is None
    )


def test_a_field_that_sends_its_form_by_a_new_value() -> None:
    field = Target(changes=True, form=POST)
    assert guard("Choose 2", field, act=ActKind.SELECT) is not None
    assert guard("Choose 2", field.model_copy(update={"form": GET}), act=ActKind.SELECT) is None
    assert guard("Sort by price", field, act=ActKind.SELECT) is None


def test_words_count_for_presses_alone() -> None:
    assert guard("Pay with card", Target(name="Pay with card"), act=ActKind.CHECK) is None
    assert guard("Pay with card", Target(name="Pay with card")) is None
    assert guard("Buy", Target(name="Buy"), act=ActKind.HOVER) is None


def test_the_plan_decides_where_it_says_so() -> None:
    assert guard("Buy now", button("Buy now", POST), once=False) is None
    marked = guard("Open the menu", button("Menu"), once=True)
    assert marked is not None and marked.kind == "act"
    assert guard("Fill it", Target(), act=ActKind.FILL, once=True) is not None
