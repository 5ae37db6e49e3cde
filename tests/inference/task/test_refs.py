"""References of the agent mean what was shown, or nothing."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.observation import (
    Membership,
    Observation,
    RecordBlock,
    RecordGroup,
    Rect,
)
from inference.task.refs import RefBook
from tests.inference.observed import element, page_of

TAB = "tab_1"


def rows(*titles: str, path: str = "#list>li.{}>button", **said: Any) -> Observation:
    """A list whose records have a button of the same name each."""
    made = [
        element(at, "Delete", path=path.format(at + 1), records=(Membership(0, at),))
        for at in range(len(titles))
    ]
    records = tuple(
        RecordBlock(text=f"{one} Delete", title=one, sponsored=False, box=Rect(0, 0, 900, 40))
        for one in titles
    )
    return page_of(made, groups=(RecordGroup("li", "main", "", 0, records),), **said)


def record(page: Observation, ref: int | None) -> str:
    assert ref is not None
    return page.groups[0].records[page.element(ref).records[0].ordinal].title


def found(
    before: Observation, at: int, now: Observation, tab: str = TAB, others: tuple[str, ...] = ()
) -> int | None:
    """Where the element that was shown is found, by a book that lay in the store meanwhile."""
    book = RefBook()
    ref = book.named(TAB, before)(before.elements[at])
    return RefBook(list(book.known)).find(ref, tab, others, now)


def test_a_reference_means_what_it_was_given_for() -> None:
    page = rows("one", "two", "three")
    book = RefBook()
    name = book.named(TAB, page)
    assert [name(one) for one in page.elements] == ["ref_1", "ref_2", "ref_3"]
    for at, one in enumerate(page.elements):
        assert book.find(name(one), TAB, (), page) == at
    assert book.find("ref_9", TAB, (), page) is None and book.find("x", TAB, (), page) is None


def test_an_element_keeps_its_reference_from_look_to_look() -> None:
    page = rows("one", "two")
    book = RefBook()
    first = [book.named(TAB, page)(one) for one in page.elements]
    scrolled = page_of(
        [replace(one, box=Rect(20, one.box.y - 700, 200, 30)) for one in page.elements],
        groups=page.groups,
        url=f"{page.url}#top",
    )
    assert [book.named(TAB, scrolled)(one) for one in scrolled.elements] == first
    assert book.named("tab_2", page)(page.elements[0]) == "ref_3"


@pytest.mark.parametrize("path", ["#list>li.{}>button", "#list>li>button"])
def test_the_same_button_of_another_record_is_not_the_one_that_was_shown(path: str) -> None:
    before = rows("one", "two", path=path)
    for now in (rows("new", "one", "two", path=path), rows("two", path=path)):
        ref = found(before, 0, now)
        assert ref is None or record(now, ref) == "one"
    replaced = rows("new", "two", path=path)
    assert found(before, 0, replaced) is None
    assert record(replaced, found(before, 1, replaced)) == "two"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Erase"},
        {"text": "Delete all"},
        {"href": "https://shop.example/delete?id=2"},
        {"path": "main>button"},
        {"role": "link"},
        {"frame": 1},
    ],
)
def test_an_element_that_has_changed_is_another(change: dict[str, Any]) -> None:
    before = page_of([element(0, "Delete", href="https://shop.example/delete?id=1")])
    now = page_of([replace(before.elements[0], **change)])
    assert found(before, 0, before) == 0
    assert found(before, 0, now) is None


def test_a_reference_is_one_of_its_page() -> None:
    before = page_of(["Delete"], url="https://shop.example/item?id=1")
    for url in (
        "https://shop.example/item?id=2",
        "https://other.example/item?id=1",
        "https://shop.example/item?id=1#/edit",
    ):
        assert found(before, 0, page_of(["Delete"], url=url)) is None
    assert found(before, 0, page_of(["Delete"], url=f"{before.url}#reviews")) == 0


def test_of_alike_elements_the_same_one_is_meant_however_far_it_moved() -> None:
    icons = [element(at, "", path="main>button", box=Rect(0, 300 * at, 20, 20)) for at in range(3)]
    before = page_of(icons)
    scrolled = page_of([replace(one, box=Rect(0, one.box.y - 300, 20, 20)) for one in icons])
    assert found(before, 1, scrolled) == 1
    fewer = page_of([replace(one, ref=at) for at, one in enumerate(icons[:2])])
    assert found(before, 1, fewer) is None, "which one has gone can't be told"


def test_a_tab_that_is_gone_may_have_been_opened_anew() -> None:
    page = rows("one")
    assert found(page, 0, page, tab="tab_2") == 0
    assert found(page, 0, page, tab="tab_2", others=(TAB,)) is None


def test_what_pages_say_is_not_kept_and_need_not_be_encodable() -> None:
    page = page_of([element(0, "hunter2 \ud800")])
    book = RefBook()
    assert book.find(book.named(TAB, page)(page.elements[0]), TAB, (), page) == 0
    assert "hunter2" not in book.known[0].model_dump_json()


titles = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5)


@given(titles, titles, st.sampled_from(["#list>li.{}>button", "#list>li>button"]))
def test_no_other_record_is_ever_found(before: list[str], now: list[str], path: str) -> None:
    shown, page = rows(*before, path=path), rows(*now, path=path)
    for at, title in enumerate(before):
        ref = found(shown, at, page)
        assert ref is None or record(page, ref) == title
    for at in range(len(before)):
        assert found(shown, at, shown) == at
