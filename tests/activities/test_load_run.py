"""What a run is to its workflow: steps, tasks of a suite, or words that become steps."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from activities.asks_store import AskLost, AsksStore
from activities.models.keys import ModelKeys
from activities.runs import RunActivities
from activities.settings import ActivitySettings
from inference.settings import ModelSettings
from ledger.content import plan_document
from ledger.gates import Admitted, Gate
from ledger.ledger import Ledger
from ledger.models import Limits, NewClaim, NewRun, RunRow, StepRecord
from ledger.vault import Keyring, new_key
from plans.calls import Ask, AskKind, Call, Finish, Outcome
from plans.interpreter import Interpreter
from plans.plan import Plan, PlanText
from plans.step import HaltClass, Perception, Step, StepType, TierName
from plans.suite import Auth, Task, TaskSuite
from plans.task import TaskSpec
from workflows.interfaces import FinishRequest, RunKey

SUITE = TaskSuite(
    tasks=tuple(Task(task_id=name, intent=f"do {name}") for name in ("login", "deal", "export")),
    session_name="crm",
    base_url="https://crm.test",
    auth=Auth(user_id="{{secret.1}}", password="{{secret.2}}"),
)
WORDS = PlanText(text="Open the shop and read the price.", name="shop")


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    url = f"sqlite+aiosqlite:///{tmp_path}/ledger.db"
    opened = await Ledger.open(url, keyring=Keyring([new_key()]))
    yield opened
    await opened.close()


def activities(ledger: Ledger, tmp_path: Path, **settings: object) -> RunActivities:
    keys = ModelKeys(ModelSettings.model_validate({"secrets_dir": str(tmp_path), **settings}))
    return RunActivities(ledger, ActivitySettings(data_dir=tmp_path), keys=keys)


async def admit(
    ledger: Ledger, content: Plan | TaskSuite | PlanText, tenant_id: str = "acme", number: int = 1
) -> RunRow:
    payload: dict[str, JsonValue] = {}
    new = NewRun(
        tenant_id=tenant_id,
        run_id=f"20260101_000000_0000000{number}",
        plan=plan_document(content),
        plan_name=content.name,
        payload=payload,
        signature=content.signature(),
        state_key="k",
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


async def test_a_suite_comes_as_its_tasks_without_any_model(ledger: Ledger, tmp_path: Path) -> None:
    row = await admit(ledger, SUITE)
    spec = await RunActivities(ledger, ActivitySettings(data_dir=tmp_path)).load_run(key(row))
    assert spec.plan is not None and (spec.refusal, spec.in_words) == (None, False)
    assert [step.type for step in spec.plan.steps] == [StepType.TASK] * 3
    assert [TaskSpec.of(step).task_id for step in spec.plan.steps] == ["login", "deal", "export"]
    assert spec.models == ()


async def test_words_have_to_be_decomposed_first(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "anthropic_api_key").write_text("sk-1")
    runs = activities(ledger, tmp_path)
    row = await admit(ledger, WORDS)
    spec = await runs.load_run(key(row))
    assert (spec.plan, spec.refusal, spec.in_words) == (None, None, True)
    assert spec.models == (TierName.CLAUDE,)


async def test_words_without_a_key_end_with_what_to_do(ledger: Ledger, tmp_path: Path) -> None:
    row = await admit(ledger, WORDS)
    spec = await activities(ledger, tmp_path).load_run(key(row))
    assert spec.refusal == Finish(
        status="failed",
        halt_class=HaltClass.MODEL_UNAVAILABLE,
        message="a plan in plain words needs Claude, and this tenant has no Anthropic key: "
        "give it one, or submit a micro-plan",
    )


async def test_the_models_are_those_that_can_be_asked_for_this_tenant(
    ledger: Ledger, tmp_path: Path
) -> None:
    runs = activities(
        ledger, tmp_path, holo3_url="http://gpu:1/v1", ANTHROPIC_API_KEY=SecretStr("sk-2")
    )
    mine, theirs = await admit(ledger, SUITE, "default"), await admit(ledger, SUITE, "acme", 2)
    assert (await runs.load_run(key(mine))).models == (TierName.HOLO3, TierName.CLAUDE)
    assert (await runs.load_run(key(theirs))).models == (TierName.HOLO3,)


async def test_a_suite_goes_on_by_task_without_what_its_models_were_asked(
    ledger: Ledger, tmp_path: Path
) -> None:
    runs = activities(ledger, tmp_path)
    row = await admit(ledger, SUITE)
    spec = await runs.load_run(key(row))
    assert spec.plan is not None
    machine = Interpreter(spec.plan, spec.limits, spec.state)
    first = machine.next()
    assert isinstance(first, Call)
    machine.apply(first, Outcome(success=True), 1)
    machine.cancel("enough")
    asks = AsksStore(tmp_path)
    kept = await asks.of_call("step:0:0:1").write_document(key(row), {"page": "a text"})
    finish = Finish(status="cancelled", halt_class=HaltClass.CANCELLED)
    await runs.finish_run(FinishRequest(run=key(row), finish=finish, state=machine.state))
    with pytest.raises(AskLost):
        await asks.read_document(key(row), kept)
    folder = tmp_path / "tenants/acme/runs" / row.run_id / "asks"
    assert not folder.exists()
    await asks.write_document(key(row), {"late": "as where a worker died after the run's end"})
    await runs.finish_run(FinishRequest(run=key(row), finish=finish, state=machine.state))
    assert not folder.exists()
    again = await runs.load_run(key(await admit(ledger, SUITE, number=2)))
    assert again.state.pc == 1
    assert again.state.counters.completed_items == 1


async def test_a_run_in_words_that_is_over_has_nothing_to_decompose(
    ledger: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "anthropic_api_key").write_text("sk-1")
    runs = activities(ledger, tmp_path)
    row = await admit(ledger, WORDS)
    spec = await runs.load_run(key(row))
    finish = Finish(status="failed", halt_class=HaltClass.PLAN_REJECTED, message="no")
    await runs.finish_run(FinishRequest(run=key(row), finish=finish, state=spec.state))
    spec = await runs.load_run(key(row))
    assert (spec.plan, spec.refusal, spec.in_words) == (None, None, False)


async def test_a_run_that_ended_between_two_turns_is_gone_on_from_at_the_calls_first(
    ledger: Ledger, tmp_path: Path
) -> None:
    """What it had asked is not carried over; what it has done for good is."""
    runs = activities(ledger, tmp_path)
    plan = Plan(steps=tuple(Step(intent=one, type=StepType.SUBMIT) for one in ("Pay", "Leave")))
    row = await admit(ledger, plan)
    spec = await runs.load_run(key(row))
    assert spec.plan is not None
    machine = Interpreter(spec.plan, spec.limits, spec.state)
    call = machine.next()
    assert isinstance(call, Call)
    ask = Ask(kind=AskKind.GROUND, tier=TierName.HOLO3, body="asks/1.json")
    for turn in (call, call.model_copy(update={"turn": 1})):
        left = Outcome(success=False, ask=ask, progress={"n": turn.turn}, acted=turn.turn == 1)
        record = StepRecord(
            tenant_id=row.tenant_id,
            run_id=row.run_id,
            call_key=turn.asked_key,
            step_index=turn.index,
            outcome=left.model_dump(mode="json", exclude_defaults=True),
        )
        await ledger.rows.record_step(record)
    claimed = NewClaim(kind="act", session_id="s", journal_length=0, url="", what="Pay")
    await ledger.claims.claim(row.tenant_id, row.run_id, f"{call.key}:t1", claimed)
    machine.cancel("enough")
    finish = Finish(status="cancelled", halt_class=HaltClass.CANCELLED)
    await runs.finish_run(FinishRequest(run=key(row), finish=finish, state=machine.state))
    later = await admit(ledger, plan, number=2)
    spec = await runs.load_run(key(later))
    assert spec.plan is not None
    due = Interpreter(spec.plan, spec.limits, spec.state).next()
    assert isinstance(due, Call)
    assert (due.key, spec.begun) == (call.key, True)
    assert await ledger.outcomes.read(later.tenant_id, later.run_id) == ()
    kept = await ledger.claims.get(later.tenant_id, later.run_id, f"{due.key}:t1")
    assert kept is not None and due.turn_of(kept.call_key) == 1
