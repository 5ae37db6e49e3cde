from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest

from ledger.errors import BadCursor
from ledger.ledger import Ledger
from ledger.models import Ending, NewPause, NewPhase, NewRun, OpenRun, Phase, RunStatus

MakeRun = Callable[..., NewRun]
DONE = Ending(status=RunStatus.SUCCEEDED)
LOST = NewPhase(number=1, phase=Phase.RECOVERING, message="the browser was lost")


async def admit(ledger: Ledger, make: MakeRun, *names: str, at: int = 1, tenant: str = "acme"):
    for number, name in enumerate(names):
        await ledger.runs.admit(make(run_id=name, tenant_id=tenant, created_at=at + number))


async def walk(ledger: Ledger, limit: int, status: RunStatus | None = None) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await ledger.runs.page("acme", status, limit, cursor)
        assert len(page.runs) <= limit
        seen += [row.run_id for row in page.runs]
        if (cursor := page.next_cursor) is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
async def test_pages_lose_and_repeat_nothing(ledger: Ledger, new_run: MakeRun, limit: int):
    await admit(ledger, new_run, "a", "b", "c", at=10)
    await admit(ledger, new_run, "d", "e", "f", "g", at=12)
    await admit(ledger, new_run, "x", at=11, tenant="other")
    assert await walk(ledger, limit) == ["g", "f", "e", "d", "c", "b", "a"]


async def test_the_same_moment_has_an_order_too(ledger: Ledger, new_run: MakeRun):
    for name in ("c", "a", "d", "b"):
        await admit(ledger, new_run, name, at=5)
    assert await walk(ledger, 1) == ["d", "c", "b", "a"]


async def test_runs_that_come_meanwhile_do_no_harm(ledger: Ledger, new_run: MakeRun):
    await admit(ledger, new_run, *"abcdef", at=10)
    first = await ledger.runs.page("acme", None, 3, None)
    await admit(ledger, new_run, *"uvw", at=100)
    second = await ledger.runs.page("acme", None, 3, first.next_cursor)
    assert [row.run_id for row in second.runs] == ["c", "b", "a"]
    assert second.next_cursor is None


async def test_pages_of_one_status(ledger: Ledger, new_run: MakeRun):
    await admit(ledger, new_run, *"abcdef", at=10)
    for name in "bdf":
        await ledger.runs.finish("acme", name, DONE, 20)
    assert await walk(ledger, 2, RunStatus.SUCCEEDED) == ["f", "d", "b"]
    assert await walk(ledger, 2, RunStatus.QUEUED) == ["e", "c", "a"]
    assert await walk(ledger, 2, RunStatus.PAUSED) == []


def encoded(place: bytes) -> str:
    return urlsafe_b64encode(place).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "===",
        "ключ",
        "\x00",
        "\ud800",
        "A" * 100_000,
        encoded(b""),
        encoded(b"1"),
        encoded(b"."),
        encoded(b"1."),
        encoded(b".r"),
        encoded(b"-1.r"),
        encoded(b"1.5e3.r r"),
        encoded(b"1.\xff"),
        encoded(b"1.r\x00"),
        encoded(b"1.r\n"),
        encoded("١.r".encode()),
        encoded(b"9" * 19 + b".r"),
        encoded(b"1." + b"r" * 129),
        encoded(b"1.r") + "!",
        encoded(b"1.r") + "\n",
    ],
)
async def test_a_cursor_that_nobody_gave_out_is_refused(ledger: Ledger, cursor: str):
    with pytest.raises(BadCursor):
        await ledger.runs.page("acme", None, 5, cursor)


async def test_the_queue_counts_what_is_open(ledger: Ledger, new_run: MakeRun):
    await admit(ledger, new_run, *"abcdef")
    assert (await ledger.runs.queue("acme")).eta_ms is None
    for name in "abcd":
        await ledger.runs.begin("acme", name, 9)
    await ledger.runs.mark_phase("acme", "b", LOST, 10)
    asked = NewPause(pause_id="p1", prompt="Code?", reason="user_input", needs_input=True)
    await ledger.pauses.open("acme", "c", asked, 10)
    await ledger.runs.finish("acme", "d", DONE, 11)
    queue = await ledger.runs.queue("acme")
    assert (queue.queued, queue.running, queue.recovering) == (2, 2, 1)
    other = await ledger.runs.queue("other")
    assert (other.queued, other.running, other.recovering, other.eta_ms) == (0, 0, 0, None)


async def test_the_estimate_comes_from_recent_dispatches(ledger: Ledger, new_run: MakeRun):
    for number in range(60):
        await admit(ledger, new_run, f"old{number}", at=1_000)
        await ledger.runs.begin("acme", f"old{number}", 1_000 + 90_000_000)
    assert (await ledger.runs.queue("acme")).eta_ms == 90_000
    start = 10**12
    for number in range(50):
        await admit(ledger, new_run, f"new{number}", at=start)
        await ledger.runs.begin("acme", f"new{number}", start + 2_000_000 + number)
    assert (await ledger.runs.queue("acme")).eta_ms == 2_000
    await admit(ledger, new_run, "ahead", at=start + 10)
    await ledger.runs.begin("acme", "ahead", start - 10)
    assert (await ledger.runs.queue("acme")).eta_ms == 2_000


async def test_open_runs_are_those_nobody_touched(ledger: Ledger, new_run: MakeRun):
    clock = 1_000
    await admit(ledger, new_run, *"abc", at=clock)
    await admit(ledger, new_run, "d", at=clock - 1, tenant="other")
    waiting = {"profile_id": "p"}
    for name in ("e", "w"):
        await ledger.runs.admit(new_run(run_id=name, created_at=2_000).model_copy(update=waiting))
    await ledger.runs.begin("acme", "b", 5_000)
    await ledger.runs.finish("acme", "c", DONE, 3_000)
    found = await ledger.runs.open_runs(10_000, 9)
    assert [one.run_id for one in found] == ["d", "a", "b", "e"]
    assert [one.status for one in found[1:3]] == [RunStatus.QUEUED, RunStatus.RUNNING]
    assert [one.run_id for one in await ledger.runs.open_runs(5_000, 9)] == ["d", "a", "e"]
    batches: list[str] = []
    after: OpenRun | None = None
    while batch := await ledger.runs.open_runs(10_000, 2, after):
        batches += [one.run_id for one in batch]
        after = batch[-1]
    assert batches == ["d", "a", "b", "e"]
