"""Real browser workers on a real Temporal, a workflow that asks them for sessions, a site."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from playwright.async_api import Page, async_playwright
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.browser.capturing import capture
from activities.browser.checkpoint import restorable
from activities.browser.session import BrowserSession, PlaywrightDriver
from activities.holder.client import HolderClient
from activities.holder.finding import spec_of
from activities.holder.messages import Hello, HolderSpec
from activities.steps.masking import NOTHING
from ledger.ledger import Ledger
from ledger.models import Limits, NewCheckpoint, NewRun
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from plans.step import Perception
from temporal.client import connect
from temporal.pools.browsers import polling
from temporal.settings import TemporalSettings
from tests.activities.sessions.asking import Ask, Asking, Hold, Seen
from workflows.interfaces import (
    BROWSERS_QUEUE,
    CLOSE_SESSION,
    PARK_SESSION,
    CloseRequest,
    ParkRequest,
    RunKey,
    SessionRequest,
    plan_run_id,
)
from workflows.messages import SessionGone, SessionOpened, SessionRef

WITHIN_S = 60.0
ROOT = Path(__file__).parents[3]
Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], what: str) -> Found:
    """Look until there is something."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.05)
    return found


async def until_true(look: Callable[[], object], what: str) -> None:
    async def looked() -> bool:
        return bool(look())

    await until(looked, what)


PAGE = b"""<!doctype html><title>form</title><input id=city name=city>
<form method=post action=/posted><button id=post>post</button></form>
<script>started = Math.random(); if (location.search === '?poll')
setInterval(() => fetch('/poll').catch(() => 0), 50)</script>"""


@dataclass
class Site:
    """A small site that counts what it is asked for."""

    port: int
    asked: Counter[str]

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    asked: Counter[str] = Counter()
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                asked[head.split(b" ")[1].split(b"?")[0].decode()] += 1
                if b" /never " in head:
                    await asyncio.Event().wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE)
        except (OSError, EOFError):
            return
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield Site(server.sockets[0].getsockname()[1], asked)
    server.close()
    for task in tuple(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Machine:
    """One data folder with its ledger, and the environment of the workers on it."""

    data_dir: Path
    environment: dict[str, str]

    @property
    def sessions_dir(self) -> Path:
        return self.data_dir / "sessions"

    def processes(self) -> list[psutil.Process]:
        """Holders and browsers of this data folder, zombies excepted."""
        found: list[psutil.Process] = []
        for one in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(one.info["cmdline"] or [])
            alive = one.info["status"] != psutil.STATUS_ZOMBIE
            if alive and str(self.data_dir) in line and one.pid != os.getpid():
                found.append(one)
        return found

    def left(self) -> list[str]:
        """Everything that a session leaves while it lives."""
        folders = (self.sessions_dir, self.runtime_dir, self.data_dir / "journals" / "acme")
        paths = [path for folder in folders if folder.exists() for path in folder.iterdir()]
        return [str(path) for path in paths] + [str(one.pid) for one in self.processes()]

    @property
    def runtime_dir(self) -> Path:
        return Path(self.environment["MANTIS_RUNTIME_DIR"])


@pytest.fixture
def machine(
    tmp_path: Path, site: Site, temporal_address: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="ms-", ignore_cleanup_errors=True) as runtime_dir:
        environment = {
            "MANTIS_DATA_DIR": str(tmp_path / "data"),
            "MANTIS_RUNTIME_DIR": runtime_dir,
            "MANTIS_ALLOW_PRIVATE_HOSTS": f"127.0.0.1:{site.port}",
            "TEMPORAL_ADDRESS": temporal_address,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        machine = Machine(tmp_path / "data", environment)
        yield machine
        for one in machine.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


@pytest.fixture
async def client(machine: Machine) -> Client:
    return await connect(TemporalSettings(), Keyring.load(LedgerSettings()))


@pytest.fixture
async def ledger(machine: Machine) -> AsyncIterator[Ledger]:
    settings = LedgerSettings()
    ledger = await Ledger.open(settings.url, keyring=Keyring.load(settings))
    yield ledger
    await ledger.close()


class Run:
    """A run of its own, and the workflow that asks for its sessions."""

    def __init__(
        self, key: RunKey, machine: Machine, ledger: Ledger, handle: WorkflowHandle[Asking, None]
    ) -> None:
        self.key = key
        self.handle = handle
        self._machine = machine
        self._ledger = ledger

    async def hold(
        self,
        epoch: int = 1,
        previous: SessionRef | None = None,
        queue: str = "",
        profile_id: str = "",
    ) -> None:
        """Ask for a session: of the previous one's machine, else of any."""
        request = SessionRequest(
            run=self.key, epoch=epoch, previous=previous, profile_id=profile_id
        )
        chosen = queue or (previous.machine_queue if previous else BROWSERS_QUEUE)
        await self.handle.signal(Asking.hold, Hold(request=request, queue=chosen))

    async def seen(self) -> Seen:
        return await self.handle.query(Asking.seen)

    async def opened(self, epoch: int = 1) -> SessionOpened:
        async def look() -> SessionOpened | None:
            seen = await self.seen()
            assert epoch not in seen.ends, seen.ends
            return next((one for one in seen.opened if one.session.epoch == epoch), None)

        return await until(look, f"session {epoch}")

    async def ended(self, epoch: int = 1) -> str:
        async def look() -> str:
            return (await self.seen()).ends.get(epoch, "")

        return await until(look, f"the end of session {epoch}")

    async def gone(self, epoch: int = 1) -> SessionGone:
        async def look() -> SessionGone | None:
            told = (await self.seen()).gone
            return next((one for one in told if one.session.epoch == epoch), None)

        return await until(look, f"news of session {epoch}")

    async def park(self, ref: SessionRef, hold_s: float) -> None:
        request = ParkRequest(run=self.key, session=ref, hold_s=hold_s)
        ask = Ask(activity=PARK_SESSION, request=request, queue=ref.host_queue)
        await self.handle.execute_update(Asking.ask, ask)

    async def close(self, ref: SessionRef, queue: str = "") -> None:
        request = CloseRequest(run=self.key, session=ref)
        ask = Ask(activity=CLOSE_SESSION, request=request, queue=queue or ref.host_queue)
        await self.handle.execute_update(Asking.ask, ask)

    def spec(self, ref: SessionRef) -> HolderSpec:
        spec = spec_of(self._machine.sessions_dir / ref.session_id)
        assert spec is not None
        return spec

    async def hello(self, ref: SessionRef) -> Hello:
        return await HolderClient(self.spec(ref).socket_path).hello()

    @contextlib.asynccontextmanager
    async def pages(self, ref: SessionRef) -> AsyncIterator[list[Page]]:
        """The session's tabs, over a second line beside the worker's."""
        async with async_playwright() as playwright:
            cdp_url = (await self.hello(ref)).cdp_url
            browser = await playwright.chromium.connect_over_cdp(cdp_url)
            yield browser.contexts[0].pages

    async def checkpoint(self, ref: SessionRef) -> None:
        """Keep a checkpoint of the session's pages as they are."""
        driver = PlaywrightDriver()
        folder = self._machine.data_dir / "looking"
        cdp_url = (await self.hello(ref)).cdp_url
        session = await BrowserSession.attach(driver, cdp_url, "looking", 1, folder)
        try:
            taken = await capture(session, NOTHING)
            assert taken is not None
            kept = NewCheckpoint(body=taken.model_dump(mode="json"), restorable=restorable(taken))
            await self._ledger.checkpoints.write(self.key.tenant_id, self.key.run_id, kept)
        finally:
            await session.detach()
            await driver.stop()


@pytest.fixture
async def run(client: Client, ledger: Ledger, machine: Machine) -> AsyncIterator[Run]:
    key = RunKey(tenant_id="acme", run_id=f"20260101_000000_{uuid.uuid4().hex[:8]}")
    new = NewRun(
        tenant_id=key.tenant_id,
        run_id=key.run_id,
        plan=[{"intent": "Wait", "type": "wait"}],
        plan_name="example",
        payload={},
        signature="ab" * 32,
        state_key="abababababab",
        profile_id=None,
        perception=Perception.AUTO,
        limits=Limits(max_cost_micro=1, max_time_ms=3_600_000, max_run_steps=20),
        created_at=1_000_000,
    )
    await ledger.runs.admit(new)
    queue = f"asking-{uuid.uuid4().hex}"
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Asking],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        workflow_id = plan_run_id(key.tenant_id, key.run_id)
        handle = await client.start_workflow(Asking.run, id=workflow_id, task_queue=queue)
        yield Run(key, machine, ledger, handle)
        with contextlib.suppress(Exception):
            await handle.terminate()


@pytest.fixture
async def worker(client: Client, ledger: Ledger) -> AsyncIterator[None]:
    """A browser worker in this process."""
    async with polling(client, ledger):
        yield


class WorkerProcess:
    """A browser worker as a process of its own."""

    def __init__(self, machine: Machine) -> None:
        environment = dict(os.environ) | machine.environment
        with (machine.data_dir / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "temporal.worker", "--pool", "browsers"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    async def ready(self) -> None:
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line == b"ready\n"

    def end(self) -> None:
        """Kill -9, if it lives, and reap it."""
        self.process.kill()
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


StartWorker = Callable[[], Awaitable[WorkerProcess]]


@pytest.fixture
async def start_worker(machine: Machine, ledger: Ledger) -> AsyncIterator[StartWorker]:
    """Starts browser workers as processes of their own."""
    started: list[WorkerProcess] = []

    async def start() -> WorkerProcess:
        started.append(WorkerProcess(machine))
        await started[-1].ready()
        return started[-1]

    yield start
    for one in started:
        one.end()
