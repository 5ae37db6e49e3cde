from collections.abc import AsyncIterator, Callable

import pytest

from ledger.errors import UnknownModelCall, UnknownRun
from ledger.ledger import Ledger
from ledger.models import (
    Ending,
    Known,
    NewEvent,
    NewModelCall,
    NewRun,
    OverBudget,
    Reserved,
    RunOver,
    RunStatus,
    Spent,
    StepRecord,
    UsageFilter,
)
from plans.calls import Money
from plans.prices import Usage
from plans.step import HaltClass, TierName
from tests.ledger.conftest import Clock

RUN = "20260101_000000_0000abcd"
USED = Usage(tier=TierName.CLAUDE, model="claude-sonnet-5-5", input_tokens=100, output_tokens=7)


def question(call_id: str = "s0:a1/claude/ground", most: int = 400, run: str = RUN) -> NewModelCall:
    return NewModelCall(
        tenant_id="acme",
        run_id=run,
        call_id=call_id,
        step_index=0,
        tier=TierName.CLAUDE,
        model="claude-sonnet-5-5",
        kind="ground",
        reserved_micro=most,
    )


@pytest.fixture
async def run(ledger: Ledger, new_run: Callable[..., NewRun]) -> Ledger:
    """A ledger with a run that may spend 1,000 micro-dollars."""
    new = new_run(run_id=RUN)
    limits = new.limits.model_copy(update={"max_cost_micro": 1_000})
    await ledger.runs.admit(new.model_copy(update={"limits": limits}))
    return ledger


async def reserved(ledger: Ledger, new: NewModelCall) -> Reserved:
    got = await ledger.spending.reserve(new)
    assert isinstance(got, Reserved)
    return got


async def test_a_question_is_reserved_and_settled(run: Ledger):
    ticket = await reserved(run, question())
    assert await run.spending.spent("acme", RUN) == Spent(held=400)
    assert (
        await run.spending.settle(ticket, USED, Money(claude=270), "asks/a.json") == "asks/a.json"
    )
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270))


async def test_a_settled_question_is_answered_again_for_nothing(run: Ledger):
    ticket = await reserved(run, question())
    await run.spending.settle(ticket, USED, Money(claude=270), "asks/a.json")
    again = await run.spending.reserve(question())
    assert again == Known(answer="asks/a.json", cost=Money(claude=270))
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270))


async def test_settling_twice_counts_once(run: Ledger):
    ticket = await reserved(run, question())
    await run.spending.settle(ticket, USED, Money(claude=270), "asks/a.json")
    await run.spending.settle(ticket, USED, Money(claude=270), "asks/a.json")
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270))


async def test_what_a_failed_try_cost_stays(run: Ledger):
    first = await reserved(run, question())
    await run.spending.release(first, USED, Money(claude=50))
    await run.spending.release(first, USED, Money(claude=50))
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=50))
    second = await reserved(run, question())
    assert (second.attempt, second.taken_over) == (2, False)
    await run.spending.settle(second, USED, Money(claude=270), "asks/a.json")
    assert await run.spending.reserve(question()) == Known(
        answer="asks/a.json", cost=Money(claude=320)
    )


async def test_a_try_without_a_known_cost_is_released_for_nothing(run: Ledger):
    await run.spending.release(await reserved(run, question()), None, Money())
    assert await run.spending.spent("acme", RUN) == Spent()


async def test_no_question_is_asked_once_the_budget_is_reached(run: Ledger):
    ticket = await reserved(run, question(most=2_000))
    await run.spending.settle(ticket, USED, Money(claude=1_000), "asks/a.json")
    assert await run.spending.reserve(question("s1:a1/claude/ground")) == OverBudget(
        spent=1_000, held=0, limit=1_000
    )


async def test_what_is_in_flight_counts_against_the_budget(run: Ledger):
    await reserved(run, question(most=600))
    await reserved(run, question("s1:a1/holo3/ground", most=600))
    refused = await run.spending.reserve(question("s2:a1/holo3/ground", most=1))
    assert refused == OverBudget(spent=0, held=1_200, limit=1_000)


async def test_the_last_micro_dollar_lets_one_question_through(run: Ledger):
    ticket = await reserved(run, question())
    await run.spending.settle(ticket, USED, Money(claude=999), "asks/a.json")
    assert isinstance(await run.spending.reserve(question("s1:a1/claude/ground")), Reserved)


async def test_a_settled_question_is_answered_without_money_left(run: Ledger):
    ticket = await reserved(run, question())
    await run.spending.settle(ticket, USED, Money(claude=5_000), "asks/a.json")
    assert isinstance(await run.spending.reserve(question()), Known)


async def test_a_dead_try_is_taken_over_and_stays_held(run: Ledger):
    await reserved(run, question())
    second = await reserved(run, question())
    assert (second.attempt, second.taken_over) == (2, True)
    await run.spending.settle(second, USED, Money(claude=270), "asks/b.json")
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270), held=400)


@pytest.fixture
async def timed(url: str, clock: Clock, new_run: Callable[..., NewRun]) -> AsyncIterator[Ledger]:
    """A ledger by that clock, with a run that may spend 100,000 micro-dollars."""
    ledger = await Ledger.open(url, clock=clock)
    new = new_run(run_id=RUN)
    limits = new.limits.model_copy(update={"max_cost_micro": 100_000})
    await ledger.runs.admit(new.model_copy(update={"limits": limits}))
    yield ledger
    await ledger.close()


def by_time(call_id: str = "s0:a1/holo3/ground", usd_per_hour: float = 3.6) -> NewModelCall:
    """A question of 60 s at most, 1,000 micro-dollars a second."""
    new = question(call_id, most=60_000)
    return new.model_copy(update={"tier": TierName.HOLO3, "usd_per_hour": usd_per_hour})


async def held(ledger: Ledger) -> int:
    return (await ledger.spending.spent("acme", RUN)).held


async def test_a_lost_try_holds_no_more_than_its_time_until_it_is_taken_over(
    timed: Ledger, clock: Clock
):
    await reserved(timed, by_time())
    clock.pass_by(10)
    assert await held(timed) == 60_000
    second = await reserved(timed, by_time())
    assert second.taken_over
    assert await held(timed) == 10_000 + 60_000
    clock.pass_by(3)
    third = await reserved(timed, by_time())
    assert await held(timed) == 10_000 + 3_000 + 60_000
    await timed.spending.settle(third, USED, Money(gpu=2_000), "asks/a.json")
    assert await timed.spending.spent("acme", RUN) == Spent(cost=Money(gpu=2_000), held=13_000)
    everything = UsageFilter(tenant_id="acme")
    assert (await timed.usage.total(everything)).held == 13_000
    assert (await timed.usage.calls(everything, 5)).calls[0].held == 13_000


async def test_a_lost_try_never_holds_more_than_its_reservation(timed: Ledger, clock: Clock):
    await reserved(timed, by_time())
    clock.pass_by(3_600)
    await reserved(timed, by_time())
    assert await held(timed) == 2 * 60_000


async def test_where_clocks_disagree_a_lost_try_holds_its_reservation(timed: Ledger, clock: Clock):
    await reserved(timed, by_time())
    clock.pass_by(-5)
    await reserved(timed, by_time())
    assert await held(timed) == 2 * 60_000


async def test_a_lost_try_that_is_not_paid_by_time_holds_its_reservation(
    timed: Ledger, clock: Clock
):
    await reserved(timed, question(most=40_000))
    clock.pass_by(1)
    await reserved(timed, question(most=30_000))
    assert await held(timed) == 40_000 + 30_000


async def test_lost_tries_by_time_do_not_end_a_run_that_has_money_left(timed: Ledger, clock: Clock):
    for _ in range(20):
        await reserved(timed, by_time())
        clock.pass_by(1)
    assert await held(timed) == 19 * 1_000 + 60_000
    await reserved(timed, by_time("s1:a1/holo3/ground"))
    refused = await timed.spending.reserve(by_time("s2:a1/holo3/ground"))
    assert refused == OverBudget(spent=0, held=19 * 1_000 + 2 * 60_000, limit=100_000)


async def test_asking_again_tells_what_is_lost_also_where_no_money_is_left(
    timed: Ledger, clock: Clock
):
    await reserved(timed, by_time())
    await reserved(timed, by_time("s1:a1/holo3/ground"))
    clock.pass_by(50)
    refused = await timed.spending.reserve(by_time())
    assert refused == OverBudget(spent=0, held=110_000, limit=100_000)
    clock.pass_by(1)
    assert isinstance(await timed.spending.reserve(by_time()), OverBudget)
    assert await held(timed) == 110_000


async def test_a_time_is_held_rounded_up(timed: Ledger, clock: Clock):
    await reserved(timed, by_time(usd_per_hour=2.5))
    clock.pass_by(0.0003)
    await reserved(timed, by_time(usd_per_hour=2.5))
    assert await held(timed) == 1 + 60_000


async def test_a_lost_try_that_tells_its_cost_late_holds_nothing_more(timed: Ledger, clock: Clock):
    first = await reserved(timed, by_time())
    clock.pass_by(10)
    second = await reserved(timed, by_time())
    await timed.spending.settle(second, USED, Money(gpu=2_000), "asks/b.json")
    assert await held(timed) == 10_000
    await timed.spending.release(first, USED, Money(gpu=12_500))
    assert await timed.spending.spent("acme", RUN) == Spent(cost=Money(gpu=14_500))


async def test_a_try_after_one_that_was_released_holds_its_own(timed: Ledger, clock: Clock):
    await timed.spending.release(await reserved(timed, by_time()), None, Money())
    clock.pass_by(10)
    second = await reserved(timed, by_time())
    assert not second.taken_over
    assert await held(timed) == 60_000


async def test_a_try_that_was_thought_dead_is_billed_and_the_first_answer_holds(run: Ledger):
    first = await reserved(run, question())
    second = await reserved(run, question())
    await run.spending.settle(second, USED, Money(claude=270), "asks/b.json")
    assert await run.spending.settle(first, USED, Money(claude=30), "asks/a.json") == "asks/b.json"
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=300))


async def test_the_late_release_of_a_dead_try_leaves_the_one_in_flight_alone(run: Ledger):
    first = await reserved(run, question())
    second = await reserved(run, question())
    await run.spending.release(first, None, Money())
    assert await run.spending.spent("acme", RUN) == Spent(held=400)
    await run.spending.settle(second, USED, Money(claude=270), "asks/b.json")
    assert isinstance(await run.spending.reserve(question()), Known)


async def test_the_answer_that_a_dead_try_left_is_settled_as_its_own(run: Ledger):
    await reserved(run, question())
    second = await reserved(run, question())
    await run.spending.settle(second, USED, Money(claude=270), "asks/a.json", attempt=1)
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270))
    await run.spending.settle(second, USED, Money(claude=270), "asks/a.json", attempt=1)
    assert await run.spending.spent("acme", RUN) == Spent(cost=Money(claude=270))


async def test_nothing_is_asked_for_a_run_that_is_over(run: Ledger):
    await run.runs.finish("acme", RUN, _CANCELLED, 9_000_000)
    assert await run.spending.reserve(question()) == RunOver()


_CANCELLED = Ending(
    status=RunStatus.CANCELLED,
    halt_class=HaltClass.CANCELLED,
    summary={"cost_total": 0.0, "cost_breakdown": {"gpu": 0.0, "claude": 0.0, "proxy": 0.0}},
)


async def test_what_comes_in_after_the_end_is_in_the_account(run: Ledger):
    ticket = await reserved(run, question())
    await run.runs.finish("acme", RUN, _CANCELLED, 9_000_000)
    await run.spending.settle(ticket, USED, Money(claude=270), "asks/a.json")
    row = await run.runs.get("acme", RUN)
    assert row is not None and row.summary is not None
    assert row.summary["cost_total"] == 0.00027
    assert row.summary["cost_breakdown"] == {"gpu": 0.0, "claude": 0.00027, "proxy": 0.0}


async def test_the_account_tells_what_was_settled_while_it_was_made_up(run: Ledger):
    await run.spending.settle(await reserved(run, question()), USED, Money(claude=270), "x")
    await run.runs.finish("acme", RUN, _CANCELLED, 9_000_000)
    row = await run.runs.get("acme", RUN)
    assert row is not None and row.summary is not None
    assert row.summary["cost_total"] == 0.00027


async def test_calls_of_no_run_have_no_budget(ledger: Ledger):
    ticket = await reserved(ledger, question("chat/1", most=10**12, run=""))
    assert isinstance(await ledger.spending.reserve(question("chat/2", run="")), Reserved)
    await ledger.spending.settle(ticket, USED, Money(gpu=12), "")
    assert (await ledger.spending.spent("acme", "")).cost == Money(gpu=12)


async def test_unknown_runs_and_tries_are_told(run: Ledger):
    with pytest.raises(UnknownRun):
        await run.spending.reserve(question(run="20260101_000000_00000000"))
    ticket = Reserved(tenant_id="acme", run_id=RUN, call_id="never", attempt=1)
    with pytest.raises(UnknownModelCall):
        await run.spending.settle(ticket, USED, Money(), "")
    first = await reserved(run, question())
    with pytest.raises(UnknownModelCall):
        await run.spending.release(first.model_copy(update={"attempt": 2}), None, Money())


async def test_tenants_do_not_share_a_run(run: Ledger):
    with pytest.raises(UnknownRun):
        await run.spending.reserve(question().model_copy(update={"tenant_id": "other"}))


def done(call_key: str, cost: float = 0.5) -> StepRecord:
    event = NewEvent(dedup_key=call_key, kind="step", step_index=0, body={"cost": cost, "url": ""})
    told = NewEvent(dedup_key=f"{call_key}:log", kind="log", body={"message": "did it"})
    return StepRecord(
        tenant_id="acme", run_id=RUN, call_key=call_key, step_index=0, events=(event, told)
    )


async def test_a_step_costs_what_the_questions_of_all_its_turns_cost(run: Ledger):
    for call_id, cost in (
        ("step:1:0:1/holo3/ground", 10),
        ("step:1:0:1:t1/claude/ground", 200),
        ("step:1:0:1:t12/claude/check", 7),
        ("step:1:0:2/claude/ground", 100),
        ("step:1:0:10/claude/ground", 100),
        ("step_1:0:1/claude/ground", 100),
    ):
        ticket = await reserved(run, question(call_id))
        await run.spending.settle(ticket, USED, Money(claude=cost), "")
    failed = await reserved(run, question("step:1:0:1:t13/claude/check"))
    await run.spending.release(failed, USED, Money(claude=3))
    await run.rows.record_step(done("step:1:0:1"))
    (event,) = await run.events.of_kind("acme", RUN, "step")
    assert event.body == {"cost": 0.00022, "url": ""}


async def test_what_ends_a_step_tells_what_its_attempts_cost(run: Ledger):
    for call_id, cost in (
        ("step:1:0:1/claude/check", 10),
        ("step:1:0:2:t1/claude/check", 20),
        ("step:1:0:3/claude/check", 40),
        ("step:1:1:1/claude/check", 100),
        ("step:1:0:1:r1/claude/check", 200),
        ("step:1:0:2:r1:t2/claude/check", 400),
    ):
        ticket = await reserved(run, question(call_id))
        await run.spending.settle(ticket, USED, Money(claude=cost), "")
    tried = done("step:1:0:2")
    action = tried.events[0].model_copy(update={"kind": "action"})
    await run.rows.record_step(tried.model_copy(update={"events": (action,)}))
    await run.rows.record_step(done("step:1:0:3"))
    await run.rows.record_step(done("step:1:0:2:r1"))
    (attempt,) = await run.events.of_kind("acme", RUN, "action")
    assert attempt.body["cost"] == 0.00002
    first, again = await run.events.of_kind("acme", RUN, "step")
    assert first.body["cost"] == 0.00007
    assert again.body["cost"] == 0.0006


async def test_what_a_step_had_asked_before_the_run_went_back_is_told_once_by_its_later_end(
    run: Ledger,
):
    """Round 0 was given up in its second try, and rounds 1 and 3 in their first."""
    for call_id, cost in (
        ("step:1:0:1/claude/check", 1),
        ("step:1:0:2:t1/claude/check", 2),
        ("step:1:0:1:r1/claude/check", 4),
        ("step:1:0:1:r2/claude/check", 8),
        ("step:1:0:2:r2:t3/claude/check", 16),
        ("step:1:0:1:r3:t1/claude/check", 32),
        ("step:1:0:1:r14/claude/check", 64),
        ("step:1:1:1/claude/check", 128),
        ("step:1:10:1/claude/check", 256),
        ("look:1:0:1/claude/check", 512),
    ):
        ticket = await reserved(run, question(call_id, most=1))
        await run.spending.settle(ticket, USED, Money(claude=cost), "")
    ended = done("step:1:0:2:r2")
    event = ended.events[0].model_copy(update={"dedup_key": "step:1:0:2:r2:t3:step"})
    await run.rows.record_step(ended.model_copy(update={"events": (event,)}))
    await run.rows.record_step(done("step:1:1:1"))
    await run.rows.record_step(done("step:1:0:1:r14"))
    costs = [one.body["cost"] for one in await run.events.of_kind("acme", RUN, "step")]
    assert costs == [0.000031, 0.000128, 0.000096]


async def test_a_step_that_asked_nothing_costs_what_it_says(run: Ledger):
    await run.rows.record_step(done("step:1:0:1", cost=0.0))
    (event,) = await run.events.of_kind("acme", RUN, "step")
    assert event.body["cost"] == 0.0
