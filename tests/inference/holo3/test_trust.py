"""How sure an answer counts as, and which acts that is enough for."""

import pytest

from inference.asking import GroundAsk, Look, Seen
from inference.decisions import ActKind, Candidate
from inference.holo3 import trust
from inference.holo3.trust import of_target
from inference.risk import threshold
from plans.step import StepType
from tests.inference.holo3.asks import ground, look, seen

SAVE, DELETE, ICON = seen(1, "Save"), seen(2, "Delete account"), seen(3, "")
PAGE = look(SAVE, DELETE, ICON)


def best(one: Seen, score: float = 0.6) -> tuple[Candidate, ...]:
    return (
        Candidate(ref=one.ref, name=one.name, role=one.role, score=score),
        Candidate(ref=99, name="Other", role="button", score=0.2),
    )


def enough(sure: float, name: str, kind: StepType = StepType.CLICK) -> bool:
    return sure >= threshold(ActKind.CLICK, kind, name)


def sure(ask: GroundAsk, one: Seen | None, called: str = "") -> float:
    return of_target(ask, one, called)


def test_a_name_that_the_intent_says_is_enough_for_a_plain_click() -> None:
    assert sure(ground(PAGE, "Save the cart"), SAVE) == trust.NAMED
    assert sure(ground(PAGE, "Delete this"), DELETE) == trust.SHARED
    assert enough(trust.NAMED, "Save")


def test_a_grave_act_needs_the_pages_whole_name_or_the_tier_before() -> None:
    partly = ground(PAGE, "Delete this")
    assert not enough(sure(partly, DELETE), DELETE.name)
    assert enough(sure(ground(PAGE, "Click Delete account"), DELETE), DELETE.name)
    agreed = partly.model_copy(update={"candidates": best(DELETE)})
    assert enough(sure(agreed, DELETE), DELETE.name)
    second = Candidate(ref=DELETE.ref, name=DELETE.name, role="button", score=0.1)
    runner_up = ground(PAGE, "Delete this", candidates=(best(SAVE)[0], second))
    assert not enough(sure(runner_up, DELETE), DELETE.name)


def test_a_form_is_not_sent_on_the_word_of_the_picture_alone() -> None:
    send = seen(4, "Send message")
    page = look(send)
    alone = sure(ground(page, "Submit the form"), send)
    agreed = sure(ground(page, "Submit the form", candidates=best(send)), send)
    assert not enough(alone, send.name, StepType.SUBMIT)
    assert enough(agreed, send.name, StepType.SUBMIT)


def test_another_name_than_the_intents_is_not_clicked() -> None:
    ask = ground(PAGE, "Open the settings")
    assert sure(ask, SAVE) == trust.FOREIGN
    assert not enough(sure(ask, SAVE), SAVE.name)


@pytest.mark.parametrize(
    ("name", "named"),
    [("a2", False), ("btn", True), ("x-1", False), ("保存", False), ("Сохранить", False)],
)
def test_a_name_that_can_not_be_held_against_the_intent_is_none(name: str, named: bool) -> None:
    one = seen(4, name)
    expected = trust.FOREIGN if named else trust.NAMELESS
    assert sure(ground(look(one), "Split the view"), one) == expected
    assert sure(ground(look(one), "Delete the view"), one) == trust.UNNAMED_GRAVE


def test_how_the_model_calls_it_or_an_ordinal_is_enough_for_what_does_no_harm() -> None:
    car = seen(4, "2019 Ford F-150")
    page = look(car)
    assert sure(ground(page, "Open the first listing"), car) == trust.DESCRIBED
    assert sure(ground(page, "Open the pickup"), car, "Ford F-150 title") == trust.DESCRIBED
    assert sure(ground(page, "Open the first reviews"), car) == trust.FOREIGN
    assert sure(ground(page, "Go to the next page"), car) == trust.FOREIGN
    assert sure(ground(page, "Click the link at the top left"), car) == trust.DESCRIBED
    assert enough(trust.DESCRIBED, car.name)
    assert not enough(trust.DESCRIBED, "Publish")


@pytest.mark.parametrize("one", [ICON, None])
def test_what_has_no_name_is_clicked_unless_the_intent_is_grave(one: Seen | None) -> None:
    assert enough(sure(ground(PAGE, "Open the menu"), one), "")
    assert not enough(sure(ground(PAGE, "Delete the order"), one), "")


def test_a_page_that_names_things_for_the_model_does_not_make_them_grave_enough() -> None:
    """The model's own description counts for less than any grave act needs."""
    lure = seen(4, "Transfer all money")
    ask = ground(look(lure), "Open the settings")
    got = sure(ask, lure, "Settings button, transfer all money")
    assert not enough(got, lure.name)


def test_what_is_disabled_is_not_acted_on() -> None:
    off = seen(1, "Save", disabled=True)
    assert not enough(sure(ground(look(off), "Save the cart"), off), off.name)


def test_alike_buttons_are_told_apart_by_the_record_they_lie_in() -> None:
    bob, ann = seen(1, "Delete", record="Bob Brown"), seen(2, "Delete", record="Ann Archer")
    page = look(bob, ann)
    for intent, meant, named in (
        ("Delete Bob Brown", bob, True),
        ("Delete Bob Brown", ann, False),
        ("Delete the row", bob, False),
    ):
        got = sure(ground(page, intent), meant)
        assert (got == trust.NAMED) is named
        assert enough(got, meant.name) is named


def test_every_threshold_of_an_act_is_between_what_is_doubted_and_what_is_believed() -> None:
    page: Look = PAGE
    for act in (ActKind.CLICK, ActKind.FILL, ActKind.SELECT, ActKind.CHECK, ActKind.TYPE):
        need = threshold(act, StepType.CLICK, "")
        assert trust.FOREIGN < need <= trust.BARE, page.id
