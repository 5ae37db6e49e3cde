"""Orders at a site with TLS: Chromium alone can tell what left."""

import stat
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from activities.holder.locate import find_chromium
from plans.step import FailureClass
from tests.activities.delivery.conftest import Certified, certified
from tests.activities.steps.conftest import Bench, fresh, opening, step_of

__all__ = ["certified"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PLACE = step_of('Click the "Place order" button', "submit", required=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tls(
    tmp_path_factory: pytest.TempPathFactory, certified: Certified
) -> AsyncIterator[Bench]:
    """A session whose Chromium takes the shop's certificate."""
    folder = tmp_path_factory.mktemp("tls")
    trusting = folder / "chromium"
    trusting.write_text(
        f'#!/bin/sh\nexec "{find_chromium(None)}" --ignore-certificate-errors "$@"\n'
    )
    trusting.chmod(trusting.stat().st_mode | stat.S_IXUSR)
    async with opening(folder, certified.server, trusting) as bench:
        yield bench


@pytest.mark.parametrize(("answer", "failure"), [(303, None), (422, FailureClass.HTTP_4XX)])
async def test_an_encrypted_order_that_left_is_not_made_again(
    tls: Bench, answer: int, failure: FailureClass | None
) -> None:
    bench = await fresh(tls)
    await bench.open()
    bench.shop.answer = answer
    call = bench.call(PLACE)
    await bench.claim(call)
    await bench.session.page.click("button")
    await bench.lose_worker()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class == failure
    assert len(bench.shop.orders) == 1


async def test_an_encrypted_order_that_did_not_leave_is_made(tls: Bench) -> None:
    bench = await fresh(tls)
    await bench.open()
    call = bench.call(PLACE)
    await bench.claim(call)
    await bench.lose_worker()
    assert (await bench.do(call, again=1)).success
    assert len(bench.shop.orders) == 1


async def test_a_browser_that_dies_with_an_encrypted_order_leaves_it_open(tls: Bench) -> None:
    bench = await fresh(tls)
    await bench.open()
    bench.shop.answer = "leave"
    call = bench.call(PLACE)
    await bench.interrupt(call)
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.failure_class is FailureClass.OUTCOME_UNKNOWN
    assert len(bench.shop.orders) == 1


async def test_a_browser_that_dies_before_an_encrypted_order_lets_it_be_made(tls: Bench) -> None:
    bench = await fresh(tls)
    await bench.open()
    call = bench.call(PLACE)
    await bench.claim(call)
    await bench.lose_browser()
    outcome = await bench.do(call, again=1)
    assert outcome.success, outcome
    assert len(bench.shop.orders) == 1
