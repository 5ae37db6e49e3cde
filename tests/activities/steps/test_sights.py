"""What a step saw is kept beside the run's files."""

import pytest

from inference.sight_page import read_sights
from plans.step import FailureClass
from tests.activities.steps.conftest import Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<!doctype html><title>Shop</title><h1>Boats</h1>
<button onclick="this.textContent='Saved'">Save the search</button>
<label>Code <input autocomplete=one-time-code name=code></label>
<p id=said></p>
<button onclick="said.textContent = document.querySelector('input').value">Show the code</button>
<button onclick="this.textContent='Shared'">Share the search</button>"""


async def _kept(bench: Bench, name: str) -> str:
    folder = bench.settings.run_dir(bench.run.tenant_id, bench.run.run_id)
    return (folder / name).read_text(encoding="utf-8")


async def _explained(bench: Bench, index: int) -> str:
    events = await bench.ledger.events.read(bench.run.tenant_id, bench.run.run_id)
    names = [event.body["explained"] for event in events if event.step_index == index]
    assert names, "the step's event names no file"
    return await _kept(bench, str(names[-1]))


async def test_each_look_is_kept_with_a_picture_where_people_would_look(bench: Bench):
    bench.shop.site.pages["/boats"] = PAGE
    await bench.open("/boats")
    click = step_of("Click 'Save the search'")
    assert (await bench.do(bench.call(click, index=1))).success
    text = await _explained(bench, 1)
    (sight,) = read_sights(text)
    assert sight.chosen is not None
    assert sight.chosen.targets[0].name == "Save the search"
    assert sight.trail[-1].candidates or sight.trail[-1].why
    assert sight.came_of.startswith("done: seen to change")
    assert "data:image/jpeg" in text
    assert 'class="box target"' in text

    later = bench.call(step_of("Click 'Share the search'"), index=2, visit=3)
    assert (await bench.do(later)).success
    assert "data:image/jpeg" not in await _explained(bench, 2), "a later pass needs no picture"

    delete = step_of("Click 'Delete my account'")
    for visit, pictured in ((1, True), (3, False)):
        gone = await bench.do(bench.call(delete, index=3, visit=visit))
        assert gone.failure_class in (FailureClass.SELECTOR_MISS, FailureClass.MODEL_UNAVAILABLE)
        text = await _explained(bench, 3)
        assert read_sights(text)[0].chosen is None
        assert ("data:image/jpeg" in text) is pictured, "in the first passes, not in all"


async def test_a_secret_is_in_no_look_and_in_no_picture(bench: Bench):
    bench.shop.site.pages["/boats"] = PAGE
    await bench.open("/boats")
    fill = step_of(
        "Type hunter2-77 as the code",
        "fill_field",
        params={"label": "Code", "value": "hunter2-77"},
    )
    assert (await bench.do(bench.call(fill, index=1))).success
    assert (await bench.do(bench.call(step_of("Click 'Show the code'"), index=2))).success
    assert (await bench.do(bench.call(step_of("Click 'Save the search'"), index=3))).success
    text = await _explained(bench, 3)
    assert "hunter2-77" not in text
    assert "data:image/jpeg" not in text, "the page shows the secret"
    assert "hunter2-77" not in await _explained(bench, 1)
