"""A run that goes on from the one before it gets what that one had, and what it kept shrinks."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from ledger.database import Database
from ledger.gates import Admitted, Gate, PlanChanged, StillOpen
from ledger.ledger import Ledger
from ledger.models import (
    Checkpoints,
    Document,
    Ending,
    ItemKey,
    NewCheckpoint,
    NewClaim,
    NewEvent,
    NewRow,
    NewRun,
    RunRow,
    RunStatus,
    StepRecord,
)
from ledger.schema import run_checkpoints, run_claims, run_outcomes

MakeRun = Callable[..., NewRun]
GO_ON = Gate(resume_state=True)
STOOD: Document = {"pc": 3, "visits": {"1": 2}}
FAILED = Ending(status=RunStatus.FAILED, halt_class="step_failed", message="no", state=STOOD)
PAGE: Document = {"tabs": [{"url": "https://boats.test/2"}]}
BUY = NewClaim(kind="act", session_id="s", journal_length=0, url="", what="Buy")


@pytest.fixture
def make(new_run: MakeRun) -> MakeRun:
    def numbered(number: int, **more: object) -> NewRun:
        made = new_run(run_id=f"20260101_000000_0000000{number}", created_at=number * 1_000_000)
        return made.model_copy(update=more)

    return numbered


async def admit(ledger: Ledger, new: NewRun, gate: Gate = GO_ON) -> RunRow:
    admission = await ledger.runs.admit(new, gate)
    assert isinstance(admission, Admitted)
    return admission.run


async def work(ledger: Ledger, run: RunRow, tag: str) -> None:
    """A step with a record, an item, a variable, a secret, a checkpoint, an outcome, a claim."""
    key = (run.tenant_id, run.run_id)
    await ledger.items.claim(*key, "2", f"1:{tag}", [ItemKey(key=tag)], "https://boats.test")
    await ledger.secrets.add(*key, f"secret.answer.{tag}", f"answer {tag}")
    await ledger.claims.claim(*key, f"step:1:{tag}:1", BUY)
    await ledger.rows.record_step(
        StepRecord(
            tenant_id=run.tenant_id,
            run_id=run.run_id,
            call_key=f"step:1:{tag}:1",
            step_index=1,
            rows=(NewRow(key=tag, record={"tag": tag}, viable=True, page_url=""),),
            variables={"seen": tag},
            outcome={"success": True},
            checkpoint=NewCheckpoint(body=PAGE | {"tag": tag}, restorable=True),
            claim_state="done",
        )
    )


async def told(ledger: Ledger, run: RunRow) -> list[str]:
    return [
        str(event.body["message"])
        for event in await ledger.events.read(run.tenant_id, run.run_id)
        if "resume_state" in str(event.body["message"])
    ]


async def test_everything_comes_along(keyed: Ledger, make: MakeRun):
    first = await admit(keyed, make(1, secrets={"secret.1": "old", "secret.2": "two"}))
    for tag in ("a", "b"):
        await work(keyed, first, tag)
    await keyed.runs.finish(first.tenant_id, first.run_id, FAILED, 5)
    second = await admit(keyed, make(2, secrets={"secret.1": "new"}))
    key = (second.tenant_id, second.run_id)
    assert (second.resumed_from, second.state) == (first.run_id, STOOD)
    assert await told(keyed, second) == [
        f"resume_state: goes on from run {first.run_id}, 2 records come along"
    ]
    assert [row.record["tag"] for row in await keyed.rows.read(*key)] == ["a", "b"]
    assert await keyed.items.visited(*key, "2") == {"a", "b"}
    assert await keyed.variables.get_all(*key) == {"seen": "b"}
    assert (await keyed.checkpoints.read(*key)).newest == PAGE | {"tag": "b"}
    assert await keyed.secrets.read(*key) == {
        "secret.1": "new",
        "secret.2": "two",
        "secret.answer.a": "answer a",
        "secret.answer.b": "answer b",
    }
    assert [event.kind for event in await keyed.events.read(*key)] == ["log", "log"]
    assert await keyed.outcomes.read(*key) == ()
    again = await keyed.items.claim(*key, "2", "1:b", [ItemKey(key="c")], "")
    assert again is not None and again.key == "b"


async def test_the_old_run_keeps_what_its_result_needs(keyed: Ledger, make: MakeRun):
    first = await admit(keyed, make(1))
    await work(keyed, first, "a")
    await keyed.runs.finish(first.tenant_id, first.run_id, FAILED, 5)
    second = await admit(keyed, make(2))
    await work(keyed, second, "b")
    await keyed.runs.finish(second.tenant_id, second.run_id, FAILED, 6)
    third = await admit(keyed, make(3))
    assert third.resumed_from == second.run_id
    assert await told(keyed, third) == [
        f"resume_state: goes on from run {second.run_id}, 2 records come along"
    ]
    assert len(await keyed.rows.read(first.tenant_id, first.run_id)) == 1
    assert len(await keyed.rows.read(third.tenant_id, third.run_id)) == 2
    for old in (first, second):
        assert await keyed.checkpoints.read(old.tenant_id, old.run_id) == Checkpoints()


async def test_only_of_the_same_tenant_and_name_and_plan(keyed: Ledger, make: MakeRun):
    first = await admit(keyed, make(1))
    assert isinstance(await keyed.runs.admit(make(2), GO_ON), StillOpen)
    other = await admit(keyed, make(2, tenant_id="zeta"))
    assert (other.resumed_from, other.state) == (None, None)
    await keyed.runs.finish(first.tenant_id, first.run_id, FAILED, 5)
    assert isinstance(await keyed.runs.admit(make(3, signature="x"), GO_ON), PlanChanged)
    elsewhere = await admit(keyed, make(4, state_key="elsewhere"))
    assert elsewhere.resumed_from is None
    without = await admit(keyed, make(5), Gate())
    assert (without.resumed_from, await told(keyed, without)) == (None, [])


@pytest.mark.parametrize(
    "ending",
    [
        Ending(status=RunStatus.SUCCEEDED),
        Ending(status=RunStatus.FAILED, halt_class="extract_failed"),
    ],
)
async def test_where_nothing_is_left_the_run_starts_fresh(
    keyed: Ledger, make: MakeRun, ending: Ending
):
    first = await admit(keyed, make(1))
    assert "nothing to go on from" in (await told(keyed, first))[0]
    await work(keyed, first, "a")
    await keyed.runs.finish(first.tenant_id, first.run_id, ending, 5)
    second = await admit(keyed, make(2))
    assert (second.resumed_from, second.state) == (None, None)
    assert (await told(keyed, second))[0].endswith("fresh start")
    key = (second.tenant_id, second.run_id)
    assert await keyed.rows.read(*key) == ()
    assert await keyed.checkpoints.read(*key) == Checkpoints()


async def test_what_a_run_kept_for_itself_goes_with_its_end(
    keyed: Ledger, database: Database, make: MakeRun
):
    async def kept() -> list[int]:
        async with database.read() as connection:
            tables = (run_outcomes, run_claims, run_checkpoints)
            return [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in tables
            ]

    run = await admit(keyed, make(1))
    await work(keyed, run, "a")
    await work(keyed, run, "b")
    assert await kept() == [2, 2, 1]
    due = FAILED.model_copy(update={"due": "step:1:b:1"})
    await keyed.runs.finish(run.tenant_id, run.run_id, due, 5)
    assert await kept() == [1, 2, 1]
    assert await keyed.outcomes.get(run.tenant_id, run.run_id, "step:1:b:1") is not None
    second = await admit(keyed, make(2))
    assert await kept() == [1, 2, 1]
    assert await keyed.claims.get(second.tenant_id, second.run_id, "step:1:b:1") is not None
    await work(keyed, second, "c")
    await keyed.runs.finish(second.tenant_id, second.run_id, Ending(status=RunStatus.SUCCEEDED), 6)
    assert await kept() == [1, 0, 0]


async def test_a_plan_in_words_goes_on_in_the_steps_it_was_made_into(keyed: Ledger, make: MakeRun):
    words, steps = {"text": "Read the boats"}, {"steps": [{"intent": "Go", "type": "navigate"}]}
    first = await admit(keyed, make(1, plan=words))
    told_of = NewEvent(dedup_key="decompose", kind="step", step_index=-1)
    await keyed.decompositions.give(first.tenant_id, first.run_id, steps, told_of)
    await keyed.runs.finish(first.tenant_id, first.run_id, FAILED, 5)
    second = await admit(keyed, make(2, plan=words))
    assert second.plan == steps
