"""What is remembered of a page: learned, trusted, quarantined, forgotten; each tenant its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ledger.ledger import Ledger
from ledger.models import LocatorFilter, LocatorPlace, NewLocator

DAY_US = 86_400_000_000
PLACE = LocatorPlace(
    tenant_id="acme",
    site="shop.example",
    page="/item/{id}",
    intent="put {{thing}} in the basket",
    step_type="click",
)


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100 * DAY_US

    def __call__(self) -> int:
        self.now += 1
        return self.now


def new(name: str = "Add to cart", skeleton: str = "s", **place: str) -> NewLocator:
    return NewLocator(
        place=PLACE.model_copy(update=place),
        skeleton=skeleton,
        act="click",
        fingerprint={"tag": "button", "role": "button", "name": name},
    )


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
async def book(url: str, clock: Hand) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url, clock)
    yield opened
    await opened.close()


async def test_two_checked_wins_make_it_trusted_and_one_loss_ends_that(book: Ledger):
    kept = book.locators
    learned = await kept.learn(new(), 30)
    assert (learned.standing, learned.wins, learned.losses) == ("new", 1, 0)
    await kept.won("acme", learned.locator_id)
    (trusted,) = await kept.find(PLACE, 30)
    assert (trusted.standing, trusted.wins) == ("trusted", 2)
    assert trusted.won_at is not None and trusted.won_at > learned.created_at
    await kept.lost("acme", learned.locator_id)
    await kept.won("acme", learned.locator_id)
    (lost,) = await kept.find(PLACE, 30)
    assert (lost.standing, lost.losses) == ("quarantined", 1)
    anew = await kept.learn(new(), 30)
    assert (anew.standing, anew.wins, anew.losses) == ("new", 1, 1)


async def test_another_element_takes_the_place_of_the_one_before(book: Ledger):
    first = await book.locators.learn(new(), 30)
    await book.locators.won("acme", first.locator_id)
    again = await book.locators.learn(new(), 30)
    assert (again.standing, again.wins) == ("trusted", 3)
    other = await book.locators.learn(new("Buy"), 30)
    assert (other.standing, other.wins) == ("new", 1)
    (found,) = await book.locators.find(PLACE, 30)
    assert found.fingerprint["name"] == "Buy"


async def test_layouts_of_a_page_have_a_locator_each(book: Ledger):
    await book.locators.learn(new(skeleton="one"), 30)
    await book.locators.learn(new(skeleton="two"), 30)
    found = await book.locators.find(PLACE, 30)
    assert [one.skeleton for one in found] == ["two", "one"]


@pytest.mark.parametrize("part", ["tenant_id", "site", "page", "intent", "step_type"])
async def test_nothing_is_found_elsewhere(book: Ledger, part: str):
    await book.locators.learn(new(), 30)
    assert await book.locators.find(PLACE.model_copy(update={part: "other"}), 30) == ()


async def test_another_tenant_changes_and_deletes_nothing_of_mine(book: Ledger):
    mine = await book.locators.learn(new(), 30)
    theirs = await book.locators.learn(new("Buy", tenant_id="other"), 30)
    assert mine.locator_id == theirs.locator_id
    await book.locators.lost("other", mine.locator_id)
    await book.locators.won("nobody", mine.locator_id)
    (kept,) = await book.locators.find(PLACE, 30)
    assert kept == mine
    assert await book.locators.purge(LocatorFilter(tenant_id="other")) == 1
    assert await book.locators.find(PLACE, 30) == (mine,)


async def test_what_is_not_used_is_forgotten(book: Ledger, clock: Hand):
    await book.locators.learn(new(), 30)
    clock.now += 29 * DAY_US
    (kept,) = await book.locators.find(PLACE, 30)
    await book.locators.won("acme", kept.locator_id)
    clock.now += 29 * DAY_US
    assert await book.locators.find(PLACE, 30)
    clock.now += 2 * DAY_US
    assert await book.locators.find(PLACE, 30) == ()
    assert await book.locators.count(LocatorFilter()) == 1
    await book.locators.learn(new(intent="something else", tenant_id="other"), 30)
    assert await book.locators.count(LocatorFilter()) == 1
    clock.now += 31 * DAY_US
    assert await book.locators.expire(30) == 1


async def test_of_too_many_the_least_recently_used_go(book: Ledger):
    oldest = await book.locators.learn(new(intent="0"), 30, most=3)
    for number in range(1, 3):
        await book.locators.learn(new(intent=f"{number}"), 30, most=3)
    await book.locators.learn(new(intent="0", tenant_id="other"), 30, most=3)
    await book.locators.won("acme", oldest.locator_id)
    await book.locators.learn(new(intent="3"), 30, most=3)
    left = {one.intent for one in await book.locators.page(LocatorFilter(tenant_id="acme"))}
    assert left == {"0", "2", "3"}
    assert await book.locators.count(LocatorFilter(tenant_id="other")) == 1


async def test_many_learn_at_once(url: str, book: Ledger, clock: Hand):
    other = await Ledger.open(url, clock)
    try:
        await asyncio.gather(
            *(ledger.locators.learn(new(), 30) for ledger in (book, other) for _ in range(5))
        )
    finally:
        await other.close()
    (one,) = await book.locators.find(PLACE, 30)
    assert (one.standing, one.losses) == ("trusted", 0)
    assert 2 <= one.wins <= 10


async def test_pages_and_filters(book: Ledger, clock: Hand):
    for number in range(5):
        await book.locators.learn(new(intent=f"{number}", site=f"s{number % 2}.example"), 30)
    seen = [await book.locators.page(LocatorFilter(), limit=2)]
    while seen[-1]:
        seen.append(await book.locators.page(LocatorFilter(), seen[-1][-1], limit=2))
    assert sorted(one.intent for page in seen for one in page) == ["0", "1", "2", "3", "4"]
    assert await book.locators.count(LocatorFilter(site="s1.example")) == 2
    assert await book.locators.count(LocatorFilter(standing="trusted")) == 0
    assert await book.locators.count(LocatorFilter(used_before=clock.now + 1)) == 5


async def test_what_was_exported_can_be_taken_in(book: Ledger):
    learned = await book.locators.learn(new(), 30)
    await book.locators.purge(LocatorFilter())
    await book.locators.put([learned])
    await book.locators.put([learned])
    assert await book.locators.find(PLACE, 30) == (learned,)


async def test_texts_that_no_database_takes_are_cleaned(book: Ledger):
    learned = await book.locators.learn(new("a\x00b\ud800", intent="x" * 5_000 + "\x00"), 30)
    assert (await book.locators.page(LocatorFilter()))[0].locator_id == learned.locator_id
