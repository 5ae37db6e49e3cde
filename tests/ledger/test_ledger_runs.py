import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from ledger.errors import LedgerAway, UnknownRun
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import Ending, NewPhase, NewRun, Phase, RunStatus
from plans.step import HaltClass

MakeRun = Callable[..., NewRun]
RUN = ("acme", "20260101_000000_0000abcd")


async def test_admission_keeps_the_run_and_its_start(ledger: Ledger, new_run: MakeRun):
    admission = await ledger.runs.admit(new_run())
    assert isinstance(admission, Admitted)
    row = admission.run
    assert row.status is RunStatus.QUEUED
    assert row.phase is Phase.QUEUED
    assert row.started_at is None
    assert row == await ledger.runs.get(*RUN)
    (errand,) = await ledger.outbox.pending(10, row.created_at + 10**16)
    assert (errand.tenant_id, errand.run_id, errand.kind) == (*RUN, "start")


async def test_a_refused_admission_leaves_nothing_behind(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    with pytest.raises(IntegrityError):
        await ledger.runs.admit(new_run())
    assert await ledger.outbox.waiting() == 1


async def test_another_tenants_run_is_unknown(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    assert await ledger.runs.get("other", RUN[1]) is None
    with pytest.raises(UnknownRun):
        await ledger.runs.begin("other", RUN[1], 5)


async def test_a_run_begins_once(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    first = await ledger.runs.begin(*RUN, 2_000_000)
    again = await ledger.runs.begin(*RUN, 3_000_000)
    assert first.status is RunStatus.RUNNING
    assert first == again
    assert again.started_at == 2_000_000


async def test_the_first_terminal_state_stays(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    failed = Ending(status=RunStatus.FAILED, halt_class=HaltClass.TIMEOUT, message="too late")
    assert await ledger.runs.finish(*RUN, failed, 5_000_000)
    assert not await ledger.runs.finish(*RUN, Ending(status=RunStatus.SUCCEEDED), 6_000_000)
    row = await ledger.runs.begin(*RUN, 7_000_000)
    assert (row.status, row.phase) == (RunStatus.FAILED, Phase.HALTED)
    assert (row.halt_class, row.finished_at) == (HaltClass.TIMEOUT, 5_000_000)


async def test_of_many_endings_at_once_one_wins(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    endings = [
        Ending(status=RunStatus.SUCCEEDED, summary={"n": number})
        if number % 2
        else Ending(status=RunStatus.CANCELLED, halt_class=HaltClass.CANCELLED)
        for number in range(20)
    ]
    won = await asyncio.gather(
        *(ledger.runs.finish(*RUN, ending, 10 + at) for at, ending in enumerate(endings))
    )
    assert sum(won) == 1
    row = await ledger.runs.get(*RUN)
    assert row is not None
    assert row.status is endings[won.index(True)].status
    assert row.finished_at == 10 + won.index(True)


async def test_a_phase_is_marked_once_with_a_line_in_the_log(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    lost = NewPhase(number=1, phase=Phase.RECOVERING, message="the browser was lost")
    back = NewPhase(number=2, phase=Phase.RUNNING, message="a new browser is there")
    assert await ledger.runs.mark_phase(*RUN, lost, 3)
    row = await ledger.runs.get(*RUN)
    assert row is not None and row.phase is Phase.RECOVERING
    assert await ledger.runs.mark_phase(*RUN, back, 4)
    assert not await ledger.runs.mark_phase(*RUN, lost, 5)
    row = await ledger.runs.get(*RUN)
    assert row is not None and row.phase is Phase.RUNNING
    told = [(event.kind, event.body["message"]) for event in await ledger.events.tail(*RUN, 2)]
    assert told == [("recovering", lost.message), ("log", back.message)]


async def test_a_terminal_run_keeps_its_phase(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.runs.finish(*RUN, Ending(status=RunStatus.SUCCEEDED), 4)
    late = NewPhase(number=1, phase=Phase.RUNNING, message="too late")
    assert not await ledger.runs.mark_phase(*RUN, late, 5)
    row = await ledger.runs.get(*RUN)
    assert row is not None and row.phase is Phase.COMPLETE
    assert all(event.kind == "log" for event in await ledger.events.read(*RUN))


async def test_cancel_is_asked_for_once_and_keeps_its_first_reason(
    ledger: Ledger, new_run: MakeRun
):
    await ledger.runs.admit(new_run())
    first = await ledger.runs.request_cancel(*RUN, "enough", 2)
    again = await ledger.runs.request_cancel(*RUN, "more than enough", 3)
    assert first.cancel_requested and first.status is RunStatus.QUEUED
    assert again == first
    assert again.cancel_reason == "enough"
    errands = await ledger.outbox.pending(10, 10**16)
    assert [(errand.kind, errand.reason) for errand in errands] == [
        ("start", ""),
        ("cancel", "enough"),
    ]
    last = (await ledger.events.tail(*RUN, 1))[0]
    assert last.body == {"message": "cancel requested: enough"}


async def test_a_terminal_run_is_not_cancelled(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    await ledger.runs.finish(*RUN, Ending(status=RunStatus.SUCCEEDED), 2)
    before = await ledger.runs.get(*RUN)
    assert await ledger.runs.request_cancel(*RUN, "late", 3) == before
    assert await ledger.outbox.waiting() == 1


async def test_active_runs_are_counted_per_tenant(ledger: Ledger, new_run: MakeRun):
    for number in range(3):
        await ledger.runs.admit(new_run(run_id=f"r{number}"))
    await ledger.runs.admit(new_run(run_id="r9", tenant_id="other"))
    await ledger.runs.begin("acme", "r0", 1)
    await ledger.runs.finish("acme", "r1", Ending(status=RunStatus.SUCCEEDED), 1)
    assert await ledger.runs.concurrent() == {"acme": 2, "other": 1}
    queue = await ledger.runs.queue("acme")
    assert (queue.queued, queue.running, queue.recovering) == (1, 1, 0)


async def test_text_that_a_database_refuses_is_kept_readable(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    row = await ledger.runs.request_cancel(*RUN, "nul \x00 and \ud800 half", 2)
    assert row.cancel_reason == "nul \ufffd and \ufffd half"


async def test_errands_are_hidden_while_taken_and_come_back(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    now = 10**16
    (errand,) = await ledger.outbox.pending(10, now)
    assert await ledger.outbox.pending(10, now) == ()
    (late,) = await ledger.outbox.pending(10, now + 16_000_000)
    assert late == errand
    await ledger.outbox.failed(late, "temporal away", now)
    assert await ledger.outbox.pending(10, now) == ()
    (again,) = await ledger.outbox.pending(10, now + 500_000)
    assert again.attempts == 1
    await ledger.outbox.done(again.id)
    assert await ledger.outbox.waiting() == 0


async def test_dispatchers_share_errands_without_taking_one_twice(
    ledger: Ledger, url: str, new_run: MakeRun
):
    for number in range(12):
        await ledger.runs.admit(new_run(run_id=f"r{number}"))
    other = await Ledger.open(url)
    try:
        taken = await asyncio.gather(
            *(one.outbox.pending(3, 10**16) for one in (ledger, other) for _ in range(4))
        )
    finally:
        await other.close()
    ids = [errand.id for batch in taken for errand in batch]
    assert len(ids) == len(set(ids))


async def test_a_database_that_is_away_is_said_to_be_away():
    with pytest.raises(LedgerAway):
        await Ledger.open("postgresql+asyncpg://nobody@127.0.0.1:1/none")
