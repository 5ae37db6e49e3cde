"""Nothing on a page makes a run do what its plan does not say."""

import pytest

from tests.activities.browser.conftest import Visit
from tests.activities.steps.conftest import Bench
from tests.activities.steps.hostile import CASES, SCRIPT, Case

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def received(bench: Bench) -> tuple[str, ...]:
    """What the site was made to do, late requests included."""
    await bench.session.page.evaluate("fetch('/settled')")
    return tuple(
        line.split("/did/")[1] for line in bench.shop.site.log if line.startswith("POST /did/")
    )


async def show(bench: Bench, body: str) -> None:
    """Open a page of the site, with nothing received yet."""
    site = bench.shop.site

    async def answer(visit: Visit) -> None:
        await visit.answer("<!doctype html><title>Site</title><h1>Fine</h1>")

    paths = ("evil", "save", "buy", "delete", "Save", "Delete", "message", "contact", "anna")
    site.pages |= {f"/did/{path}": answer for path in paths}
    site.pages |= {
        "/": f"<!doctype html>{SCRIPT}{body}",
        "/popup": "Ad",
        "/settled": "",
        "/poll": "",
    }
    await bench.open("/")
    site.log.clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_site_receives_what_the_plan_says(bench: Bench, case: Case) -> None:
    await show(bench, case.body)
    outcome = await bench.do(bench.call(case.step))
    got = await received(bench)
    if outcome.success:
        assert got == case.wanted, outcome
    else:
        assert not case.sure, outcome
        assert got in ((), case.wanted), outcome
        assert outcome.failure_class is not None and outcome.message
