import asyncio
from collections.abc import Callable

from sqlalchemy import update

from ledger.database import Database
from ledger.gates import Admitted
from ledger.ledger import Ledger
from ledger.models import Ending, NewRun, RunRow, RunStatus
from ledger.schema import runs

MakeRun = Callable[..., NewRun]
DONE = Ending(status=RunStatus.SUCCEEDED)
EVER = 10**16


async def admit(
    ledger: Ledger,
    make: MakeRun,
    run_id: str,
    profile_id: str | None = "shop",
    tenant: str = "acme",
) -> RunRow:
    new = make(run_id=run_id, tenant_id=tenant, created_at=int(run_id[1:]) + 1)
    admission = await ledger.runs.admit(new.model_copy(update={"profile_id": profile_id}))
    assert isinstance(admission, Admitted)
    return admission.run


async def started(ledger: Ledger) -> list[str]:
    """The starts in the outbox, in order, which takes them."""
    errands = await ledger.outbox.pending(100, EVER)
    for errand in errands:
        await ledger.outbox.done(errand.id)
    return [errand.run_id for errand in errands if errand.kind == "start"]


async def test_runs_of_a_profile_start_one_after_another(ledger: Ledger, new_run: MakeRun):
    released = [(await admit(ledger, new_run, f"r{number}")).released for number in range(4)]
    assert released == [True, False, False, False]
    assert await started(ledger) == ["r0"]
    for number in range(4):
        await ledger.runs.begin("acme", f"r{number}", 5)
        await ledger.runs.finish("acme", f"r{number}", DONE, 6)
        assert await started(ledger) == ([f"r{number + 1}"] if number < 3 else [])
    row = await ledger.runs.get("acme", "r3")
    assert row is not None and row.released
    messages = [event.body["message"] for event in await ledger.events.read("acme", "r3")]
    assert messages[:3] == [
        "run accepted",
        "waiting until profile shop is free",
        "profile shop is free",
    ]


async def test_who_comes_later_does_not_get_ahead_of_who_waits(ledger: Ledger, new_run: MakeRun):
    await admit(ledger, new_run, "r1")
    await admit(ledger, new_run, "r2")
    await ledger.runs.finish("acme", "r1", DONE, 5)
    assert not (await admit(ledger, new_run, "r3")).released
    assert await started(ledger) == ["r1", "r2"]


async def test_profiles_of_two_tenants_and_fresh_ones_are_apart(ledger: Ledger, new_run: MakeRun):
    assert (await admit(ledger, new_run, "r1")).released
    assert (await admit(ledger, new_run, "r2", tenant="other")).released
    assert (await admit(ledger, new_run, "r3", profile_id="bank")).released
    assert (await admit(ledger, new_run, "r4", profile_id=None)).released
    assert (await admit(ledger, new_run, "r5", profile_id=None)).released
    await ledger.runs.finish("other", "r2", DONE, 5)
    assert not (await admit(ledger, new_run, "r6")).released


async def test_a_paused_run_keeps_its_profile(ledger: Ledger, database: Database, new_run: MakeRun):
    await admit(ledger, new_run, "r1")
    async with database.write() as connection:
        await connection.execute(update(runs).values(status=RunStatus.PAUSED))
    assert not (await admit(ledger, new_run, "r2")).released
    assert await ledger.runs.stuck_waiting() == ()


async def test_a_waiting_run_that_is_cancelled_starts_to_end_and_keeps_the_order(
    ledger: Ledger, new_run: MakeRun
):
    for number in range(4):
        await admit(ledger, new_run, f"r{number}")
    assert await started(ledger) == ["r0"]
    row = await ledger.runs.request_cancel("acme", "r1", "no more", 5)
    assert row.released and row.cancel_requested and row.status is RunStatus.QUEUED
    errands = await ledger.outbox.pending(9, EVER)
    assert [(errand.run_id, errand.kind) for errand in errands] == [
        ("r1", "start"),
        ("r1", "cancel"),
    ]
    await ledger.runs.finish("acme", "r0", DONE, 6)
    waiting = await ledger.runs.get("acme", "r2")
    assert waiting is not None and not waiting.released
    await ledger.runs.finish("acme", "r1", Ending(status=RunStatus.CANCELLED), 7)
    waiting = await ledger.runs.get("acme", "r2")
    assert waiting is not None and waiting.released
    last = await ledger.runs.get("acme", "r3")
    assert last is not None and not last.released


async def test_what_a_crash_left_waiting_is_released(
    ledger: Ledger, database: Database, new_run: MakeRun
):
    for number in range(3):
        await admit(ledger, new_run, f"r{number}")
    await admit(ledger, new_run, "r7", tenant="other")
    await admit(ledger, new_run, "r8", tenant="other")
    assert await ledger.runs.stuck_waiting() == ()
    async with database.write() as connection:
        gone = update(runs).where(runs.c.run_id == "r0").values(status=RunStatus.FAILED)
        await connection.execute(gone)
    assert await ledger.runs.stuck_waiting() == (("acme", "r1"),)
    assert await ledger.runs.stuck_waiting() == ()
    assert await started(ledger) == ["r0", "r7", "r1"]


async def test_endings_and_admissions_at_once_leave_nobody_waiting(
    ledger: Ledger, url: str, new_run: MakeRun
):
    """Whoever ends sees whoever came, or whoever came sees the profile free."""
    other = await Ledger.open(url)
    for number in range(0, 30, 3):
        await admit(ledger, new_run, f"r{number}")
        await asyncio.gather(
            ledger.runs.finish("acme", f"r{number}", DONE, 5),
            admit(other, new_run, f"r{number + 1}"),
            admit(other, new_run, f"r{number + 2}"),
            other.runs.stuck_waiting(),
        )
        ended: set[str] = set()
        while starting := set(await started(ledger)) - {f"r{number}"} - ended:
            assert len(starting) == 1
            (run_id,) = starting
            await other.runs.finish("acme", run_id, DONE, 6)
            ended.add(run_id)
        assert ended == {f"r{number + 1}", f"r{number + 2}"}
    await other.close()
