"""Whether what runs cost is what the models charge, to the micro-dollar, whatever dies meanwhile.

Plans made of seeds ask the fakes of Holo3 and Claude at random, through PlanRun on a real
Temporal, the real activities in processes of their own, and the real ledger; the browser side is
a script. Models are overloaded, refuse, cut off and answer nonsense; workers are killed (SIGKILL)
while questions are under way; browsers are lost; runs are cancelled; budgets run out.

An answer that was sent to a worker which was dead before it had written it down is charged all
the same, and no ledger can know of it. So workers are killed while no answer is on its way; with
`--anytime` they are killed at once, and what they had not written down is counted apart, and must
be covered by what the ledger holds for lost tries.

usage: python -m tests.benchmarks.money [--seeds 100] [--first 0] [--anytime]
"""

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from temporalio.client import Client, WorkflowFailureError

from activities.asks_store import AsksStore
from ledger.ledger import Ledger
from ledger.models import Document, RunRow, UsageFilter
from ledger.settings import LedgerSettings
from ledger.vault import Keyring
from temporal.client import connect
from temporal.settings import TemporalSettings
from tests.activities.models.calling import ROOT, serving
from tests.benchmarks.money_plans import KEY, TENANT, Host, Models, Seeded, bills
from tests.fakes.claude_api import ClaudeApi
from tests.fakes.sglang import SGLang
from tests.workflows.plain_server import plain_server
from workflows.interfaces import RUNS_QUEUE, RunInput, plan_run_id
from workflows.plan_run import PlanRun

WORKERS = 2
AT_ONCE = 8
_MOST_STARTS = 5
"""Of a worker that does not come to be ready."""
SETTINGS = (
    "MANTIS_DATA_DIR",
    "MANTIS_SECRETS_DIR",
    "MANTIS_HOLO3_URL",
    "MANTIS_HOLO3_TIMEOUT_S",
    "MANTIS_ANTHROPIC_BASE_URL",
    "MANTIS_MODEL_PATIENCE_S",
    "ANTHROPIC_API_KEY",
    "TEMPORAL_ADDRESS",
)
"""What is set in the environment, for the workers and for this process."""


class Workers:
    """Processes that ask models, each started again when it ends."""

    def __init__(self, log: Path, models: Models) -> None:
        self._log = log
        self._models = models
        self.kills = 0
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._closing = False

    async def killing(self, ledger: Ledger, anytime: bool) -> None:
        """End all of them whenever a run is to lose them: while its question is under way.

        Args:
            ledger: tells what is known of the other questions.
            anytime: whether the others may be anywhere between their answers and the ledger.
        """
        while True:
            while not self._models.doomed.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if not anytime:
                await self._until_quiet(ledger)
            self.kill()
            self.kills += 1
            self._models.doomed.clear()

    async def _until_quiet(self, ledger: Ledger) -> None:
        """Until all answers that were sent are in the ledger."""
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                while True:
                    total = await ledger.usage.total(UsageFilter(tenant_id=TENANT))
                    if total.tries - total.open_tries >= self._models.answered:
                        return
                    await asyncio.sleep(0.05)

    def kill(self) -> None:
        """End all of them at once."""
        for process in list(self._running.values()):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """While the block lasts."""
        ready = [asyncio.Event() for _ in range(WORKERS)]
        kept = [asyncio.create_task(self._keep(n, ready[n])) for n in range(WORKERS)]
        try:
            for one in ready:
                await asyncio.wait_for(one.wait(), 120)
            yield
        finally:
            self._closing = True
            self.kill()
            await asyncio.gather(*kept)

    async def _keep(self, number: int, ready: asyncio.Event) -> None:
        starts = 0
        while not self._closing:
            starts += 1
            if starts > _MOST_STARTS:
                raise RuntimeError(f"workers do not start:\n{self._log.read_text()[-4000:]}")
            with self._log.open("ab") as log:
                process = _start(log)
            self._running[number] = process
            assert process.stdout is not None
            if await asyncio.to_thread(process.stdout.readline) == b"ready\n":
                ready.set()
                starts = 0
            await asyncio.to_thread(process.wait)
            process.stdout.close()


def _start(log: BinaryIO) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.money_worker"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=log,
    )


@dataclass(frozen=True)
class Audited:
    """A run that is over: what it may spend, what the models charged, what the ledger says."""

    plan: Seeded
    row: RunRow
    bill: list[int]
    ledger: int
    held: int
    told: int
    of_steps: int
    acts: tuple[int, ...]

    @property
    def charged(self) -> int:
        """What the models charge for the run, micro-dollars."""
        return sum(self.bill)

    @property
    def unread(self) -> int:
        """Charged for answers that were sent to a dead worker."""
        return self.charged - self.ledger

    @property
    def overshoot(self) -> int:
        """How far the models' bill is above the run's budget."""
        return max(0, self.charged - self.plan.max_cost_micro)

    def faults(self) -> list[str]:
        """What is wrong with it."""
        found: list[str] = []
        if not 0 <= self.unread <= self.held:
            found.append(f"charged {self.charged}, ledger {self.ledger}, held {self.held}")
        if self.told != self.ledger:
            found.append(f"the account tells {self.told}, the ledger {self.ledger}")
        if self.of_steps != self.ledger:
            found.append(f"the steps cost {self.of_steps}, the ledger has {self.ledger}")
        if self.overshoot and self.overshoot >= max(self.bill):
            found.append(f"overshot by {self.overshoot}, as much as its dearest call cost")
        if any(times > 1 for times in self.acts):
            found.append("acted twice")
        if not self.row.status.terminal:
            found.append(f"is {self.row.status}")
        return [f"seed {self.plan.seed}: {one}" for one in found]


@dataclass(frozen=True)
class Account:
    """All runs, and what happened to them."""

    runs: Sequence[Audited]
    kills: int
    lost: int
    seconds: float
    bill: int
    ledger: int

    def faults(self) -> list[str]:
        """What is wrong, run by run and in sum."""
        found = [fault for one in self.runs for fault in one.faults()]
        if self.ledger != sum(one.ledger for one in self.runs):
            found.append("the tenant's sum is not that of its runs")
        if self.bill != sum(one.charged for one in self.runs):
            found.append("the bill is not that of the runs")
        return found

    def unread(self) -> list[str]:
        """Runs whose bill is not the ledger's sum to the micro-dollar."""
        return [f"seed {one.plan.seed}: {one.unread} unread" for one in self.runs if one.unread]

    def table(self) -> list[str]:
        """What was measured."""
        ends = Counter(str(one.row.halt_class or one.row.status) for one in self.runs)
        calls = sum(len(one.bill) for one in self.runs)
        over = [one.overshoot for one in self.runs]
        dearest = max((max(one.bill, default=0) for one in self.runs), default=0)
        unread = [one.unread for one in self.runs if one.unread]
        return [
            f"{'runs':34} {len(self.runs)} in {self.seconds:.0f} s: "
            + ", ".join(f"{count} {name}" for name, count in sorted(ends.items())),
            f"{'calls that were charged':34} {calls}",
            f"{'times that all workers were killed':34} {self.kills}",
            f"{'browsers that were lost':34} {self.lost}",
            f"{'the models bill, micro-dollars':34} {self.bill}",
            f"{'the ledger has, micro-dollars':34} {self.ledger}",
            f"{'sent to workers that were dead':34} {sum(unread)} in {len(unread)} runs",
            f"{'budgets overshot':34} {sum(one > 0 for one in over)}, "
            f"at most by {max(over, default=0)}; the dearest call cost {dearest}",
        ]


async def play(
    address: str, folder: Path, seeds: Sequence[int], *, anytime: bool = False
) -> Account:
    """Play the plans of these seeds on a Temporal server; what came of them.

    Args:
        address: the server's.
        folder: for data and logs.
        seeds: of the plans.
        anytime: whether workers die at any moment, or while no answer is on its way.
    """
    plans = {seed: Seeded.of(seed) for seed in seeds}
    models = Models(plans)
    workers = Workers(folder / "workers.log", models)
    began = time.monotonic()
    with SGLang(models.holo3) as holo3, ClaudeApi(models.claude, keys={KEY: "a"}) as claude:
        pool = f"{holo3.url}/v1"
        values = (str(folder / "data"), str(folder), pool, "15", claude.url, "60", KEY, address)
        os.environ |= dict(zip(SETTINGS, values, strict=True))
        settings = LedgerSettings()
        keyring = Keyring.load(settings)
        ledger = await Ledger.open(settings.url, keyring=keyring)
        client = await _connect(keyring)
        store = AsksStore(folder / "data")
        host = Host(client, ledger, store, {one.run.run_id: one for one in plans.values()})
        async with AsyncExitStack() as stack:
            stack.push_async_callback(ledger.close)
            await stack.enter_async_context(serving(client, ledger, "runs"))
            for worker in host.workers():
                await stack.enter_async_context(worker)
            await stack.enter_async_context(workers.working())
            killing = asyncio.create_task(workers.killing(ledger, anytime))
            stack.callback(killing.cancel)
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(_run(client, ledger, one, gate) for one in plans.values()))
            await _settled(claude, holo3)
            found = bills(holo3, claude)
            audited = [
                await _audit(ledger, host, one, found.get(one.seed, [])) for one in plans.values()
            ]
            total = await ledger.usage.total(UsageFilter(tenant_id=TENANT))
    assert not holo3.complaints and not claude.complaints, holo3.complaints + claude.complaints
    return Account(
        audited,
        workers.kills,
        len(host.lost),
        time.monotonic() - began,
        sum(map(sum, found.values())),
        total.cost.total,
    )


async def _run(client: Client, ledger: Ledger, plan: Seeded, gate: asyncio.Semaphore) -> None:
    async with gate:
        run = plan.run
        await ledger.runs.admit(plan.new())
        handle = await client.start_workflow(
            PlanRun.run,
            RunInput(tenant_id=run.tenant_id, run_id=run.run_id),
            id=plan_run_id(run.tenant_id, run.run_id),
            task_queue=RUNS_QUEUE,
        )
        async with asyncio.timeout(300):
            with suppress(WorkflowFailureError):
                await handle.result()


async def _settled(claude: ClaudeApi, holo3: SGLang) -> None:
    """Nothing is under way any more."""
    async with asyncio.timeout(30):
        while claude.running or holo3.running:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _audit(ledger: Ledger, host: Host, plan: Seeded, bill: list[int]) -> Audited:
    run = plan.run
    row = await ledger.runs.get(run.tenant_id, run.run_id)
    assert row is not None
    spent = await ledger.spending.spent(run.tenant_id, run.run_id)
    wanted = UsageFilter(tenant_id=run.tenant_id, run_id=run.run_id)
    steps = (await ledger.usage.sums(wanted, "step", 1_000)).sums
    return Audited(
        plan=plan,
        row=row,
        bill=bill,
        ledger=spent.cost.total,
        held=spent.held,
        told=_micro(row.summary),
        of_steps=sum(one.cost.total for one in steps),
        acts=tuple(n for name, n in host.acts.items() if name.startswith(f"{run.run_id}/")),
    )


def _micro(summary: Document | None) -> int:
    """What the run's account says that it cost, micro-dollars."""
    told = (summary or {}).get("cost_total")
    assert isinstance(told, int | float)
    return round(told * 1_000_000)


async def _connect(keyring: Keyring) -> Client:
    async with asyncio.timeout(60):
        while True:
            try:
                return await connect(TemporalSettings(), keyring)
            except RuntimeError:
                await asyncio.sleep(0.2)


def main() -> int:
    """Play and print; 1 where a sum is wrong."""
    parser = argparse.ArgumentParser(description="What runs cost against what models charge.")
    parser.add_argument("--seeds", type=int, default=100, help="how many plans")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--anytime",
        action="store_true",
        help="kill workers at any moment, with answers on their way to them",
    )
    arguments = parser.parse_args()
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    with tempfile.TemporaryDirectory() as folder, plain_server() as address:
        account = asyncio.run(play(address, Path(folder), seeds, anytime=arguments.anytime))
    faults = account.faults() + ([] if arguments.anytime else account.unread())
    sys.stdout.write("\n".join([*account.table(), *faults]) + "\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
