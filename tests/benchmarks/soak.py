"""Does anything grow? Many short runs on one stack, which is weighed now and then.

Two runs at a time open a page and read it; every tenth signs in, pauses for a code and is
resumed. At each mark, when no run is live, processes, open files, memory, sockets, folders
and disk are counted. What a run is meant to leave (ledger, history, files) is told apart.

usage: python -m tests.benchmarks.soak [--runs 200] [--every 50] [--json FILE]
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tests.benchmarks.stacked import Document, Running, running
from tests.e2e.live import ROOT

AT_ONCE = 2
PAUSE_EVERY = 10
GROWN_BY = 0.15
"""More than this between the first mark and the last counts as growing, ..."""
_SLACK: Mapping[str, float] = {"files": 8, "pss_mb": 25, "processes": 0, "sockets": 4, "temp": 0}
"""... if it is also more than this."""

KINDS = {
    "runs": "--pool runs",
    "browsers": "--pool browsers",
    "api": "-m api",
    "temporal": "server start-dev",
    "site": "plans.example.marketplace",
    "driver": "playwright/driver",
    "holder": "activities.holder.main",
    "chromium": "--remote-debugging-port",
}


@dataclass(frozen=True)
class Weight:
    """One kind of process: how many, their open files, sockets, and memory."""

    processes: int
    files: int
    sockets: int
    pss_mb: float


@dataclass(frozen=True)
class Mark:
    """The stack after so many runs. Sizes in MB; `temp` counts entries of its temp folders."""

    runs: int
    kinds: dict[str, Weight]
    sessions: int
    control_sockets: int
    temp: int
    data_mb: float
    folders_mb: dict[str, float]


def reading(bench: Running, number: int) -> list[Document]:
    """A page of one boat, read."""
    url = f"{bench.site}/boats/{48_201 + number % 300}"
    return [
        {"type": "navigate", "intent": f"Open {url}", "required": True},
        {"type": "extract_data", "intent": "Extract Year, Make and Price"},
    ]


def signing_in() -> list[Document]:
    """The shipped login with a code."""
    path = ROOT / "plans" / "example" / "login-flow.json"
    steps: list[Document] = json.loads(path.read_text(encoding="utf-8"))["steps"]
    return steps


async def one_run(bench: Running, number: int, signing: asyncio.Lock) -> None:
    """Submit and follow one run to its end; its pause is answered."""
    if number % PAUSE_EVERY != PAUSE_EVERY - 1:
        run_id = await bench.submit(reading(bench, number))
        status = await bench.until_over(run_id)
    else:
        async with signing:
            inputs = {"email": "demo@harbor.test", "password": "harbor-demo"}
            run_id = await bench.submit(signing_in(), inputs=inputs)
            await _answer(bench, run_id)
            status = await bench.until_over(run_id)
    if status != "succeeded":
        raise RuntimeError(f"run {run_id} ended as {status}: {await bench.get(run_id, 'result')}")


async def _answer(bench: Running, run_id: str) -> None:
    while (status := await bench.get(run_id, "status"))["status"] != "paused":
        if status["status"] in ("failed", "succeeded", "cancelled"):
            return
        await asyncio.sleep(0.1)
    code = (await bench.oracle("codes"))["codes"][0]["code"]
    body = {"user_input": code, "pause_id": status["pause_id"]}
    await bench.post(run_id, "resume", body)


async def weigh(bench: Running, runs: int, temp_dir: Path) -> Mark:
    """Wait until no session is left, then count."""
    sessions = bench.data_dir / "sessions"
    for _ in range(300):
        if not any(sessions.glob("*")):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(3)
    return await asyncio.to_thread(_mark, bench.data_dir, runs, temp_dir)


def _mark(data_dir: Path, runs: int, temp_dir: Path) -> Mark:
    found: dict[str, list[Weight]] = {kind: [] for kind in (*KINDS, "other")}
    for process in psutil.Process().children(recursive=True):
        try:
            found[_kind(process)].append(_weight(process))
        except psutil.Error:
            continue
    folders = Counter({path.name: _size_mb(path) for path in data_dir.iterdir()})
    return Mark(
        runs=runs,
        kinds={kind: _sum(weights) for kind, weights in found.items() if weights},
        sessions=len(list((data_dir / "sessions").glob("*"))),
        control_sockets=len(list((temp_dir / "run").glob("**/*.sock"))),
        temp=len(list(temp_dir.iterdir())),
        data_mb=round(sum(folders.values()), 1),
        folders_mb={name: round(size, 2) for name, size in folders.most_common(6)},
    )


def _kind(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    return next((kind for kind, words in KINDS.items() if words in line), "other")


def _weight(process: psutil.Process) -> Weight:
    with process.oneshot():
        pss = process.memory_full_info().pss / 1024 / 1024
        sockets = len(process.net_connections(kind="all"))
        return Weight(1, process.num_fds(), sockets, pss)


def _sum(weights: Sequence[Weight]) -> Weight:
    return Weight(
        sum(one.processes for one in weights),
        sum(one.files for one in weights),
        sum(one.sockets for one in weights),
        round(sum(one.pss_mb for one in weights), 1),
    )


def _size_mb(path: Path) -> float:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    size = 0
    for one in files:
        with contextlib.suppress(FileNotFoundError):
            size += one.stat().st_size
    return size / 1024 / 1024


async def measure(runs: int, every: int, temp_dir: Path) -> list[Mark]:
    """Do so many runs, two at a time, and weigh at each mark."""
    settings = {"TMPDIR": str(temp_dir), "MANTIS_RUNTIME_DIR": str(temp_dir / "run")}
    marks: list[Mark] = []
    async with running(settings) as bench:
        signing = asyncio.Lock()
        slots = asyncio.Semaphore(AT_ONCE)

        async def slotted(number: int) -> None:
            async with slots:
                await one_run(bench, number, signing)

        for first in range(0, runs, every):
            numbers = range(first, min(first + every, runs))
            await asyncio.gather(*(slotted(number) for number in numbers))
            marks.append(await weigh(bench, numbers.stop, temp_dir))
            sys.stdout.write(shown(marks[-1]))
            sys.stdout.flush()
    return marks


def shown(mark: Mark) -> str:
    """A mark as lines."""
    lines = [
        f"after {mark.runs} runs: data {mark.data_mb} MB {mark.folders_mb}, "
        f"sessions {mark.sessions}, control sockets {mark.control_sockets}, temp {mark.temp}"
    ]
    lines += [
        f"  {kind:10} {one.processes:3} processes {one.files:5} files {one.sockets:4} sockets "
        f"{one.pss_mb:8.1f} MB"
        for kind, one in mark.kinds.items()
    ]
    return "\n".join(lines) + "\n"


def grown(first: Mark, last: Mark) -> list[str]:
    """What is notably more at the last mark than at the first."""
    found: list[str] = []

    def compare(name: str, measure: str, before: float, after: float) -> None:
        if after - before > max(_SLACK[measure], GROWN_BY * before):
            found.append(f"{name} {measure}: {before:g} -> {after:g}")

    for kind, after in last.kinds.items():
        before = first.kinds.get(kind, Weight(0, 0, 0, 0.0))
        for measure in ("processes", "files", "sockets", "pss_mb"):
            compare(kind, measure, asdict(before)[measure], asdict(after)[measure])
    compare("session folders", "temp", first.sessions, last.sessions)
    compare("control sockets", "temp", first.control_sockets, last.control_sockets)
    compare("temp folder", "temp", first.temp, last.temp)
    return found


def main() -> int:
    """Measure and print; 1 where something grows."""
    parser = argparse.ArgumentParser(description="Many short runs on one stack.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--json", type=Path, help="also write the marks to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        marks = asyncio.run(measure(arguments.runs, arguments.every, Path(folder)))
    more = grown(marks[0], marks[-1])
    runs = marks[-1].runs - marks[0].runs
    if runs:
        kb = (marks[-1].data_mb - marks[0].data_mb) * 1024 / runs
        sys.stdout.write(f"kept of a run: {kb:.0f} kB of ledger, history, files and logs\n")
    sys.stdout.write("\n".join(f"growing: {one}" for one in more) or "flat")
    sys.stdout.write("\n")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(mark) for mark in marks], indent=1))
    return 1 if more else 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
