"""The embedded stack as a child process, its API as a caller sees it, and what its site saw."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from activities.holder.messages import Hello

ROOT = Path(__file__).resolve().parents[2]
TERMINAL = ("succeeded", "failed", "cancelled")
START_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
_POLL_S = 0.1

Document = dict[str, Any]


def eventually(condition: Callable[[], object], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(_POLL_S)


@dataclass(frozen=True)
class LiveStack:
    """`mantis serve --demo-site` in its own process, and the processes that belong to it."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    api: str
    demo_site: str

    @property
    def token(self) -> str:
        return (self.data_dir / "api_token").read_text().strip()

    def processes(self) -> list[psutil.Process]:
        """Living processes whose command line or environment names the data folder."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["cmdline", "status"]):
            if process.info["status"] == psutil.STATUS_ZOMBIE:
                continue
            named = " ".join(process.info["cmdline"] or [])
            try:
                named += " ".join(process.environ().values())
            except psutil.Error:
                named += ""
            if str(self.data_dir) in named:
                found.append(process)
        return found

    def worker(self, pool: str) -> psutil.Process:
        for process in psutil.Process(self.process.pid).children():
            if process.cmdline()[-2:] == ["--pool", pool]:
                return process
        raise AssertionError(f"no {pool} worker runs")

    def sessions(self) -> list[Hello]:
        """The sessions that a holder process keeps now."""
        records = (self.data_dir / "sessions").glob("*/holder.json")
        return [Hello.model_validate_json(record.read_bytes()) for record in records]

    def session(self) -> Hello:
        """The one session of the one run that is running."""
        (session,) = self.sessions()
        return session

    def browsers(self) -> list[psutil.Process]:
        """Browser processes and session holders of this stack."""
        marks = (str(self.data_dir / "sessions"), str(self.data_dir / "tenants"))
        return [
            process
            for process in self.processes()
            if any(mark in _command_line(process) for mark in marks)
        ]

    def log(self, child: str) -> str:
        return (self.data_dir / "logs" / f"{child}.log").read_text(errors="replace")


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def start_stack(data_dir: Path, environment: Mapping[str, str]) -> LiveStack:
    output = data_dir / "serve.out"
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("mantis")), "serve", "--demo-site"]
    with output.open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", "0", "--data-dir", str(data_dir)],
            cwd=ROOT,
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def told() -> dict[str, str]:
        lines = output.read_text(errors="replace").splitlines()
        named = (line.partition(" ") for line in lines)
        return {
            "demo site" if first == "demo" else first: rest.split()[-1]
            for first, _, rest in named
            if first in ("ready", "demo")
        }

    try:
        eventually(
            lambda: len(told()) == 2 or process.poll() is not None,
            START_WITHIN_S,
            "the stack is ready",
        )
        assert process.poll() is None, output.read_text(errors="replace")
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_WITHIN_S)
        raise
    return LiveStack(process, data_dir, told()["ready"], told()["demo site"])


def stop_stack(stack: LiveStack) -> None:
    """End the stack as an operator does, and see that nothing of it is left."""
    stack.process.send_signal(signal.SIGTERM)
    try:
        stack.process.wait(STOP_WITHIN_S)
        deadline = time.monotonic() + 10
        while stack.processes() and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        left = [_command_line(process)[:200] for process in stack.processes()]
        assert left == [], "processes outlived mantis serve"
        assert stack.process.returncode == 0
    finally:
        for process in stack.processes():
            process.kill()


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")}
    kept["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "sdk")))
    kept |= {"MANTIS_RATE_LIMIT_PER_MINUTE": "0", "MANTIS_MAX_CONCURRENT_RUNS": "1000"}
    return kept | dict(extra)


class Api:
    """The service as a caller uses it."""

    def __init__(self, stack: LiveStack) -> None:
        self.stack = stack
        self.client = httpx.Client(
            base_url=stack.api, headers={"X-Mantis-Token": stack.token}, timeout=30
        )

    def submit(self, steps: Sequence[Document] | str, **options: object) -> str:
        """Submit inline steps, or a plan file by its path; waits where the rate says so."""
        shape = {"micro": steps} if isinstance(steps, str) else {"task_suite": list(steps)}
        body = {**shape, **options}
        while True:
            answer = self.client.post("/v1/predict", json=body)
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers["Retry-After"]))
        assert answer.status_code == 200, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    def get(self, run_id: str, part: str = "") -> Document:
        path = f"/v1/runs/{run_id}/{part}" if part else f"/v1/runs/{run_id}"
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        return document

    def wait(self, run_id: str, within_s: float = 90) -> Document:
        """The result of a run that is over within `within_s` seconds."""
        eventually(
            lambda: self.get(run_id)["status"] in TERMINAL, within_s, f"the end of run {run_id}"
        )
        return self.get(run_id, "result")

    def run(
        self, steps: Sequence[Document] | str, within_s: float = 90, **options: object
    ) -> Document:
        return self.wait(self.submit(steps, **options), within_s)

    def wait_for_steps(self, run_id: str, count: int, within_s: float = 60) -> None:
        """Wait until `count` steps of a run have been executed."""

        def done() -> bool:
            events = self.get(run_id, "events")["events"]
            return sum(event["kind"] == "step" for event in events) >= count

        eventually(done, within_s, f"{count} steps of run {run_id}")

    def artifact(self, run_id: str, name: str) -> httpx.Response:
        return self.client.get(f"/v1/runs/{run_id}/artifacts/{name}")


class Site:
    """The demo marketplace as its operator sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def listings(self, **search: object) -> list[Document]:
        """The true listings of a search in order, sponsored cards left out."""
        answer = httpx.get(f"{self.url}/_oracle/listings", params=_texts(search)).json()
        return [item for item in answer["items"] if not item["sponsored"]]

    def requests(self, visitor: str = "") -> list[Document]:
        answer = httpx.get(f"{self.url}/_oracle/requests", params={"visitor": visitor})
        found: list[Document] = answer.json()["requests"]
        return found

    def orders(self, visitor: str) -> list[Document]:
        orders = httpx.get(f"{self.url}/_oracle/orders").json()["orders"]
        return [order for order in orders if order["visitor"] == visitor]


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def kill_renderers(session: Hello) -> None:
    """Kill the renderer processes of a session, as the kernel does when memory runs out."""
    for process in psutil.Process(session.chrome_pid).children(recursive=True):
        if "--type=renderer" in _command_line(process):
            process.kill()
