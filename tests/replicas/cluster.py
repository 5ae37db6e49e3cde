"""API replicas as processes of their own, on one ledger and a Temporal that can go and return."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
from temporalio.client import Client

from ledger.ledger import Ledger
from temporal import devserver
from temporal.client import connect
from temporal.settings import TemporalSettings
from temporal.stack import free_ports

ROOT = Path(__file__).resolve().parents[2]
PLAN = [{"intent": "Go to https://example.com", "type": "navigate"}]
START_WITHIN_S = 90.0


@dataclass(frozen=True)
class Limits:
    """What a tenant of the harness may do; 0 submissions a minute is no limit."""

    max_concurrent_runs: int = 1_000_000
    rate_limit_per_minute: int = 0


class Process:
    """One child process that can be killed and started again."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, *, announces: bool
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._announces = announces
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it without waiting until it is ready."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._announces else output,
                stderr=output,
            )

    def wait_ready(self) -> None:
        """Wait for its first line, where it announces itself."""
        if not self._announces:
            return
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line.startswith("ready"), self.log()[-4000:]

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        output: IO[bytes] | None = process.stdout
        if output is not None:
            output.close()


@dataclass
class Replica:
    """One API process and where it answers."""

    process: Process
    url: str

    def start(self) -> None:
        self.process.start()
        self.process.wait_ready()

    def kill(self) -> None:
        self.process.kill()


@dataclass
class Cluster:
    """Replicas, a Temporal, and a worker for runs; no worker carries browsers.

    A run that is started therefore stays queued. Tenants are known by their names, which are
    their tokens too.
    """

    folder: Path
    database_url: str
    tenants: Mapping[str, Limits]
    size: int = 3
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    replicas: list[Replica] = field(default_factory=list[Replica])

    def __post_init__(self) -> None:
        self._ports = free_ports(3 + self.size)
        self.temporal_address = f"127.0.0.1:{self._ports[0]}"
        self._write_keys()
        values = {
            name: value for name, value in os.environ.items() if not name.startswith("MANTIS_")
        }
        values |= {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "sdk"))),
            "PYTHONUNBUFFERED": "1",
            "MANTIS_DATA_DIR": str(self.folder / "data"),
            "MANTIS_DATABASE_URL": self.database_url,
            "MANTIS_TENANT_KEYS_PATH": str(self.folder / "keys.json"),
            "TEMPORAL_ADDRESS": self.temporal_address,
        }
        values |= self.environment
        self._values = values
        self.temporal = Process(
            devserver.command(
                self.folder,
                port=self._ports[0],
                ui_port=self._ports[1],
                metrics_port=self._ports[2],
            ),
            os.environ,
            self.folder / "temporal.log",
            announces=False,
        )
        self.worker = self._python("worker", "temporal.worker", "--pool", "runs")
        self.replicas = [
            Replica(
                self._python(f"api-{number}", "api", "--port", str(port)),
                f"http://127.0.0.1:{port}",
            )
            for number, port in enumerate(self._ports[3:])
        ]

    @property
    def urls(self) -> list[str]:
        return [replica.url for replica in self.replicas]

    def start(self) -> None:
        """Start everything and wait until all replicas answer."""
        self.start_temporal()
        started = [self.worker, *(replica.process for replica in self.replicas)]
        for process in started:
            process.start()
        for process in started:
            process.wait_ready()

    def stop(self) -> None:
        """End everything."""
        for process in (*(replica.process for replica in self.replicas), self.worker):
            process.stop()
        self.temporal.stop()

    def start_temporal(self) -> None:
        """Start Temporal, on the data it had before, and wait until it answers."""
        self.temporal.start()
        asyncio.run(self._until_temporal_answers())

    async def temporal_client(self) -> Client:
        return await connect(TemporalSettings(address=self.temporal_address), None)

    async def ledger(self) -> Ledger:
        """The replicas' ledger, opened once more; to be closed."""
        return await Ledger.open(self.database_url)

    async def executions(self, tenant_id: str) -> Counter[str]:
        """How many executions Temporal knows of each run of a tenant."""
        client = await self.temporal_client()
        prefix = f"run/{tenant_id}/"
        query = f'WorkflowType = "PlanRun" AND WorkflowId STARTS_WITH "{prefix}"'
        found: Counter[str] = Counter()
        async for execution in client.list_workflows(query):
            found[execution.id.removeprefix(prefix)] += 1
        return found

    async def until_started(
        self, tenant_id: str, run_ids: frozenset[str], within_s: float = 30
    ) -> None:
        """Wait until Temporal knows exactly these runs of a tenant, each once."""
        deadline = time.monotonic() + within_s
        wanted = Counter(run_ids)
        while (found := await self.executions(tenant_id)) != wanted:
            assert time.monotonic() < deadline, (
                f"lost: {wanted - found}, too many: {found - wanted}"
            )
            await asyncio.sleep(0.1)

    def _python(self, name: str, *module: str) -> Process:
        command = [sys.executable, "-m", *module]
        return Process(command, self._values, self.folder / f"{name}.log", announces=True)

    async def _until_temporal_answers(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                await self.temporal_client()
            except RuntimeError:
                assert time.monotonic() < deadline, self.temporal.log()[-2000:]
                await asyncio.sleep(0.05)
            else:
                return

    def _write_keys(self) -> None:
        entries = {
            name: {
                "tenant_id": name,
                "max_concurrent_runs": limits.max_concurrent_runs,
                "rate_limit_per_minute": limits.rate_limit_per_minute,
            }
            for name, limits in self.tenants.items()
        }
        (self.folder / "keys.json").write_text(json.dumps({"tenant_keys": entries}))


def caller(tenant: str, at_once: int = 1000) -> httpx.AsyncClient:
    """A client of a tenant that may have many requests under way."""
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    return httpx.AsyncClient(headers={"X-Mantis-Token": tenant}, timeout=60, limits=limits)


async def submit(
    client: httpx.AsyncClient, url: str, key: str | None = None, **options: object
) -> httpx.Response:
    """Submit the smallest plan."""
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"task_suite": PLAN, **options}
    return await client.post(f"{url}/v1/predict", json=body, headers=headers)
