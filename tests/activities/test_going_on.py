"""A run goes on from the one before it, as the runs pool's activities have it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.retold import outcome_of
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from ledger.clock import now_micros
from ledger.content import plan_document
from ledger.gates import Admitted, Gate
from ledger.ledger import Ledger
from ledger.models import Limits, NewRow, NewRun, RunRow, RunStatus, StepRecord
from ledger.vault import Keyring, new_key
from plans.calls import Call, Finish, Money, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan
from plans.step import HaltClass, Perception, Step, StepType
from workflows.interfaces import FinishRequest, RunKey, RunSpec

PLAN = Plan(
    steps=(
        Step(intent="Open https://boats.test", type=StepType.NAVIGATE, required=True),
        Step(intent="Click the next listing", type=StepType.CLICK),
        Step(intent="Read it", type=StepType.EXTRACT_DATA, out_var="boat"),
        Step(intent="Back", type=StepType.NAVIGATE_BACK),
        Step(intent="Again", type=StepType.LOOP, loop_target=1, loop_count=9),
    )
)
GOOD = Outcome(success=True, cost=Money(claude=1_000), duration_ms=5)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    url = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    opened = await Ledger.open(url, keyring=Keyring([new_key()]))
    yield opened
    await opened.close()


@pytest.fixture
def runs(ledger: Ledger, tmp_path: Path) -> RunActivities:
    settings = ActivitySettings(
        data_dir=tmp_path, max_pause_hours=2, pause_hold_minutes=0.5, max_recoveries=3
    )
    return RunActivities(ledger, settings, search_attributes=True)


async def admit(ledger: Ledger, number: int, **inputs: str) -> RunRow:
    new = NewRun(
        tenant_id="acme",
        run_id=f"20260101_000000_0000000{number}",
        plan=plan_document(PLAN),
        plan_name="boats",
        payload={"inputs": {**inputs}},
        signature="ab",
        state_key="boats",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1_000_000, max_time_ms=60_000, max_run_steps=100),
        created_at=number,
    )
    admission = await ledger.runs.admit(new, Gate(resume_state=True))
    assert isinstance(admission, Admitted)
    return admission.run


def key(row: RunRow) -> RunKey:
    return RunKey(tenant_id=row.tenant_id, run_id=row.run_id)


async def do(ledger: Ledger, row: RunRow, call: Call, outcome: Outcome = GOOD) -> Outcome:
    """A step as the browser workers record it: reading stores a record, and the value."""
    reads = call.step.type is StepType.EXTRACT_DATA and outcome.success
    name = f"boat {call.visit}"
    record = StepRecord(
        tenant_id=row.tenant_id,
        run_id=row.run_id,
        call_key=call.key,
        step_index=call.index,
        rows=(NewRow(key=name, record={}, viable=True, page_url=""),) if reads else (),
        variables={"boat": name} if reads else {},
        outcome=outcome.model_dump(mode="json", exclude_defaults=True),
    )
    await ledger.rows.record_step(record)
    recorded = await ledger.outcomes.get(row.tenant_id, row.run_id, call.key)
    assert recorded is not None
    return outcome_of(recorded)


async def drive(ledger: Ledger, row: RunRow, spec: RunSpec, calls: int) -> Interpreter:
    assert spec.plan is not None
    machine = Interpreter(spec.plan, spec.limits, spec.state)
    for _ in range(calls):
        call = machine.next()
        assert isinstance(call, Call)
        machine.apply(call, await do(ledger, row, call), 1)
    return machine


CANCELLED = Finish(status="cancelled", halt_class=HaltClass.CANCELLED, message="enough")


async def cancel(runs: RunActivities, row: RunRow, machine: Interpreter) -> None:
    machine.cancel("enough")
    await runs.finish_run(FinishRequest(run=key(row), finish=CANCELLED, state=machine.state))


async def test_a_run_goes_on_where_the_cancelled_one_stood(ledger: Ledger, runs: RunActivities):
    first = await admit(ledger, 1)
    machine = await drive(ledger, first, await runs.load_run(key(first)), 7)
    due = machine.next()
    assert isinstance(due, Call)
    await cancel(runs, first, machine)
    second = await admit(ledger, 2)
    spec = await runs.load_run(key(second))
    assert spec.plan is not None
    gone_on = Interpreter(spec.plan, spec.limits, spec.state)
    assert gone_on.next() == due
    assert (spec.state.counters.rows, spec.state.counters.cost.total) == (2, 0)
    await gone_on_and_end(ledger, runs, second, gone_on)
    row = await ledger.runs.get(second.tenant_id, second.run_id)
    assert row is not None and row.summary is not None
    assert (row.status, row.summary["viable"]) == (RunStatus.SUCCEEDED, 9)
    names = [found.key for found in await ledger.rows.read(second.tenant_id, second.run_id)]
    assert names == [f"boat {n}" for n in range(9)]


async def gone_on_and_end(
    ledger: Ledger, runs: RunActivities, row: RunRow, machine: Interpreter
) -> None:
    while isinstance(call := machine.next(), Call):
        machine.apply(call, await do(ledger, row, call), 1)
    await runs.finish_run(FinishRequest(run=key(row), finish=call, state=machine.state))


async def test_a_call_that_was_done_and_not_heard_of_is_not_done_again(
    ledger: Ledger, runs: RunActivities
):
    first = await admit(ledger, 1)
    machine = await drive(ledger, first, await runs.load_run(key(first)), 2)
    reading = machine.next()
    assert isinstance(reading, Call) and reading.step.type is StepType.EXTRACT_DATA
    await do(ledger, first, reading)
    await cancel(runs, first, machine)
    row = await ledger.runs.get(first.tenant_id, first.run_id)
    assert row is not None and row.summary is not None and row.summary["viable"] == 1
    second = await admit(ledger, 2)
    spec = await runs.load_run(key(second))
    assert spec.plan is not None
    call = Interpreter(spec.plan, spec.limits, spec.state).next()
    assert isinstance(call, Call) and call.step.type is StepType.NAVIGATE_BACK
    assert spec.state.counters.rows == 1


async def test_a_chain_of_runs(ledger: Ledger, runs: RunActivities):
    """One that was cancelled before it started hands on what it got."""
    first = await admit(ledger, 1)
    await cancel(runs, first, await drive(ledger, first, await runs.load_run(key(first)), 5))
    for number in range(2, 5):
        row = await admit(ledger, number)
        await ledger.runs.request_cancel(row.tenant_id, row.run_id, "no", now_micros())
        spec = await runs.load_run(key(row))
        assert spec.refusal is not None
        request = FinishRequest(run=key(row), finish=spec.refusal, state=spec.state)
        await runs.finish_run(request)
    last = await admit(ledger, 6)
    spec = await runs.load_run(key(last))
    assert spec.plan is not None
    await gone_on_and_end(ledger, runs, last, Interpreter(spec.plan, spec.limits, spec.state))
    rows = await ledger.rows.read(last.tenant_id, last.run_id)
    assert [row.key for row in rows] == [f"boat {n}" for n in range(9)]


async def test_new_inputs_count_and_stored_values_stay(ledger: Ledger, runs: RunActivities):
    first = await admit(ledger, 1, deep="no", boat="no")
    await cancel(runs, first, await drive(ledger, first, await runs.load_run(key(first)), 3))
    second = await admit(ledger, 2, deep="yes", boat="no")
    spec = await runs.load_run(key(second))
    assert spec.state.variables["deep"] is True
    stored = await ledger.variables.get_all(second.tenant_id, second.run_id)
    assert stored == {"boat": "boat 0"}


async def test_a_plan_at_its_end_leaves_nothing_to_go_on_with(ledger: Ledger, runs: RunActivities):
    first = await admit(ledger, 1)
    machine = await drive(ledger, first, await runs.load_run(key(first)), 1)
    while isinstance(call := machine.next(), Call):
        nothing = Outcome(success=False, exhausted=True)
        machine.apply(call, await do(ledger, first, call, nothing), 1)
    assert call.status == "failed"
    await runs.finish_run(FinishRequest(run=key(first), finish=call, state=machine.state))
    second = await admit(ledger, 2)
    assert second.resumed_from is None
    assert (await runs.load_run(key(second))).state.pc == 0


def test_a_pause_may_last_a_week():
    """> It can happen many times in a run, and last days."""
    assert ActivitySettings().max_pause_hours == 168


async def test_what_the_operator_has_set(ledger: Ledger, runs: RunActivities):
    spec = await runs.load_run(key(await admit(ledger, 1)))
    assert (spec.plan_name, spec.state_key) == ("boats", "boats")
    policy = spec.policy
    assert (policy.max_pause_ms, policy.pause_hold_s) == (7_200_000, 30)
    assert (policy.max_recoveries, policy.calls_per_history) == (3, 500)
    assert policy.search_attributes is True


async def test_a_page_that_is_stepped_back_to_is_handed_on(ledger: Ledger, runs: RunActivities):
    first = await admit(ledger, 1)
    machine = await drive(ledger, first, await runs.load_run(key(first)), 1)
    anchor = machine.state.model_copy(deep=True)
    for _ in range(2):
        call = machine.next()
        assert isinstance(call, Call)
        machine.apply(call, await do(ledger, first, call), 1)
    machine.cancel("enough")
    ending = FinishRequest(
        run=key(first), finish=CANCELLED, state=machine.state, anchor=anchor, acted=True
    )
    await runs.finish_run(ending)
    spec = await runs.load_run(key(await admit(ledger, 2)))
    assert (spec.begun, spec.acted) == (True, True)
    assert spec.anchor is not None and spec.plan is not None
    back = Interpreter(spec.plan, spec.limits, spec.state.step_back(spec.anchor)).next()
    assert isinstance(back, Call) and (back.index, back.round) == (1, 1)
