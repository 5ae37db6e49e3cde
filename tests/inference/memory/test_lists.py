"""Which of a page's groups is the list, remembered by how it is made."""

from dataclasses import replace

from inference.memory.fingerprints import filled
from inference.memory.lists import list_lesson, remembered_list
from inference.memory.locator import Remembered, Standing
from inference.memory.naming import Naming
from inference.observation import Observation, RecordGroup
from tests.inference.memory.scenes import at, page, rows, thing


def shown(*groups: RecordGroup, hints: str = "card-title") -> Observation:
    elements = [
        thing(record.title, "link", hints=hints, level=3, **at(ordinal, index))
        for index, group in enumerate(groups)
        for ordinal, record in enumerate(group.records)
    ]
    return page(*elements, groups=groups)


BOATS = replace(rows("Ray of 9 m", "Liner of 7 m", "Hunter of 8 m"), heading="12 boats")
SIMILAR = replace(rows("Ray of 9 m", "Liner of 7 m"), heading="Similar boats")


def known(standing: Standing = Standing.TRUSTED) -> Remembered:
    taught = list_lesson(shown(BOATS, SIMILAR), 0, Naming())
    assert taught is not None
    print_of = filled(taught.fingerprint, Naming())
    return Remembered(key="k", act=taught.act, fingerprint=print_of, standing=standing)


def test_the_list_is_found_wherever_it_stands_and_whatever_it_lists():
    fewer = replace(rows("Gala of 9 m", "Nova of 7 m"), heading="3 boats")
    assert remembered_list(shown(SIMILAR, fewer), known()) == 1


def test_another_list_is_not_the_one():
    assert remembered_list(shown(SIMILAR), known()) is None
    assert remembered_list(shown(BOATS, hints="ad-title"), known()) is None
    assert remembered_list(shown(BOATS, BOATS), known()) is None
    assert remembered_list(shown(replace(BOATS, region="aside")), known()) is None
    assert remembered_list(shown(BOATS), known(Standing.QUARANTINED)) is None


def test_a_list_without_titles_teaches_nothing():
    assert list_lesson(page(thing("x"), groups=[BOATS]), 0, Naming()) is None


def test_nothing_of_an_item_is_kept():
    assert "ray" not in known().model_dump_json().casefold()
