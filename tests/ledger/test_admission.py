import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ledger.database import Database
from ledger.gates import Admission, Admitted, Gate, KeyConflict, RateLimited, Replayed, TooManyRuns
from ledger.ledger import Ledger
from ledger.models import Ending, NewRun, RunStatus
from ledger.schema import idempotency_keys, runs
from tests.ledger.conftest import Clock

MakeRun = Callable[..., NewRun]
ROOT = Path(__file__).parents[2]
HOUR_US = 3_600_000_000


@pytest.fixture
async def timed(url: str, clock: Clock) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url, clock=clock)
    yield opened
    await opened.close()


@asynccontextmanager
async def replicas(url: str) -> AsyncIterator[Sequence[Ledger]]:
    """Three ledgers with engines of their own on Postgres; on SQLite one."""
    count = 3 if url.startswith("postgresql") else 1
    opened = [await Ledger.open(url) for _ in range(count)]
    yield opened
    for ledger in opened:
        await ledger.close()


async def admit_at_once(
    ledgers: Sequence[Ledger], news: Sequence[NewRun], gate: Gate
) -> list[Admission]:
    chosen = zip(cycle(ledgers), news, strict=False)
    return await asyncio.gather(*(ledger.runs.admit(new, gate) for ledger, new in chosen))


def kinds(admissions: Sequence[Admission]) -> Counter[type[Admission]]:
    return Counter(type(admission) for admission in admissions)


async def test_a_hundred_submissions_with_one_key_make_one_run(url: str, new_run: MakeRun):
    gate = Gate(idempotency_key="k", fingerprint="f", rate_limit_per_minute=1)
    news = [new_run(run_id=f"r{number}") for number in range(100)]
    async with replicas(url) as ledgers:
        admissions = await admit_at_once(ledgers, news, gate)
        assert kinds(admissions) == {Admitted: 1, Replayed: 99}
        handles = {
            admission.run.run_id
            for admission in admissions
            if isinstance(admission, Admitted | Replayed)
        }
        assert len(handles) == 1
        assert await ledgers[0].runs.concurrent() == {"acme": 1}
        assert await ledgers[0].outbox.waiting() == 1


async def test_at_a_cap_of_five_exactly_five_get_in(url: str, new_run: MakeRun):
    news = [new_run(run_id=f"r{number}") for number in range(200)]
    async with replicas(url) as ledgers:
        admissions = await admit_at_once(ledgers, news, Gate(max_concurrent_runs=5))
        assert kinds(admissions) == {Admitted: 5, TooManyRuns: 195}
        assert await ledgers[0].runs.concurrent() == {"acme": 5}


async def test_a_bucket_of_thirty_holds_exactly_thirty(url: str, clock: Clock, new_run: MakeRun):
    news = [new_run(run_id=f"r{number}") for number in range(100)]
    count = 3 if url.startswith("postgresql") else 1
    ledgers = [await Ledger.open(url, clock=clock) for _ in range(count)]
    admissions = await admit_at_once(ledgers, news, Gate(rate_limit_per_minute=30))
    for ledger in ledgers:
        await ledger.close()
    assert kinds(admissions) == {Admitted: 30, RateLimited: 70}
    left = sorted(one.rate.remaining for one in admissions if isinstance(one, Admitted) if one.rate)
    assert left == list(range(30))
    assert {one.rate.retry_after_s for one in admissions if isinstance(one, RateLimited)} == {2}


async def test_takes_of_a_bucket_are_exact_too(url: str, clock: Clock):
    async with replicas(url) as ledgers:
        states = await asyncio.gather(
            *(
                ledger.rates.take("acme", "read", 30, clock.now)
                for ledger, _ in zip(cycle(ledgers), range(90), strict=False)
            )
        )
    assert sum(state is not None and state.allowed for state in states) == 30


ADMIT_MANY = """
import asyncio, json, sys
from ledger.ledger import Ledger
from ledger.gates import Gate
from ledger.models import NewRun

async def main(url, name, new, gate):
    ledger = await Ledger.open(url)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    new = NewRun.model_validate_json(new)
    news = [new.model_copy(update={"run_id": f"{name}{number}"}) for number in range(40)]
    gate = Gate.model_validate_json(gate)
    admissions = await asyncio.gather(*(ledger.runs.admit(one, gate) for one in news))
    print(json.dumps([type(one).__name__ for one in admissions]), flush=True)
    await ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


def admitting(url: str, name: str, new: NewRun, gate: Gate) -> "subprocess.Popen[bytes]":
    arguments = [new.model_dump_json(exclude={"secrets"}), gate.model_dump_json()]
    return subprocess.Popen(
        [sys.executable, "-c", ADMIT_MANY, url, name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("gate", "admitted"),
    [
        (Gate(idempotency_key="k", fingerprint="f"), 1),
        (Gate(max_concurrent_runs=5), 5),
        (Gate(rate_limit_per_minute=1, max_concurrent_runs=9), 1),
    ],
)
async def test_processes_admit_exactly(url: str, new_run: MakeRun, gate: Gate, admitted: int):
    processes = [admitting(url, name, new_run(), gate) for name in ("a", "b")]
    seen: Counter[str] = Counter()
    for process in processes:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"open\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in processes:
        out, _ = await asyncio.to_thread(process.communicate, None, 60)
        seen.update(json.loads(out))
    assert seen["Admitted"] == admitted
    assert seen.total() == 80


async def test_another_body_under_the_same_key_is_a_conflict(ledger: Ledger, new_run: MakeRun):
    await ledger.runs.admit(new_run(run_id="r1"), Gate(idempotency_key="k", fingerprint="a"))
    other = Gate(idempotency_key="k", fingerprint="b", rate_limit_per_minute=1)
    for _ in range(3):
        admission = await ledger.runs.admit(new_run(run_id="r2"), other)
        assert isinstance(admission, KeyConflict)
        assert admission.rate is not None and admission.rate.remaining == 1
    assert await ledger.runs.get("acme", "r2") is None


async def test_a_key_is_the_tenants_own(ledger: Ledger, new_run: MakeRun):
    gate = Gate(idempotency_key="k", fingerprint="a")
    first = await ledger.runs.admit(new_run(tenant_id="a"), gate)
    second = await ledger.runs.admit(new_run(tenant_id="b"), gate)
    assert kinds([first, second]) == {Admitted: 2}


async def test_an_expired_key_can_be_used_again(timed: Ledger, clock: Clock, new_run: MakeRun):
    gate = Gate(idempotency_key="k", fingerprint="a", idempotency_ttl_us=24 * HOUR_US)
    await timed.runs.admit(new_run(run_id="r1"), gate)
    clock.now += 24 * HOUR_US - 1
    assert isinstance(await timed.runs.admit(new_run(run_id="r2"), gate), Replayed)
    clock.now += 1
    other = gate.model_copy(update={"fingerprint": "b"})
    assert isinstance(await timed.runs.admit(new_run(run_id="r3"), other), Admitted)
    replay = await timed.runs.admit(new_run(run_id="r4"), other)
    assert isinstance(replay, Replayed) and replay.run.run_id == "r3"


async def count_keys(database: Database) -> int:
    async with database.read() as connection:
        return len((await connection.execute(select(idempotency_keys.c.key))).all())


async def test_expired_keys_do_not_pile_up(
    timed: Ledger, clock: Clock, database: Database, new_run: MakeRun
):
    for number in range(5):
        gate = Gate(idempotency_key=str(number), idempotency_ttl_us=HOUR_US)
        await timed.runs.admit(new_run(run_id=f"r{number}", tenant_id=f"t{number}"), gate)
    assert await count_keys(database) == 5
    clock.now += HOUR_US
    await timed.runs.admit(new_run(run_id="last"), Gate(idempotency_key="fresh"))
    assert await count_keys(database) == 1


async def test_a_refusal_leaves_the_key_unused(timed: Ledger, clock: Clock, new_run: MakeRun):
    gate = Gate(
        idempotency_key="k", fingerprint="f", rate_limit_per_minute=2, max_concurrent_runs=1
    )
    await timed.runs.admit(new_run(run_id="r0"), Gate())
    crowded = await timed.runs.admit(new_run(run_id="r1"), gate)
    assert isinstance(crowded, TooManyRuns)
    assert crowded.rate is not None and crowded.rate.remaining == 1
    assert isinstance(await timed.runs.admit(new_run(run_id="r2"), gate), TooManyRuns)
    limited = await timed.runs.admit(new_run(run_id="r3"), gate)
    assert isinstance(limited, RateLimited)
    assert limited.rate.retry_after_s == 30
    await timed.runs.finish("acme", "r0", Ending(status=RunStatus.SUCCEEDED), clock.now)
    clock.now += 30_000_000
    assert isinstance(await timed.runs.admit(new_run(run_id="r4"), gate), Admitted)


async def test_a_replay_costs_no_token_and_needs_no_room(
    timed: Ledger, clock: Clock, new_run: MakeRun
):
    gate = Gate(
        idempotency_key="k", fingerprint="f", rate_limit_per_minute=1, max_concurrent_runs=1
    )
    first = await timed.runs.admit(new_run(run_id="r1"), gate)
    assert isinstance(first, Admitted) and first.rate is not None
    assert (first.rate.remaining, first.rate.reset_s) == (0, 60)
    clock.now += 60_000_000
    for _ in range(5):
        replay = await timed.runs.admit(new_run(run_id="r2"), gate)
        assert isinstance(replay, Replayed)
        assert replay.rate is not None and replay.rate.remaining == 1
    await timed.runs.finish("acme", "r1", Ending(status=RunStatus.SUCCEEDED), clock.now)
    over = await timed.runs.admit(new_run(run_id="r2"), gate)
    assert isinstance(over, Replayed) and over.run.status is RunStatus.SUCCEEDED


async def test_paused_runs_do_not_count(ledger: Ledger, database: Database, new_run: MakeRun):
    gate = Gate(max_concurrent_runs=1)
    await ledger.runs.admit(new_run(run_id="r1"), gate)
    async with database.write() as connection:
        await connection.execute(update(runs).values(status=RunStatus.PAUSED))
    assert isinstance(await ledger.runs.admit(new_run(run_id="r2"), gate), Admitted)
    assert isinstance(await ledger.runs.admit(new_run(run_id="r3"), gate), TooManyRuns)
    queue = await ledger.runs.queue("acme")
    assert (queue.queued, queue.running) == (1, 1)


async def test_hostile_keys_are_keys(ledger: Ledger, new_run: MakeRun):
    keys = ["", "\x00", "k" * 100_000, "k" * 99_999 + "l", "'; --", "ключ"]
    for number, key in enumerate(keys):
        gate = Gate(idempotency_key=key, fingerprint=str(number))
        admission = await ledger.runs.admit(new_run(run_id=f"r{number}"), gate)
        assert isinstance(admission, Admitted), repr(key[:9])
        assert isinstance(await ledger.runs.admit(new_run(run_id="again"), gate), Replayed)
