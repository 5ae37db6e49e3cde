"""Outcomes, claims and checkpoints: what makes a call happen once, whatever is lost."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ledger.database import Database
from ledger.errors import SecretUnreadable, UnknownRun
from ledger.ledger import Ledger
from ledger.models import (
    Checkpoints,
    Document,
    NewCheckpoint,
    NewClaim,
    NewEvent,
    NewRow,
    NewRun,
    RowCounts,
    StepRecord,
)
from ledger.schema import run_checkpoints

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")
BUY = NewClaim(
    kind="act", session_id="s1", journal_length=3, url="https://shop.test/cart", what="Buy now"
)
PAGE: Document = {"tabs": [{"url": "https://shop.test/account", "note": "café"}]}


def step(call: str, *, outcome: Document | None, tag: str = "first") -> StepRecord:
    return StepRecord(
        tenant_id=RUN[0],
        run_id=RUN[1],
        call_key=call,
        step_index=2,
        events=(NewEvent(dedup_key=f"{call}:{tag}", kind="step", body={"tag": tag}),),
        rows=(NewRow(key=f"{call}:{tag}", record={}, viable=True, page_url=""),),
        variables={"tag": tag},
        outcome=outcome,
    )


def checkpoint(name: str, *, restorable: bool) -> NewCheckpoint:
    return NewCheckpoint(body=PAGE | {"name": name}, restorable=restorable)


async def test_a_call_whose_outcome_is_known_is_over(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    assert await ledger.outcomes.get(*RUN, "step:2:0:1") is None
    counts = await ledger.rows.record_step(step("step:2:0:1", outcome={"success": True}))
    assert counts == RowCounts(added=1, viable_added=1, total_of_step=1)
    again = step("step:2:0:1", outcome={"success": False}, tag="again")
    assert await ledger.rows.record_step(again) == counts
    known = await ledger.outcomes.get(*RUN, "step:2:0:1")
    assert known is not None
    assert (known.outcome, known.counts) == ({"success": True}, counts)
    assert len(await ledger.rows.read(*RUN)) == 1
    assert len(await ledger.events.of_kind(*RUN, "step")) == 1
    assert await ledger.variables.get_all(*RUN) == {"tag": "first"}


async def test_counts_stay_those_of_the_call(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.rows.record_step(step("step:2:0:1", outcome={}))
    await ledger.rows.record_step(step("step:2:1:1", outcome={}))
    known = [recorded.counts.total_of_step for recorded in await ledger.outcomes.read(*RUN)]
    assert known == [1, 2]
    again = await ledger.rows.record_step(step("step:2:0:1", outcome={}, tag="again"))
    assert again.total_of_step == 1


async def test_outcomes_come_in_the_order_of_writing(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    keys = [f"step:{index}:0:1" for index in (9, 1, 5)]
    for key in keys:
        await ledger.rows.record_step(step(key, outcome={"key": key}))
    found = await ledger.outcomes.read(*RUN)
    assert [(one.call_key, one.outcome["key"]) for one in found] == [(key, key) for key in keys]


async def test_two_tries_of_a_call_write_one_outcome(ledger: Ledger, url: str, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    other = await Ledger.open(url)
    tries = [
        one.rows.record_step(step("step:2:0:1", outcome={"tag": tag}, tag=tag))
        for one, tag in ((ledger, "a"), (other, "b"), (ledger, "c"), (other, "d"))
    ]
    counts = await asyncio.gather(*tries)
    await other.close()
    assert set(map(str, counts)) == {str(counts[0])}
    (outcome,) = await ledger.outcomes.read(*RUN)
    (event,) = await ledger.events.of_kind(*RUN, "step")
    assert event.body["tag"] == outcome.outcome["tag"]


async def test_an_act_is_claimed_by_one(ledger: Ledger, url: str, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    other = await Ledger.open(url)
    claims = await asyncio.gather(
        *(one.claims.claim(*RUN, "step:4:0:1", BUY) for one in (ledger, other, ledger, other))
    )
    await other.close()
    assert sorted(claim.fresh for claim in claims) == [False, False, False, True]
    assert {claim.at for claim in claims} == {claims[0].at}
    assert {claim.state for claim in claims} == {"claimed"}
    assert await ledger.claims.get(*RUN, "step:4:0:2") is None


async def test_a_claim_is_settled_with_its_step(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.claims.claim(*RUN, "step:4:0:1", BUY)
    done = step("step:4:0:1", outcome={}).model_copy(update={"claim_state": "done"})
    await ledger.rows.record_step(done)
    later = BUY.model_copy(update={"session_id": "s2", "journal_length": 9})
    claim = await ledger.claims.claim(*RUN, "step:4:0:1", later)
    assert (claim.state, claim.fresh, claim.session_id) == ("done", False, "s1")
    await ledger.claims.settle(*RUN, "step:4:0:1", "not_done")
    found = await ledger.claims.get(*RUN, "step:4:0:1")
    assert found is not None and found.state == "not_done"
    renewed = await ledger.claims.renew(*RUN, "step:4:0:1", later)
    assert (renewed.state, renewed.session_id, renewed.journal_length) == ("claimed", "s2", 9)
    assert renewed.fresh
    with pytest.raises(UnknownRun):
        await ledger.claims.claim("acme", "none", "step:4:0:1", BUY)


async def test_the_newest_checkpoint_and_the_newest_restorable_one(keyed: Ledger, new_run: MakeRun):
    await keyed.runs.admit(new_run())
    assert await keyed.checkpoints.read(*RUN) == Checkpoints()
    told: list[tuple[object, object]] = []
    for name, restorable in (("a", False), ("b", True), ("c", False), ("d", False), ("e", True)):
        new = checkpoint(name, restorable=restorable)
        record = step(f"step:{name}", outcome={}).model_copy(update={"checkpoint": new})
        await keyed.rows.record_step(record)
        kept = await keyed.checkpoints.read(*RUN)
        told.append(
            tuple(one and one["name"] for one in (kept.newest, kept.restorable))  # type: ignore
        )
    assert told == [("a", None), ("b", "b"), ("c", "b"), ("d", "b"), ("e", "e")]


async def test_a_checkpoint_goes_with_its_step_or_not_at_all(keyed: Ledger, new_run: MakeRun):
    await keyed.runs.admit(new_run())
    first = step("step:2:0:1", outcome={}).model_copy(
        update={"checkpoint": checkpoint("first", restorable=True)}
    )
    await keyed.rows.record_step(first)
    again = first.model_copy(update={"checkpoint": checkpoint("again", restorable=True)})
    await keyed.rows.record_step(again)
    kept = await keyed.checkpoints.read(*RUN)
    assert kept.newest == PAGE | {"name": "first"}
    await keyed.checkpoints.write(*RUN, checkpoint("pause", restorable=False))
    kept = await keyed.checkpoints.read(*RUN)
    assert (kept.newest, kept.restorable) == (PAGE | {"name": "pause"}, PAGE | {"name": "first"})


async def test_a_checkpoint_is_unreadable_in_the_database(
    keyed: Ledger, url: str, database: Database, new_run: MakeRun
):
    await keyed.runs.admit(new_run())
    await keyed.checkpoints.write(*RUN, checkpoint("a" * 999, restorable=True))
    async with database.read() as connection:
        (cipher,) = (await connection.execute(select(run_checkpoints.c.newest))).scalars()
    assert b"shop" not in cipher and b"aaaa" not in cipher
    without_keys = await Ledger.open(url)
    with pytest.raises(SecretUnreadable):
        await without_keys.checkpoints.read(*RUN)
    with pytest.raises(SecretUnreadable):
        await without_keys.checkpoints.write(*RUN, checkpoint("b", restorable=True))
    await without_keys.close()
