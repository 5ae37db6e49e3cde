"""What a page shows only after its button was pressed, however late the site answers."""

import asyncio

import pytest

from tests.activities.browser.conftest import Visit
from tests.activities.steps.conftest import Bench, step_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

BOAT = """<!doctype html><title>Boat</title><h1>2011 Yamaha 252</h1>
<dl><dt>Price</dt><dd>$35,000</dd></dl><p>Phone: <span id=phone></span>
<button onclick="fetch('/phone').then(a => a.text()).then(t => {
  document.getElementById('phone').textContent = t; this.remove() })">Show phone number</button>"""


async def late(visit: Visit) -> None:
    await asyncio.sleep(6.5)
    await visit.answer("(619) 555-0180")


async def test_a_phone_number_that_comes_late_is_waited_for(bench: Bench) -> None:
    bench.shop.site.pages |= {"/boat": BOAT, "/phone": late}
    await bench.open("/boat")
    fields = [{"name": "price", "type": "price"}, {"name": "phone", "type": "phone"}]
    step = step_of("Extract price and phone", "extract_data", extract={"fields": fields})
    assert (await bench.do(bench.call(step))).success
    (row,) = await bench.ledger.rows.read(bench.run.tenant_id, bench.run.run_id)
    assert [line for line in bench.shop.site.log if "phone" in line] == ["GET /phone"]
    assert "(619) 555-0180" in str(row.record)
