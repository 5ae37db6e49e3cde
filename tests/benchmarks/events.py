"""What event streams cost: time from the append to the reader, and CPU of many idle readers.

Beside it, in the same run, a bare tail of a file: one process appends lines, this one reads
them by the poll that the ledger follows a SQLite file with.

usage: python -m tests.benchmarks.events [--events 300] [--readers 200] [--seconds 20]
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ledger.changes import POLL_S
from ledger.clock import now_micros
from ledger.ledger import Ledger
from ledger.models import Limits, NewEvent, NewRun
from ledger.settings import LedgerSettings
from plans.step import Perception
from tests.postgres import has_postgres, new_database, postgres_server

ROOT = Path(__file__).resolve().parents[2]
TENANT, RUN_ID, TOKEN = "default", "20260101_000000_0000abcd", "bench"
GAP_S = 0.05
TARGET_MS = 150.0
TARGET_CPU = 10.0


@dataclass(frozen=True)
class Figures:
    """Milliseconds, percent of a core, KiB, microseconds."""

    database: str
    latencies_ms: list[float]
    tail_ms: list[float]
    cpu_alone: float
    cpu_one: float
    cpu_many: float
    kib_a_reader: float
    us_an_event: float


@dataclass(frozen=True)
class Served:
    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        spent = self.process.cpu_times()
        return spent.user + spent.system

    def kib(self) -> float:
        return self.process.memory_info().rss / 1024


@contextmanager
def api(settings: LedgerSettings) -> Iterator[Served]:
    """The API in a process of its own; Temporal is away."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "--fd", str(listener.fileno())],
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept
        | {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
            "MANTIS_API_TOKEN": TOKEN,
            "MANTIS_DATA_DIR": str(settings.data_dir),
            "MANTIS_DATABASE_URL": settings.database_url,
            "TEMPORAL_ADDRESS": "127.0.0.1:1",
        },
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield Served(listener.getsockname()[1], psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(20)
            listener.close()


@asynccontextmanager
async def reader(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """An open event stream past its first frame, on a bare socket."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    outgoing.write(
        b"GET /v1/runs/%b/events?sse=true HTTP/1.1\r\nHost: bench\r\nX-Mantis-Token: %b\r\n\r\n"
        % (RUN_ID.encode(), TOKEN.encode())
    )
    await incoming.readuntil(b"event: phase")
    try:
        yield incoming
    finally:
        outgoing.close()


async def admit(settings: LedgerSettings) -> None:
    """A run that nobody starts."""
    ledger = await Ledger.open(settings.url)
    new = NewRun(
        tenant_id=TENANT,
        run_id=RUN_ID,
        plan=[{"intent": "Go to https://example.com", "type": "navigate"}],
        plan_name="bench",
        payload={},
        signature="ab" * 32,
        state_key="abababababab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
        created_at=now_micros(),
    )
    await ledger.runs.admit(new)
    for errand in await ledger.outbox.pending(10, now_micros()):
        await ledger.outbox.done(errand.id)
    await ledger.close()


async def write(settings: LedgerSettings, tailed: Path, events: int, gap_s: float) -> None:
    """Append events to the run and lines to the file, turn about, each with the time before."""
    ledger = await Ledger.open(settings.url)
    with tailed.open("ab", buffering=0) as lines:
        for number in range(events):
            await asyncio.sleep(gap_s)
            lines.write(b"%d\n" % time.monotonic_ns())
            await asyncio.sleep(gap_s)
            body = {"intent": "Open the next listing", "at": str(time.monotonic_ns())}
            event = NewEvent.model_validate(
                {"dedup_key": f"{number}:{time.monotonic_ns()}", "kind": "step", "body": body}
            )
            await ledger.events.append(TENANT, RUN_ID, [event])
    await ledger.close()


@contextmanager
def writer(
    settings: LedgerSettings, tailed: Path, events: int, gap_s: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """`write` in a process of its own."""
    given = {
        "--write": str(events),
        "--gap": str(gap_s),
        "--tailed": str(tailed),
        "--data": str(settings.data_dir),
        "--database": settings.database_url,
    }
    options = [f"{name}={value}" for name, value in given.items()]
    command = [sys.executable, "-m", "tests.benchmarks.events", *options]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


async def measure_latency(
    settings: LedgerSettings, port: int, folder: Path, events: int
) -> tuple[list[float], list[float]]:
    """Times from before the append to the reader, milliseconds: of the stream, of the tail."""
    tailed = folder / "tailed"
    tailed.touch()
    async with reader(port) as incoming:
        with writer(settings, tailed, events, GAP_S):
            streamed = asyncio.create_task(_read_stream(incoming, events))
            bare = asyncio.create_task(_read_tail(tailed, events))
            return await streamed, await bare


async def _read_stream(incoming: asyncio.StreamReader, events: int) -> list[float]:
    found: list[float] = []
    while len(found) < events:
        line = await incoming.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: {") and b'"at"' in line:
            found.append((time.monotonic_ns() - int(json.loads(line[6:])["at"])) / 1e6)
    return found


async def _read_tail(tailed: Path, events: int) -> list[float]:
    found: list[float] = []
    with tailed.open("rb") as lines:
        while len(found) < events:
            if line := lines.readline():
                found.append((time.monotonic_ns() - int(line)) / 1e6)
            else:
                await asyncio.sleep(POLL_S)
    return found


async def measure_cpu(served: Served, seconds: float) -> float:
    """Percent of a core that the API uses."""
    before = served.cpu_s()
    await asyncio.sleep(seconds)
    return (served.cpu_s() - before) / seconds * 100


async def measure(name: str, settings: LedgerSettings, folder: Path, given: argparse.Namespace):
    """All figures on one database."""
    await admit(settings)
    with api(settings) as served:
        streamed, bare = await measure_latency(settings, served.port, folder, given.events)
        alone = await measure_cpu(served, given.seconds)
        async with reader(served.port):
            one = await measure_cpu(served, given.seconds)
        before = served.kib()
        async with many_readers(served.port, given.readers) as readers:
            await asyncio.sleep(1)
            kib = (served.kib() - before) / given.readers
            idle = await measure_cpu(served, given.seconds)
            spent = served.cpu_s()
            with writer(settings, folder / "tailed", 100, 0.02):
                await asyncio.gather(*(_read_stream(incoming, 100) for incoming in readers))
            busy = served.cpu_s() - spent
    return Figures(name, streamed, bare, alone, one, idle, kib, busy / 100 / given.readers * 1e6)


@asynccontextmanager
async def many_readers(port: int, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """So many open streams, past what was there."""
    opened = [reader(port) for _ in range(count)]
    readers = [await one.__aenter__() for one in opened]
    try:
        for incoming in readers:
            await _drain(incoming)
        yield readers
    finally:
        for one in opened:
            await one.__aexit__(None, None, None)


async def _drain(incoming: asyncio.StreamReader) -> None:
    try:
        while True:
            async with asyncio.timeout(0.01):
                await incoming.read(65536)
    except TimeoutError:
        return


def table(found: list[Figures], readers: int) -> str:
    """The figures, ready to print."""
    rows: list[tuple[str, list[str], str]] = [
        ("", [one.database for one in found], ""),
        ("append to reader, p50 ms", [_p(one.latencies_ms, 50) for one in found], ""),
        ("append to reader, p95 ms", [_p(one.latencies_ms, 95) for one in found], "target 150"),
        ("bare file tail, p50 ms", [_p(one.tail_ms, 50) for one in found], ""),
        ("bare file tail, p95 ms", [_p(one.tail_ms, 95) for one in found], ""),
        ("CPU without readers, % of a core", [f"{one.cpu_alone:.1f}" for one in found], ""),
        ("CPU, 1 idle reader", [f"{one.cpu_one:.1f}" for one in found], ""),
        (f"CPU, {readers} idle readers", [f"{one.cpu_many:.1f}" for one in found], "target 10"),
        ("memory a reader, KiB", [f"{one.kib_a_reader:.0f}" for one in found], ""),
        ("CPU an event and reader, µs", [f"{one.us_an_event:.0f}" for one in found], ""),
    ]
    return "\n".join(
        f"{name:34}" + "".join(f"{value:>10}" for value in values) + f"   {target}"
        for name, values, target in rows
    )


def _p(values: list[float], percent: int) -> str:
    return f"{statistics.quantiles(values, n=100)[percent - 1]:.1f}"


async def compare(given: argparse.Namespace) -> list[Figures]:
    """Measure on SQLite, and on Postgres where it is installed."""
    found: list[Figures] = []
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="mantis-bench-")))
        kinds = {"sqlite": LedgerSettings(data_dir=folder / "data", database_url="")}
        if has_postgres():
            url = await new_database(made.enter_context(postgres_server()))
            kinds["postgres"] = LedgerSettings(data_dir=folder / "pg-data", database_url=url)
        for name, settings in kinds.items():
            place = folder / name
            place.mkdir()
            found.append(await measure(name, settings, place, given))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What event streams cost.")
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--gap", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--tailed", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--database", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write is not None:
        settings = LedgerSettings(data_dir=given.data, database_url=given.database)
        asyncio.run(write(settings, given.tailed, given.write, given.gap))
        return 0
    found = asyncio.run(compare(given))
    sys.stdout.write(table(found, given.readers) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
