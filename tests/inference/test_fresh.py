"""Answers of models about an earlier look, found again on the page as it is, or stale."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inference.asking import Grounded, Look
from inference.decisions import ActKind, Decision, Point
from inference.fresh import Stale, at_place, resolve
from inference.looks import look_of
from inference.observation import (
    Element,
    Membership,
    Observation,
    Picture,
    RecordBlock,
    RecordGroup,
    Rect,
)
from inference.showing import same_page
from plans.step import TierName
from tests.inference.observed import element, page_of


def button(name: str, x: float = 100, y: float = 100, **said: Any) -> Element:
    said = {"path": f"main>button.{name}", "box": Rect(x, y, 80, 30)} | said
    return element(0, name, **said)


def page(*elements: Element, **said: Any) -> Observation:
    return page_of([replace(one, ref=ref) for ref, one in enumerate(elements)], **said)


def look(observation: Observation) -> Look:
    return look_of(observation, "", None, str)


def by_ref(ref: int, act: ActKind = ActKind.CLICK, **said: Any) -> Grounded:
    return Grounded(act=act, ref=ref, confidence=0.9, **said)


def by_place(x: float, y: float, act: ActKind = ActKind.CLICK, **said: Any) -> Grounded:
    return Grounded(act=act, x=x, y=y, confidence=0.9, **said)


def found(before: Observation, answer: Grounded, now: Observation) -> Decision | Stale:
    return resolve(look(before), answer, now, TierName.HOLO3)


def ref_of(result: Decision | Stale) -> int | None:
    assert isinstance(result, Decision), result
    return result.ref


def why(result: Decision | Stale) -> str:
    assert isinstance(result, Stale), result
    return result.why


def test_the_same_page_gives_the_same_element() -> None:
    seen = page(button("Save"), button("Open", 300), button("Delete", 500))
    assert ref_of(found(seen, by_ref(1), seen)) == 1
    assert ref_of(found(seen, by_place(310, 105), seen)) == 1


def test_an_element_is_found_again_under_another_ref() -> None:
    before = page(button("Save"), button("Open", 300))
    now = page(button("New", 600), button("Help", 700), button("Save"), button("Open", 300))
    assert ref_of(found(before, by_ref(1), now)) == 3
    assert ref_of(found(before, by_place(310, 105), now)) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Delete", "text": "Delete"}, "is not there any more"),
        ({"text": "Delete"}, "is another one"),
        ({"role": "link"}, "is not there any more"),
        ({"frame": 1}, "is not there any more"),
        ({"href": "https://evil.example/"}, "is another one"),
        ({"box": Rect(100, 500, 80, 30)}, "has moved"),
        ({"covered": True}, "something covers"),
        ({"disabled": True}, "can't be used now"),
        ({"checked": True}, "was switched"),
    ],
)
def test_a_target_that_has_changed_is_stale(change: dict[str, Any], said: str) -> None:
    before = page(button("Save"), button("Open", 300))
    now = page(replace(before.elements[0], **change), before.elements[1])
    for answer in (by_ref(0), by_place(110, 110)):
        assert said in why(found(before, answer, now))


def test_a_target_may_move_a_little() -> None:
    before = page(button("Save"))
    assert ref_of(found(before, by_ref(0), page(button("Save", 160, 150)))) == 0


def rows(*titles: str) -> Observation:
    """A list whose rows have a button of the same name each."""
    made = [
        button("Delete", y=100 + 40 * at, records=(Membership(0, at),), path=f"#list>li.{at + 1}")
        for at in range(len(titles))
    ]
    records = tuple(
        RecordBlock(text=f"{one} Delete", title=one, sponsored=False, box=Rect(0, 100, 900, 40))
        for one in titles
    )
    group = RecordGroup("li", "main", "", 0, records)
    return page(*made, groups=(group,))


def test_the_same_button_of_another_row_is_not_the_one_that_was_shown() -> None:
    before = rows("one", "two", "three")
    assert ref_of(found(before, by_ref(1), before)) == 1
    grown = rows("new", "one", "two", "three")
    result = found(before, by_ref(1), grown)
    assert isinstance(result, Stale), "its row has another place in the list now"
    assert isinstance(found(before, by_ref(1), rows("one", "three")), Stale)
    assert isinstance(found(before, by_ref(0), rows("two")), Stale)


def test_buttons_without_a_name_are_told_apart_by_their_place() -> None:
    icons = [button("", 100 + 100 * at, path=f"main>button.{at}") for at in range(3)]
    before = page(*icons)
    assert ref_of(found(before, by_ref(2), page(icons[0], icons[2]))) == 1
    assert isinstance(found(before, by_ref(1), page(icons[0], icons[2])), Stale)


def test_a_place_means_the_smallest_thing_that_can_be_acted_on() -> None:
    card = button("Card", 0, 0, role="link", box=Rect(0, 0, 400, 300), path="main>a")
    text = button("Words", 10, 10, role="heading", interactive=False, box=Rect(10, 10, 60, 20))
    star = button("Star", 20, 12, box=Rect(20, 12, 20, 16))
    seen = page(card, text, star)
    assert ref_of(found(seen, by_place(25, 15), seen)) == 2
    assert ref_of(found(seen, by_place(12, 12), seen)) == 0
    shown = at_place(look(seen).elements, 25, 15)
    assert shown is not None and shown.name == "Star"


def test_what_is_written_goes_into_the_field_not_onto_the_button_in_it() -> None:
    field = button("Search", 100, 100, role="searchbox", box=Rect(100, 100, 300, 40), path="#q")
    clear = button("Clear", 105, 110, box=Rect(105, 110, 20, 20))
    seen = page(field, clear)
    assert ref_of(found(seen, by_place(110, 115, ActKind.FILL), seen)) == 0
    assert ref_of(found(seen, by_place(110, 115), seen)) == 1


def test_a_place_in_a_canvas_is_a_point_of_the_same_canvas() -> None:
    canvas = Picture(0, "canvas", "map", Rect(200, 200, 400, 300))
    before = page(button("Zoom"), pictures=(canvas,))
    result = found(before, by_place(350, 320), before)
    assert isinstance(result, Decision)
    assert (result.ref, result.point) == (None, Point(x=350, y=320))
    moved = page(button("Zoom"), pictures=(replace(canvas, box=Rect(200, 230, 400, 300)),))
    assert "has moved" in why(found(before, by_place(350, 320), moved))
    other = page(button("Zoom"), pictures=(replace(canvas, kind="img"),))
    assert isinstance(found(before, by_place(350, 320), other), Stale)
    covered = page(button("Zoom"), button("Ad", 340, 310), pictures=(canvas,))
    assert "covers the canvas" in why(found(before, by_place(350, 320), covered))
    assert isinstance(found(before, by_ref(-1), before), Decision)
    assert isinstance(found(before, by_ref(-7), before), Stale)


def test_a_bare_place_counts_where_all_around_it_is_as_it_was() -> None:
    before = page(button("Left", 100, 100), button("Right", 300, 100))
    result = found(before, by_place(240, 110), before)
    assert isinstance(result, Decision) and result.ref is None
    shifted = page(button("Left", 100, 140), button("Right", 300, 140))
    assert "around the place" in why(found(before, by_place(240, 110), shifted))
    came = page(*before.elements, button("Pay", 220, 100))
    assert "is there now" in why(found(before, by_place(240, 110), came))


def test_a_bare_place_may_lie_among_equal_things() -> None:
    """As the last of them moves, or one more comes, the place is not the one that was shown."""
    first, second = (button("Delete", y=y, path=f"main>li.{y}") for y in (100, 160))
    before = page(first, second)
    answer = by_place(250, 130)
    for order in ((first, second), (second, first)):
        result = found(before, answer, page(*order))
        assert isinstance(result, Decision) and result.point == Point(x=250, y=130)
    for moved in ((first, replace(second, box=Rect(100, 220, 80, 30))), (first,), (second,)):
        assert "around the place" in why(found(before, answer, page(*moved)))
    came = button("Delete", 220, 120, path="main>li.3")
    assert "is there now" in why(found(before, answer, page(first, second, came)))


def test_what_was_hidden_at_a_bare_place_stays_hidden() -> None:
    hidden = button("Ghost", 220, 100, hidden=True)
    before = page(button("Left", 100, 100), hidden)
    result = found(before, by_place(240, 110), before)
    assert isinstance(result, Decision) and result.ref is None
    shown = page(before.elements[0], replace(hidden, hidden=False))
    assert "is there now" in why(found(before, by_place(240, 110), shown))


def test_another_page_or_another_view_is_stale() -> None:
    before = page(button("Save"))
    other = page(button("Save"), url="https://shop.example/list?page=2")
    assert "another page" in why(found(before, by_ref(0), other))
    assert ref_of(found(before, by_ref(0), page(button("Save"), url=f"{before.url}#top"))) == 0
    routed = page(button("Save"), url=f"{before.url}#/cart")
    assert "another page" in why(found(before, by_ref(0), routed))
    assert "another size" in why(found(before, by_ref(0), page(button("Save"), width=800.0)))
    assert same_page("https://a.example/#a", "https://a.example/#b")


def test_what_was_not_shown_is_not_acted_on() -> None:
    seen = page(button("Save"))
    for answer in (by_ref(9), by_place(-1, 10), by_place(5000, 10), by_place(10, 5000)):
        assert isinstance(found(seen, answer, seen), Stale)


def test_acts_without_a_target_go_on_the_same_page_alone() -> None:
    before = page(button("Save"))
    scroll = Grounded(act=ActKind.SCROLL, text="down", confidence=0.9)
    result = found(before, scroll, before)
    assert isinstance(result, Decision) and (result.ref, result.text) == (None, "down")
    elsewhere = page(url="https://other.example/")
    assert isinstance(found(before, scroll, elsewhere), Stale)
    for act in (ActKind.DONE, ActKind.WAIT, ActKind.INPUT):
        settled = Grounded(act=act, text="which?", confidence=0.9, goes_on=True)
        assert isinstance(found(before, settled, elsewhere), Decision)


def test_a_drag_ends_on_what_was_there_or_so_far_away() -> None:
    seen = page(button("Card"), button("Bin", 600, 100))
    answer = by_place(110, 110, ActKind.DRAG, to_x=620.0, to_y=110.0)
    result = found(seen, answer, seen)
    assert isinstance(result, Decision) and (result.ref, result.onto) == (0, 1)
    bare = found(seen, by_place(110, 110, ActKind.DRAG, to_x=340.0, to_y=115.0), seen)
    assert isinstance(bare, Decision) and (bare.onto, bare.text) == (None, "200,0")
    gone = page(button("Card"))
    assert isinstance(found(seen, answer, gone), Stale)


def test_names_are_compared_as_the_model_was_shown_them() -> None:
    def word(text: str) -> str:
        return text.replace("hunter2", "{{secret.1}}")

    seen = page(button("Log out hunter2"))
    shown = look_of(seen, "", None, word)
    assert shown.elements[0].name == "Log out {{secret.1}}"
    assert isinstance(resolve(shown, by_ref(0), seen, TierName.CLAUDE, word), Decision)


names = st.sampled_from(["Save", "Open", "Delete", "", "More"])
places = st.tuples(st.integers(0, 11), st.integers(0, 8))


@st.composite
def pages(draw: st.DrawFn) -> Observation:
    """Buttons on a grid, no two in one place."""
    spots = draw(st.lists(places, min_size=1, max_size=12, unique=True))
    made = [
        button(
            draw(names),
            100 * x + 10.0,
            80 * y + 10.0,
            path=f"main>button.{draw(st.integers(0, 5))}",
            covered=draw(st.booleans()) and draw(st.booleans()),
            disabled=draw(st.booleans()) and draw(st.booleans()),
        )
        for x, y in spots
    ]
    return page(*made)


@given(pages(), pages(), st.integers(0, 30), places)
def test_nothing_is_acted_on_that_is_not_what_was_shown(
    before: Observation, now: Observation, ref: int, place: tuple[int, int]
) -> None:
    for answer in (by_ref(ref), by_place(100.0 * place[0] + 20, 80.0 * place[1] + 20)):
        shown = look(before)
        result = resolve(shown, answer, now, TierName.HOLO3)
        if isinstance(result, Stale):
            assert result.why
            continue
        if result.ref is None:
            assert result.point is not None and answer.ref is None
            continue
        meant = (
            next(one for one in shown.elements if one.ref == answer.ref)
            if answer.ref is not None
            else at_place(shown.elements, answer.x or 0, answer.y or 0)
        )
        target = now.element(result.ref)
        assert meant is not None
        assert (target.role, target.name, target.text) == (meant.role, meant.name, meant.text)
        assert not target.covered and (meant.disabled or not target.disabled)
        apart = abs(target.box.x - meant.box.x) + abs(target.box.y - meant.box.y)
        assert apart <= 2 * 120


@given(pages(), st.data())
def test_a_page_that_stands_still_keeps_every_answer(
    seen: Observation, data: st.DataObject
) -> None:
    shown = look(seen)
    assume(shown.elements)
    one = data.draw(st.sampled_from(shown.elements))
    result = resolve(shown, by_ref(one.ref), seen, TierName.CLAUDE)
    assert isinstance(result, Decision), result
    assert result.ref is not None
    target = seen.element(result.ref)
    assert (target.name, target.path) == (one.name, one.path) or target.name == one.name
