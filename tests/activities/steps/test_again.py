"""Calls that are made again after their worker was lost: nothing is skipped, nothing doubled."""

import asyncio

import pytest
from pydantic import JsonValue

from plans.calls import Call
from plans.step import FailureClass
from tests.activities.browser.conftest import Visit
from tests.activities.steps.conftest import Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

COUNTER = """<!doctype html><title>Counter</title><h1>Counter</h1>
<button onclick="count.textContent = Number(count.textContent) + 1">Add one</button>
<p id=count>0</p>"""


def boat(number: int) -> str:
    return (
        f'<li class=card><h2><a href="/boat/{number}">{2000 + number} Sea Ray {number}</a></h2>'
        f"<p>${number},000 in Miami, FL</p></li>"
    )


def boats(page: int) -> str:
    cards = "".join(boat(3 * page + number) for number in range(3))
    return (
        f"<!doctype html><title>Boats</title><h1>Boats for sale</h1><ul>{cards}</ul>"
        f'<nav aria-label=Pages><a href="/boats?page={page + 2}">Next page</a></nav>'
    )


def put_boats(bench: Bench) -> None:
    async def listing(visit: Visit) -> None:
        page = int(visit.query.removeprefix("page=") or 1)
        await visit.answer(boats(page - 1))

    pages = bench.shop.site.pages
    pages["/boats"] = listing
    for number in range(12):
        pages[f"/boat/{number}"] = f"<!doctype html><title>Boat</title><h1>Boat {number}</h1>"


NEXT = step_of("Click the next listing", "click", section="extraction")
ITEM: dict[str, JsonValue] = {"index": 1, "item_loop": 3, "section": "extraction"}


async def test_a_click_that_may_have_been_done_is_done_on_the_page_as_it_was(bench: Bench) -> None:
    bench.shop.site.pages["/counter"] = COUNTER
    await bench.open("/counter")
    call = bench.call(step_of('Click "Add one"'))
    await bench.session.acting(call.key, guarded=False)
    await bench.session.page.click("button")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert await bench.session.page.inner_text("#count") == "1"


async def test_a_call_lost_before_it_acted_finds_the_page_untouched(bench: Bench) -> None:
    bench.shop.site.pages["/counter"] = COUNTER
    await bench.open("/counter")
    first = bench.call(step_of('Click "Add one"'))
    assert (await bench.do(first)).success
    await bench.lose_worker()
    second = bench.call(step_of('Click "Add one"'), visit=1)
    assert (await bench.do(second, again=1)).success
    assert await bench.session.page.inner_text("#count") == "2"


async def test_a_lost_item_is_opened_again_and_none_is_skipped(bench: Bench) -> None:
    put_boats(bench)
    await bench.open("/boats")
    assert (await bench.do(bench.call(NEXT, **ITEM))).success
    await bench.open("/boats")
    call = bench.call(NEXT, **ITEM, visit=1)
    await _lose_while_opening(bench, call, "/boat/1")
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url.endswith("/boat/1")
    await bench.open("/boats")
    assert (await bench.do(bench.call(NEXT, **ITEM, visit=2))).success
    assert bench.session.page.url.endswith("/boat/2")


async def test_a_lost_item_is_found_from_its_own_page_without_a_checkpoint(bench: Bench) -> None:
    put_boats(bench)
    await bench.session.page.goto(bench.shop.url("/boats"))
    call = bench.call(NEXT, **ITEM)
    await _lose_while_opening(bench, call, "/boat/0")
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url.endswith("/boat/0")


async def test_a_page_is_turned_once(bench: Bench) -> None:
    put_boats(bench)
    await bench.open("/boats")
    call = bench.call(step_of("Go to the next page", "paginate"))
    await bench.session.acting(call.key, guarded=False)
    await bench.session.page.click("nav a")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url.endswith("page=2")


async def test_going_back_is_done_once(bench: Bench) -> None:
    for path in ("/one", "/two", "/three"):
        bench.shop.site.pages[path] = f"<!doctype html><title>{path}</title><h1>{path}</h1>"
        await bench.open(path)
    call = bench.call(step_of("Go back", "navigate_back"))
    await bench.session.acting(call.key, guarded=False)
    await bench.session.page.go_back()
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url.endswith("/two")


async def test_typing_starts_from_what_the_field_held_before(bench: Bench) -> None:
    await bench.open()
    call = bench.call(
        step_of(
            "Type Ann into the name field", "type_text", params={"label": "Name", "value": "Ann"}
        )
    )
    await bench.session.acting(call.key, guarded=False)
    await bench.session.page.locator("input").press_sequentially("An")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert await bench.session.page.input_value("input") == "Ann"


async def test_a_lost_browser_leaves_nothing_that_the_next_try_would_take_for_its_own(
    bench: Bench,
) -> None:
    await bench.open()
    call = bench.call(step_of("Click Place order", required=True))
    bench.registry.remove(bench.session)
    outcome = await bench.do(call)
    assert outcome.failure_class is FailureClass.BROWSER_LOST
    run = bench.run
    assert await bench.ledger.outcomes.get(run.tenant_id, run.run_id, call.key) is None
    assert len(await bench.ledger.events.of_kind(run.tenant_id, run.run_id, "step")) == 1
    bench.registry.add(bench.session)
    assert (await bench.do(call, again=1)).success
    assert len(await bench.ledger.events.of_kind(run.tenant_id, run.run_id, "step")) == 2


async def test_only_changed_pages_make_a_checkpoint(bench: Bench) -> None:
    await bench.open()
    fill = step_of("Fill the name with Ann", "fill_field", params={"label": "Name", "value": "Ann"})
    assert (await bench.do(bench.call(fill))).anchor is True
    assert (await bench.do(bench.call(fill, visit=1))).anchor is None
    look = step_of("The name field is visible", "detect_visible")
    assert (await bench.do(bench.call(look, visit=2))).anchor is None


async def _lose_while_opening(bench: Bench, call: Call, path: str) -> None:
    """The worker dies while the page that a click leads to is still loading."""
    asked, told = asyncio.Event(), asyncio.Event()

    async def slow(visit: Visit) -> None:
        asked.set()
        await told.wait()
        await visit.answer(f"<!doctype html><title>Boat</title><h1>{path}</h1>")

    bench.shop.site.pages[path] = slow
    trying = asyncio.create_task(bench.do(call))
    await asyncio.wait_for(asked.wait(), 30)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    told.set()
    await bench.session.page.wait_for_url(f"**{path}")
    await bench.lose_worker()


ROWS = """<!doctype html><title>Mail</title><h1>Inbox</h1><div id=l></div><script>
const all = [['Bob Miller', 'Lunch'], ['Bob Miller', 'Budget'], ['Ann Lee', 'Trip'],
  ['Bob Miller', 'Tea']];
const draw = () => { while (l.children.length > all.length) l.lastChild.remove();
  all.forEach((said, i) => { let r = l.children[i];
    if (!r) { r = document.createElement('div'); r.className = 'row';
      r.innerHTML = '<b></b> <span></span> <button>Delete</button>';
      r.lastChild.onclick = async () => { const one = all[i];
        await fetch('/order', {method: 'POST', body: one[1]});
        all.splice(all.indexOf(one), 1); draw() };
      l.append(r) }
    r.children[0].textContent = said[0]; r.children[1].textContent = said[1] }) }; draw()
</script>"""
ALL_OF = step_of('Click the "Delete" button on all messages by Bob Miller')


async def test_several_guarded_acts_are_all_done_or_not_known_to_be(bench: Bench) -> None:
    bench.shop.site.pages["/mail"] = ROWS
    bench.shop.answer, bench.shop.slow_s = "show", 0.3
    await bench.open("/mail")
    whole = bench.call(ALL_OF)
    outcome = await bench.do(whole)
    assert outcome.success and outcome.acted, outcome
    assert bench.shop.orders == ["Lunch", "Budget", "Tea"]
    await bench.lose_worker()
    again = await bench.do(bench.call(ALL_OF, attempt=2))
    assert again.success and "not done a second time" in again.message, again
    await bench.open("/mail")
    bench.shop.came.clear()
    call = bench.call(ALL_OF, visit=1)
    await bench.interrupt(call)
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN, outcome
    assert outcome.acted and len(bench.shop.orders) == 4
