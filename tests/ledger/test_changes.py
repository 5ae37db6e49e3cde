import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from ledger.changes import MOST_NAMES, Changes
from ledger.ledger import Ledger
from ledger.models import (
    Ending,
    NewEvent,
    NewPause,
    NewPhase,
    NewRun,
    PauseAnswer,
    Phase,
    RunStatus,
)
from tests.postgres import new_database

MakeRun = Callable[..., NewRun]
ROOT = Path(__file__).parents[2]
LOST = NewPhase(number=1, phase=Phase.RECOVERING, message="the browser was lost")
ASKED = NewPause(pause_id="p1", prompt="Code?", reason="user_input", needs_input=True)
RUN = ("acme", "20260101_000000_0000abcd")
APPEND = """
import asyncio, sys, time
from ledger.ledger import Ledger
from ledger.models import NewEvent

async def main(url):
    ledger = await Ledger.open(url)
    print("open", flush=True)
    for number, _ in enumerate(sys.stdin):
        event = NewEvent(dedup_key=str(number), kind="log")
        await ledger.events.append("acme", "20260101_000000_0000abcd", [event])
        print(time.monotonic_ns(), flush=True)
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def silence(changes: Changes) -> None:
    """Hear out what opening and writing before has caused."""
    while await changes.wait(0.3) != frozenset():
        pass


@asynccontextmanager
async def another_process(url: str) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """A process that appends an event a line, and says when it was committed."""
    process = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-c", APPEND, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        await asyncio.to_thread(process.communicate, None, 60)


def read_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def ask(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.flush()


async def lags_ms(changes: Changes, process: "subprocess.Popen[bytes]", count: int) -> list[float]:
    """How long after its commit in the other process each event was heard of."""
    lags: list[float] = []
    for _ in range(count):
        waiting = asyncio.create_task(changes.wait(10))
        await asyncio.sleep(0)
        ask(process)
        heard = await waiting
        now = time.monotonic_ns()
        assert heard is None or RUN in heard
        committed = int(await asyncio.to_thread(read_line, process))
        lags.append((now - committed) / 1e6)
        await silence(changes)
    return lags


async def test_a_commit_of_another_process_is_heard_of_soon(
    ledger: Ledger, url: str, new_run: MakeRun
):
    await ledger.runs.admit(new_run())
    async with another_process(url) as process, ledger.changes() as changes:
        assert await asyncio.to_thread(read_line, process) == b"open\n"
        await silence(changes)
        assert sorted(await lags_ms(changes, process, 5))[2] < 150


async def test_whatever_a_reader_would_see_is_heard_of(ledger: Ledger, new_run: MakeRun):
    hook = {"callback_url": "https://example.com"}
    await ledger.runs.admit(new_run().model_copy(update=hook))
    done = Ending(status=RunStatus.SUCCEEDED)

    async def deliver() -> object:
        delivery = await ledger.deliveries.of_run(*RUN)
        assert delivery is not None
        return await ledger.deliveries.record_try(
            RUN[0], delivery.delivery_id, 1, 200, "", "delivered"
        )

    async with ledger.changes() as changes:
        await silence(changes)
        for change in (
            lambda: ledger.runs.begin(*RUN, 5),
            lambda: ledger.events.append(*RUN, [NewEvent(dedup_key="a", kind="log")]),
            lambda: ledger.runs.mark_phase(*RUN, LOST, 6),
            lambda: ledger.runs.request_pause(*RUN, "", 6),
            lambda: ledger.pauses.open(*RUN, ASKED, 6),
            lambda: ledger.pauses.answer(*RUN, PauseAnswer(pause_id="p1"), 6),
            lambda: ledger.runs.request_cancel(*RUN, "", 7),
            lambda: ledger.runs.finish(*RUN, done, 8),
            deliver,
        ):
            await change()
            heard = await changes.wait(5)
            assert heard is None or heard == {RUN}
            await silence(changes)


async def test_reading_is_no_change(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    async with ledger.changes() as changes:
        await silence(changes)
        for _ in range(5):
            await ledger.runs.get(*RUN)
            await ledger.runs.queue("acme")
            await ledger.outbox.pending(5, 0)
        assert await changes.wait(0.3) == frozenset()


async def test_several_may_watch(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run())
    async with ledger.changes() as first, ledger.changes() as second:
        await silence(first)
        await silence(second)
        await ledger.runs.begin(*RUN, 5)
        for changes in (first, second):
            heard = await changes.wait(5)
            assert heard is None or heard == {RUN}


async def test_a_killed_postgres_connection_comes_back(postgres_port: int, new_run: MakeRun):
    url = await new_database(postgres_port)
    ledger = await Ledger.open(url)
    await ledger.runs.admit(new_run())
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    listeners = (
        "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')"
    )
    async with ledger.changes() as changes:
        await silence(changes)
        for number in range(3):
            assert len(await admin.fetch(listeners)) == 1
            assert await changes.wait(5) is None
            await silence(changes)
            await ledger.events.append(*RUN, [NewEvent(dedup_key=str(number), kind="log")])
            assert await changes.wait(5) == {RUN}
    await ledger.close()
    await admin.close()


async def test_what_happens_while_the_connection_is_lost_is_not_missed(
    postgres_port: int, new_run: MakeRun
):
    url = await new_database(postgres_port)
    ledger = await Ledger.open(url)
    await ledger.runs.admit(new_run())
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    async with ledger.changes() as changes:
        await silence(changes)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')"
        )
        await ledger.events.append(*RUN, [NewEvent(dedup_key="a", kind="log")])
        seen = 0
        async with asyncio.timeout(10):
            while seen < 2:
                assert await changes.wait(5) is None
                seen = len(await ledger.events.read(*RUN))
    await ledger.close()
    await admin.close()


async def connections(admin: "asyncpg.Connection[asyncpg.Record]") -> int:
    count = await admin.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    return int(count)


async def test_leaving_ends_the_postgres_connection(postgres_port: int):
    url = await new_database(postgres_port)
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    ledger = await Ledger.open(url)
    for _ in range(3):
        async with ledger.changes() as changes:
            await silence(changes)
    async with ledger.changes():
        pass
    await ledger.close()
    deadline = time.monotonic() + 10
    while True:
        if await connections(admin) == 0:
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    await admin.close()


async def test_leaving_ends_the_sqlite_thread(tmp_path: Path):
    before = set(threading.enumerate())
    ledger = await Ledger.open(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
    async with ledger.changes():
        names = {thread.name for thread in set(threading.enumerate()) - before}
        assert "ledger-changes" in names
    assert not any(thread.name == "ledger-changes" for thread in threading.enumerate())
    await ledger.close()


async def test_a_cancelled_watcher_leaves_nothing(ledger: Ledger):
    entered = asyncio.Event()

    async def follow() -> None:
        async with ledger.changes() as changes:
            entered.set()
            while True:
                await changes.wait(60)

    task = asyncio.create_task(follow())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(thread.name == "ledger-changes" for thread in threading.enumerate())


async def test_a_slow_reader_hears_that_anything_may_have_changed():
    changes = Changes()
    for number in range(MOST_NAMES):
        changes.hear(("acme", str(number)))
    assert len(await changes.wait(0) or ()) == MOST_NAMES
    for number in range(MOST_NAMES + 1):
        changes.hear(("acme", str(number)))
    assert await changes.wait(0) is None
    assert await changes.wait(0) == frozenset()


async def test_names_with_spaces_and_long_ones_are_heard(ledger: Ledger, new_run: MakeRun):
    odd: Sequence[str] = ("a b  c", " ", "t" * 2_000, "ü" * 1_000)
    async with ledger.changes() as changes:
        for tenant in odd:
            await ledger.runs.admit(new_run(tenant_id=tenant))
            await silence(changes)
            await ledger.runs.begin(tenant, RUN[1], 5)
            heard = await changes.wait(5)
            assert heard is None or heard == {(tenant, RUN[1])}
