"""What a request costs: reading a run beside a bare route, and submitting one.

The bare route is FastAPI on the same server with the same ledger read and three fields of
the answer. All are asked in turns of a few seconds, so that other load of the machine
strikes all alike. Submissions go to an API with a real Temporal, which is told of each run
meanwhile; the rate and the cap are lifted.

usage: python -m tests.benchmarks.api [--seconds 3] [--rounds 3] [--submissions 300]
"""

import argparse
import asyncio
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from ledger.ledger import Ledger
from ledger.models import Limits, NewRun
from ledger.settings import LedgerSettings
from plans.step import Perception
from temporal import devserver
from temporal.client import connect
from temporal.settings import TemporalSettings
from temporal.stack import free_ports
from tests.benchmarks.load import Load
from tests.postgres import has_postgres, new_database, postgres_server

ROOT = Path(__file__).resolve().parents[2]
TENANT, RUN_ID, TOKEN = "default", "20260101_000000_0000abcd", "bench"
READERS, SUBMITTERS = 10, 20
STEPS = [
    {"intent": "Go to https://example.com/boats", "type": "navigate", "required": True},
    {"intent": "Filter by price up to 50,000", "type": "filter", "section": "setup"},
    {"intent": "Click the next listing", "type": "click", "section": "extraction"},
    {"intent": "Extract Year, Make and Price", "type": "extract_data", "section": "extraction"},
    {"intent": "Next listing", "type": "loop", "loop_target": 2, "loop_count": 10},
]


@dataclass
class Asked:
    """A route and what asking it came to."""

    path: str
    latencies_ms: list[float] = field(default_factory=list[float])
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, load: Load) -> None:
        self.latencies_ms += load.latencies_ms
        self.wall_s += load.wall_s
        self.cpu_s += load.cpu_s

    @property
    def a_second(self) -> float:
        return len(self.latencies_ms) / self.wall_s

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.latencies_ms, n=100)[percent - 1]


@dataclass(frozen=True)
class Figures:
    """All of one database."""

    database: str
    bare: Asked
    poll: Asked
    status: Asked
    submit: Asked
    alone: Asked


@contextmanager
def serving(command: list[str], settings: LedgerSettings, **more: str) -> Iterator[int]:
    """The port of a server that says `ready`."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--fd", str(listener.fileno())],
        cwd=ROOT,
        pass_fds=[listener.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept | _environment(settings) | more,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(20)
            listener.close()


def _environment(settings: LedgerSettings) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
        "MANTIS_API_TOKEN": TOKEN,
        "MANTIS_DATA_DIR": str(settings.data_dir),
        "MANTIS_DATABASE_URL": settings.database_url,
        "MANTIS_RATE_LIMIT_PER_MINUTE": "0",
        "MANTIS_MAX_CONCURRENT_RUNS": "1000000",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    }


@contextmanager
def temporal(folder: Path) -> Iterator[str]:
    """The address of a Temporal server of our own; no worker takes its work."""
    port, ui_port, metrics_port = free_ports(3)
    command = devserver.command(folder, port=port, ui_port=ui_port, metrics_port=metrics_port)
    with (folder / "temporal.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        asyncio.run(_until_up(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


async def _until_up(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            await connect(TemporalSettings(address=address), None)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


def bare_app(settings: LedgerSettings) -> FastAPI:
    """One route: the ledger's row, three fields of it as JSON."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.ledger = await Ledger.open(settings.url)
        yield
        await app.state.ledger.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/{run_id}")
    async def read(run_id: str) -> JSONResponse:
        ledger: Ledger = app.state.ledger
        row = await ledger.runs.get(TENANT, run_id)
        assert row is not None
        return JSONResponse({"run_id": row.run_id, "status": row.status, "phase": row.phase})

    return app


class _Announcing(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write("ready\n")
        sys.stdout.flush()


def serve_bare(descriptor: int) -> None:
    """Serve the bare route on a socket that was handed down, as the API serves its own."""
    config = uvicorn.Config(
        bare_app(LedgerSettings()), log_config=None, log_level="warning", access_log=False
    )
    asyncio.run(_Announcing(config).serve(sockets=[socket.socket(fileno=descriptor)]))


def load(port: int, path: str, *options: str) -> Load:
    """Ask from another process."""
    command = [sys.executable, "-m", "tests.benchmarks.load", str(port), path, "--token", TOKEN]
    found = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.decode())
    return Load(**json.loads(found.stdout))


async def admit(settings: LedgerSettings) -> None:
    """The run that is read, which nobody starts."""
    ledger = await Ledger.open(settings.url)
    new = NewRun(
        tenant_id=TENANT,
        run_id=RUN_ID,
        plan=STEPS,
        plan_name="",
        payload={"task_suite": STEPS, "detached": True},
        signature="bench",
        state_key="bench",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=1, max_run_steps=1),
        created_at=1_767_225_600_000_000,
    )
    await ledger.runs.admit(new)
    await ledger.close()


def measure_reads(settings: LedgerSettings, given: argparse.Namespace) -> tuple[Asked, ...]:
    """The bare route, the cheap poll and the status, in turns."""
    asyncio.run(admit(settings))
    bare = Asked(f"/{RUN_ID}")
    own = (Asked(f"/v1/runs/{RUN_ID}"), Asked(f"/v1/runs/{RUN_ID}/status"))
    command = ["tests.benchmarks.api", "--bare"]
    with serving(command, settings) as bare_port, serving(["api"], settings) as port:
        for port_of, one in ((bare_port, bare), *((port, one) for one in own)):
            load(port_of, one.path, "--seconds", "1")
        for _ in range(given.rounds):
            for port_of, one in ((bare_port, bare), *((port, one) for one in own)):
                options = ("--connections", str(READERS), "--seconds", str(given.seconds))
                one.add(load(port_of, one.path, *options))
    return bare, *own


def measure_submissions(
    settings: LedgerSettings, connections: int, count: int, **more: str
) -> Asked:
    """Submissions, the first ones not counted."""
    asked = Asked("/v1/predict")
    body = ("--body", json.dumps({"task_suite": STEPS}))
    with serving(["api"], settings, **more) as port:
        load(port, asked.path, *body, "--connections", str(connections), "--requests", "40")
        options = ("--connections", str(connections), "--requests", str(count))
        asked.add(load(port, asked.path, *body, *options))
    return asked


def commit_ms(folder: Path) -> list[float]:
    """What one commit of SQLite costs on this disk: WAL, synchronous=FULL, one row."""
    connection = sqlite3.connect(folder / "commits.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE rows (text)")
    found: list[float] = []
    for _ in range(200):
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows VALUES (?)", ("x" * 2000,))
        connection.execute("COMMIT")
        found.append((time.perf_counter() - began) * 1000)
    connection.close()
    return found


def table(found: list[Figures], commits: list[float]) -> str:
    """The figures, ready to print."""

    def row(name: str, values: list[str], target: str = "") -> str:
        return f"{name:44}" + "".join(f"{value:>10}" for value in values) + f"   {target}"

    def ratio(one: Asked, bare: Asked) -> str:
        return f"{one.a_second / bare.a_second:.3f}"

    lines = [
        row("", [one.database for one in found]),
        row("bare route, requests a second", [f"{one.bare.a_second:.0f}" for one in found]),
        row("cheap poll, requests a second", [f"{one.poll.a_second:.0f}" for one in found]),
        row("status, requests a second", [f"{one.status.a_second:.0f}" for one in found]),
        row("cheap poll / bare", [ratio(one.poll, one.bare) for one in found], "at least 0.5"),
        row("status / bare", [ratio(one.status, one.bare) for one in found], "at least 0.5"),
        row("bare route, 10 at once, p95 ms", [f"{one.bare.percentile(95):.1f}" for one in found]),
        row(
            "cheap poll, 10 at once, p95 ms",
            [f"{one.poll.percentile(95):.1f}" for one in found],
            "under 20",
        ),
        row(
            "status, 10 at once, p95 ms",
            [f"{one.status.percentile(95):.1f}" for one in found],
            "under 20",
        ),
        row("submit, 1 at a time, p50 ms", [f"{one.alone.percentile(50):.1f}" for one in found]),
        row("submit, 20 at once, a second", [f"{one.submit.a_second:.0f}" for one in found]),
        row("submit, 20 at once, p50 ms", [f"{one.submit.percentile(50):.1f}" for one in found]),
        row(
            "submit, 20 at once, p95 ms",
            [f"{one.submit.percentile(95):.1f}" for one in found],
            "under 150",
        ),
        row(
            "load generator, % of a core (poll)",
            [f"{one.poll.cpu_s / one.poll.wall_s * 100:.0f}" for one in found],
        ),
        f"one SQLite commit on this disk: p50 {statistics.median(commits):.2f} ms, "
        f"p95 {statistics.quantiles(commits, n=100)[94]:.2f} ms; "
        f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
    ]
    return "\n".join(lines)


def compare(given: argparse.Namespace) -> tuple[list[Figures], list[float]]:
    """Measure on SQLite, and on Postgres where it is installed."""
    found: list[Figures] = []
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="mantis-bench-")))
        commits = commit_ms(folder)
        kinds: Mapping[str, LedgerSettings] = {
            "sqlite": LedgerSettings(data_dir=folder / "data", database_url="")
        }
        if has_postgres():
            url = asyncio.run(new_database(made.enter_context(postgres_server())))
            kinds |= {"postgres": LedgerSettings(data_dir=folder / "pg-data", database_url=url)}
        address = made.enter_context(temporal(folder))
        for name, settings in kinds.items():
            reads = measure_reads(settings, given)
            there = {"TEMPORAL_ADDRESS": address}
            alone = measure_submissions(settings, 1, 60, **there)
            submit = measure_submissions(settings, SUBMITTERS, given.submissions, **there)
            found.append(Figures(name, *reads, submit, alone))
    return found, commits


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a request costs.")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        serve_bare(given.fd)
        return 0
    sys.stdout.write(table(*compare(given)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
