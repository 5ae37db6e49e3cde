"""When memory answers, and when it hands on."""

from dataclasses import replace

import pytest

from inference.decisions import ActKind, Decision, Done, DontKnow, DontKnowReason, Point
from inference.memory.fingerprints import merged
from inference.memory.lessons import Lesson, lesson, under
from inference.memory.locator import ANY, Standing
from inference.memory.naming import naming_of
from inference.memory.tier import decide
from inference.observation import Observation, Rect
from plans.placeholders import fill_step
from plans.step import Step, TierName
from tests.inference.memory.scenes import ask, at, knowing, page, rows, teach, thing

WISH = ask("Keep this for later")
BEFORE = page(
    thing("Home", "link", region="nav", href="https://shop.example/"),
    thing("Add to wishlist", heading="Boat 7", region="main"),
    thing("Buy now", heading="Boat 7"),
)
KNOWN = teach(BEFORE, WISH, 1)


def test_the_very_same_is_replayed_on_a_page_of_another_item():
    other = page(
        thing("Offer of the day"),
        thing("Buy now", heading="Boat 12"),
        thing("Add to wishlist", heading="Boat 12"),
    )
    answer = decide(other, knowing(WISH, KNOWN))
    assert isinstance(answer, Decision)
    assert (answer.ref, answer.act, answer.tier) == (2, ActKind.CLICK, TierName.MEMORY)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (page(thing("Buy now")), DontKnowReason.ABSENT),
        (page(thing("Add to wishlist"), thing("Add to wishlist")), DontKnowReason.AMBIGUOUS),
        (page(thing("Add to wishlist", region="footer")), DontKnowReason.ABSENT),
        (page(thing("Add to wishlist", layer="Offer")), DontKnowReason.ABSENT),
        (page(thing("Add to wishlist", "link")), DontKnowReason.ABSENT),
        (page(thing("Add to wish list now")), DontKnowReason.ABSENT),
        (
            page(thing("Add to wishlist", heading="Boat 7", disabled=True)),
            DontKnowReason.BLOCKED,
        ),
    ],
)
def test_what_is_not_the_very_same_is_handed_on(seen, reason):
    seen = replace(
        seen, elements=tuple(replace(e, heading=e.heading or "Boat 7") for e in seen.elements)
    )
    answer = decide(seen, knowing(WISH, KNOWN))
    assert isinstance(answer, DontKnow)
    assert answer.reason is reason


def test_nothing_remembered_and_what_led_astray_are_handed_on():
    assert isinstance(decide(BEFORE, WISH), DontKnow)
    answer = decide(BEFORE, knowing(WISH, KNOWN, Standing.QUARANTINED))
    assert isinstance(answer, DontKnow) and "astray" in answer.why


def test_what_changed_counts_only_where_a_fresh_look_points_at_it():
    asked = ask("Add it to the wishlist")
    known = teach(BEFORE, asked, 1)
    moved = page(thing("Buy now"), thing("Add to wishlist", heading="Actions"))
    healed = decide(moved, knowing(asked, known))
    assert isinstance(healed, Decision) and healed.ref == 1
    unread = ask("Zork the frobs")
    assert isinstance(decide(moved, knowing(unread, teach(BEFORE, unread, 1))), DontKnow)


def test_a_new_one_must_not_be_contradicted_a_trusted_one_is_not_asked_about():
    asked, astray = ask("Click Buy now"), KNOWN
    assert isinstance(decide(BEFORE, knowing(asked, astray, Standing.NEW)), DontKnow)
    trusted = decide(BEFORE, knowing(asked, astray, Standing.TRUSTED))
    assert isinstance(trusted, Decision) and trusted.ref == 1


def test_twins_that_only_their_surroundings_tell_apart_are_not_healed():
    asked = ask("Fill the town of the shipping address", "fill_field", value="Leeds")
    seen = page(
        thing("City", "textbox", group="Billing address"),
        thing("City", "textbox", group="Shipping address"),
    )
    known = teach(seen, asked, 1, act=ActKind.FILL)
    answer = decide(seen, knowing(asked, known))
    assert isinstance(answer, Decision) and (answer.ref, answer.text) == (1, "Leeds")
    gone = page(thing("City", "textbox", group="Billing address"))
    assert isinstance(decide(gone, knowing(asked, known)), DontKnow)


PEOPLE = page(
    thing("Delete", **at(0)), thing("Delete", **at(1)), groups=[rows("Ann Lee", "Bob Day")]
)


def test_in_a_list_the_record_that_the_words_name_is_meant():
    asked = ask("Delete Bob")
    known = teach(PEOPLE, asked, 1)
    moved = page(
        thing("Delete", **at(0)), thing("Delete", **at(1)), groups=[rows("Bob Day", "Ann Lee")]
    )
    answer = decide(moved, knowing(asked, known))
    assert isinstance(answer, Decision) and answer.ref == 0
    gone = page(
        thing("Delete", **at(0)), thing("Delete", **at(1)), groups=[rows("Ann Lee", "Cy Ray")]
    )
    assert isinstance(decide(gone, knowing(asked, known)), DontKnow)
    two = page(
        thing("Delete", **at(0)), thing("Delete", **at(1)), groups=[rows("Bob Day", "Bob Ray")]
    )
    assert isinstance(decide(two, knowing(asked, known)), DontKnow)


def test_names_stand_for_values_in_the_record_and_in_the_words():
    step = Step.model_validate({"intent": "Delete {{who}}", "type": "click"})
    asked = ask("Delete Bob Day")
    naming = naming_of(asked, {"who": "Bob Day"})
    known = teach(PEOPLE, asked, 1, step, naming)
    assert isinstance(known, Lesson)
    text = known.model_dump_json().casefold()
    assert "bob" not in text and "{{who}}" in text
    other = ask(fill_step(step, {"who": "Ann Lee"}).intent)
    answer = decide(PEOPLE, knowing(other, known, naming=naming_of(other, {"who": "Ann Lee"})))
    assert isinstance(answer, Decision) and answer.ref == 0


def test_words_whose_value_shows_nowhere_teach_nothing():
    step = Step.model_validate({"intent": "Sort by {{order}}", "type": "click"})
    seen = page(thing("Price ascending"), thing("Year"))
    asked = ask("Sort by cheap first")
    taught = teach(seen, asked, 0, step, naming_of(asked, {"order": "cheap first"}))
    assert taught == "what it means depends on order"


@pytest.mark.parametrize(
    ("intent", "name"),
    [
        ("Open the cart", "Cart (3)"),
        ("Open the second result", "Sea Ray"),
        ("Show all pictures", "All 24 pictures"),
        ("Open it", "x" * 100),
    ],
)
def test_names_that_vary_with_the_data_teach_nothing(intent: str, name: str):
    assert isinstance(teach(page(thing(name, "link")), ask(intent), 0), str)


def test_the_title_of_an_item_teaches_nothing_unless_the_words_name_it():
    seen = page(
        thing("Sea Ray", "link", **at(0)),
        thing("Bayliner", "link", **at(1)),
        groups=[rows("Sea Ray of 9 metres", "Bayliner of 7 metres")],
    )
    assert isinstance(teach(seen, ask("Open the cheapest boat"), 1), str)
    assert isinstance(teach(seen, ask("Open the Bayliner"), 1), Lesson)
    chats = page(thing("Ann", **at(0)), thing("Bob", **at(1)), groups=[rows("Ann", "Bob")])
    assert isinstance(teach(chats, ask("Open the newest conversation"), 1), str)


def test_what_looks_just_like_others_teaches_nothing():
    seen = page(
        thing("", "textbox", hints="q", before="Ad"), thing("", "textbox", hints="q", before="Ad")
    )
    asked = ask("Ask 75", "fill_field", value="75")
    assert isinstance(teach(seen, asked, 0, act=ActKind.FILL), str)


def test_a_value_is_no_part_of_what_is_kept_and_another_is_typed_as_well():
    seen = page(thing("E-mail", "textbox", placeholder="jane@doe.org"), thing("Send"))
    asked = ask("Type jane@doe.org into the e-mail", "fill_field", value="jane@doe.org")
    known = teach(seen, asked, 0, act=ActKind.FILL)
    assert isinstance(known, Lesson) and "doe" not in known.model_dump_json()
    other = ask("Type bob@day.org into the e-mail", "fill_field", value="bob@day.org")
    answer = decide(seen, knowing(other, known))
    assert isinstance(answer, Decision) and (answer.ref, answer.text) == (0, "bob@day.org")


def test_an_option_that_is_not_there_any_more_is_handed_on():
    seen = page(thing("Sort", "combobox", options=("Price", "Year")))
    asked = ask("Sort by price", "select_option", value="Price")
    known = teach(seen, asked, 0, act=ActKind.SELECT)
    fewer = page(thing("Sort", "combobox", options=("Length", "Year")))
    assert isinstance(decide(seen, knowing(asked, known)), Decision)
    assert isinstance(decide(fewer, knowing(asked, known)), DontKnow)


def test_the_innermost_thing_under_a_point_is_what_a_model_meant():
    seen = page(thing("Card", "link"), thing("Save"))
    card, save = seen.elements
    small = Rect(card.box.x + 10, card.box.y + 5, 20, 10)
    seen = replace(seen, elements=(card, replace(save, box=small)))
    assert under(seen, Point(x=15, y=8)) == 1
    assert under(seen, Point(x=90, y=8)) == 0
    assert under(seen, Point(x=900, y=700)) is None
    pointed = Decision(act=ActKind.CLICK, ref=None, confidence=1, tier=TierName.HOLO3,
                       point=Point(x=15, y=8))  # fmt: skip
    asked = ask("Zork it")
    taught = lesson(seen, asked, asked.step, pointed, naming_of(asked, {}))
    assert isinstance(taught, Lesson) and taught.fingerprint.name == "save"
    within = pointed.model_copy(update={"ref": 0})
    assert isinstance(lesson(seen, asked, asked.step, within, naming_of(asked, {})), str)


def test_what_two_right_acts_do_not_share_is_left_open():
    one = teach(page(thing("Save", heading="First")), ask("Save"), 0)
    two = teach(page(thing("Save", heading="Other")), ask("Save"), 0)
    assert isinstance(one, Lesson) and isinstance(two, Lesson)
    both = merged(one.fingerprint, two.fingerprint)
    assert both.heading == ANY and both.name == "save"
    third = page(thing("Save", heading="Third"))
    known = Lesson(act="click", fingerprint=both)
    assert isinstance(decide(third, knowing(ask("Save"), known)), Decision)


def test_a_sign_without_a_name_is_known_by_its_drawing_whatever_the_page_is_about():
    def signs(heading: str) -> Observation:
        drawn = [thing("", hints=f"sign {word}", heading=heading) for word in ("drawng", "drawnh")]
        return page(*drawn)

    asked = ask("Zork the handset")
    one, two = teach(signs("First"), asked, 1), teach(signs("Other"), asked, 1)
    assert isinstance(one, Lesson) and isinstance(two, Lesson)
    known = Lesson(act="click", fingerprint=merged(one.fingerprint, two.fingerprint))
    answer = decide(signs("Third"), knowing(asked, known))
    assert isinstance(answer, Decision) and answer.ref == 1
    alike = page(*(thing("", hints="sign drawnh", heading="Third") for _ in range(2)))
    assert isinstance(decide(alike, knowing(asked, known)), DontKnow)


def test_what_people_can_t_see_is_neither_meant_nor_a_rival():
    seen = replace(BEFORE, elements=(*BEFORE.elements, hidden := replace(
        BEFORE.elements[1], ref=3, hidden=True)))  # fmt: skip
    answer = decide(seen, knowing(WISH, KNOWN))
    assert isinstance(answer, Decision) and answer.ref == 1
    alone = replace(seen, elements=(replace(hidden, ref=0),))
    assert isinstance(decide(alone, knowing(WISH, KNOWN)), DontKnow)
    assert isinstance(teach(alone, WISH, 0), str)


def test_a_page_that_was_not_taken_in_full_may_hold_a_look_alike():
    assert isinstance(decide(replace(BEFORE, truncated=True), knowing(WISH, KNOWN)), DontKnow)


def test_a_step_of_several_acts_is_not_remembered():
    done = (Done(act=ActKind.CLICK, name="Menu", role="button"),)
    asked = knowing(WISH, KNOWN).model_copy(update={"done": done})
    assert isinstance(decide(BEFORE, asked), DontKnow)
    plain = Decision(act=ActKind.CLICK, ref=1, confidence=1, tier=TierName.DOM)
    for one in ({"also": (2,)}, {"goes_on": True}, {"onto": 2}):
        decision = plain.model_copy(update=one)
        taught = lesson(BEFORE, WISH, WISH.step, decision, naming_of(WISH, {}))
        assert isinstance(taught, str)
