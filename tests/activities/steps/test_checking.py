"""Gates, verify clauses, detect_visible and if_else on live pages."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from activities.steps.runner import StepRunner
from inference.cascade import Cascade
from inference.checks.asking import Checks, DomChecker
from inference.decisions import Check
from inference.dom.tier import DomTier
from ledger.models import EventRow
from plans.calls import Money
from plans.judge import judge
from plans.step import FailureClass, HaltClass, TierName
from tests.activities.steps.conftest import Bench, step_of
from tests.inference.scripted import ScriptedChecker

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CART = """<!doctype html><title>Cart</title><main><h1>Your cart</h1><p>2 items in the cart</p>
<button>Check out</button></main>"""
LATE = """<!doctype html><title>Mail</title><main><h1>Message</h1></main><script>
setTimeout(() => { document.body.insertAdjacentHTML('beforeend',
'<p role=alert class=error>Error: not sent</p>'); }, 400);</script>"""


@pytest.fixture
def asked(bench: Bench) -> Iterator[ScriptedChecker]:
    """A checker of the Claude tier that the run has configured."""
    sure = Check(verdict="holds", evidence="it looks friendly", cost=Money(claude=7))
    checker = ScriptedChecker(TierName.CLAUDE, sure)
    before, checks = bench.runner, Checks((DomChecker(), checker))
    cascade = Cascade((DomTier(),))
    bench.runner = StepRunner(bench.ledger, bench.registry, cascade, bench.settings, checks=checks)
    yield checker
    bench.runner = before


def gate(verify: str) -> dict[str, JsonValue]:
    return step_of("Wait a moment", "wait", params={"seconds": 0}, verify=verify, gate=True)


async def newest(bench: Bench) -> EventRow:
    rows = await bench.ledger.events.tail(bench.run.tenant_id, bench.run.run_id, 1)
    return rows[-1]


async def test_a_gate_says_what_it_saw(bench: Bench) -> None:
    bench.shop.site.pages["/"] = CART
    await bench.open("/")
    outcome = await bench.do(bench.call(gate('The page shows "2 items in the cart"')))
    assert (outcome.success, outcome.gate) == (True, "holds")
    body = (await newest(bench)).body
    assert "verify holds: the page shows" in str(body["notes"]) and "(in " in str(body["notes"])
    assert "screenshot" not in body
    call = bench.call(gate('The page shows "3 items"'), index=1)
    outcome = await bench.do(call)
    assert outcome.gate == "fails" and "does not show '3 items'" in outcome.message
    assert (await newest(bench)).body["screenshot"]
    assert judge(call.step, outcome, attempt=3).halt is HaltClass.GATE_FAILED


async def test_an_undecided_gate_halts_and_names_who_is_missing(bench: Bench) -> None:
    bench.shop.site.pages["/"] = CART
    await bench.open("/")
    call = bench.call(gate("The seller seems trustworthy"))
    outcome = await bench.do(call)
    assert outcome.gate == "undecided"
    assert "not configured: holo3, claude" in outcome.message
    assert judge(call.step, outcome, attempt=3).halt is HaltClass.GATE_UNDECIDED
    body = (await newest(bench)).body
    assert "not configured and passed over: holo3, claude" in str(body["notes"])
    assert body["screenshot"]


async def test_the_next_tier_decides_and_is_paid_for(bench: Bench, asked: ScriptedChecker) -> None:
    bench.shop.site.pages["/"] = CART
    await bench.open("/")
    outcome = await bench.do(bench.call(gate("The seller seems trustworthy")))
    assert (outcome.gate, outcome.cost) == ("holds", Money(claude=7))
    assert len(asked.asked) == 1
    notes = str((await newest(bench)).body["notes"])
    assert "dom undecided, claude holds" in notes and "passed over" not in notes
    step = step_of("Does the page look friendly?", "detect_visible", out_var="friendly")
    outcome = await bench.do(bench.call(step, index=1))
    assert (outcome.truth, outcome.tier) == (True, TierName.CLAUDE)


async def test_what_holds_by_absence_holds_for_a_moment(bench: Bench) -> None:
    bench.shop.site.pages["/"] = LATE
    await bench.open("/")
    await bench.session.page.reload(wait_until="commit")
    outcome = await bench.do(bench.call(gate("The page does not show an error")))
    assert outcome.gate == "fails", outcome


async def test_not_seen_is_not_absent(bench: Bench) -> None:
    bench.shop.site.pages["/"] = CART
    await bench.open("/")
    for kind, fields in (("if_else", {"then_target": 0, "else_target": 0}), ("detect_visible", {})):
        name: JsonValue = "seen"
        step = step_of("Does the page look friendly?", kind, **fields, out_var=name)
        outcome = await bench.do(bench.call(step, visit=len(fields)))
        assert outcome.failure_class is FailureClass.GATE_UNDECIDED, outcome
        assert outcome.truth is None and "not configured: holo3, claude" in outcome.message
    step = step_of("Is a 'Check out' button shown?", "detect_visible", out_var="seen")
    assert (await bench.do(bench.call(step, index=3))).truth is True
    step = step_of("Is a 'Pay later' button shown?", "detect_visible", out_var="seen")
    assert (await bench.do(bench.call(step, index=4))).truth is False
