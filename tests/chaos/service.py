"""A `mantis serve` of real processes, with hands to hurt them and eyes for what is left."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

TERMINAL = ("succeeded", "failed", "cancelled")
_COMMAND = "import sys; from mantis_agent.cli import main; sys.exit(main())"
_READY_WITHIN_S = 90

PARTS = {
    "runs": "--pool runs",
    "browsers": "--pool browsers",
    "api": "-m api",
    "temporal": "server start-dev",
    "demo-site": "plans.example.marketplace",
    "holder": "activities.holder.main",
    "driver": "playwright/driver",
    "chromium": "--remote-debugging-port",
}
"""How the command line of each part is told."""


def wait_for(look: Callable[[], object], what: str, within_s: float) -> None:
    """Look until the answer is true."""
    deadline = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.1)


class Service:
    """One data folder and the `mantis serve` on it, which may be killed and started again."""

    def __init__(
        self, data_dir: Path, runtime_dir: Path, site: str = "", port: int = 0, **environment: str
    ) -> None:
        """`site`: URL of a demo site that runs elsewhere; else the service has its own."""
        self.data_dir = data_dir
        self.runtime_dir = runtime_dir
        self.site = site
        self._options = ["--port", str(port), "--data-dir", str(data_dir)]
        if not site:
            self._options.append("--demo-site")
        else:
            allowed = {"MANTIS_ALLOW_PRIVATE_HOSTS": site.removeprefix("http://")}
            environment = {**allowed, "MANTIS_DEMO_SITE": site, **environment}
        self._environment = {
            **os.environ,
            "MANTIS_API_TOKEN": "chaos",
            "MANTIS_RATE_LIMIT_PER_MINUTE": "0",
            "MANTIS_MAX_CONCURRENT_RUNS": "1000",
            "MANTIS_RUNTIME_DIR": str(runtime_dir),
            "MANTIS_LEASE_LINGER_S": "3",
            **environment,
        }
        self._process: subprocess.Popen[str] | None = None
        self.api = httpx.Client()

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        command = [sys.executable, "-c", _COMMAND, "serve", *self._options]
        with (self.data_dir.parent / "serve.log").open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment,
                text=True,
            )
        began, lines = time.monotonic(), dict[str, str]()
        assert self._process.stdout is not None
        last = "Temporal" if self.site else "demo"
        while last not in lines:
            line = self._process.stdout.readline()
            assert line, f"serve ended: {lines}"
            assert time.monotonic() < began + _READY_WITHIN_S
            lines[line.split()[0]] = line.split()[-1]
        self.site = lines.get("demo", self.site)
        self.api.close()
        self.api = httpx.Client(
            base_url=lines["ready"], headers={"X-Mantis-Token": "chaos"}, timeout=30
        )

    def stop(self, within_s: float = 60) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended(within_s)

    def kill(self) -> None:
        """SIGKILL to `mantis serve` itself."""
        self.process.kill()
        self._ended(30)

    def _ended(self, within_s: float) -> int:
        code = self.process.wait(within_s)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def end(self) -> None:
        """Whatever happened: nothing of it goes on."""
        self.api.close()
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for one in self.processes():
            one.kill()

    def processes(self, part: str = "") -> list[psutil.Process]:
        """Every process of this data folder, or those of one part."""
        return [one for one in psutil.process_iter() if self._ours(one, PARTS.get(part, part))]

    def _ours(self, one: psutil.Process, words: str) -> bool:
        folder = str(self.data_dir)
        try:
            line = " ".join(one.cmdline())
            if one.pid == os.getpid() or words not in line or one.status() == psutil.STATUS_ZOMBIE:
                return False
            return folder in line or one.environ().get("MANTIS_DATA_DIR") == folder
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def strike(self, part: str) -> psutil.Process:
        """Kill -9 one process of a part; it is gone when this returns."""
        victim = self.processes(part)[0]
        victim.kill()
        victim.wait(10)
        return victim

    def health(self) -> int:
        """The code that health answers with; 0 while the API is away."""
        try:
            return self.api.get("/v1/health").status_code
        except httpx.TransportError:
            return 0

    def post(self, steps: list[dict[str, object]], **options: object) -> httpx.Response:
        return self.api.post("/v1/predict", json={"task_suite": steps, **options})

    def submit(self, steps: list[dict[str, object]], **options: object) -> str:
        answer = self.post(steps, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["run_id"]

    def status(self, run_id: str) -> dict[str, object]:
        """The status of a run; its field `status` is None while the API is away."""
        try:
            answer = self.api.get(f"/v1/runs/{run_id}/status")
        except httpx.TransportError:
            return {"status": None}
        assert answer.status_code == 200, answer.text
        return answer.json()

    def result(self, run_id: str) -> dict[str, object]:
        return self.api.get(f"/v1/runs/{run_id}/result").json()

    def cancel(self, run_id: str) -> None:
        assert self.api.post(f"/v1/runs/{run_id}/cancel", json={}).status_code == 200

    def steps_done(self, run_id: str) -> int:
        events = self.api.get(f"/v1/runs/{run_id}/events").json()["events"]
        return sum(event["kind"] == "step" for event in events)

    def until_step(self, run_id: str, steps: int, within_s: float = 60) -> None:
        wait_for(
            lambda: self.steps_done(run_id) >= steps, f"step {steps} of run {run_id}", within_s
        )

    def until_over(self, run_id: str, within_s: float = 90) -> dict[str, object]:
        wait_for(
            lambda: self.status(run_id)["status"] in TERMINAL, f"the end of run {run_id}", within_s
        )
        return self.result(run_id)

    @contextmanager
    def ledger_locked(self) -> Iterator[None]:
        """Nobody else writes to the ledger meanwhile."""
        connection = sqlite3.connect(self.data_dir / "ledger.db", timeout=30, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def left(self) -> list[str]:
        """Browsers, holders, sockets and session folders that are there now."""
        found = [
            f"{part} {one.pid}" for part in ("holder", "chromium") for one in self.processes(part)
        ]
        for folder in (self.runtime_dir, self.data_dir / "sessions"):
            found += [str(path) for path in folder.iterdir()] if folder.exists() else []
        return found

    def until_nothing_left(self, within_s: float = 30) -> None:
        wait_for(lambda: not self.left(), f"nothing left of {self.left()}", within_s)
