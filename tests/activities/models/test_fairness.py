"""Tenants take turns at a pool; its capacity is kept, and whoever waits does not fail."""

import pytest
from temporalio.client import Client

from ledger.ledger import Ledger
from tests.activities.models.calling import Caller, serving
from tests.benchmarks.fairness import CAPACITY, FLOOD, TARGET_P95_CALLS, light_p95, measure, table
from tests.fakes.sglang import SGLang
from tests.fakes.sglang_answers import Says

pytestmark = pytest.mark.timeout(180)


async def test_a_light_tenant_waits_for_three_calls_at_most_while_another_floods_the_pool(
    caller: Caller, client: Client, ledger: Ledger, holo3: SGLang
) -> None:
    holo3.answer = lambda _: Says({"x": 500, "y": 500})
    holo3.latency_s = 0.2
    async with serving(client, ledger, "perception"):
        waits = await measure(caller, questions=4, runs_of_flood=16)
    assert len(waits) == 20 * 4
    assert holo3.high_water <= CAPACITY
    assert light_p95(waits) <= TARGET_P95_CALLS, "\n".join(table(waits))
    assert {one.tenant for one in waits} > {FLOOD}
