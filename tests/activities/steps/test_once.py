"""Acts that must not happen twice, whatever is lost while they are done."""

import asyncio
import contextlib
import os
import random
import signal

import pytest
from pydantic import JsonValue

from activities.browser.capturing import capture
from activities.browser.session import BrowserSession
from activities.steps.masking import Mask
from ledger.models import Claim
from plans.step import FailureClass
from tests.activities.steps.conftest import DONE, Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


def place(**fields: JsonValue) -> dict[str, JsonValue]:
    return step_of('Click the "Place order" button', "submit", required=True, **fields)


PLACE = place()
TOLD = place(hints={"expect_text_present": "is placed"})


async def claim_of(bench: Bench, key: str) -> Claim:
    claim = await bench.ledger.claims.get(bench.run.tenant_id, bench.run.run_id, key)
    assert claim is not None
    return claim


async def test_an_order_is_claimed_before_it_leaves_and_settled_with_its_record(
    bench: Bench,
) -> None:
    await bench.open()
    call = bench.call(TOLD)
    outcome = await bench.do(call)
    assert outcome.success and outcome.acted and outcome.anchor
    claim = await claim_of(bench, call.key)
    assert (claim.state, claim.kind, claim.method, claim.telling) == ("done", "act", "POST", True)
    assert claim.url == bench.shop.url("/order")
    assert len(bench.shop.orders) == 1


async def test_a_call_that_was_recorded_is_answered_without_the_page(bench: Bench) -> None:
    await bench.open()
    call = bench.call(PLACE)
    first = await bench.do(call)
    await bench.session.page.goto(bench.shop.url())
    assert await bench.do(call, again=1) == first
    assert bench.session.page.url == bench.shop.url()
    assert len(bench.shop.orders) == 1


async def test_an_act_that_was_claimed_and_did_not_leave_is_done(bench: Bench) -> None:
    await bench.open()
    call = bench.call(PLACE)
    await bench.claim(call)
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success and outcome.acted
    assert len(bench.shop.orders) == 1
    assert (await claim_of(bench, call.key)).state == "done"


@pytest.mark.parametrize(
    ("answer", "failure", "state"),
    [
        (303, None, "done"),
        ("show", None, "done"),
        (422, FailureClass.HTTP_4XX, "not_done"),
        (500, FailureClass.OUTCOME_UNKNOWN, "claimed"),
    ],
)
async def test_an_act_that_left_is_not_done_a_second_time(
    bench: Bench, answer: int | str, failure: FailureClass | None, state: str
) -> None:
    await bench.open()
    bench.shop.answer = answer
    call = bench.call(PLACE)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class == failure
    assert outcome.acted == (state != "not_done")
    assert (await claim_of(bench, call.key)).state == state
    assert len(bench.shop.orders) == 1


async def test_an_answer_that_is_under_way_is_waited_for(bench: Bench) -> None:
    await bench.open()
    bench.shop.slow_s = 1.0
    call = bench.call(TOLD)
    await bench.interrupt(call)
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1


async def test_without_an_answer_the_outcome_is_unknown(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = "leave"
    call = bench.call(PLACE)
    await bench.interrupt(call)
    bench.shop.left.set()
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert "Place order" in outcome.message
    assert outcome.acted
    assert len(bench.shop.orders) == 1


async def test_the_page_decides_where_the_answer_leaves_it_open(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = 500
    call = bench.call(TOLD)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.session.page.set_content(DONE)
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1


async def test_what_was_shown_before_the_act_proves_nothing(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = 500
    call = bench.call(place(hints={"expect_url_contains": "127.0.0.1"}))
    await bench.claim(call)
    assert not (await claim_of(bench, call.key)).telling
    await bench.session.page.click("button")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert len(bench.shop.orders) == 1


async def test_another_browser_is_brought_to_where_a_done_act_led(bench: Bench) -> None:
    await bench.open()
    call = bench.call(TOLD)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.session.page.wait_for_url("**/thanks")
    await bench.lose_browser()
    assert bench.session.page.url == bench.shop.url("/form")
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url == bench.shop.url("/thanks")
    assert len(bench.shop.orders) == 1


async def test_a_done_act_whose_page_is_lost_before_it_is_kept_is_decided_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next step would be done on the form, as if it were what the act led to."""

    async def too_late(session: BrowserSession, mask: Mask, *, timeout_s: float) -> None:
        os.kill((await bench.holder.hello()).chrome_pid, signal.SIGKILL)
        assert await capture(session, mask, timeout_s=timeout_s) is None

    await bench.open()
    call = bench.call(TOLD)
    with monkeypatch.context() as patch:
        patch.setattr("activities.steps.boundary.capture", too_late)
        outcome = await bench.do(call)
    assert outcome.failure_class is FailureClass.BROWSER_LOST
    assert (await claim_of(bench, call.key)).state == "claimed"
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.success and outcome.acted
    assert bench.session.page.url == bench.shop.url("/thanks")
    assert len(bench.shop.orders) == 1


async def test_a_new_page_of_the_same_browser_is_brought_there_too(bench: Bench) -> None:
    await bench.open()
    call = bench.call(TOLD)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.session.page.wait_for_url("**/thanks")
    await bench.lose_page()
    assert bench.session.page.url == bench.shop.url("/form")
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert bench.session.page.url == bench.shop.url("/thanks")
    assert len(bench.shop.orders) == 1


async def test_another_browser_does_what_the_dead_one_had_not_sent(bench: Bench) -> None:
    await bench.open()
    call = bench.call(TOLD)
    await bench.claim(call)
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1
    claim = await claim_of(bench, call.key)
    assert claim.session_id == bench.session.session_id


async def test_another_browser_does_not_do_what_the_dead_one_may_have_done(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = "leave"
    call = bench.call(TOLD)
    await bench.interrupt(call)
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert len(bench.shop.orders) == 1


async def test_signing_in_is_done_again_in_another_browser(bench: Bench) -> None:
    await bench.open()
    call = bench.call(TOLD)
    await bench.claim(call, sign_in=True)
    await bench.session.page.click("button")
    await bench.session.page.wait_for_url("**/thanks")
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 2


async def test_a_second_attempt_repeats_nothing_that_may_have_been_done(bench: Bench) -> None:
    await bench.open()
    bench.shop.answer = 500
    first = await bench.do(bench.call(PLACE))
    assert first.failure_class is FailureClass.HTTP_5XX and first.acted
    second = await bench.do(bench.call(PLACE, attempt=2))
    assert second.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert len(bench.shop.orders) == 1


async def test_a_second_attempt_finds_what_the_first_has_done(bench: Bench) -> None:
    await bench.open()
    step = place(hints={"expect_text_present": "Shipped"})
    first = await bench.do(bench.call(step))
    assert first.failure_class is FailureClass.VERIFY_FAILED and first.acted
    await bench.session.page.set_content("<p>Shipped</p>")
    second = await bench.do(bench.call(step, attempt=2))
    assert second.success and second.acted
    assert len(bench.shop.orders) == 1


async def test_a_second_attempt_does_what_the_first_could_not(bench: Bench) -> None:
    form = "<form method=post action=/order><input name=n required><button>Place order</button>"
    bench.shop.site.pages["/form"] = form
    await bench.open()
    first = await bench.do(bench.call(PLACE))
    assert not first.success and not first.acted
    await bench.session.page.fill("input", "Ann")
    second = await bench.do(bench.call(PLACE, attempt=2))
    assert second.success and second.acted
    assert len(bench.shop.orders) == 1


async def test_enter_in_a_field_sends_its_form_once(bench: Bench) -> None:
    await bench.open()
    await bench.session.page.focus("input")
    call = bench.call(step_of("Press Enter", "key_press", params={"keys": "Enter"}))
    assert (await bench.do(call)).acted
    assert (await claim_of(bench, call.key)).state == "done"


async def test_what_the_plan_says_of_a_step_goes_before(bench: Bench) -> None:
    await bench.open()
    free = await bench.do(bench.call(place(once=False)))
    assert free.success and not free.acted
    marked = bench.call(
        step_of("Open it", "navigate", once=True, params={"url": bench.shop.url("/thanks")}),
        index=1,
    )
    assert (await bench.do(marked)).acted
    assert (await claim_of(bench, marked.key)).method == "GET"


async def test_an_act_that_another_try_claimed_is_not_done(bench: Bench) -> None:
    await bench.open()
    call = bench.call(PLACE)
    await bench.claim(call)
    outcome = await bench.do(call)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert bench.shop.orders == []


@pytest.mark.parametrize("seed", range(6))
async def test_a_worker_lost_at_any_moment_never_makes_two_orders(bench: Bench, seed: int) -> None:
    """The order takes about 0.4 s: the worker is lost somewhere in it, and once again."""
    chance = random.Random(seed)
    await bench.open()
    bench.shop.slow_s = 0.1
    call = bench.call(TOLD)
    for again in range(2):
        trying = asyncio.create_task(bench.do(call, again))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(0.02, 0.7)):
                await asyncio.shield(trying)
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        await bench.lose_worker()
    outcome = await bench.do(call, again=2)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1


@pytest.mark.parametrize(
    ("state", "failure", "orders"),
    [
        ("claimed", FailureClass.OUTCOME_UNKNOWN, 0),
        ("not_done", None, 1),
        ("done", None, 0),
    ],
)
async def test_a_run_that_goes_on_from_another_knows_its_claims(
    bench: Bench, state: str, failure: FailureClass | None, orders: int
) -> None:
    await bench.open()
    call = bench.call(PLACE, attempt=2)
    await bench.claim(call)
    if state in ("done", "not_done"):
        names = (bench.run.tenant_id, bench.run.run_id)
        await bench.ledger.claims.settle(*names, call.key, state)
    await bench.go_on_as_another_run()
    outcome = await bench.do(bench.call(PLACE))
    assert outcome.failure_class == failure
    assert len(bench.shop.orders) == orders


@pytest.mark.parametrize("claimed", [False, True])
async def test_on_a_page_before_its_own_nothing_is_done(bench: Bench, claimed: bool) -> None:
    await bench.open()
    call = bench.call(PLACE)
    if claimed:
        await bench.claim(call)
    await bench.lose_browser()
    outcome = await bench.do(call, again=1, stepped_back=True)
    assert outcome.failure_class is FailureClass.BROWSER_LOST and outcome.may_go_back
    assert bench.shop.orders == []


async def test_on_a_page_before_its_own_a_done_act_is_told(bench: Bench) -> None:
    await bench.open()
    call = bench.call(TOLD)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.session.page.wait_for_url("**/thanks")
    await bench.lose_browser()
    outcome = await bench.do(call, again=1, stepped_back=True)
    assert outcome.success and outcome.acted
    assert len(bench.shop.orders) == 1
