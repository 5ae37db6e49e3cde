"""What teaches nothing, since the same words mean another thing on another record."""

from dataclasses import replace

import pytest

from inference.decisions import Decision, DontKnow
from inference.memory.lessons import Lesson
from inference.memory.locator import Standing
from inference.memory.naming import naming_of
from inference.memory.tier import decide
from inference.observation import Block, Element, Observation, Rect
from plans.step import Step
from tests.inference.memory.scenes import ask, at, knowing, page, rows, teach, thing


def saying(text: str, *elements: Element) -> Observation:
    return replace(page(*elements), blocks=(Block(-1, text),))


@pytest.mark.parametrize(
    ("intent", "name", "heading", "text"),
    [
        ("Cancel order 12", "Cancel order", "Order 12", ""),
        ("Show order 12", "Show order", "Order 12", ""),
        ("Delete the message from Bob Miller", "Delete", "Inbox", "From: Bob Miller"),
        ("Delete the message from Mark", "Delete", "Inbox", ""),
        ("Remove Bob Miller from the team", "Remove", "Member", "Bob Miller, since 2020"),
        ("Pay the invoice of Ann Smith", "Pay", "Invoice", "Ann Smith, 12 Main Street"),
        ("Add the red shirt to the cart", "Add to cart", "Details", "A red shirt of wool"),
        ("Delete the old draft", "Delete", "Drafts", ""),
        ("Bob löschen", "Löschen", "Konten", "Bob"),
        ("Open the latest invoice", "Invoice", "Invoices", ""),
        ("Click the cheapest boat", "Bayliner", "Boats", ""),
        ("Öffne das günstigste Boot", "Bayliner", "Boote", ""),
        ("Ouvrir la dernière facture", "Facture", "Factures", ""),
    ],
)
def test_words_that_only_the_page_accounts_for_teach_nothing(
    intent: str, name: str, heading: str, text: str
):
    seen = saying(text, thing("Home"), thing(name, heading=heading))
    assert isinstance(teach(seen, ask(intent), 1), str)


@pytest.mark.parametrize(
    ("intent", "name"),
    [
        ("Cancel order 12", "Cancel order 12"),
        ("Click the Save Button", "Save"),
        ("Open the basket", "Cart"),
        ("Show the latest news", "Latest news"),
        ("Put this item aside", "Add to wishlist"),
        ("Delete this item", "Delete"),
        ("Request a callback", "Request a callback"),
    ],
)
def test_words_that_the_element_says_or_nothing_on_the_page_does_are_learned(
    intent: str, name: str
):
    seen = saying("A page about a boat", thing("Home"), thing(name))
    assert isinstance(teach(seen, ask(intent), 1), Lesson)


def test_the_newest_thing_of_a_list_is_not_the_newest_next_week():
    seen = page(
        thing("Our newest boat", "link", **at(0)),
        thing("An old boat", "link", **at(1)),
        groups=[rows("Our newest boat, 9 metres", "An old boat, 7 metres")],
    )
    assert isinstance(teach(seen, ask("Open the newest boat"), 0), str)


def test_what_only_the_heading_says_is_replayed_below_that_heading_alone():
    asked = ask("Open the settings of the printer")
    known = teach(page(thing("Settings", heading="Printer")), asked, 0)
    here = page(thing("Settings", heading="Printer"))
    other = page(thing("Settings", heading="Scanner"))
    assert isinstance(decide(here, knowing(asked, known)), Decision)
    assert isinstance(decide(other, knowing(asked, known)), DontKnow)


def test_a_value_that_only_the_heading_says_is_looked_for_there():
    step = Step.model_validate({"intent": "Open the profile of {{who}}", "type": "click"})
    asked = ask("Open the profile of Bob Day")
    seen = page(thing("Profile", heading="Bob Day"))
    known = teach(seen, asked, 0, step, naming_of(asked, {"who": "Bob Day"}))
    assert isinstance(decide(seen, knowing(asked, known, naming=naming_of(
        asked, {"who": "Bob Day"}))), Decision)  # fmt: skip
    ann = naming_of(asked, {"who": "Ann Lee"})
    assert isinstance(decide(seen, knowing(ask("Open the profile of Ann Lee"), known,
                                           naming=ann)), DontKnow)  # fmt: skip


def test_a_grave_act_is_not_replayed_where_a_fresh_look_finds_nothing():
    seen = page(thing("Home"), thing("Delete"))
    known = teach(seen, ask("Delete this item"), 1)
    unread = ask("Zork the frobs")
    for standing in (Standing.NEW, Standing.TRUSTED):
        assert isinstance(decide(seen, knowing(unread, known, standing)), DontKnow)
        fine = decide(seen, knowing(ask("Delete this item"), known, standing))
        assert isinstance(fine, Decision) and fine.ref == 1
    tame = page(thing("Home"), thing("Add to wishlist"))
    kept = teach(tame, ask("Put this item aside"), 1)
    assert isinstance(decide(tame, knowing(unread, kept)), Decision)


def test_what_no_person_could_mean_is_neither_the_same_nor_learned():
    seen = page(thing("Home"), thing("Save"))
    asked = ask("Save")
    known = teach(seen, asked, 1)
    home, save = seen.elements
    tiny = replace(save, box=Rect(10, 30, 2, 2))
    assert isinstance(decide(replace(seen, elements=(home, tiny)), knowing(asked, known)), DontKnow)
    assert isinstance(teach(replace(seen, elements=(home, tiny)), asked, 1), str)


@pytest.mark.parametrize("frame", ["https://ads.example/7", "about:srcdoc"])
def test_a_look_alike_in_the_frame_of_another_site_is_not_the_same(frame: str):
    seen = page(thing("Home"), thing("Save"))
    asked = ask("Save")
    known = teach(seen, asked, 1)
    home, save = seen.elements
    framed = replace(seen, frames=(*seen.frames, frame), elements=(home, replace(save, frame=1)))
    assert isinstance(decide(framed, knowing(asked, known)), DontKnow)
    own = teach(framed, asked, 1)
    assert isinstance(decide(framed, knowing(asked, own)), Decision)
    same = replace(framed, frames=(*seen.frames, "https://shop.example/part"))
    assert isinstance(decide(same, knowing(asked, known)), Decision)
